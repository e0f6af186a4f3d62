"""How a command fails: with a sentence, not with a traceback, unless one is asked for."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import typer

from xeroml_nb.errors import BadInput, NotFound, XeromlError
from xeroml_nb.records.json_text import said

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = 1
UNUSABLE = 2  # as typer ends a command whose options are wrong
_shows_tracebacks = ContextVar("shows_tracebacks", default=False)


@contextmanager
def tracebacks(*, shown: bool) -> Iterator[None]:
    """Say whether errors of the commands inside come with their traceback."""
    token = _shows_tracebacks.set(shown)
    try:
        yield
    finally:
        _shows_tracebacks.reset(token)


@contextmanager
def failing_plainly() -> Iterator[None]:
    """Print an error as one line, and end the command.

    What was asked for and cannot be used (an unknown experiment, a file that is none) ends it with
    status 2, all else with 1.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
        raise  # the last where a reader such as `head` has seen enough, which ends it quietly
    except XeromlError as error:
        status = UNUSABLE if isinstance(error, (BadInput, NotFound)) else FAILED
        raise _ended(error, str(error), status) from None
    except Exception as error:  # noqa: BLE001 - a command never ends in a traceback by itself
        text = f"Failed unexpectedly: {said(error)}. To see where, add --traceback."
        raise _ended(error, text, FAILED) from None


def show_traceback(error: Exception) -> None:
    """Print where an error came from, where that was asked for."""
    if _shows_tracebacks.get():
        typer.echo("".join(traceback.format_exception(error)), err=True)


def _ended(error: Exception, text: str, status: int) -> typer.Exit:
    show_traceback(error)
    typer.echo(" ".join(text.split()), err=True)
    return typer.Exit(status)
