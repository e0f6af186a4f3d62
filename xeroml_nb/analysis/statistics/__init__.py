"""Intervals, paired tests and corrections: pure functions on arrays."""
