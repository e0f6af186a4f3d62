"""Dataset, run, labels and comparison in one widget."""
