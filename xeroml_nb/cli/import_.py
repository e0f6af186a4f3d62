"""`xeroml-nb import`: bring in what was exported."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.cli.answers import JsonOption, answer
from xeroml_nb.cli.opening import StoreOption, opened

if TYPE_CHECKING:
    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.experiments.experiment import Experiment


def import_file(
    path: Annotated[Path, typer.Argument(help="A file that export has written.")],
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Bring in the experiment or the labels of a file: all of it, or nothing."""
    with opened(store, may_be_new=True) as client:
        text, told = _described(client.import_file(path))
        answer(text, told, as_json=as_json)


def _described(found: Experiment | Labels) -> tuple[str, dict[str, Any]]:
    from xeroml_nb.experiments.experiment import Experiment

    if isinstance(found, Experiment):
        return found.summary_line(), {"experiment": found.label, "id": found.id}
    people = list(found.annotators)
    return f"Labels by {', '.join(people) or 'nobody yet'}", {
        "queue_id": found.queue_id,
        "annotators": people,
    }
