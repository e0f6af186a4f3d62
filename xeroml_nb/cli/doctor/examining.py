"""All topics, one after the other; what a check raises is a finding too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.extras import extras
from xeroml_nb.cli.doctor.finding import Finding, Health, broken
from xeroml_nb.cli.doctor.installation import installation
from xeroml_nb.cli.doctor.judges import judge
from xeroml_nb.cli.doctor.notebooks import notebook
from xeroml_nb.cli.doctor.sandboxes import sandbox
from xeroml_nb.cli.doctor.servers import server
from xeroml_nb.cli.doctor.stores import store
from xeroml_nb.cli.doctor.surroundings import surroundings
from xeroml_nb.cli.failing import show_traceback
from xeroml_nb.records.json_text import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from xeroml_nb.cli.doctor.finding import Asked

    Look = Callable[[Asked], Iterable[Finding]]

TOPICS: tuple[tuple[str, Look], ...] = (
    ("Installation", installation),
    ("Extras", extras),
    ("Store", store),
    ("Notebook", notebook),
    ("Sandbox", sandbox),
    ("Server", server),
    ("Judge", judge),
    ("Surroundings", surroundings),
)


@dataclass(frozen=True, slots=True)
class Topic:
    """What was found about one topic.

    Args:
        title: Of the topic.
        findings: In the order of the checks.
    """

    title: str
    findings: tuple[Finding, ...]


def examined(asked: Asked) -> Iterator[Topic]:
    """Look at everything; a topic comes as soon as it is done."""
    for title, look in TOPICS:
        yield Topic(title, tuple(_findings(look, asked)))


def counts(topics: Iterable[Topic]) -> dict[Health, int]:
    """How many findings there are of each kind."""
    every = [one.health for topic in topics for one in topic.findings]
    return {health: every.count(health) for health in Health}


def _findings(look: Look, asked: Asked) -> Iterator[Finding]:
    try:
        yield from look(asked)
    except Exception as error:  # noqa: BLE001 - one check that breaks hides no other
        show_traceback(error)
        step = "To see where, add --traceback."
        yield broken("the check", f"failed unexpectedly: {said(error)}", step)
