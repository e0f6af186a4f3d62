"""One script for each runner, and what they share; each is run by the Python of its runner."""
