"""`xeroml-nb export`: an experiment, or what people said of it, as a file."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import TYPE_CHECKING, Annotated

import typer

from xeroml_nb.cli import completing
from xeroml_nb.cli.answers import JsonOption, answer
from xeroml_nb.cli.opening import StoreOption, opened

if TYPE_CHECKING:
    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.client import Client


def export(
    what: Annotated[
        str,
        typer.Argument(
            help='An experiment: a name, or "name #3"; with --labels a queue.',
            autocompletion=completing.experiments,
        ),
    ],
    path: Annotated[Path, typer.Argument(help="A .csv, .jsonl or .parquet file.")],
    *,
    labels: Annotated[
        bool, typer.Option("--labels", help="What people said, instead of the item runs.")
    ] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Write an experiment into a file that `import` reads, without loss."""
    with opened(store) as client:
        written = client.export(_labels(client, what) if labels else what, path)
        told = {"what": what, "labels": labels, "path": written}
        answer(str(written), told, as_json=as_json)


def _labels(client: Client, name: str) -> Labels:
    """What people said in the queue of an id or a name, such as that of an experiment.

    Raises:
        NotFound: If there is no such queue.
        BadInput: If there are several.
    """
    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.errors import BadInput, NotFound
    from xeroml_nb.store import queues

    with client.store.reading() as connection:
        every = queues.listing(connection)
    found = [queue for queue in every if name in (queue.id, queue.name)]
    if not found:
        hint = "Labels are made with xn.annotate()."
        raise NotFound("annotation queue", name, {queue.name for queue in every}, hint)
    if len(found) > 1:
        ids = ", ".join(f"{queue.id} ({queue.rubric_name})" for queue in found)
        raise BadInput(f"Several queues are called {name!r}.", f"Pass the id of one: {ids}.")
    return Labels(client.store, found[0])
