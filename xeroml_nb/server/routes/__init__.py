"""What is served, by topic."""
