"""Judges, against a real endpoint."""
