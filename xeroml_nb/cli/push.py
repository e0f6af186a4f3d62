"""`xeroml-nb push`: bring a server to what the store holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.cli import completing
from xeroml_nb.cli.answers import JsonOption, answer
from xeroml_nb.cli.failing import FAILED
from xeroml_nb.cli.opening import StoreOption, opened

if TYPE_CHECKING:
    from xeroml_nb.sync.sending.preview import Preview


def push(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help='Experiments: names, or "name #3"; else everything.',
            autocompletion=completing.experiments,
        ),
    ] = None,
    *,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what would change there.")
    ] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Send to the server of XEROML_HOST what it does not have yet.

    Ends with status 1 if the server refused something or does not show it.
    """
    with opened(store, with_server=True) as client:
        meant = tuple(what) if what else None
        if preview:
            foreseen = client.preview(meant)
            answer(repr(foreseen), _told(foreseen), as_json=as_json)
            return
        done = client.push(meant)
        answer(repr(done), done.told(), as_json=as_json)
        total = done.total
        if total.refused or total.left or total.not_seen:
            raise typer.Exit(FAILED)


def _told(foreseen: Preview) -> dict[str, Any]:
    counts = {kind: asdict(found) for kind, found in foreseen.counts.items()}
    sample = {kind: list(map(str, found)) for kind, found in foreseen.sample.items()}
    return {"title": foreseen.scope.title, "host": foreseen.host, "counts": counts} | {
        "sample": sample
    }
