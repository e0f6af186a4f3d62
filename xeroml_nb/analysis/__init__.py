"""Records as tables, intervals around their means, and whether one run beats another."""
