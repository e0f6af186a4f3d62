"""A client's annotation queues, and what was ever asked in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.annotation import queue as queues
from xeroml_nb.client.base import ClientBase
from xeroml_nb.store import queues as stored_queues

if TYPE_CHECKING:
    import pandas as pd

    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.annotation.rubric import Rubric


class LabelMethods(ClientBase):
    """Fill and find annotation queues."""

    def create_annotation_queue(
        self, *, name: str, rubric: Rubric, description: str = ""
    ) -> AnnotationQueue:
        """Make a queue of traces that people label: `annotate(queue)`.

        Args:
            name: Unique among the queues of traces.
            rubric: What is asked.
            description: For people.

        Raises:
            BadInput: If there is one of that name already.
        """
        return queues.create_annotation_queue(self._store, name, rubric, description)

    def annotation_queues(self) -> list[AnnotationQueue]:
        """All queues of traces, oldest first."""
        return queues.annotation_queues(self._store)

    def add_to_annotation_queue(self, *, queue_id: str, trace_id: str) -> bool:
        """Put a trace at the end of a queue.

        Args:
            queue_id: The queue's id.
            trace_id: Any text that names a trace.

        Returns:
            False if the trace is in the queue already.

        Raises:
            NotFound: If there is no such queue.
        """
        return queues.add_trace(self._store, queue_id, trace_id)

    def score_configs(self, name: str | None = None) -> pd.DataFrame:
        """Every definition that a question of a rubric ever had.

        Columns: `name, version` (from 1), `definition` (its kind, options and range).

        Args:
            name: Only those of one question.
        """
        import pandas as pd

        with self._store.reading() as connection:
            found = stored_queues.configs(connection, name)
        return pd.DataFrame(found, columns=["name", "version", "definition"])
