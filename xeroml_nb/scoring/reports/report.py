"""A report as users handle it: the rows of an experiment, and the score its card makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, CardFailed, NotFound
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.provided import provided
from xeroml_nb.records.experiment import ExperimentStatus
from xeroml_nb.scoring.cards.card import ScoreCard
from xeroml_nb.scoring.reports.calculating import Calculated, calculate, score_key
from xeroml_nb.scoring.reports.cells import ItemRunRows, read_item_runs, shown
from xeroml_nb.scoring.reports.columns import recalculated
from xeroml_nb.store import experiments, report_states, reports, scores

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.records.report import ReportRecord
    from xeroml_nb.scoring.cards.result import CardResult
    from xeroml_nb.scoring.cards.rows import NamedRows
    from xeroml_nb.store.store import Store


class Report:
    """An experiment's item runs as a table of named columns, with its score card.

    It shows the experiment as it is at the moment it is looked at; so does its score.

    Args:
        store: Where it lives.
        record: What the store knows of it.
        functions: Of the user, by the column they fill.
    """

    def __init__(
        self,
        store: Store,
        record: ReportRecord,
        functions: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None,
    ) -> None:
        self._store = store
        self._known = record
        self._functions = functions or {}
        self._calculated: tuple[str, Calculated] | None = None

    def __repr__(self) -> str:
        kind = "blueprint of reports" if self.is_blueprint else "report"
        return f"<Report {self.id} {self.name!r}: {kind}>"

    def _repr_html_(self) -> str:
        html: str = provided("show report")(self)
        return html

    # What it is.

    @property
    def id(self) -> int:
        """Its id in the store, which counts from 1."""
        return self._known.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._known.name

    @property
    def experiment_id(self) -> str | None:
        """The experiment it reports on; None for a blueprint."""
        return self._known.experiment_id

    @property
    def is_blueprint(self) -> bool:
        """A plan for reports on later experiments of a task; it has no rows."""
        return self._known.is_blueprint

    @property
    def is_running(self) -> bool:
        """Its experiment is still being carried out, so that rows and scores are to come."""
        if self.experiment_id is None:
            return False
        with self._store.reading() as connection:
            experiment = self._experiment(connection, self.experiment_id)
        return present_status(experiment) is ExperimentStatus.RUNNING

    @property
    def store(self) -> Store:
        """Where it lives."""
        return self._store

    @property
    def record(self) -> ReportRecord:
        """All that the store knows of it at this moment.

        Raises:
            NotFound: If it was deleted, as with its experiment.
        """
        with self._store.reading() as connection:
            return self._read(connection)

    # Its rows.

    @property
    def columns(self) -> list[str]:
        """The names of its columns at this moment."""
        return list(self.named_rows().names)

    def named_rows(self) -> NamedRows:
        """Its rows with the names of its columns."""
        return self._current()[1]

    def rows(self) -> list[dict[str, Any]]:
        """One dict an item run that ended, in the experiment's order; what is missing is None."""
        return self.named_rows().rows

    def to_frame(self) -> pd.DataFrame:
        """One row an item run that ended, with the report's columns."""
        import pandas as pd

        named = self.named_rows()
        columns = {
            name: pd.Series([row[name] for row in named.rows], dtype=object) for name in named.names
        }
        return pd.DataFrame({name: column.infer_objects() for name, column in columns.items()})

    # Its score.

    @property
    def card(self) -> ScoreCard | None:
        """How its score is made; None until a card is set."""
        card = self.record.card
        return None if card is None else ScoreCard.of(card)

    def set_card(self, card: ScoreCard) -> Report:
        """Change how its score is made, and calculate it at once.

        A card that fails is kept too: `error` says why, and the score of the time before stays.

        Returns:
            The report itself.

        Raises:
            BadInput: If the card counts a column that is not there; nothing is changed then.
        """
        if not isinstance(card, ScoreCard):
            raise BadInput(
                f"The card of report {self.name!r} is a {type(card).__name__}.",
                "Pass a ScoreCard(...).",
            )
        if card.column_names and not self.is_blueprint and not self.is_running:
            named = self.named_rows()
            card.check_columns(named.names, rows=len(named.rows))
        self._known = self._store.write(lambda connection: self._put_card(connection, card))
        self._calculated = None
        if not self.is_blueprint:
            self.refresh()
        return self

    @property
    def result(self) -> CardResult | None:
        """What the card comes to now; where it fails, what it came to before.

        None where no card is set, or it never came to anything.
        """
        found = self.refresh()
        return None if found is None else found.result

    @property
    def score(self) -> float | None:
        """The score from 0 to 100, as `result` has it."""
        result = self.result
        return None if result is None else result.score

    @property
    def error(self) -> CardFailed | None:
        """Why the card fails now, with `line` and `printed`; None where it does not."""
        found = self.refresh()
        stored = None if found is None else found.record.result
        if stored is None or stored.error is None:
            return None
        return CardFailed(stored.error, line=stored.error_line, printed=stored.printed)

    def stamp(self) -> str:
        """A text that changes when an item run, a score, a column or the card does.

        It is far cheaper than the rows, so that it can be asked for again and again.
        """
        with self._store.reading() as connection:
            record = self._read(connection)
            return _stamp(record, report_states.stamp(connection, record.experiment_id))

    def refresh(self) -> Calculated | None:
        """Bring the score up to the card and the cells of this moment.

        None where there is no card, and for a blueprint.
        """
        if self.is_blueprint:
            return None
        if self._calculated is not None and self._calculated[0] == self.stamp():
            return self._calculated[1]
        found = None
        while found is None:  # again, where somebody changes the report meanwhile
            record, named, beneath = self._current()
            if record.card is None:
                return None
            found = calculate(self._store, record, named)
        if found.record.result is not None and found.record.result.content_hash:
            self._calculated = _stamp(record, beneath), found
        return found

    # Inside.

    def _current(self) -> tuple[ReportRecord, NamedRows, str]:
        """The report, its rows, and the stamp of what is beneath them.

        The columns of functions are filled anew.
        """
        with self._store.reading() as connection:
            record = self._read(connection)
            beneath = report_states.stamp(connection, record.experiment_id)
            item_runs = self._item_runs(connection, record)
        if self._functions:
            columns = recalculated(record.columns, self._functions, item_runs)
            record = self._store.write(lambda c: reports.set_columns(c, record.id, columns))
        return record, shown(item_runs, record.columns), beneath

    def _item_runs(self, connection: Connection, record: ReportRecord) -> ItemRunRows:
        if record.experiment_id is None:
            return ItemRunRows((), [])
        return read_item_runs(connection, self._experiment(connection, record.experiment_id))

    def _experiment(self, connection: Connection, experiment_id: str) -> ExperimentRecord:
        found = experiments.by_id(connection, experiment_id)
        if found is None:
            raise NotFound("experiment", experiment_id, ())
        return found

    def _read(self, connection: Connection) -> ReportRecord:
        record = reports.by_id(connection, self.id)
        if record is None:
            raise NotFound("report", str(self.id), (), "Make it again with experiment.report().")
        self._known = record
        return record

    def _put_card(self, connection: Connection, card: ScoreCard) -> ReportRecord:
        """Store a card; one of another name takes the score of the former name with it."""
        former = self._read(connection).card
        if former is not None and former.name != card.name and self.experiment_id is not None:
            scores.retract(connection, [score_key(self.experiment_id, self.id, former.name)])
        return reports.set_card(connection, self.id, card)


def _stamp(record: ReportRecord, beneath: str) -> str:
    return f"{record.updated_at.isoformat()} {beneath}"
