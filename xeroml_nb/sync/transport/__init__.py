"""Requests to a server: where they go, how they are tried again, what their answers mean."""
