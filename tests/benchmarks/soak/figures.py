"""The soak as rows of the table: what was broken, what was kept, what stayed flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.soak.plan import plan_of
from tests.benchmarks.soak.soak import soak

if TYPE_CHECKING:
    from tests.benchmarks.soak.plan import Plan
    from tests.benchmarks.soak.soak import Found

_ONCE = Target(">=", 1)
_NONE = Target("=", 0)
_GROWTH = 1.15
_MORE = 5  # threads or files; some hang, some are being opened


def figures(*, quick: bool) -> list[Figure]:
    """Soak, and tell."""
    plan = plan_of(quick=quick)
    found = soak(plan)
    return [*_run(plan, found), *_broken(found), *_kept(found), *_flat(found, quick=quick)]


def _figure(what: str, value: float, target: Target | None = None) -> Figure:
    return Figure("soak", what, value, target)


def _run(plan: Plan, found: Found) -> list[Figure]:
    return [
        _figure("seed", plan.seed),
        _figure("minutes", found.minutes),
        _figure("items run", found.counts["item_runs"], Target("=", plan.items)),
        _figure("items a second, faults and all", found.counts["item_runs"] / found.minutes / 60),
    ]


def _broken(found: Found) -> list[Figure]:
    return [
        _figure("tasks that raised", found.counts["raises"], _ONCE),
        _figure("tasks that hung", found.counts["hangs"], _ONCE),
        _figure("questions answered by 429", found.model["refused"], _ONCE),
        _figure("kills -9 of the kernel", found.kernel_kills, _ONCE),
        _figure("kills -9 of the server while it stored a push", found.server_kills, _ONCE),
        _figure("full disks", found.full_disks, _ONCE),
    ]


def _kept(found: Found) -> list[Figure]:
    counts, ledger = found.counts, found.ledger
    return [
        _figure("acknowledged, but not in the store after a stop", ledger.lost, _NONE),
        _figure("item runs of another end than was to be", counts["otherwise"], _NONE),
        _figure("executed again though stored", ledger.doubled(), _NONE),
        _figure("executed again, since not stored when all stopped", ledger.again()),
        _figure("item runs without exactly one trace", counts["untraced"], _NONE),
        _figure("item runs without their scores, once each", counts["unscored"], _NONE),
        _figure("left to send after the last push", found.sent["left"], _NONE),
        _figure("refused by the server", found.sent["refused"], _NONE),
        _figure("scores on the server", counts["server_scores"], Target("=", counts["scores"])),
        _figure("of these, twice", counts["server_doubled"], _NONE),
        _figure("scores not on the server, or other there", counts["server_missing"], _NONE),
        _figure("traces on the server", counts["server_traces"], Target("=", counts["traces"])),
    ]


def _flat(found: Found, *, quick: bool) -> list[Figure]:
    """The longest life, late beside early; a short form is over before anything is flat."""
    early, late = found.early, found.late
    growth = (late.memory - early.memory) / max(1, late.done - early.done) * 10_000

    def beside(what: str, then: float, now: float, limit: float) -> Figure:
        target = None if quick else Target("<=", limit)
        return Figure("soak", what, now, target, Floor("in its second quarter", then))

    return [
        beside(
            "MB of the kernel, last quarter of its longest life",
            early.memory,
            late.memory,
            _GROWTH * early.memory,
        ),
        _figure("MB more for 10,000 items", growth),
        beside("threads at most, likewise", early.threads, late.threads, early.threads + _MORE),
        beside("open files at most, likewise", early.files, late.files, early.files + _MORE),
    ]
