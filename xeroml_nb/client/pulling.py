"""A client and what others made: bring it in from the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.client.servers import ServerMethods
from xeroml_nb.errors import BadInput, NoServer, NotFound
from xeroml_nb.experiments.experiment import Experiment

if TYPE_CHECKING:
    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.sync.pull.pulled import Pulled


class PullMethods(ServerMethods):
    """Fetch from a server."""

    def pull(self, what: Experiment | str | Labels | AnnotationQueue | None = None) -> Pulled:
        """Bring in the experiments and scores that others made.

        Scores keep who gave them and when. What was changed here and is not sent yet stays as it
        is here: where the server has another change, that is a conflict, which is counted and
        listed. A score that was deleted on the server is taken back here, unless it was changed
        here.

        Args:
            what: An experiment or what it is called on the server ("triage_v2 #3" names the
                third): that experiment, the version of its dataset, its item runs, and every
                score on these. Labels or a queue: every score on the traces of that queue. By
                default all experiments and scores.

        Raises:
            NoServer: If none is set.
            NotFound: If the server has no such experiment.
            ServerError: If the server cannot be used, or what it shows cannot be read.

        Example:
            `pull("triage_v2 #3")`
        """
        from xeroml_nb.annotation.labels import Labels
        from xeroml_nb.annotation.queue import AnnotationQueue, queue_by_id
        from xeroml_nb.sync.pull import pulling

        link, datasets = self._server().link(), self._server_datasets
        if datasets is None:
            raise NoServer
        self._store.flush()
        if what is None:
            return pulling.pull_everything(link, datasets)
        if isinstance(what, Experiment):
            [record] = self._records([what])
            return pulling.pull_experiment(link, datasets, None, record)
        if isinstance(what, str):
            return pulling.pull_experiment(link, datasets, what, self._here(what))
        if isinstance(what, (Labels, AnnotationQueue)):
            queue_id = what.queue_id if isinstance(what, Labels) else what.id
            return pulling.pull_queue(link, queue_by_id(self._store, queue_id))
        raise BadInput(
            f"pull() was given a {type(what).__name__}.",
            "Pass an experiment or its name, labels, or a queue.",
        )

    def _here(self, name: str) -> ExperimentRecord | None:
        """The experiment of that name if it is here."""
        try:
            [record] = self._records([name])
        except NotFound:
            return None
        return record
