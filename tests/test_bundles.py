"""Calls that go to a cluster together: how many, what comes back, and what is sent anew."""

from __future__ import annotations

import pickle
from collections import Counter
from concurrent.futures import wait
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xeroml_nb.experiments import elsewhere
from xeroml_nb.experiments.cluster import Bundles, BundleSize
from xeroml_nb.experiments.elsewhere import QUICK, work_on_each


class Done:
    """What a cluster gives for a task that it has carried out already."""

    def __init__(self, function, parcels, deadly):
        self.parcels = parcels
        dies = deadly is not None and deadly in parcels
        self.error = RuntimeError("KilledWorker") if dies else None
        self.answer = None if dies else function(parcels)
        self.status = "error" if dies else "finished"

    def result(self):
        if self.error is not None:
            raise self.error
        return self.answer

    def release(self):
        """Nothing is kept."""


class Cluster:
    """As Dask's client and its executor: it does at once what it is sent.

    Args:
        deadly: The parcel that kills every worker.
    """

    def __init__(self, deadly=None):
        self._deadly = deadly
        self._kwargs = {}
        self._client = self
        self.sent = []

    def map(self, function, bundles, *, pure):
        assert not pure
        self.sent += bundles
        return [Done(function, bundle, self._deadly) for bundle in bundles]

    def gather(self, tasks):
        return [task.result() for task in tasks]


class Echo:
    """Workers that answer with what they are sent, some of it slowly by a clock of their own."""

    def __init__(self):
        self.now = 0.0
        self.slow = set()
        self.begun = Counter()

    def work(self, parcel):
        self.begun[parcel] += 1
        if parcel in self.slow:
            self.now += 1.2 * QUICK
        return b"answer to " + parcel


@pytest.fixture
def echo(monkeypatch):
    """Put in the place of what workers do with a parcel."""
    made = Echo()
    monkeypatch.setattr(elsewhere, "work", made.work)
    monkeypatch.setattr(elsewhere, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


@contextmanager
def bundles_for(cluster):
    """What hands calls to a cluster, for as long as a test needs it."""
    made = Bundles(cluster)
    try:
        yield made
    finally:
        made.close()


def answers_of(bundles, parcels, *, times=1):
    """What comes back, in rounds, so that bundles may grow."""
    for _ in range(times):
        futures = [bundles.submit(parcel) for parcel in parcels]
        wait(futures, 10)
    return futures


PARCELS = [f"{n}".encode() for n in range(60)]


def test_quick_calls_go_together_and_each_gets_its_own_answer(echo):
    cluster = Cluster()
    with bundles_for(cluster) as bundles:
        futures = answers_of(bundles, PARCELS, times=6)
    assert [f.result() for f in futures] == [b"answer to " + parcel for parcel in PARCELS]
    assert len(cluster.sent[0]) == 1
    assert 8 <= max(map(len, cluster.sent)) <= 16
    assert sum(map(len, cluster.sent)) == 6 * len(PARCELS)


def test_slow_calls_go_each_by_itself(echo):
    echo.slow.update(PARCELS[:4])
    cluster = Cluster()
    with bundles_for(cluster) as bundles:
        answers_of(bundles, PARCELS[:4], times=2)
    assert set(map(len, cluster.sent)) == {1}


def test_what_a_slow_call_left_over_is_sent_anew_and_begun_once(echo):
    cluster = Cluster()
    with bundles_for(cluster) as bundles:
        answers_of(bundles, PARCELS[10:], times=4)
        echo.slow.add(PARCELS[0])
        futures = answers_of(bundles, PARCELS[:10])
    assert [f.result() for f in futures] == [b"answer to " + p for p in PARCELS[:10]]
    [shared] = [bundle for bundle in cluster.sent if PARCELS[0] in bundle]
    assert len(shared) > 1
    assert all(len(bundle) == 1 for bundle in cluster.sent if shared[1] == bundle[0])
    assert {echo.begun[parcel] for parcel in PARCELS[:10]} == {1}


def test_a_call_that_kills_its_workers_takes_no_other_along(echo):
    cluster = Cluster(deadly=PARCELS[7])
    with bundles_for(cluster) as bundles:
        answers_of(bundles, PARCELS[10:], times=4)
        futures = answers_of(bundles, PARCELS)
    assert any(len(bundle) > 1 and PARCELS[7] in bundle for bundle in cluster.sent)
    assert cluster.sent.count([PARCELS[7]]) == 1
    failed = [n for n, future in enumerate(futures) if future.exception() is not None]
    assert failed == [7]


def test_a_worker_stops_after_a_slow_call(echo):
    echo.slow.add(b"1")
    answers, seconds = work_on_each([b"0", b"1", b"2"])
    assert answers == [b"answer to 0", b"answer to 1"]
    assert seconds > QUICK


def test_a_parcel_that_no_worker_can_open_is_a_failed_row_and_holds_up_no_other():
    answers, _ = work_on_each([b"no pickle", b"neither"])
    assert [pickle.loads(answer).failure.kinds[0] for answer in answers] == ["UnpicklingError"] * 2


OUTCOMES = st.tuples(st.integers(1, 16), st.integers(0, 3), st.floats(0, 2 * QUICK))


@given(st.lists(OUTCOMES))
def test_a_bundle_has_one_to_sixteen_calls_and_one_after_a_slow_one(outcomes):
    size = BundleSize()
    for done, left, seconds in outcomes:
        size.learn(done, left, seconds)
        assert 1 <= size.present <= 16
        if left or seconds > QUICK:
            assert size.present == 1


def test_bundles_grow_with_the_quick_calls_in_a_row():
    size = BundleSize()
    sizes = []
    for _ in range(400):
        sizes.append(size.present)
        size.learn(1, 0, 0.001)
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1, 16)
