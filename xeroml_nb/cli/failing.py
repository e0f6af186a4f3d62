"""How a command fails: with a sentence, not with a traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from xeroml_nb.errors import XeromlError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def failing_plainly() -> Iterator[None]:
    """Print an error of this package as its sentence, and end the command with status 1."""
    try:
        yield
    except XeromlError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
