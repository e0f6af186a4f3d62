"""Pull what is meant: everything, one experiment, or the scores on the traces of a queue."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import NotFound, Refused
from xeroml_nb.store import deliveries, scores, sendable
from xeroml_nb.sync.parcels.base import Scope
from xeroml_nb.sync.pull.experiments import bring_experiment, read_experiment
from xeroml_nb.sync.pull.pulled import Gathered
from xeroml_nb.sync.pull.scores import KIND as SCORE
from xeroml_nb.sync.pull.scores import bring_scores, take_back_deleted
from xeroml_nb.sync.wire import langfuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.records.label import QueueRecord
    from xeroml_nb.sync.parcels.base import Link
    from xeroml_nb.sync.pull.datasets import Datasets
    from xeroml_nb.sync.pull.pulled import Pulled


def pull_everything(link: Link, datasets: Datasets) -> Pulled:
    """Bring in all experiments and scores that the server has.

    Every score is listed each time, so that those that were deleted are missed.

    Args:
        link: The way to the server.
        datasets: Those of the server.

    Raises:
        ServerError: If the server cannot be asked, or what it shows cannot be read; what was
            brought in before that stays.
    """
    gathered = Gathered()
    if link.connection.offers("experiments"):
        for shown in _listed(link, {}):
            bring_experiment(link, datasets, shown, gathered, thorough=False)
    else:
        gathered.say(f"the {link.connection.api.title} shows no experiments, only scores")
    seen = bring_scores(link, {}, gathered)
    with link.store.reading() as connection:
        known = [one.key for one in deliveries.of_kind(connection, link.remote_id, SCORE)]
    take_back_deleted(link, known, seen, gathered)
    return gathered.finished("everything", link.connection.host)


def pull_experiment(
    link: Link, datasets: Datasets, name: str | None, here: ExperimentRecord | None
) -> Pulled:
    """Bring in an experiment and every score on it and its item runs.

    Args:
        link: The way to the server.
        datasets: Those of the server.
        name: What it is called on the server, with or without a number, or its id; None for
            exactly the one that is here.
        here: The experiment that is meant, if it is here.

    Raises:
        NotFound: If the server has none of that name.
        ServerError: As for `pull_everything`.
    """
    gathered = Gathered()
    if not link.connection.offers("experiments"):
        if here is None:
            raise _not_found(link, name or "")
        gathered.say(f"the {link.connection.api.title} shows no experiments, only scores")
        _bring_scores_on(link, here.id, here.id, gathered)
        return gathered.finished(here.label, link.connection.host)
    shown = _found(link, name, here)
    record = bring_experiment(link, datasets, shown, gathered)
    _bring_scores_on(link, record.id, shown.id, gathered)
    return gathered.finished(record.label, link.connection.host)


def pull_queue(link: Link, queue: QueueRecord) -> Pulled:
    """Bring in every score on the traces of a queue.

    Args:
        link: The way to the server.
        queue: The queue as it is here.

    Raises:
        ServerError: As for `pull_everything`.
    """
    gathered = Gathered()
    for experiment_id in queue.experiment_ids:
        _bring_scores_on(link, experiment_id, _id_there(link, experiment_id), gathered)
    with link.store.reading() as connection:
        keys = sendable.queue_keys(connection, Scope(queue.name, queue_ids=(queue.id,)))
    _bring_scores_of(link, [trace_id for _, trace_id in keys], gathered)
    return gathered.finished(f"scores on the traces of {queue.name}", link.connection.host)


def _bring_scores_on(link: Link, experiment_id: str, id_there: str, gathered: Gathered) -> None:
    """Bring in the scores on an experiment and its item runs."""
    meant = Scope("", experiment_ids=(experiment_id,))
    if link.connection.api.name == langfuse.NAME:
        # It lists the scores of a run apart from those of its traces.
        with link.store.reading() as connection:
            traces = sendable.traces_of(connection, [experiment_id])
        _bring_scores_of(link, sorted(traces), gathered)
        return
    seen = bring_scores(link, {"experimentId": id_there}, gathered)
    with link.store.reading() as connection:
        keys = sendable.score_ids(connection, meant)
    take_back_deleted(link, keys, seen, gathered)


def _bring_scores_of(link: Link, traces: Iterable[str], gathered: Gathered) -> None:
    for trace_id in traces:
        seen = bring_scores(link, {"traceId": trace_id}, gathered)
        with link.store.reading() as connection:
            keys = [score.id for score in scores.find(connection, trace_id=trace_id)]
        take_back_deleted(link, keys, seen, gathered)


def _listed(link: Link, query: dict[str, Any]) -> Iterator[ExperimentRecord]:
    """The experiments of the server; a page is read as a whole before any of it is given."""
    for rows in link.connection.pages("experiments", query=query):
        yield from [read_experiment(link, row) for row in rows]


def _found(link: Link, name: str | None, here: ExperimentRecord | None) -> ExperimentRecord:
    """The experiment as the server shows it.

    What a name means is asked of the server first: its numbers may be others than those here.
    """
    if name is not None and (named := _named(link, name)) is not None:
        return named
    its_id = name if here is None else _id_there(link, here.id)
    try:
        row = link.connection.get("experiment", experiment_id=its_id or "")
    except Refused as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise _not_found(link, name or (here.label if here else "")) from None
    return read_experiment(link, row)


def _named(link: Link, name: str) -> ExperimentRecord | None:
    """The newest experiment of a name, or the one of a name and a number such as "triage #3"."""
    newest = next(_listed(link, {"name": name}), None)
    if newest is not None:
        return newest
    beginning, mark, _ = name.rpartition(" #")
    if not mark or not beginning:
        return None
    every = _listed(link, {"name": beginning})
    return next((one for one in every if one.label == name), None)


def _id_there(link: Link, experiment_id: str) -> str:
    known = link.delivered("experiment", [experiment_id]).get(experiment_id)
    return (known.remote_key if known else None) or experiment_id


def _not_found(link: Link, name: str) -> NotFound:
    """The error that names what the server has instead."""
    labels = []
    if link.connection.offers("experiments"):
        for rows in link.connection.pages("experiments"):
            labels = [read_experiment(link, row).label for row in rows]
            break
    return NotFound(f"experiment on {link.connection.host} called", name, labels)
