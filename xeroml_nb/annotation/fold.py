"""What one person's events add up to; undo and redo are events like the others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.label import BLANK, Action, EntryKey, Label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from xeroml_nb.records.label import LabelEvent


@dataclass(frozen=True, slots=True)
class Change:
    """What an event did to one entry.

    Args:
        key: The entry.
        before: Its label until then.
        after: Its label from then on.
    """

    key: EntryKey
    before: Label
    after: Label


@dataclass(frozen=True, slots=True)
class _Done:
    """An event that can be undone, and the change it made."""

    event: LabelEvent
    change: Change


@dataclass(slots=True)
class Fold:
    """The labels that one person's events add up to, with all that can be undone.

    Undo takes back the latest event that is not undone; redo does it again; any other event
    forgets what was undone. A carried label stands beneath all this: it is taken in only where
    nothing was ever decided, and is not undone.

    Args:
        labels: What is said of each entry now.
        last_id: The latest event taken in.
        count: Events that people made.
    """

    labels: dict[EntryKey, Label] = field(default_factory=dict)
    last_id: int = 0
    count: int = 0
    _done: list[_Done] = field(default_factory=list)
    _undone: list[_Done] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[LabelEvent]) -> Fold:
        """Fold a log from its beginning."""
        fold = cls()
        for event in events:
            fold.apply(event)
        return fold

    def label(self, key: EntryKey) -> Label:
        """What is said of an entry; a blank label if nothing is."""
        return self.labels.get(key, BLANK)

    def preview(self, event: LabelEvent) -> Change | None:
        """What an event would change; None if nothing, such as an undo with nothing to undo."""
        if event.action is Action.UNDO:
            return _reversed(self._done[-1].change) if self._done else None
        if event.action is Action.REDO:
            return self._undone[-1].change if self._undone else None
        before = self.label(event.key)
        if event.action is Action.CARRY and event.key in self.labels:
            merged = self._carried_on(before, event)
            return None if merged is None else Change(event.key, before, merged)
        return Change(event.key, before, _applied(before, event))

    def apply(self, event: LabelEvent) -> Change | None:
        """Take an event in; gives what it changed."""
        change = self.preview(event)
        self.last_id = max(self.last_id, event.id)
        self.count += event.action is not Action.CARRY
        if change is None:
            return None
        self.labels[change.key] = change.after
        if event.action is Action.UNDO:
            self._undone.append(self._done.pop())
        elif event.action is Action.REDO:
            self._done.append(self._undone.pop())
        elif event.action is not Action.CARRY:
            self._done.append(_Done(event, change))
            self._undone.clear()
        return change

    def _carried_on(self, before: Label, event: LabelEvent) -> Label | None:
        """A further dimension of a carried label; None where somebody decided meanwhile."""
        untouched = before.carried_from is not None and event.dimension not in before.answers
        return _applied(before, event) if untouched else None


def _reversed(change: Change) -> Change:
    return Change(change.key, change.after, change.before)


def _applied(label: Label, event: LabelEvent) -> Label:
    """The label after an event that is neither undo nor redo."""
    changed = _STEPS[event.action](label, event)
    return replace(
        changed,
        trace_id=event.trace_id or changed.trace_id,
        content_hash=event.content_hash or changed.content_hash,
        swapped=event.swapped if event.swapped is not None else changed.swapped,
        decided_at=event.decided_at or changed.decided_at,
        active_seconds=changed.active_seconds + (event.active_seconds or 0.0),
    )


def _set(label: Label, event: LabelEvent) -> Label:
    answers = _with(label.answers, event.dimension, event.value)
    configs = _with(label.configs, event.dimension, event.config_id or "")
    return replace(label, answers=answers, configs=configs, skipped=False, carried_from=None)


def _carry(label: Label, event: LabelEvent) -> Label:
    return replace(_set(label, event), carried_from=event.carried_from)


def _clear(label: Label, event: LabelEvent) -> Label:
    answers = {name: v for name, v in label.answers.items() if name != event.dimension}
    configs = {name: v for name, v in label.configs.items() if name != event.dimension}
    return replace(
        label,
        answers=MappingProxyType(answers),
        configs=MappingProxyType(configs),
        carried_from=None,
    )


def _with(values: Mapping[str, Any], name: str | None, value: Any) -> Mapping[str, Any]:
    return MappingProxyType({**values, name or "": value})


_STEPS: dict[Action, Callable[[Label, LabelEvent], Label]] = {
    Action.SET: _set,
    Action.CARRY: _carry,
    Action.CLEAR: _clear,
    Action.SKIP: lambda label, _: replace(label, skipped=True),
    Action.UNSKIP: lambda label, _: replace(label, skipped=False),
    Action.FLAG: lambda label, _: replace(label, flagged=True),
    Action.UNFLAG: lambda label, _: replace(label, flagged=False),
    Action.COMMENT: lambda label, event: replace(label, comment=event.value or ""),
    Action.CORRECT: lambda label, event: replace(label, correction=event.value or None),
}
