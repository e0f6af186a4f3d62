"""The benchmarks work; how fast anything is, no test says."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

# All but the one on labelling, which drives the same browser as the tests of labelling do, and the
# one on clusters, which starts the same processes as the tests of clusters do.
NAMES = (
    "threads",
    "coroutines",
    "overhead",
    "import",
    "kill",
    "comparing",
    "million",
    "coverage",
    "serving",
    "pushing",
    "judging",
    "evaluators",
    "sandbox",
)


@pytest.fixture(scope="module")
def rows():
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", *NAMES]
    printed = subprocess.check_output(command, cwd=root, text=True, timeout=150)
    return [line.split("  ") for line in printed.splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_prints_figures(rows, name):
    mine = [[cell.strip() for cell in row if cell.strip()] for row in rows if row[0] == name]
    assert mine
    for _, _, figure, *_ in mine:  # a difference of two times may be below 0 in one round
        assert math.isfinite(float(figure.replace(",", "")))
