"""Magics: what the package offers as words of a notebook cell."""
