"""How commands answer: as text for people, or as JSON for programs."""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.records.json_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def answer(text: str, told: Any, *, as_json: bool) -> None:
    """Print what a command found.

    Args:
        text: For people.
        told: The same for programs.
        as_json: Which of both.
    """
    if as_json:
        print_json(told)
    else:
        typer.echo(text)


def print_json(told: Any) -> None:
    """Print something for programs."""
    typer.echo(json.dumps(plain(told), indent=2, ensure_ascii=not prints_every_sign()))


def prints_every_sign() -> bool:
    """Whether the encoding of standard output has all signs, which outside UTF none has."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def print_what_can_be() -> None:
    """Print a question mark for a sign that the encoding lacks: no command fails for one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def warning_plainly() -> Iterator[None]:
    """Print each warning for the user as its sentence, without the line of code behind it."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        typer.echo(f"Note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
