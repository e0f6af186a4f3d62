"""A client's experiments and labels as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.annotation.labels import Labels
from xeroml_nb.annotation.queue import AnnotationQueue, queue_by_id
from xeroml_nb.client.experiments import ExperimentMethods
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.store import experiments

if TYPE_CHECKING:
    from pathlib import Path


class FileMethods(ExperimentMethods):
    """Write experiments and labels into files, and read them back."""

    def export(self, what: Experiment | Labels | AnnotationQueue | str, path: str | Path) -> Path:
        """Write an experiment, or what people said in a queue, into a CSV, JSONL or Parquet file.

        `import_file` makes of it, in any store, what it was in this one. The file holds an
        experiment's dataset at the version it ran over, its item runs and their scores; of labels
        the queue with its rubric, each person's order and log, and the scores that came of it.
        What is recorded inside a trace is not in it.

        All three kinds of files have the same rows, and their column `record` says what a row is:
        `frame = pandas.read_csv(path)`, then `frame[frame["record"] == "run"]`. In CSV an empty
        cell has no value, and an apostrophe at the beginning of a cell says that the rest is
        text: it stands before the empty text, before what a spreadsheet would take for a formula
        (`=`, `+`, `-`, `@`), and before a text that looks like JSON.

        Args:
            what: An experiment or its name; or labels, or a queue of traces.
            path: Where to; its ending says which kind of file. An earlier export of the same
                experiment or queue is replaced, nothing else is.

        Returns:
            The path, absolute.

        Raises:
            NotFound: If there is no such experiment or queue.
            BadInput: If it is still running or lives in another store, or the file cannot be
                written there.
            MissingExtra: If Parquet needs a package that is not installed.

        Example:
            `client.export("triage_v2 #3", "triage.csv")`
        """
        from xeroml_nb.scoring.reports.making import bring_scores_up
        from xeroml_nb.sync.files.moving import export_experiment, export_labels

        self._store.flush()
        if isinstance(what, AnnotationQueue):
            return export_labels(self._store, what.id, path)
        if isinstance(what, Labels):
            if what.store is not self._store:
                raise BadInput("These labels live in another store.", "Use its own client.")
            return export_labels(self._store, what.queue_id, path)
        if not isinstance(what, (Experiment, str)):
            raise BadInput(
                f"export() was given a {type(what).__name__}.",
                "Pass an experiment, its name, labels, or an annotation queue.",
            )
        [record] = self._records([what])
        bring_scores_up(self._store, [record.id])
        return export_experiment(self._store, record, path)

    def import_file(self, path: str | Path) -> Experiment | Labels:
        """Bring in what `export` wrote, here or elsewhere: all of it, or nothing.

        What the store has already stays: importing a file again changes nothing, and importing a
        later export of the same experiment or queue adds what is new. Of two states of one score
        the later one counts. A dataset keeps the items it has here; where those of the file
        differ, they become the version that they were, and a warning says so. An experiment whose
        number is taken gets the next one, and a warning says that too. Others who write to the
        store wait until all of the file is in.

        Args:
            path: The file.

        Returns:
            The experiment, or what people said in the queue.

        Raises:
            BadInput: If it is no such file, or a row of it cannot be accepted; nothing is stored
                then.
            MissingExtra: If Parquet needs a package that is not installed.

        Example:
            `client.import_file("triage.csv").to_frame()`
        """
        from xeroml_nb.sync.files.moving import import_export

        kind, key = import_export(self._store, path)
        if kind == "labels":
            return Labels(self._store, queue_by_id(self._store, key))
        return self._live.get(key) or self._stored_experiment(key)

    def _stored_experiment(self, experiment_id: str) -> Experiment:
        with self._store.reading() as connection:
            record = experiments.by_id(connection, experiment_id)
        assert record is not None  # noqa: S101 - it was stored a moment ago
        return Experiment(self._store, self._recorder, record)
