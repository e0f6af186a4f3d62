"""Versions of a dataset that come from elsewhere are put between those of the store."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus
from xeroml_nb.store import datasets, experiments
from xeroml_nb.store.dataset_states import put_newest, put_past
from xeroml_nb.store.store import Store

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(own_folder):
    made = Store(str(own_folder / "store.db"))
    record = DatasetRecord("d", "name", created_at=BEGIN, updated_at=BEGIN)
    made.write(lambda connection: datasets.create(connection, record))
    yield made
    made.close()


def at(store, moment):
    with store.reading() as connection:
        return datasets.items(connection, "d", moment)


def newest(store):
    with store.reading() as connection:
        found = datasets.by_id(connection, "d")
    return found.updated_at


def items(*texts):
    return [DatasetItem(text[0], text) for text in texts]


def test_the_newest_version_of_elsewhere_is_the_newest_here_under_its_own_moment(store):
    assert store.write(lambda c: put_newest(c, "d", items("a1", "b1"), BEGIN)) == BEGIN
    later = BEGIN + SECOND
    assert store.write(lambda c: put_newest(c, "d", items("b2", "a1"), later)) == later
    assert at(store, BEGIN) == items("a1", "b1")
    assert at(store, later) == items("b2", "a1")
    assert newest(store) == later


def test_a_version_that_is_older_by_the_clock_comes_just_after_the_newest_here(store):
    store.write(lambda c: put_newest(c, "d", items("a1"), BEGIN + SECOND))
    moment = store.write(lambda c: put_newest(c, "d", items("a2"), BEGIN))
    assert moment == BEGIN + SECOND + timedelta(microseconds=1)
    assert at(store, BEGIN + SECOND) == items("a1")
    assert at(store, moment) == items("a2")


def test_a_past_version_lasts_until_the_next_one_that_is_known(store):
    store.write(lambda c: put_newest(c, "d", items("a1", "b1"), BEGIN))
    store.write(lambda c: put_newest(c, "d", items("a3", "b1"), BEGIN + 3 * SECOND))
    store.write(lambda c: put_past(c, "d", items("a2", "c2"), BEGIN + SECOND))
    assert at(store, BEGIN) == items("a1", "b1")
    assert at(store, BEGIN + 2 * SECOND) == items("a2", "c2")
    assert at(store, BEGIN + 3 * SECOND) == items("a3", "b1")
    assert newest(store) == BEGIN + 3 * SECOND


def test_what_an_experiment_ran_over_does_not_change_under_it(store):
    store.write(lambda c: put_newest(c, "d", items("a1"), BEGIN))
    ran_over = BEGIN + 2 * SECOND
    record = ExperimentRecord(
        "e", "x", 1, ExperimentStatus.FINISHED, BEGIN, dataset_id="d", dataset_version=ran_over
    )
    store.write(lambda c: experiments.create(c, record))
    store.write(lambda c: put_past(c, "d", items("a2"), BEGIN + SECOND))
    assert at(store, BEGIN + SECOND) == items("a2")
    assert at(store, ran_over) == items("a1")


def test_a_past_version_after_the_newest_is_a_moment_alone(store):
    store.write(lambda c: put_newest(c, "d", items("a1"), BEGIN))
    store.write(lambda c: put_past(c, "d", items("a2"), BEGIN + SECOND))
    assert at(store, BEGIN + SECOND) == items("a2")
    assert at(store, newest(store)) == items("a1")
    store.write(lambda c: datasets.put_items(c, "d", items("a3"), only_these=True))
    assert at(store, BEGIN + SECOND) == items("a2")
    assert at(store, newest(store)) == items("a3")


@pytest.mark.parametrize("seed", range(4))
def test_no_version_changes_another_whatever_comes_in_between(store, seed):
    chance = random.Random(seed)
    known = {}
    for _ in range(25):
        ids = chance.sample("abcdef", chance.randrange(6))
        state = [DatasetItem(one, chance.randrange(3)) for one in ids]
        moment = BEGIN + chance.randrange(1, 60) * SECOND
        if moment in known:
            continue
        if chance.random() < 0.4:
            moment = store.write(lambda c, m=moment, s=state: put_newest(c, "d", s, m))
            assert newest(store) == moment
        else:
            store.write(lambda c, m=moment, s=state, k=tuple(known): put_past(c, "d", s, m, k))
        known[moment] = state
        assert {one: at(store, one) for one in known} == known
