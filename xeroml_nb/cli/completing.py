"""What a shell completes the words of a command with: names in the store, read without a sound."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - typer looks at it

from xeroml_nb.cli.opening import looked_into

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy.engine import Connection

# What a gate can hold an experiment against, besides its scores.
_FIGURES = ("failed", "latency_mean", "latency_p95")


def experiments(context: typer.Context) -> list[str]:
    """Names of experiments, the newest first."""
    from xeroml_nb.store import experiments as stored

    return _found(context, lambda c: (record.name for record in stored.listing(c)))


def datasets(context: typer.Context) -> list[str]:
    """Names of datasets."""
    from xeroml_nb.store import datasets as stored

    return _found(context, lambda c: (record.name for record in stored.listing(c)))


def public_keys(context: typer.Context) -> list[str]:
    """Public keys that are not revoked."""
    from xeroml_nb.store import api_keys

    def open_ones(connection: Connection) -> Iterable[str]:
        listed = api_keys.listing(connection)
        return (key.public_key for key in listed if key.revoked_at is None)

    return _found(context, open_ones)


def scores(context: typer.Context) -> list[str]:
    """Names of the scores of the experiment that was typed before, else of the newest."""
    # While an option still lacks its value, arguments are left where they were found.
    left = next(iter(context.args), None)
    typed = context.params.get("experiment") or context.params.get("baseline") or left
    return _found(context, lambda connection: _score_names(connection, typed))


def bounds(context: typer.Context) -> list[str]:
    """What a gate can hold an experiment against, up to the number."""
    return [f"{name}=" for name in (*scores(context), *_FIGURES)]


def _score_names(connection: Connection, typed: str | None) -> Iterable[str]:
    from xeroml_nb.store import experiments as stored
    from xeroml_nb.store import score_columns

    if typed:
        record = stored.by_name(connection, typed) or stored.by_label(connection, typed)
    else:
        record = next(iter(stored.listing(connection)), None)
    if record is None:
        return ()
    return (name for name, _ in score_columns.names(connection, experiment_id=record.id))


def _found(context: typer.Context, names: Callable[[Connection], Iterable[str]]) -> list[str]:
    """Names in the store that was typed, or that of the environment.

    Only those that need no quotes: each shell has its own, and some run what they are offered.
    """
    # A shell has no place for an error: it then just has nothing to offer.
    with suppress(Exception), looked_into(context.params.get("store")) as connection:
        each = dict.fromkeys(names(connection))
        return [name for name in each if shlex.quote(name) == name]
    return []
