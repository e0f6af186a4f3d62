"""Findings as text: a line each, wrapped to the terminal, with what to do below."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from xeroml_nb.cli.answers import prints_every_sign
from xeroml_nb.cli.doctor.examining import counts
from xeroml_nb.cli.doctor.finding import Health

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xeroml_nb.cli.doctor.examining import Topic
    from xeroml_nb.cli.doctor.finding import Finding

# A form and a colour, since some do not see colours, and some terminals have none.
_MARKS = {Health.OK: "✓", Health.WARNING: "!", Health.FAILED: "✗"}
_PLAIN_MARKS = {Health.OK: "+", Health.WARNING: "!", Health.FAILED: "x"}
_COLOURS = {Health.OK: "green", Health.WARNING: "yellow", Health.FAILED: "red"}
_COLUMN = 20  # characters before the text: a mark and what it is about
_NARROWEST = 30


def show(topics: Iterable[Topic], console: Console | None = None) -> list[Topic]:
    """Print topics, each as soon as it is there, and the verdict below.

    Args:
        topics: Are looked at while they are printed.
        console: Where to; standard output by default.
    """
    console = console or Console(highlight=False)
    width = console.width if console.is_terminal else None
    shown = []
    for topic in topics:
        _print(topic_lines(topic, width), console)
        shown.append(topic)
    _print([verdict(counts(shown))], console)
    return shown


def _print(lines: Iterable[Text], console: Console) -> None:
    with console.capture() as printed:
        for line in lines:
            console.print(line, soft_wrap=True)
    # Unlike the console itself, this prints a sign that the encoding lacks as a question mark.
    typer.echo(printed.get(), nl=False)


def topic_lines(topic: Topic, width: int | None) -> Iterator[Text]:
    """The lines of a topic.

    Args:
        topic: With its findings.
        width: Of the terminal, in characters; None does not wrap, as suits a file.
    """
    yield Text(topic.title, style="bold")
    for finding in topic.findings:
        yield from _lines(finding, width)
    yield Text()


def verdict(found: dict[Health, int]) -> Text:
    """All in one line: how many findings there are of each kind."""
    worst = next((h for h in (Health.FAILED, Health.WARNING) if found[h]), Health.OK)
    warnings = "warning" if found[Health.WARNING] == 1 else "warnings"
    text = (
        f"{found[Health.OK]} ok · {found[Health.WARNING]} {warnings} · "
        f"{found[Health.FAILED]} failed"
    )
    return Text.assemble(_mark(worst), f" {text}")


def _mark(health: Health) -> tuple[str, str]:
    """The mark of a finding, with its colour."""
    marks = _MARKS if prints_every_sign() else _PLAIN_MARKS
    return marks[health], _COLOURS[health]


def _lines(finding: Finding, width: int | None) -> Iterator[Text]:
    first, *rest = _wrapped(finding.text, width)
    what = finding.what.ljust(_COLUMN - 5)
    yield Text.assemble("  ", _mark(finding.health), f" {what} {first}".rstrip())
    yield from (Text(" " * _COLUMN + line) for line in rest)
    for number, line in enumerate(_wrapped(finding.next_step, width)):
        if line:
            lead = " " * (_COLUMN - 2) + ("→ " if number == 0 else "  ")
            yield Text.assemble(lead, (line, "bold"))


def _wrapped(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    room = max(_NARROWEST, width - _COLUMN)
    # Paths and commands stay whole, so that they can be copied.
    wrapped = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return wrapped or [""]
