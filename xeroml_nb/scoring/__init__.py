"""Code that scores item runs."""
