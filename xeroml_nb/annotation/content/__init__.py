"""What a person sees of a value: nodes that a front end can only turn into text and boxes."""
