"""A short soak; and what counts for it does find what is lost or doubled."""

from __future__ import annotations

from tests.benchmarks.soak.figures import figures
from tests.benchmarks.soak.ledger import Ledger
from tests.benchmarks.soak.plan import Plan


def test_a_short_soak_loses_nothing_and_doubles_nothing():
    found = figures(quick=True)
    missed = [f for f in found if f.target is not None and not f.target.is_met_by(f.value)]
    assert missed == []


def told(*lines):
    ledger = Ledger()
    for line in lines:
        ledger.hear(f"{line}\n")
    return ledger


def test_what_was_acknowledged_but_is_not_stored_counts_as_lost():
    ledger = told("acknowledged 0 3", "acknowledged 1 1")
    ledger.stopped([(0, "a"), (0, "b")])
    assert (ledger.done, ledger.lost) == (4, 2)


def test_what_a_killed_kernel_could_not_say_to_its_end_was_not_said():
    ledger = told("acknowledged 0 3")
    ledger.hear("acknowledged 0 31")
    assert ledger.done == 3


def test_an_item_run_counts_as_doubled_if_it_was_stored_before_it_was_executed():
    ledger = told("executed 0 a", "executed 0 b")
    ledger.stopped([(0, "a")])
    for item in "abc":
        ledger.hear(f"executed 0 {item}\n")
    ledger.stopped([(0, "a"), (0, "b"), (0, "c")])
    assert (ledger.doubled(), ledger.again()) == (1, 1)


def test_the_same_item_of_another_batch_is_another_item_run():
    ledger = told("executed 0 a", "full")
    ledger.look_into([(0, "a")])
    ledger.hear("executed 1 a\n")
    assert (ledger.full, ledger.doubled(), ledger.again()) == (1, 0, 0)


def test_a_seed_decides_after_how_many_items_what_is_broken():
    plan = Plan(seed=7)
    moments = plan.moments("server", 16)
    assert moments == Plan(seed=7).moments("server", 16) == sorted(moments)
    assert moments != Plan(seed=8).moments("server", 16)
    assert moments[0] > 0
    assert moments[-1] < plan.items
    assert plan.moments("kernel", 12, 0.6)[-1] < 0.6 * plan.items
