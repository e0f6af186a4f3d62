"""What people use instead, measured in one interleaved run with the product and the floor.

Each runner is driven by a script in `drivers`, in an environment of its own that is made at first
use: `environments`. All drivers speak the protocol of `drivers/protocol.py` and get the same items,
task and scorer. Nothing can leave the machine: see `processes`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure
from tests.benchmarks.peers import report
from tests.benchmarks.peers.rounds import Measuring
from tests.benchmarks.peers.runners import RUNNERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.benchmarks.peers.runners import Runner


class Compared(list[Figure]):
    """The figures, and the same as a table in Markdown with a row for each runner."""

    markdown = ""


def figures(*, quick: bool, runners: Iterable[Runner] = RUNNERS) -> Compared:
    """Install what is missing, measure all runners by turns, and report."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rows = Measuring(Path(folder), quick=quick).run(runners)
    compared = Compared(report.figures(rows))
    compared.markdown = report.markdown(rows)
    return compared
