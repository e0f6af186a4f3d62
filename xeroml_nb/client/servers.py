"""A client and its server: see what it is, send to it, look at what became of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.client.experiments import ExperimentMethods
from xeroml_nb.errors import BadInput, NoServer
from xeroml_nb.experiments.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.sync.parcels.base import Scope
    from xeroml_nb.sync.sending.preview import Preview
    from xeroml_nb.sync.sending.push import Push
    from xeroml_nb.sync.sending.remotes import Remote
    from xeroml_nb.sync.sending.undo import Undone
    from xeroml_nb.sync.transport.checking import Check

    Sendable = Experiment | str | Labels | AnnotationQueue
    What = Sendable | list[Sendable] | tuple[Sendable, ...] | None


class ServerMethods(ExperimentMethods):
    """Send to a server."""

    def check(self) -> Check:
        """Tell in one line what is reached under the address that is set, with which rights.

        That no server is set, or that it cannot be used, is told likewise, with what to do.
        """
        from xeroml_nb.sync.transport.checking import check

        return check(None if self._remote is None else self._remote.connection)

    def preview(self, what: What = None) -> Preview:
        """Tell what a push would do at this moment: creates, updates, deletes, with a sample.

        Args:
            what: As for `push`.

        Raises:
            NoServer: If none is set.
            NotFound: If there is no such experiment.
        """
        from xeroml_nb.sync.sending.preview import make_preview

        remote = self._server()
        return make_preview(remote, self._scope_now(what))

    def push(self, what: What = None, progress: Callable[[int, int], None] | None = None) -> Push:
        """Bring the server to what is here; what it has already is not sent again.

        New scores and traces also flow there by themselves; datasets, experiments and queues are
        sent by this.

        Args:
            what: An experiment or its name ("triage_v2 #3" names the third), labels, a queue, or
                several of these; by default everything.
            progress: Called with how many objects were looked at, and of how many.

        Raises:
            NoServer: If none is set.
            NotFound: If there is no such experiment.
            ServerError: If the server cannot be used; the next push sends the rest.
        """
        from xeroml_nb.sync.sending.push import push

        remote = self._server()
        return push(remote, self._scope_now(what), progress)

    def undo_push(self, push_id: str) -> Undone:
        """Take a push back, also one of another session.

        Args:
            push_id: As `pushes()` lists it.

        Raises:
            NoServer: If none is set.
            NotFound: If there is no such push to this server.
            BadInput: If it was undone before.
            ServerError: If the server cannot be used.
        """
        from xeroml_nb.sync.sending.undo import undo

        return undo(self._server(), push_id)

    def pushes(self) -> pd.DataFrame:
        """All pushes to the server, the latest first.

        Columns: `id, what, began_at, finished_at` (none for one that was cut short), `undone_at,
        creates, updates, deletes`.

        Raises:
            NoServer: If none is set.
        """
        from xeroml_nb.sync.sending.journal import push_frame

        return push_frame(self._store, self._server().id)

    def dead_letters(self) -> pd.DataFrame:
        """What the server refused and does not have yet, oldest first; the next push tries again.

        Columns: `what` (for people), `kind, key, status` (of HTTP), `said` (the server's own
        words), `next_step, at`.

        Raises:
            NoServer: If none is set.
        """
        from xeroml_nb.sync.sending.dead_letters import dead_letters

        return dead_letters(self._store, self._server().id)

    def _server(self) -> Remote:
        if self._remote is None:
            raise NoServer
        return self._remote

    def _let_go_of_server(self) -> None:
        if self._flow is not None:
            self._flow.stop()
        if self._remote is not None:
            self._remote.close()

    def _scope_now(self, what: What) -> Scope:
        """What of the store is meant, with the scores of cards as they are at this moment."""
        from xeroml_nb.scoring.reports.making import bring_scores_up

        scope = self._scope(what)
        self._store.flush()
        bring_scores_up(self._store, None if scope.everything else scope.experiment_ids)
        return scope

    def _scope(self, what: What) -> Scope:
        """What of the store is meant.

        Raises:
            NotFound: If there is no such experiment or queue.
            BadInput: If it is none of what can be sent, or lives in another store.
        """
        from xeroml_nb.sync.parcels.base import Scope

        if what is None:
            return Scope("everything", everything=True)
        given = list(what) if isinstance(what, (list, tuple)) else [what]
        if not given:
            raise BadInput("push() was given an empty list.", "Leave it out to send everything.")
        parts = [self._part(one) for one in given]
        return Scope(
            " and ".join(part.title for part in parts),
            experiment_ids=tuple(i for part in parts for i in part.experiment_ids),
            queue_ids=tuple(i for part in parts for i in part.queue_ids),
        )

    def _part(self, one: Sendable) -> Scope:
        from xeroml_nb.annotation.labels import Labels
        from xeroml_nb.annotation.queue import AnnotationQueue, queue_by_id
        from xeroml_nb.sync.parcels.base import Scope

        if isinstance(one, (Experiment, str)):
            [record] = self._records([one])
            return Scope(record.label, experiment_ids=(record.id,))
        if isinstance(one, Labels):
            queue = queue_by_id(self._store, one.queue_id)
            return Scope(f"labels of {queue.name}", queue_ids=(queue.id,))
        if isinstance(one, AnnotationQueue):
            queue = queue_by_id(self._store, one.id)
            return Scope(f"queue {queue.name}", queue_ids=(queue.id,))
        raise BadInput(
            f"push() was given a {type(one).__name__}.",
            "Pass an experiment or its name, labels, a queue, or a list of these.",
        )
