"""Send what a server needs: journalled before it is sent, noted after it, read back at the end."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.markup import NO_FORMULAS, join, table, tag
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id
from xeroml_nb.store import deliveries
from xeroml_nb.sync.parcels import kinds
from xeroml_nb.sync.sending import journal
from xeroml_nb.sync.sending.beside import MANY, beside
from xeroml_nb.sync.sending.carrying_out import carry_out, is_left, is_sent, note_not_seen
from xeroml_nb.sync.sending.leasing import leased
from xeroml_nb.sync.sending.planning import Action, size, steps
from xeroml_nb.sync.sending.progress import ProgressLine
from xeroml_nb.sync.sending.reading_back import ReadBack
from xeroml_nb.sync.sending.tallies import Done, Refusal
from xeroml_nb.sync.sending.undo import undo

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.sync.parcels.base import Parcel, Scope
    from xeroml_nb.sync.sending.leasing import Lease
    from xeroml_nb.sync.sending.planning import Change, Step
    from xeroml_nb.sync.sending.remotes import Remote
    from xeroml_nb.sync.sending.undo import Undone
    from xeroml_nb.sync.transport.connection import Outcome

_SHOWN = 10


@dataclass
class Push:
    """What a push did.

    Args:
        id: For `undo_push`, also in another session.
        title: What was meant.
        host: Where it went.
        counts: By kind, in the order of sending; kinds of which there is nothing are left out.
        refused: What the server does not want, in its own words.
        not_seen: Titles of what it accepted, but does not show.
    """

    id: str
    title: str
    host: str
    _remote: Remote = field(repr=False)
    counts: dict[str, Done] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    not_seen: list[str] = field(default_factory=list)

    @property
    def total(self) -> Done:
        """All kinds together."""
        whole = Done()
        for done in self.counts.values():
            whole.add(done)
        return whole

    def told(self) -> dict[str, Any]:
        """All of it but the server, for another process."""
        return {
            "id": self.id,
            "title": self.title,
            "host": self.host,
            "counts": {kind: asdict(done) for kind, done in self.counts.items()},
            "refused": [asdict(one) for one in self.refused],
            "not_seen": self.not_seen,
        }

    def undo(self) -> Undone:
        """Take it back: what it created is removed, the rest is put back as it was.

        What was changed on the server since then is left.

        Raises:
            ServerError: If the server cannot be used.
            BadInput: If it was undone before.
        """
        return undo(self._remote, self.id)

    def __repr__(self) -> str:
        lines = [self._headline()]
        lines += [f"  refused: {one}" for one in self.refused[:_SHOWN]]
        lines += [f"  not seen: {one}" for one in self.not_seen[:_SHOWN]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = [name for name in Done.__slots__ if getattr(self.total, name)]
        rows = [(kind, *(getattr(d, name) for name in names)) for kind, d in self.counts.items()]
        heads = ("", *(name.replace("_", " ") for name in names))
        trouble = [tag("li", f"refused: {one}") for one in self.refused[:_SHOWN]]
        trouble += [tag("li", f"not seen: {one}") for one in self.not_seen[:_SHOWN]]
        return tag(
            "div",
            tag("p", self._headline()),
            table(heads, rows, numeric={*range(1, len(heads))}) if rows else "",
            tag("ul", join(trouble)) if trouble else "",
            class_=NO_FORMULAS,
        )

    def _headline(self) -> str:
        text = f"Pushed {self.title} to {self.host}: {self.total}."
        return f"{text} client.dead_letters() tells why." if self.refused else text


def push(remote: Remote, scope: Scope, progress: Callable[[int, int], None] | None = None) -> Push:
    """Bring a server to what is here.

    Args:
        remote: The server.
        scope: What is meant.
        progress: Called with how many objects were looked at, and of how many; by default a line
            on standard error.

    Raises:
        ServerError: If the server cannot be used; what was sent before is noted, and the next
            push sends the rest.
        NotAllSent: If another process goes on sending there.
    """
    line = ProgressLine(f"pushing {scope.title}")
    try:
        remote.store.flush()
        if size(remote.store, remote.id, kinds.KINDS, scope) < MANY:
            return push_here(remote, scope, progress or line)
        return _heard(remote, beside(remote, "push", scope=scope, progress=progress or line))
    finally:
        line.close()


def _heard(remote: Remote, told: dict[str, Any]) -> Push:
    """The push that another process tells of."""
    counts = {kind: Done(**done) for kind, done in told["counts"].items()}
    refused = [Refusal(**one) for one in told["refused"]]
    return Push(_remote=remote, **told | {"counts": counts, "refused": refused})


def push_here(remote: Remote, scope: Scope, progress: Callable[[int, int], None]) -> Push:
    """As `push`, in this process, however much it is."""
    with leased(remote.store, remote.record) as lease:
        run = _Run(remote, scope, lease, progress)
        try:
            return run.go()
        finally:
            run.close()


class _Run:
    """A push while it is going on.

    Args:
        remote: The server.
        scope: What is meant.
        lease: The right to send, renewed between batches.
        progress: Told how far it is.
    """

    def __init__(
        self, remote: Remote, scope: Scope, lease: Lease, progress: Callable[[int, int], None]
    ) -> None:
        self._store = remote.store
        self._link = remote.link()
        self._scope = scope
        self._lease = lease
        self._progress = progress
        self._push = Push(random_id(), scope.title, remote.record.host, remote)
        self._looked_at = 0
        self._read_back = ReadBack(self._link, lease.renew)
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="xeroml-push")
        self._on_its_way: tuple[Step, Future[dict[str, Outcome]]] | None = None

    def go(self) -> Push:
        """Do all of it."""
        self._store.flush()
        push_id, remote_id = self._push.id, self._link.remote_id
        self._store.write(lambda c: deliveries.begin_push(c, push_id, remote_id, self._scope.title))
        total = size(self._store, remote_id, kinds.KINDS, self._scope)
        for kind in kinds.KINDS:
            for step in steps(self._store, remote_id, kind, self._scope):
                self._take(step)
                self._looked_at += step.size
                self._progress(self._looked_at, max(total, self._looked_at))
            # What comes next may refer to what this kind is known by on the server.
            self._hear()
        self._name_missing(self._read_back.missing(kinds.KINDS))
        self._store.write(lambda c: deliveries.end_push(c, push_id, finished_at=clock.now()))
        return self._push

    def close(self) -> None:
        """End what goes on beside."""
        self._sender.shutdown(cancel_futures=True)
        self._read_back.close()

    def _take(self, step: Step) -> None:
        """Send a step; while it is on its way, the next is looked up."""
        done = self._push.counts.setdefault(step.kind.name, Done())
        done.unchanged += step.unchanged
        if not step.changes and not step.forgotten:
            return
        self._hear()
        self._lease.renew()
        journal.write_down(self._store, self._push.id, step)
        self._on_its_way = step, self._sender.submit(carry_out, self._link, step)

    def _hear(self) -> None:
        """Take in what became of the step that is on its way."""
        if self._on_its_way is None:
            return
        (step, sending), self._on_its_way = self._on_its_way, None
        outcomes = sending.result()
        done = self._push.counts[step.kind.name]
        for change in step.changes:
            self._count(done, change, outcomes.get(change.key))
        accepted = [c.parcel for c in step.changes if c.parcel and is_sent(outcomes.get(c.key))]
        self._read_back.look_for(step.kind, accepted)

    def _count(self, done: Done, change: Change, outcome: Outcome | None) -> None:
        if outcome is None or is_left(outcome):
            done.left += 1
        elif not is_sent(outcome):
            done.refused += 1
            title = change.key if change.parcel is None else change.parcel.title
            said, step = outcome.said or "", outcome.next_step or ""
            self._push.refused.append(Refusal(title, said, step))
        elif change.parcel is None:
            done.deleted += 1
        else:
            done.created += change.action is Action.CREATE
            done.updated += change.action is Action.UPDATE

    def _name_missing(self, missing: dict[str, list[Parcel]]) -> None:
        for name, parcels in missing.items():
            note_not_seen(self._link, name, [parcel.key for parcel in parcels])
            self._push.counts[name].not_seen += len(parcels)
            self._push.not_seen += [parcel.title for parcel in parcels]
