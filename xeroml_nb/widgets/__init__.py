"""What is seen in a notebook: dataset picker, run view, run panel."""
