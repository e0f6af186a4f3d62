"""The soak: item after item for half an hour, while what can break is broken at random.

    python -m tests.benchmarks soak             200,000 items, 30 minutes at most
    python -m tests.benchmarks --quick soak     a short form: shows that all works

`SOAK_SEED=...` repeats a run: the seed decides which items fail, and after how many items what is
broken. `SOAK_ITEMS=...` and `SOAK_MINUTES=...` make it shorter or longer. It runs on Linux.
"""
