"""One person's log in one queue: what is appended is on disk, with the scores it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xeroml_nb.annotation.fold import Fold
from xeroml_nb.annotation.tally import Tally
from xeroml_nb.annotation.writing import write_scores
from xeroml_nb.store import labels, queues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.annotation.fold import Change
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.records.label import EntryKey, Label, LabelEvent, QueueRecord
    from xeroml_nb.store.store import Store


@dataclass(frozen=True, slots=True)
class Appended:
    """What came of an event.

    Args:
        change: What it changed; None if nothing, such as an undo with nothing to undo.
        others: Another session of the same person wrote to the log meanwhile.
    """

    change: Change | None
    others: bool


class Log:
    """Events of one person, and what they add up to; not for several threads at once.

    Other processes may write to the same log: what they wrote is taken in before every event.

    Args:
        store: Where it is kept.
        queue: The queue.
        rubric: What is asked, for scores and counts.
        annotator: Whose log.
    """

    def __init__(self, store: Store, queue: QueueRecord, rubric: Rubric, annotator: str) -> None:
        self._store = store
        self._queue = queue
        self._rubric = rubric
        self._annotator = annotator
        self._fold = Fold()
        self._next: dict[str, int] = {}
        self.tally = Tally(rubric)
        self.catch_up()

    @property
    def saved(self) -> int:
        """Events of the person that are on disk."""
        return self._fold.count

    @property
    def labels(self) -> dict[EntryKey, Label]:
        """What is said of every entry that was ever touched, in that order."""
        return self._fold.labels

    def label(self, key: EntryKey) -> Label:
        """What is said of an entry; a blank label if nothing is."""
        return self._fold.label(key)

    def expected(self, session: str) -> int:
        """The sequence number that comes next from a page."""
        if session not in self._next:
            with self._store.reading() as connection:
                self._next[session] = labels.last_sequence(connection, session) + 1
        return self._next[session]

    def passed_over(self, session: str, sequence: int) -> None:
        """Expect the number after this one, which was refused."""
        self._next[session] = sequence + 1

    def append(self, event: LabelEvent) -> Appended:
        """Store an event with the scores it changes, then take it in.

        Raises:
            StoreError: If it cannot be stored; nothing is changed then.
        """
        found: list[LabelEvent] = []

        def work(connection: Connection) -> int:
            queues.lock(connection, self._queue.id)
            found[:] = self._written_since(connection)
            known = any(_page(other) == _page(event) for other in found)
            return 0 if known else self.write(connection, event, found)

        stored_id = self._store.write(work)
        changes = {_page(other): self._take(other) for other in found}
        change = changes.get(_page(event))
        if stored_id:
            change = self._take(replace(event, id=stored_id))
        self._next[event.session] = max(self.expected(event.session), event.sequence + 1)
        return Appended(change, others=bool(found))

    def write(
        self, connection: Connection, event: LabelEvent, others: Sequence[LabelEvent] = ()
    ) -> int:
        """Write an event inside a transaction; gives its id, or 0 if it changes nothing."""
        ahead = self._fold
        if others:
            # Seldom: another session wrote. What is in memory changes only after the commit.
            ahead = Fold.of(labels.of_queue(connection, self._queue.id, self._annotator))
        change = ahead.preview(event)
        if change is None:
            return 0
        [stored_id] = labels.append(connection, [event])
        if not change.key.repeat:
            write_scores(connection, self._queue, self._rubric, self._annotator, change)
        return stored_id

    def catch_up(self) -> None:
        """Take in what is on disk and not known here."""
        with self._store.reading() as connection:
            found = self._written_since(connection)
        for event in found:
            self._take(event)

    def _written_since(self, connection: Connection) -> list[LabelEvent]:
        after = self._fold.last_id
        return list(labels.of_queue(connection, self._queue.id, self._annotator, after))

    def _take(self, event: LabelEvent) -> Change | None:
        # Another page may have handed over what a page of this session had sent.
        expected = self._next.get(event.session, 0)
        self._next[event.session] = max(expected, event.sequence + 1)
        change = self._fold.apply(event)
        if change is not None:
            self.tally.move(change)
        return change


def _page(event: LabelEvent) -> tuple[str, int]:
    """Which page an event comes from, and its number there: the same twice is one event."""
    return event.session, event.sequence
