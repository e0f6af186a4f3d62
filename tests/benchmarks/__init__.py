"""What the package costs, beside the plainest code that does the same work.

Run from the repository's root:

    python -m tests.benchmarks              everything
    python -m tests.benchmarks overhead     one of threads, coroutines, overhead, import, kill
    python -m tests.benchmarks --quick      small sizes: shows that all works, not how fast
"""
