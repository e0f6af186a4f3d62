"""What commands share: which store, and answers as text for people or as JSON for programs."""

from __future__ import annotations

import json
import warnings
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.cli.failing import UNUSABLE, failing_plainly
from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import plain
from xeroml_nb.settings import Settings, chosen_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.client import Client

StoreOption = Annotated[
    str | None, typer.Option(help="Path or URL of the store; XEROML_STORE by default.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def opened(
    store: str | None, *, with_server: bool = False, may_be_new: bool = False
) -> Iterator[Client]:
    """A client for the length of a command; what goes wrong in it ends the command plainly.

    What was asked for and cannot be used (an unknown experiment, a file that is none) ends it with
    status 2, anything else with 1.

    Args:
        store: Path or URL of the store; `XEROML_STORE` by default.
        with_server: It also talks to the server that is set.
        may_be_new: The store is made where there is none; a misspelt path is refused else.
    """
    with failing_plainly(bad_input=UNUSABLE), warning_plainly():
        from xeroml_nb.client import Client

        place = chosen_place(store)
        if not may_be_new and "://" not in place and not Path(place).exists():
            step = "Check --store and XEROML_STORE; the first experiment makes one."
            raise BadInput(f"There is no store {place}.", step)
        settings = Settings.from_environment(store) if with_server else Settings(place)
        with closing(Client(settings)) as client:
            yield client


def answer(text: str, told: Any, *, as_json: bool) -> None:
    """Print what a command found.

    Args:
        text: For people.
        told: The same for programs.
        as_json: Which of both.
    """
    shown = json.dumps(plain(told), indent=2, ensure_ascii=False) if as_json else text
    typer.echo(shown)


@contextmanager
def warning_plainly() -> Iterator[None]:
    """Print each warning for the user as its sentence, without the line of code behind it."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        typer.echo(f"Note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
