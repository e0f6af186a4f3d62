"""`xeroml-nb store`: look after a store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import TYPE_CHECKING, Annotated

import typer

from xeroml_nb.cli.answers import JsonOption, answer
from xeroml_nb.cli.failing import FAILED, failing_plainly
from xeroml_nb.cli.opening import StoreOption, existing_place

if TYPE_CHECKING:
    from xeroml_nb.store.upkeep import StoreCheck

app = typer.Typer(help="Check a store, copy it, make it compact.", no_args_is_help=True)


@app.command()
def check(*, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Read all of a store and count what is in it; ends with status 1 if something is wrong."""
    with failing_plainly():
        from xeroml_nb.store.upkeep import check_store

        found = check_store(existing_place(store))
        answer(_told(found), asdict(found), as_json=as_json)
        if found.problems:
            raise typer.Exit(FAILED)


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The copy's file, or a folder for it.")],
    *,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy a store, which may be in use meanwhile."""
    with failing_plainly():
        from xeroml_nb.store.upkeep import backup_store

        copy = backup_store(existing_place(store), path)
        size = copy.stat().st_size
        told = {"path": str(copy.absolute()), "size": size}
        answer(f"Copied to {copy} ({_megabytes(size)}).", told, as_json=as_json)


@app.command()
def compact(*, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Give the room of what was deleted back, and measure anew how to find things fast."""
    with failing_plainly():
        from xeroml_nb.store.upkeep import compact_store

        done = compact_store(existing_place(store))
        text = f"{done.place}: {_megabytes(done.before)} before, {_megabytes(done.after)} now."
        answer(text, asdict(done), as_json=as_json)


def _told(found: StoreCheck) -> str:
    later = f", which its next use brings to {found.upgrades_to}" if found.upgrades_to else ""
    lines = [f"{found.place}: schema {found.schema}{later}; {_megabytes(found.size)}"]
    lines += [f"  {name:<18}{count:>12,}" for name, count in found.counts.items() if count]
    lines += found.problems or ["No fault was found."]
    return "\n".join(lines)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
