"""What others made, fetched from a server into this store: datasets, experiments and scores."""
