"""A place where a stranger's scoring code can do nothing but score."""
