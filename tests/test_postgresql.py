"""A team's store: the same figures from PostgreSQL as from a file."""

from __future__ import annotations

import pandas as pd
import pytest

import xeroml_nb as xn
from tests.benchmarks import history


@pytest.fixture(scope="module")
def stores(postgresql, tmp_path_factory):
    """The same two runs on PostgreSQL and in a file."""
    file = tmp_path_factory.mktemp("beside") / "store.db"
    address = postgresql("comparing")
    for place in (address, file):
        history.fill(place, runs=2, items=60)
    clients = [xn.get_client(address), xn.get_client(file)]
    yield clients
    for client in clients:
        client.close()


def _same(one, other, *without):
    pd.testing.assert_frame_equal(
        one.drop(columns=list(without)), other.drop(columns=list(without))
    )


def test_experiments_compare_alike(stores):
    tables = [client.compare("run #1", "run #2").table() for client in stores]
    _same(*tables)
    assert set(tables[0]["score"]) == {"exact", "f1", "judge"}
    _same(*(client.compare("run #1", "run #2").items("f1") for client in stores))
    _same(*(client.compare("run #1", "run #2", cluster="document").table() for client in stores))
    _same(*(client.to_frame("run #1", "run #2") for client in stores))


def test_traces_and_scores_are_found_alike(stores):
    conditions = ("f1 < 0.2", "exact == true", "judge >= 4")
    for condition in conditions:
        found = [client.get_traces(score=condition) for client in stores]
        _same(*found, "start")
        assert 0 < len(found[0]) < 120
    scores = [client.get_scores(name="judge", experiment="run #2") for client in stores]
    _same(*scores, "experiment_id", "created_at")
    assert len(scores[0]) == 60


def test_a_run_with_traces_and_tags_is_found_by_them(stores):
    client = stores[0]
    client.create_dataset(name="tagged", items=[{"input": n} for n in range(4)])

    @xn.observe
    def answer(input):  # noqa: A002 - the word of the field
        with xn.propagate_attributes(tags=["50%", 'a"b'], user_id="ann"):
            return input + 1

    def task(input):  # noqa: A002
        with xn.propagate_attributes(tags=["50%", 'a"b'], user_id="ann"):
            return answer(input)

    experiment = client.start(task, "tagged", name="tagged").wait()
    assert len(client.get_traces(experiment="tagged #1")) == 4
    assert len(client.get_traces(tags='a"b')) == 4
    assert len(client.get_traces(tags=["50%", 'a"b'], user_id="ann")) == 4
    assert client.get_traces(tags="50").empty
    [first, *_] = experiment.to_frame()["trace_id"]
    assert [o.name for o in client.get_trace(first)] == ["tagged #1", "answer"]


def test_trends_are_alike(stores):
    for over in ("time", "experiments"):
        frames = [client.trend("f1", over=over) for client in stores]
        _same(*frames, "x", "label")
        assert frames[0]["n"].sum() >= 60
