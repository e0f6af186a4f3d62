"""Reports: an experiment as a table of named columns, with its score card."""
