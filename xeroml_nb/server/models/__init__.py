"""The shapes that requests and answers have."""
