"""One person labelling one queue: decisions go in, what to show next comes out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.earlier import earlier_labels
from xeroml_nb.annotation.fold import Fold
from xeroml_nb.annotation.joining import Joining
from xeroml_nb.annotation.order import hashed_chance
from xeroml_nb.annotation.plan import Plan, key_of
from xeroml_nb.annotation.tally import Tally
from xeroml_nb.annotation.writing import write_scores
from xeroml_nb.errors import BadInput
from xeroml_nb.records import clock
from xeroml_nb.records.label import BLANK, Action, EntryKey, Label, LabelEvent
from xeroml_nb.store import labels, queues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.annotation.decision import Decision
    from xeroml_nb.annotation.fold import Change
    from xeroml_nb.annotation.material import Material, Shown
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.records.label import QueueRecord
    from xeroml_nb.store.store import Store

_FIRST = 50
_VERSION = version("xeroml_nb")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is shown: where it stands, what is seen, what is said of it.

    Args:
        position: In the annotator's order.
        key: Item and repetition.
        shown: What is seen.
        label: What is said of it now.
        swapped: Of a pair, the second run is on the left.
    """

    position: int
    key: EntryKey
    shown: Shown
    label: Label
    swapped: bool


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is kept of an entry once it was shown, so that a decision on it can be checked.

    Args:
        title: What it was called.
        trace_id: The trace a label is about.
        content_hash: Of what was shown.
        is_pair: Two outputs were shown.
    """

    title: str
    trace_id: str
    content_hash: str
    is_pair: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a decision.

    Args:
        sequence: Of the decision.
        position: Of the entry it changed; None if it changed nothing.
        label: What is said of that entry now.
        others: Another session of the same person wrote to the log meanwhile.
    """

    sequence: int
    position: int | None
    label: Label
    others: bool = False


class OutOfTurn(BadInput):
    """A decision came before one that was made earlier; the earlier has to be sent first."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"Decision {expected} has not arrived.", "Send it first.")
        self.expected = expected


class LabellingSession:
    """One person labelling one queue.

    It may be used from any thread. What it knows is what the store says: other sessions of the
    same person may write to the same log.

    Args:
        store: Where labels are kept.
        queue: What is labelled.
        rubric: What is asked.
        annotator: Who labels.
        material: What there is to label.
        blind: Automatic scores and other people's labels are hidden until an entry is decided.
    """

    def __init__(  # noqa: PLR0913 - what, what to ask, who, from where
        self,
        store: Store,
        queue: QueueRecord,
        rubric: Rubric,
        annotator: str,
        material: Material,
        *,
        blind: bool = True,
    ) -> None:
        self.store = store
        self.queue = queue
        self.rubric = rubric
        self.annotator = annotator
        self.blind = blind
        self.material = material
        self.plan = Plan(store, queue.id, annotator)
        self.tally = Tally(rubric)
        self._fold = Fold()
        self._lock = threading.RLock()
        self._expected: dict[str, int] = {}
        self._stamps: dict[EntryKey, Stamp] = {}
        self._joining = Joining(
            store,
            queue,
            annotator,
            rubric=rubric,
            material=material,
            earlier=earlier_labels(store, queue, annotator),
        )
        self._catch_up()
        self._begin()

    # What is shown.

    @property
    def total(self) -> int:
        """Entries in this person's order so far."""
        return self.plan.total

    @property
    def saved(self) -> int:
        """Events of this person that are on disk."""
        return self._fold.count

    def next_open(self, position: int = 0) -> int | None:
        """The first undecided position from one on; None if all that is known is decided."""
        with self._lock:
            while True:
                for place in range(position, len(self.plan.entries)):
                    if self.tally.is_open(self._fold.label(self.plan.key(place))):
                        return place
                position = max(position, len(self.plan.entries))
                if not self.plan.read_part():
                    return None

    def entries(self, start: int, count: int) -> list[Entry]:
        """Some entries in order, as many of them as there are."""
        with self._lock:
            self._read_through(start + count)
            places = range(max(0, start), min(start + count, len(self.plan.entries)))
            keys = {place: self.plan.key(place) for place in places}
            found = self.material.load(keys.values())
            self._stamps |= {key: _stamp(shown) for key, shown in found.items()}
            return [self._entry(p, k, found[k]) for p, k in keys.items() if k in found]

    def entry(self, position: int) -> Entry:
        """One entry.

        Raises:
            BadInput: If there is none at that position.
        """
        found = self.entries(position, 1)
        if not found:
            raise BadInput(
                f"There is no item {position + 1}.", f"Choose one from 1 to {self.total}."
            )
        return found[0]

    def label(self, position: int) -> Label:
        """What is said of the entry at a position."""
        with self._lock:
            return self._fold.label(self.plan.key(position))

    def is_decided(self, position: int) -> bool:
        """The entry at a position has its required answers."""
        return self.tally.is_done(self.label(position))

    def pace(self) -> list[float]:
        """Seconds spent on the items labelled so far."""
        with self._lock:
            return [label.active_seconds for label in self._fold.labels.values()][-20:]

    def left(self) -> dict[str, list[int]]:
        """Positions that were skipped, that are flagged, and that are undecided."""
        with self._lock:
            self.plan.read_all()
            found: dict[str, list[int]] = {"skipped": [], "flagged": [], "open": []}
            for place, planned in enumerate(self.plan.entries):
                label = self._fold.label(key_of(planned))
                if self.tally.is_open(label):
                    found["open"].append(place)
                elif label.skipped and not self.tally.is_done(label):
                    found["skipped"].append(place)
                if label.flagged:
                    found["flagged"].append(place)
            return found

    # What is decided.

    def expected(self, session: str) -> int:
        """The sequence number that has to come next from a page."""
        with self._lock:
            if session not in self._expected:
                with self.store.reading() as connection:
                    self._expected[session] = labels.last_sequence(connection, session) + 1
            return self._expected[session]

    def decide(self, decision: Decision) -> Receipt:
        """Store a decision; when this returns, it is on disk.

        The same decision again changes nothing.

        Raises:
            OutOfTurn: If an earlier decision of the page has not arrived.
            BadInput: If it cannot be accepted; the page's next decision is then expected.
            StoreError: If it cannot be stored; the same decision is then expected again.
        """
        with self._lock:
            expected = max(self.expected(decision.session), decision.oldest)
            if decision.sequence > expected:
                raise OutOfTurn(expected)
            if decision.sequence < expected:
                return Receipt(decision.sequence, decision.position, self.label(decision.position))
            try:
                event = self._event(decision)
            except BadInput:
                self._expected[decision.session] = expected + 1
                raise
            return self._keep(event)

    def requeue(self) -> int:
        """Clear the answers that were given to another version of their question.

        Returns:
            How many entries are undecided again; undo takes each back.
        """
        with self._lock:
            self.plan.read_all()
            stale = list(self.stale())
            for count, (key, dimension) in enumerate(stale):
                self._keep(self._clearing(key, dimension, count))
            return len({key for key, _ in stale})

    def stale(self) -> list[tuple[EntryKey, str]]:
        """Entries and dimensions whose answer was given to another version of the question."""
        with self._lock:
            now = {d.name: d.config_id for d in self.rubric.dimensions}
            return [
                (key, name)
                for key, label in self._fold.labels.items()
                for name, config in label.configs.items()
                if name in now and config != now[name]
            ]

    # What joins.

    def join(self) -> bool:
        """Take in what can be labelled by now; True if the order grew."""
        with self._lock:
            self.plan.look()
            before = len(self.plan.entries)
            self.plan.read_all()
            new = [k for k in self.material.finished() if k not in self.plan.positions]
            return self._add(new) or len(self.plan.entries) > before

    # Inside.

    def _begin(self) -> None:
        """Make the first part of the order, unless there is one."""
        if self.plan.total:
            return
        plain = self._joining.is_plain
        self._add(self.material.first(_FIRST) if plain else self.material.finished())

    def _add(self, keys: Sequence[EntryKey]) -> bool:
        """Put entries at the end of the order, with the labels that carry over to them."""
        planned = self._joining.planned(keys)
        if not planned:
            return False
        carries = [
            event
            for key, (shown, label) in self._joining.carried.items()
            for event in self._carries(key, shown, label)
        ]

        def work(connection: Connection) -> bool:
            return self.plan.add(connection, planned) and self._write_carries(connection, carries)

        self.store.write(work)
        self.plan.look()
        self.plan.read_all()
        self._catch_up()
        return True

    def _write_carries(self, connection: Connection, carries: list[LabelEvent]) -> bool:
        for event in carries:
            self._write(connection, event)
        return True

    def _carries(self, key: EntryKey, shown: Shown, label: Label) -> list[LabelEvent]:
        known = {d.name: d for d in self.rubric.dimensions}
        base = self._blank_event(Action.CARRY, key, f"carry:{self.queue.id}:{self.annotator}")
        return [
            replace(
                base,
                session=f"{base.session}:{key.item_id}:{key.repetition}",
                sequence=count,
                trace_id=shown.trace_ids[0],
                content_hash=shown.content_hash,
                dimension=name,
                value=value,
                config_id=known[name].config_id,
                carried_from=label.trace_id,
                decided_at=label.decided_at,
            )
            for count, (name, value) in enumerate(label.answers.items(), 1)
            if name in known
        ]

    def _clearing(self, key: EntryKey, dimension: str, count: int) -> LabelEvent:
        label = self._fold.label(key)
        stamp = clock.to_micros(clock.now())
        event = self._blank_event(Action.CLEAR, key, f"requeue:{self.queue.id}:{stamp}:{count}")
        return replace(
            event,
            dimension=dimension,
            previous=label.answers.get(dimension),
            trace_id=label.trace_id,
            position=self.plan.positions.get(key),
        )

    def _blank_event(self, action: Action, key: EntryKey, session: str) -> LabelEvent:
        return LabelEvent(
            queue_id=self.queue.id,
            annotator=self.annotator,
            session=session,
            sequence=1,
            action=action,
            key=key,
            blind=self.blind,
            decided_at=clock.now(),
            tool_version=_VERSION,
        )

    def _event(self, decision: Decision) -> LabelEvent:
        """The event of a decision, once all of it is checked."""
        key, stamp = self._stamped(decision.position)
        if stamp.title != decision.title:
            raise BadInput(
                f"A decision on {decision.title!r} arrived for item {decision.position + 1}, "
                f"which is {stamp.title!r}; it was not applied.",
                "Run the cell again to go on.",
            )
        value, config_id = self._checked(decision)
        return replace(
            self._blank_event(decision.action, key, decision.session),
            sequence=decision.sequence,
            trace_id=stamp.trace_id,
            content_hash=stamp.content_hash,
            dimension=decision.dimension,
            value=value,
            previous=self._fold.label(key).answers.get(decision.dimension or ""),
            config_id=config_id,
            position=decision.position,
            swapped=self._is_swapped(key) if stamp.is_pair else None,
            presented_at=decision.presented_at,
            decided_at=decision.decided_at or clock.now(),
            active_seconds=decision.active_seconds,
        )

    def _checked(self, decision: Decision) -> tuple[Any, str | None]:
        """The value of a decision, and the definition it was made under."""
        if decision.action is Action.SET:
            dimension = self.rubric[decision.dimension or ""]
            return dimension.checked(decision.value), dimension.config_id
        if decision.action is Action.CLEAR:
            return None, self.rubric[decision.dimension or ""].config_id
        if decision.action in (Action.COMMENT, Action.CORRECT):
            return None if decision.value is None else str(decision.value), None
        return None, None

    def _keep(self, event: LabelEvent) -> Receipt:
        """Store an event with the scores it changes, then take it in."""
        found: list[Any] = []

        def work(connection: Connection) -> int:
            queues.lock(connection, self.queue.id)
            log = labels.of_queue(
                connection, self.queue.id, self.annotator, after=self._fold.last_id
            )
            found[:] = list(log)
            return self._write(connection, event, found)

        stored_id = self.store.write(work)
        for other in found:
            self._take(other)
        change = self._take(replace(event, id=stored_id)) if stored_id else None
        self._expected[event.session] = event.sequence + 1
        if change is None:
            return Receipt(event.sequence, None, BLANK, others=bool(found))
        position = self.plan.positions.get(change.key)
        return Receipt(event.sequence, position, change.after, others=bool(found))

    def _write(
        self, connection: Connection, event: LabelEvent, others: Sequence[LabelEvent] = ()
    ) -> int:
        """Append an event and bring the scores to what they add up to; 0 if it changes nothing."""
        ahead = self._fold
        if others:
            # Seldom: another session wrote. What is in memory changes only after the commit.
            ahead = Fold.of(labels.of_queue(connection, self.queue.id, self.annotator))
        change = ahead.preview(event)
        if change is None:
            return 0
        [stored_id] = labels.append(connection, [event])
        if not change.key.repeat:
            write_scores(connection, self.queue, self.rubric, self.annotator, change)
        return stored_id

    def _catch_up(self) -> None:
        """Take in what the log holds and is not known here."""
        with self.store.reading() as connection:
            found = list(
                labels.of_queue(connection, self.queue.id, self.annotator, self._fold.last_id)
            )
        for event in found:
            self._take(event)

    def _take(self, event: LabelEvent) -> Change | None:
        change = self._fold.apply(event)
        if change is not None:
            self.tally.move(change)
        return change

    def _read_through(self, position: int) -> None:
        while len(self.plan.entries) < position and self.plan.read_part():
            pass

    def _stamped(self, position: int) -> tuple[EntryKey, Stamp]:
        self._read_through(position + 1)
        if position < len(self.plan.entries) and self.plan.key(position) in self._stamps:
            key = self.plan.key(position)
        else:
            key = self.entry(position).key
        return key, self._stamps[key]

    def _entry(self, position: int, key: EntryKey, shown: Shown) -> Entry:
        swapped = len(shown.outputs) > 1 and self._is_swapped(key)
        return Entry(position, key, shown, self._fold.label(key), swapped)

    def _is_swapped(self, key: EntryKey) -> bool:
        """Which side a run is on is drawn for each entry, always the same for the queue's seed."""
        seed = self.queue.order.get("seed") or 0
        chance = hashed_chance("side", seed, key.item_id, key.repetition, int(key.repeat))
        return chance < 0.5  # noqa: PLR2004 - an even chance


def _stamp(shown: Shown) -> Stamp:
    return Stamp(shown.title, shown.trace_ids[0], shown.content_hash, len(shown.outputs) > 1)
