"""Compare experiments in the notebook: verdicts, charts, every item, on to the labeller."""
