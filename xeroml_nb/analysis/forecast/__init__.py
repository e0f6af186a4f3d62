"""What a run will take and can show, told from a few of its items."""
