"""Scoring code in JavaScript: QuickJS in a child process that has given up everything else."""
