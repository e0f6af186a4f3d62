"""`xeroml-nb experiments`: which there are, and how one of them went."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.cli import completing
from xeroml_nb.cli.answers import JsonOption, answer
from xeroml_nb.cli.opening import StoreOption, opened
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.results import ScoreSummary
    from xeroml_nb.records.experiment import ExperimentRecord


def experiments(
    experiment: Annotated[
        str | None,
        typer.Argument(
            help='Tell of this one: a name, or "name #3".', autocompletion=completing.experiments
        ),
    ] = None,
    *,
    dataset: Annotated[
        str | None,
        typer.Option(help="Only those over this dataset.", autocompletion=completing.datasets),
    ] = None,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """List experiments, newest first, or show how one of them went."""
    with opened(store) as client:
        if experiment is not None:
            _refuse_both(experiment, dataset)
            found = client.get_experiment(experiment)
            answer("\n".join(_lines(found)), _told(found), as_json=as_json)
            return
        from xeroml_nb.notebook.listings import runs_listing

        records = client.experiments()
        if dataset is not None:
            name = client.get_dataset(dataset).name
            records = [record for record in records if record.dataset_name == name]
        told = [told_record(record) for record in records]
        answer(repr(runs_listing(records)), told, as_json=as_json)


def _refuse_both(experiment: str, dataset: str | None) -> None:
    if dataset is not None:
        raise BadInput(f"{experiment!r} is one experiment, --dataset lists some.", "Leave one out.")


def told_record(record: ExperimentRecord) -> dict[str, Any]:
    """What programs are told of an experiment, without its results."""
    names = ("id", "name", "number", "dataset_name", "dataset_version", "content_hash", "planned")
    rest = ("repetitions", "evaluators", "created_at", "finished_at", "stop_reason", "metadata")
    told = {name: getattr(record, name) for name in (*names, *rest)}
    return {"experiment": record.label, "status": record.status, **told}


def _told(experiment: Experiment) -> dict[str, Any]:
    progress = experiment.progress
    return told_record(experiment.record) | {
        "status": experiment.status,
        "attempted": progress.done,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "scores": [asdict(summary) for summary in experiment.score_summaries()],
        "own_scores": [asdict(score) for score in experiment.own_values()],
    }


def _lines(experiment: Experiment) -> Iterator[str]:
    from xeroml_nb.experiments.tally import shown_value
    from xeroml_nb.notebook.listings import Listing

    yield experiment.summary_line()
    summaries = experiment.score_summaries()
    if summaries:
        heads = ("score", "mean", "scored", "attempted", "ok", "failed", "unscored", "if failed")
        rows = [_row(summary) for summary in summaries]
        yield repr(Listing("", heads, rows, frozenset(range(1, 8))))
    for score in experiment.own_values():
        yield f"whole run: {score.name} {score.error or shown_value(score.value)}"


def _row(summary: ScoreSummary) -> tuple[str, ...]:
    from xeroml_nb.experiments.summary import bounds, categories
    from xeroml_nb.experiments.tally import shown_value

    figure = shown_value(summary.mean) if summary.mean is not None else categories(summary)
    counts = (summary.scored, summary.attempted, summary.succeeded)
    missing = (summary.failed, summary.unscored)
    return summary.name, figure, *(f"{n:,}" for n in (*counts, *missing)), bounds(summary)
