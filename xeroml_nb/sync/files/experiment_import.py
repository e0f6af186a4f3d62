"""An experiment of an export into a store: what is there stays, what is missing is added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus, ItemRun, ItemStatus
from xeroml_nb.records.ids import checked_id, checked_name
from xeroml_nb.records.json_text import to_json
from xeroml_nb.store import experiments, received, score_merging
from xeroml_nb.sync.files.dataset_import import BroughtIn, item_of, take_dataset
from xeroml_nb.sync.files.details import Details
from xeroml_nb.sync.files.experiment_rows import record_of
from xeroml_nb.sync.files.reading import Sections
from xeroml_nb.sync.files.score_rows import score_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.score_merging import Dated
    from xeroml_nb.sync.files.reading import Export, Row

_AT_ONCE = 200


def take_experiment(connection: Connection, export: Export) -> tuple[str, list[str]]:
    """Bring an experiment in, with its dataset.

    Args:
        connection: Inside a writing transaction.
        export: The file.

    Returns:
        The experiment's id, and what people should know.

    Raises:
        BadInput: If a row cannot be accepted, or the experiment is running here; the transaction
            has to be undone then.
    """
    sections = Sections(export)
    dataset = None
    if (row := sections.one("dataset")) is not None:
        dataset = take_dataset(connection, export, row, sections.of("item"))
    record = _record(export, sections.needed("experiment"), dataset)
    known, notices = _put(connection, record)
    runs = _Runs(connection, export, record.id, dataset, is_new=known is None)
    runs.take_in(sections.of("run"))
    return record.id, [*(dataset.notices if dataset else ()), *notices, *runs.notices]


def _record(export: Export, row: Row, dataset: BroughtIn | None) -> ExperimentRecord:
    try:
        record = record_of(Details(row.cells["details"]), dataset.id if dataset else None)
        checked_id("id of the experiment", record.id)
        checked_name("experiment", record.name)
    except ValueError as error:
        raise export.bad(row, error) from None
    if record.dataset_version != (dataset.version if dataset else None):
        raise export.bad(row, "it ran over another version of the dataset than the file holds")
    return record


def _put(
    connection: Connection, record: ExperimentRecord
) -> tuple[ExperimentRecord | None, list[str]]:
    """Store an experiment, or how it ended if that is not known here yet.

    Returns:
        What was known of it before, and what people should know.
    """
    known = experiments.by_id(connection, record.id)
    if known is None:
        put = received.put_experiment(connection, record)
        if put.number == record.number:
            return None, []
        return None, [f"{record.label} is {put.label} in this store, where that number is taken."]
    if (known.name, known.created_at) != (record.name, record.created_at):
        raise BadInput(
            f"{record.label} has the id {record.id!r}, which is that of {known.label} here.",
            "Import into another store: get_client('other.db').import_file(...).",
        )
    if present_status(known) is ExperimentStatus.RUNNING:
        raise BadInput(f"{known.label} is running here.", "Wait for it, or stop it first.")
    ended = record.finished_at
    if ended is not None and (known.finished_at is None or known.finished_at < ended):
        experiments.set_status(connection, record.id, record.status, ended, record.stop_reason)
    return known, []


class _Runs:
    """Brings item runs in, and their scores.

    Args:
        connection: Inside a writing transaction.
        export: The file.
        experiment_id: Whose they are.
        dataset: What the experiment ran over.
        is_new: The store had nothing of the experiment.
    """

    def __init__(
        self,
        connection: Connection,
        export: Export,
        experiment_id: str,
        dataset: BroughtIn | None,
        *,
        is_new: bool,
    ) -> None:
        self._connection = connection
        self._export = export
        self._experiment_id = experiment_id
        self._content: Mapping[str, str] = dataset.content if dataset else {}
        self._is_new = is_new
        self._keys: set[tuple[str, int]] = set()
        self._traces: dict[str, tuple[str, int]] = {}
        self._scores: set[str] = set()
        self._kept = 0

    @property
    def notices(self) -> list[str]:
        """What people should know."""
        if not self._kept:
            return []
        return [f"{self._kept} item runs have another output in this store, which stays."]

    def take_in(self, rows: Iterable[Row]) -> None:
        """Bring all of them in, some at once."""
        runs: list[ItemRun] = []
        scores: list[Dated] = []
        for row in rows:
            try:
                if row.record == "run":
                    runs.append(self._run(row.cells))
                else:
                    scores.append(self._score(row.cells))
            except ValueError as error:
                raise self._export.bad(row, error) from None
            if len(runs) + len(scores) >= _AT_ONCE:
                self._put(runs, scores)
                runs, scores = [], []
        self._put(runs, scores)

    def _put(self, runs: list[ItemRun], scores: list[Dated]) -> None:
        if not self._is_new:
            keys = [run.key for run in runs]
            here = experiments.item_runs_by_key(self._connection, self._experiment_id, keys)
            runs = [run for run in runs if not _is_older(run, here.get(run.key))]
        self._kept += received.put_item_runs(self._connection, runs).kept
        score_merging.merge(self._connection, scores)

    def _run(self, cells: Mapping[str, Any]) -> ItemRun:
        item_id = checked_id("item_id", cells["item_id"])
        status = ItemStatus(cells["status"])
        run = ItemRun(
            experiment_id=self._experiment_id,
            item_id=item_id,
            repetition=cells["repetition"],
            status=status,
            trace_id=checked_id("trace_id", cells["trace_id"]),
            started_at=cells["started_at"],
            latency=cells.get("latency_s"),
            attempts=cells["attempts"],
            local_item=item_of(_with_input(cells), item_id) if cells.get("local") else None,
            output_json=to_json(cells["output"]) if "output" in cells else None,
            error=cells.get("error"),
            traceback=cells.get("traceback"),
            evaluator_errors=_evaluator_errors(cells),
        )
        self._check(run, cells)
        self._keys.add(run.key)
        self._traces.setdefault(run.trace_id, run.key)
        return run

    def _check(self, run: ItemRun, cells: Mapping[str, Any]) -> None:
        if run.status is ItemStatus.PENDING:
            raise ValueError("its status is 'pending'; what was not run has no row")
        if run.key in self._keys:
            raise ValueError(
                f"there is a run of item {run.item_id!r}, repetition {run.repetition} before it"
            )
        if run.local_item is None and self._content.get(run.item_id) != _content_of(cells):
            raise ValueError(f"its item is not {run.item_id!r} as the dataset of the file has it")

    def _score(self, cells: Mapping[str, Any]) -> Dated:
        score, changed_at = score_of(cells, self._experiment_id)
        trace_id = score.target.trace_id
        place = cells.get("item_id"), cells.get("repetition")
        if place != (self._traces.get(trace_id) if trace_id else (None, None)):
            raise ValueError(f"no run before it has its item, repetition and trace {trace_id!r}")
        if score.id in self._scores:
            raise ValueError(f"there is a score with the id {score.id!r} before it")
        self._scores.add(score.id)
        return score, changed_at


def _is_older(run: ItemRun, here: ItemRun | None) -> bool:
    """Tell whether the store has a later attempt than the file."""
    if here is None or here.status is ItemStatus.OK or run.status is ItemStatus.OK:
        return False
    return here.started_at >= run.started_at


def _with_input(cells: Mapping[str, Any]) -> Mapping[str, Any]:
    if "input" not in cells:
        raise ValueError("its item is its own, and it has no input")
    return cells


def _content_of(cells: Mapping[str, Any]) -> str | None:
    """What the item of a row holds, told by its hash; None if the row does not say."""
    has_any = any(name in cells for name in ("input", "expected_output", "item_metadata"))
    return item_of(_with_input(cells), "").content_hash if has_any else None


def _evaluator_errors(cells: Mapping[str, Any]) -> dict[str, str]:
    found = cells.get("evaluator_errors", {})
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise ValueError("its evaluator_errors are no object of texts")
    return found
