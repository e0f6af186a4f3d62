"""What `import xeroml_nb` costs, and what it must leave alone."""

from __future__ import annotations

import subprocess
import sys

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import ROOT, Cost, by_turns, cost

LEFT_ALONE = ("pandas", "altair", "ipywidgets", "sqlalchemy")
_LOADED = f"import sys, xeroml_nb; print(*[m for m in {LEFT_ALONE} if m in sys.modules])"
_CLIENT = (
    "import tempfile, xeroml_nb\n"
    "with tempfile.TemporaryDirectory() as folder:\n"
    "    xeroml_nb.get_client(folder + '/store.db').close()"
)


def figures(*, quick: bool) -> list[Figure]:
    """Seconds more than bare Python, and how many heavy packages were loaded."""
    found = by_turns(
        1 if quick else 7,
        bare=lambda: _python("pass"),
        package=lambda: _python("import xeroml_nb"),
        client=lambda: _python(_CLIENT),
    )
    bare = found["bare"]
    loaded = _loaded()
    none_of = f"loaded of {', '.join(LEFT_ALONE)}: {', '.join(loaded) or 'none'}"
    floor = Floor("bare Python, whole process", bare)
    return [
        Figure(
            "import", "import xeroml_nb: s more", found["package"] - bare, Target("<", 0.2), floor
        ),
        Figure("import", none_of, len(loaded), Target("=", 0)),
        Figure("import", "the first get_client() as well: s more", found["client"] - bare),
    ]


def _python(code: str) -> Cost:
    command = [sys.executable, "-c", code]
    return cost(lambda: subprocess.run(command, cwd=ROOT, check=True))


def _loaded() -> list[str]:
    command = [sys.executable, "-c", _LOADED]
    return subprocess.check_output(command, cwd=ROOT, text=True).split()
