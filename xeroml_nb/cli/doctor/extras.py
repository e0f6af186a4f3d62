"""The extras: which are installed, what is lost without the others, and how to add them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.finding import Finding, fine, lacking
from xeroml_nb.cli.doctor.requirements import (
    PACKAGE,
    required,
    shortcomings,
    version_of,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.cli.doctor.finding import Asked

# What each is for, in the order in which people come to need them.
EXTRAS = {
    "lab": "notebooks with widgets, charts and reports",
    "judge": "evaluators that ask a model",
    "sandbox": "score cards with code",
    "server": "a server of your own",
    "parquet": "Parquet files",
    "cluster": "tasks in other processes and on Dask",
    "postgres": "a store on PostgreSQL",
}


def extras(_: Asked) -> Iterator[Finding]:
    """Which extras are installed."""
    if version_of(PACKAGE) is not None:
        yield from (extra(name) for name in EXTRAS)


def extra(name: str) -> Finding:
    """Whether an extra is installed."""
    needed = required(name)
    found = versions(needed)
    if short := shortcomings(needed):
        text = f"not for {EXTRAS[name]}: {', '.join(short)}"
        return lacking(name, text, f"pip install '{PACKAGE}[{name}]'", versions=found)
    return fine(name, EXTRAS[name], versions=found)
