"""One person labelling one queue: decisions go in, what to show next comes out."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.decision import Decision
from xeroml_nb.annotation.earlier import earlier_labels
from xeroml_nb.annotation.events import EventMaker, Stamp
from xeroml_nb.annotation.joining import Joining
from xeroml_nb.annotation.log import Log
from xeroml_nb.annotation.order import hashed_chance
from xeroml_nb.annotation.plan import Plan, key_of
from xeroml_nb.errors import BadInput, StoreError
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id
from xeroml_nb.records.label import BLANK, Action, EntryKey, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.annotation.material import Material, Shown
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.annotation.tally import Tally
    from xeroml_nb.records.label import LabelEvent, QueueRecord
    from xeroml_nb.store.store import Store

# So many are put in order before the first is shown; the others join while it is read.
_FIRST = 500
_LATEST = 20


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
        self.plan = Plan(store, queue.id, annotator)
        self._material = material
        self._log = Log(store, queue, rubric, annotator)
        self._make = EventMaker(queue.id, annotator, rubric, blind)
        self._lock = threading.RLock()
        self._stamps: dict[EntryKey, Stamp] = {}
        self._joining = Joining(
            store,
            queue,
            annotator,
            rubric=rubric,
            material=material,
            earlier=earlier_labels(store, queue, annotator),
        )
        self._begin()

    # What is shown.

    @property
    def total(self) -> int:
        """Entries in this person's order so far."""
        return self.plan.total

    @property
    def saved(self) -> int:
        """Events of this person that are on disk."""
        return self._log.saved

    @property
    def tally(self) -> Tally:
        """How far this person is."""
        return self._log.tally

    @property
    def note(self) -> str:
        """What the person should know of the order; empty if nothing."""
        return self._joining.note

    def next_open(self, position: int = 0) -> int | None:
        """The first undecided position from one on; None if all that is known is decided."""
        with self._lock:
            while True:
                for place in range(position, len(self.plan.entries)):
                    if self.tally.is_open(self._log.label(self.plan.key(place))):
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
            found = self._material.load(keys.values())
            self._stamps |= {key: self._stamp(key, shown) for key, shown in found.items()}
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
            self._read_through(position + 1)
            return self._fitting(self._log.label(self.plan.key(position)))

    def is_decided(self, position: int) -> bool:
        """The entry at a position has its required answers."""
        return self.tally.is_done(self.label(position))

    def pace(self) -> list[float]:
        """Seconds spent on the items labelled lately."""
        with self._lock:
            every = [label.active_seconds for label in self._log.labels.values()]
            return [seconds for seconds in every if seconds][-_LATEST:]

    def left(self) -> dict[str, list[int]]:
        """Positions that were skipped, that are flagged, and that are undecided."""
        with self._lock:
            self.plan.read_all()
            found: dict[str, list[int]] = {"skipped": [], "flagged": [], "open": []}
            for place, planned in enumerate(self.plan.entries):
                label = self._log.label(key_of(planned))
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
            return self._log.expected(session)

    def decide(self, decision: Decision) -> Receipt:
        """Store a decision; when this returns, it is on disk.

        The same decision again changes nothing.

        Raises:
            OutOfTurn: If an earlier decision of the page has not arrived.
            BadInput: If it cannot be accepted; the page's next decision is then expected.
            StoreError: If it cannot be stored; the same decision is then expected again.
        """
        with self._lock:
            expected = max(self._log.expected(decision.session), decision.oldest)
            if decision.sequence > expected:
                raise OutOfTurn(expected)
            if decision.sequence < expected:
                return Receipt(decision.sequence, decision.position, self.label(decision.position))
            try:
                return self._keep(self._event(decision))
            except StoreError:
                raise
            except Exception:
                # Whatever is wrong with this one, the page's next decision can be taken.
                self._log.passed_over(decision.session, decision.sequence)
                raise

    def record(self, key: EntryKey, answers: Mapping[str, Any], comment: str = "") -> None:
        """Store a label that was given elsewhere, such as in a spreadsheet.

        Raises:
            BadInput: If there is no such entry, or an answer does not fit; nothing is stored then.
        """
        with self._lock:
            position = self._position(key)
            for name, value in answers.items():
                self.rubric[name].checked(value)
            said: list[tuple[Action, str | None, Any]] = [
                (Action.SET, name, value) for name, value in answers.items()
            ]
            if comment:
                said.append((Action.COMMENT, None, comment))
            page, title = f"record:{random_id()}", self._stamped(position)[1].title
            for count, (action, dimension, value) in enumerate(said, 1):
                self.decide(Decision(page, count, position, title, action, dimension, value))

    def requeue(self) -> int:
        """Clear the answers that were given to another version of their question.

        Returns:
            How many entries are undecided again; undo takes each back.
        """
        with self._lock:
            stale = self.stale()
            stamp = clock.to_micros(clock.now())
            for count, (key, dimension) in enumerate(stale):
                label = self._log.label(key)
                self._keep(self._make.clearing(key, dimension, label, f"{stamp}:{count}"))
            return len({key for key, _ in stale})

    def stale(self) -> list[tuple[EntryKey, str]]:
        """Entries and dimensions whose answer was given to another version of the question."""
        with self._lock:
            now = {d.name: d.config_id for d in self.rubric.dimensions}
            return [
                (key, name)
                for key, label in self._log.labels.items()
                for name, config in label.configs.items()
                if name in now and config != now[name]
            ]

    # What joins.

    def join(self) -> bool:
        """Take in what can be labelled by now; True if the order grew."""
        with self._lock:
            before = self.plan.total
            self.plan.look()
            self.plan.read_all()
            self._add([k for k in self._material.finished() if k not in self.plan.positions])
            return self.plan.total > before

    # Inside.

    def _begin(self) -> None:
        """Make the first part of the order, unless there is one."""
        if self.plan.total:
            return
        keys = self._material.first(_FIRST) if self._joining.is_plain else []
        self._add(keys if len(keys) >= _FIRST else self._material.finished())

    def _add(self, keys: Sequence[EntryKey]) -> None:
        """Put entries at the end of the order, with the labels that carry over to them."""
        planned = self._joining.planned(keys)
        if not planned:
            return
        carries: list[LabelEvent] = []
        for key, (shown, label) in self._joining.carried.items():
            carries += self._make.carrying(key, shown, label)

        def work(connection: Connection) -> None:
            if self.plan.add(connection, planned):
                for event in carries:
                    self._log.write(connection, event)

        self.store.write(work)
        self.plan.look()
        self.plan.read_all()
        self._log.catch_up()

    def _event(self, decision: Decision) -> LabelEvent:
        """The event of a decision, once all of it is checked."""
        key, stamp = self._stamped(decision.position)
        if stamp.title != decision.title:
            raise BadInput(
                f"A decision on {decision.title!r} arrived for item {decision.position + 1}, "
                f"which is {stamp.title!r}; it was not applied.",
                "Run the cell again to go on.",
            )
        return self._make.of_decision(decision, key, stamp, self._log.label(key))

    def _keep(self, event: LabelEvent) -> Receipt:
        appended = self._log.append(event)
        if appended.change is None:
            return Receipt(event.sequence, None, BLANK, others=appended.others)
        position = self.plan.positions.get(appended.change.key)
        label = self._fitting(appended.change.after)
        return Receipt(event.sequence, position, label, others=appended.others)

    def _position(self, key: EntryKey) -> int:
        self.plan.read_all()
        if key not in self.plan.positions:
            self.join()
        if key not in self.plan.positions:
            raise BadInput(
                f"There is no item {key.item_id!r} (repetition {key.repetition}) in the queue of "
                f"{self.annotator!r}.",
                "Use the item_id of an item run with an output.",
            )
        return self.plan.positions[key]

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

    def _stamp(self, key: EntryKey, shown: Shown) -> Stamp:
        swapped = self._is_swapped(key) if len(shown.outputs) > 1 else None
        return Stamp(shown.title, shown.trace_ids[0], shown.content_hash, swapped)

    def _entry(self, position: int, key: EntryKey, shown: Shown) -> Entry:
        swapped = len(shown.outputs) > 1 and self._is_swapped(key)
        return Entry(position, key, shown, self._fitting(self._log.label(key)), swapped)

    def _fitting(self, label: Label) -> Label:
        """A label without answers that the rubric, as it is now, would not take."""
        asked = {d.name: d for d in self.rubric.dimensions}
        fitting = {n: v for n, v in label.answers.items() if n in asked and asked[n].accepts(v)}
        return label if len(fitting) == len(label.answers) else replace(label, answers=fitting)

    def _is_swapped(self, key: EntryKey) -> bool:
        """Which side a run is on is drawn for each entry, always the same for the queue's seed."""
        seed = self.queue.order.get("seed") or 0
        chance = hashed_chance("side", seed, key.item_id, key.repetition, int(key.repeat))
        return chance < 0.5  # noqa: PLR2004 - an even chance
