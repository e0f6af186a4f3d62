"""Write a score card beside its result: which columns count, the code, the score it comes to."""
