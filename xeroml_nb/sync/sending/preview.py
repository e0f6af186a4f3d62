"""What a push would do, before it does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.markup import NO_FORMULAS, join, table, tag
from xeroml_nb.records.json_text import from_json, preview
from xeroml_nb.sync.parcels import kinds
from xeroml_nb.sync.sending.planning import Action, Change, Step, by_action, steps
from xeroml_nb.sync.sending.push import Push, push

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.sync.parcels.base import Scope
    from xeroml_nb.sync.sending.remotes import Remote

_SAMPLE = 5
_DULL = ("id", "timestamp")
_MARKS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-"}


@dataclass(slots=True)
class Counts:
    """What would happen to the objects of one kind.

    Args:
        creates: The server does not have them.
        updates: It has them otherwise.
        deletes: It has them, and here they were taken back.
        unchanged: It has them as they are here.
        refused_before: How many of the changes it refused the last time; they are tried again.
    """

    creates: int = 0
    updates: int = 0
    deletes: int = 0
    unchanged: int = 0
    refused_before: int = 0

    def add(self, step: Step) -> None:
        """Count a further step in."""
        number = by_action(step.changes)
        self.creates += number[Action.CREATE]
        self.updates += number[Action.UPDATE]
        self.deletes += number[Action.DELETE]
        self.unchanged += step.unchanged
        self.refused_before += sum(change.was_refused for change in step.changes)

    @property
    def changes(self) -> int:
        """How many objects would be sent or deleted."""
        return self.creates + self.updates + self.deletes


@dataclass(frozen=True, slots=True)
class Example:
    """One change of a sample.

    Args:
        action: What would happen.
        title: To what.
        detail: In which way, in one line.
    """

    action: Action
    title: str
    detail: str

    def __str__(self) -> str:
        return f"{_MARKS[self.action]} {self.title}: {self.detail}"


@dataclass(frozen=True)
class Preview:
    """What a push would do at this moment; nothing is sent by looking at it.

    Args:
        scope: What is meant.
        host: Where it would go.
        counts: By kind, in the order of sending; kinds of which there is nothing are left out.
        sample: Up to five changes by kind.
    """

    scope: Scope
    host: str
    counts: dict[str, Counts]
    sample: dict[str, list[Example]]
    _remote: Remote = field(repr=False)

    @property
    def total(self) -> Counts:
        """All kinds together."""
        whole = Counts()
        for counts in self.counts.values():
            for name in ("creates", "updates", "deletes", "unchanged", "refused_before"):
                setattr(whole, name, getattr(whole, name) + getattr(counts, name))
        return whole

    def send(self, progress: Callable[[int, int], None] | None = None) -> Push:
        """Do it; what changed here since is sent as it is now.

        Args:
            progress: Called with how many objects were looked at, and of how many.

        Raises:
            ServerError: If the server cannot be used; what was sent before is noted.
        """
        return push(self._remote, self.scope, progress)

    def __repr__(self) -> str:
        lines = [self._headline()]
        lines += [f"  {kind}: {_figures(counts)}" for kind, counts in self.counts.items()]
        lines += [f"  {example}" for examples in self.sample.values() for example in examples]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            (kind, c.creates, c.updates, c.deletes, c.unchanged, c.refused_before)
            for kind, c in self.counts.items()
        ]
        heads = ("", "create", "update", "delete", "unchanged", "refused before")
        examples = [tag("li", str(example)) for found in self.sample.values() for example in found]
        return tag(
            "div",
            tag("p", self._headline()),
            table(heads, rows, numeric={1, 2, 3, 4, 5}) if rows else "",
            tag("ul", join(examples)) if examples else "",
            class_=NO_FORMULAS,
        )

    def _headline(self) -> str:
        return f"Pushing {self.scope.title} to {self.host} would {_figures(self.total)}."


def make_preview(remote: Remote, scope: Scope) -> Preview:
    """Look at everything that is meant, a batch at a time; the server is not asked.

    Args:
        remote: Where it would go.
        scope: What is meant.
    """
    counts: dict[str, Counts] = {}
    sample: dict[str, list[Example]] = {}
    for kind in kinds.KINDS:
        for step in steps(remote.store, remote.id, kind, scope):
            counts.setdefault(kind.name, Counts()).add(step)
            shown = sample.setdefault(kind.name, [])
            shown += map(_example, step.changes[: _SAMPLE - len(shown)])
    return Preview(scope, remote.record.host, counts, sample, remote)


def _figures(counts: Counts) -> str:
    """Such as: "create 12, update 1, delete 0, leave 40 unchanged"."""
    text = (
        f"create {counts.creates:,}, update {counts.updates:,}, delete {counts.deletes:,}, "
        f"leave {counts.unchanged:,} unchanged"
    )
    return text + (f"; {counts.refused_before:,} refused before" if counts.refused_before else "")


def _example(change: Change) -> Example:
    old = from_json(change.before.payload) if change.before is not None else None
    if change.parcel is None:
        kind = "" if change.before is None else change.before.kind
        return Example(change.action, f"{kind} {change.key}", _content(old))
    new = from_json(change.parcel.payload)
    return Example(change.action, change.parcel.title, _difference(old, new))


def _content(value: Any) -> str:
    """One line of an object, without what says nothing to people."""
    if isinstance(value, dict):
        value = {k: v for k, v in value.items() if v is not None and k not in _DULL}
    return preview(value, 80)


def _difference(old: Any, new: Any) -> str:
    """What changes, in one line: "value: 0.4 → 0.8"."""
    if new is None:
        return "its observations"
    if not isinstance(old, dict) or not isinstance(new, dict):
        return _content(new)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if not changed:
        return "once more, since the server did not show it"
    return " · ".join(
        f"{name}: {preview(old.get(name), 30)} → {preview(new.get(name), 30)}"
        for name in changed[:3]
    )
