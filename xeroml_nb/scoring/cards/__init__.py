"""Score cards: what turns the columns of a report into one score from 0 to 100."""
