"""What every part of an experiment's handle needs: what it is, and where it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.claims import present_status
from xeroml_nb.store import experiments as stored

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.frames import RunTable
    from xeroml_nb.experiments.live import Live
    from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus, TaskRecord
    from xeroml_nb.store.store import Store


class ExperimentBase:
    """An experiment in the store, and the work behind it.

    Args:
        store: Where it lives.
        record: What the store knows of it.
        live: The work behind it, if this process does it.
    """

    def __init__(self, store: Store, record: ExperimentRecord, live: Live | None) -> None:
        self._store = store
        self._record = record
        self._live = live

    @property
    def id(self) -> str:
        """Its id in the store."""
        return self._record.id

    @property
    def name(self) -> str:
        """Its name; with the number it is unique."""
        return self._record.name

    @property
    def number(self) -> int:
        """1 for the first experiment of that name."""
        return self._record.number

    @property
    def label(self) -> str:
        """Name and number: "triage_v2 #3"."""
        return self._record.label

    @property
    def store(self) -> Store:
        """Where it lives."""
        return self._store

    @property
    def record(self) -> ExperimentRecord:
        """All that the store knows of it at this moment."""
        with self._store.reading() as connection:
            return stored.by_id(connection, self.id) or self._record

    @property
    def task(self) -> TaskRecord | None:
        """Name, source and fingerprint of the task that produced it."""
        return self._record.task

    @property
    def status(self) -> ExperimentStatus:
        """Open (a loop of yours), running, stopped or finished."""
        return self._live.status if self._live is not None else present_status(self.record)

    def _table(self, connection: Connection) -> RunTable:
        from xeroml_nb.experiments.frames import read_table  # pandas is loaded when it is needed

        return read_table(connection, self._record)
