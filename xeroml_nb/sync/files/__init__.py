"""Experiments and labels as files that people, pandas and spreadsheets read, and back."""
