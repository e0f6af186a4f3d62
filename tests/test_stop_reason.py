"""Which limit stopped a run is known wherever the run is."""

from __future__ import annotations

import json

import pytest

import xeroml_nb as xn
from xeroml_nb.notebook.run_facts import facts_table
from xeroml_nb.sync.wire.experiments import from_wire, to_wire

REASON = "max_cost=0.001 is used up: 0.01 spent, 0 item runs under way"


@pytest.fixture
def during():
    """What the store said of the run's end each time that its task was called."""
    return []


@pytest.fixture
def task(client, during):
    """A task whose calls cost 0.01 each."""

    def answer(number):
        during.append(client.get_experiment("v1").record.stop_reason)
        with client.start_as_current_observation(name="call", type="generation") as call:
            call.update(cost=0.01)
        return number

    return answer


@pytest.fixture
def stopped(client, task):
    """A run that ended after its first item."""
    client.create_dataset(name="numbers", items=[{"input": n} for n in range(3)])
    return client.run(task, "numbers", name="v1", concurrency=1, max_cost=0.001)


def found_anew(client):
    """The run as another process finds it."""
    client.close()
    found = xn.get_client().get_experiment("v1")
    assert not found.is_live
    return found


def test_another_process_knows_it_too(client, stopped):
    assert stopped.stop_reason == REASON
    found = found_anew(client)
    assert (found.status, found.stop_reason) == ("stopped", REASON)
    assert found.record.stop_reason == REASON
    assert found.summary_line().endswith(f" · {REASON}")
    assert REASON in repr(found)
    assert REASON in found._repr_html_()


def test_a_run_that_is_taken_up_and_finishes_has_none(client, stopped, task, during):
    resumed = client.run(task, "numbers", name="v1")
    assert (resumed.id, resumed.status, resumed.stop_reason) == (stopped.id, "finished", None)
    assert during == [None, None, None]
    assert found_anew(client).record.stop_reason is None


def test_a_run_that_is_stopped_again_has_the_later_one(client, stopped, task, during):
    client.run(task, "numbers", name="v1", concurrency=1, max_cost=0.002)
    assert during == [None, None]
    found = found_anew(client)
    assert found.id == stopped.id
    assert found.stop_reason.startswith("max_cost=0.002 is used up")


def test_a_run_that_a_person_stopped_has_none(client):
    client.create_dataset(name="numbers", items=[{"input": n} for n in range(3)])
    run = client.start(lambda number: number, "numbers", name="v1", timeout=5)
    run.pause()
    run.stop().wait()
    assert found_anew(client).stop_reason is None


def test_it_is_among_the_facts_of_a_report(client, stopped):
    rows = facts_table(client.store, [stopped.record]).rows
    assert ("status", f"stopped · {REASON}") in rows


def test_it_goes_with_the_run_into_files_and_to_servers(client, stopped, own_folder):
    path = client.export(stopped, own_folder / "run.jsonl")
    assert imported(path, "other.db").stop_reason == REASON
    assert from_wire(to_wire(stopped.record)).stop_reason == REASON


def test_a_file_of_before_it_was_kept_is_understood(client, stopped, own_folder):
    path = client.export(stopped, own_folder / "run.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    [details] = [row["details"] for row in rows if row["record"] == "experiment"]
    del details["stop_reason"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = imported(path, "other.db")
    assert (found.status, found.stop_reason) == ("stopped", None)


def imported(path, place):
    """The run of a file, in a store of its own."""
    other = xn.get_client(path.with_name(place))
    found = other.import_file(path)
    other.close()
    return xn.get_client(path.with_name(place)).get_experiment(found.name)
