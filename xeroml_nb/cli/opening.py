"""Which store a command means, and how it is opened for the length of the command."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from xeroml_nb.cli.answers import warning_plainly
from xeroml_nb.cli.failing import failing_plainly
from xeroml_nb.errors import BadInput
from xeroml_nb.settings import Settings, chosen_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from xeroml_nb.client import Client
    from xeroml_nb.store.store import Store

StoreOption = Annotated[
    str | None, typer.Option(help="Path or URL of the store; XEROML_STORE by default.")
]


@contextmanager
def opened(
    store: str | None, *, with_server: bool = False, may_be_new: bool = False
) -> Iterator[Client]:
    """A client for the length of a command; what goes wrong in it ends the command plainly.

    Args:
        store: Path or URL of the store; `XEROML_STORE` by default.
        with_server: It also talks to the server that is set.
        may_be_new: The store is made where there is none; a misspelt path is refused else.
    """
    with failing_plainly(), warning_plainly():
        from xeroml_nb.client import Client

        place = chosen_place(store) if may_be_new else existing_place(store)
        settings = Settings.from_environment(store) if with_server else Settings(place)
        with closing(Client(settings)) as client:
            yield client


@contextmanager
def opened_store(store: str | None, *, may_be_new: bool = False) -> Iterator[Store]:
    """The store alone for the length of a command, see `opened`; no server hears of changes.

    Args:
        store: Path or URL of the store; `XEROML_STORE` by default.
        may_be_new: The store is made where there is none; a misspelt path is refused else.
    """
    with failing_plainly(), warning_plainly():
        from xeroml_nb.store.store import Store

        place = chosen_place(store) if may_be_new else existing_place(store)
        with closing(Store(place, forwards=False)) as alone:
            yield alone


@contextmanager
def looked_into(store: str | None) -> Iterator[Connection]:
    """Read a store as it is: it is neither made nor upgraded, and nothing in it changes.

    Args:
        store: Path or URL of the store; `XEROML_STORE` by default.

    Raises:
        BadInput: If there is no file there, or the place is none.
        StoreError: If it cannot be read.
    """
    from xeroml_nb.store.engines import engine_for, shown_place
    from xeroml_nb.store.failures import explaining

    place = existing_place(store)
    engine = engine_for(place)
    try:
        with explaining(shown_place(place)), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def existing_place(store: str | None) -> str:
    """The place of a store that is there, so that nobody makes one by misspelling its path.

    Args:
        store: Path or URL of the store; `XEROML_STORE` by default.

    Raises:
        BadInput: If there is no file there, or the place is none.
    """
    from xeroml_nb.store.engines import engine_for, file_of, shown_place

    place = chosen_place(store)
    file = file_of(engine_for(place))
    if file is not None and not file.exists():
        step = "Check --store and XEROML_STORE; the first experiment makes one."
        raise BadInput(f"There is no store {shown_place(place)}.", step)
    return place
