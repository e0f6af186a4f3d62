"""Bring a server to what is here: previewed, journalled, noted, read back, undone."""
