"""Gates: whether an experiment is good enough to deploy what it tried."""
