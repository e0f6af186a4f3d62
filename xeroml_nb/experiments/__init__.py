"""Tasks, the runner, experiments and their item runs."""
