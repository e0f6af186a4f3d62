"""What a worker does with the items it is sent, tried in this process."""

from __future__ import annotations

import pickle
import sys
import threading
from collections import OrderedDict
from contextvars import ContextVar, copy_context
from types import SimpleNamespace

import pytest

from xeroml_nb.errors import MissingExtra
from xeroml_nb.experiments import elsewhere
from xeroml_nb.experiments.binding import TASK_NAMES, bind
from xeroml_nb.experiments.elsewhere import INTERRUPTED, UNKNOWN, Parcel, work, work_on_each
from xeroml_nb.experiments.packing import Packed, pack
from xeroml_nb.tracing import carrying

HEADERS = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """A worker that has worked on nothing yet."""
    found = OrderedDict()
    monkeypatch.setattr(elsewhere, "_known", found)
    return found


def bound(task):
    return bind(task, TASK_NAMES, "task", alone=True)


def packed(task, timeout=5.0):
    return pack(bound(task), timeout, "task")


def parcel(luggage, value=1, *, is_whole=True):
    content = luggage.content if is_whole else None
    return pickle.dumps(Parcel(luggage.name, content, {"input": value}, HEADERS))


def answered(luggage, value=1):
    return pickle.loads(work(parcel(luggage, value)))


def double(number):
    return 2 * number


def test_what_the_worker_has_need_not_be_sent_again():
    luggage = packed(double)
    assert work(parcel(luggage, is_whole=False)) == UNKNOWN
    assert answered(luggage, 2).output == 4
    assert pickle.loads(work(parcel(luggage, 3, is_whole=False))).output == 6


def test_of_many_tasks_the_latest_used_are_kept(known):
    several = [packed(double, timeout) for timeout in range(1, 10)]
    for luggage in (several[0], *several[1:8], several[0], several[8]):
        answered(luggage)
    assert len(known) == 8
    assert several[0].name in known
    assert work(parcel(several[1], is_whole=False)) == UNKNOWN


def test_a_task_that_the_worker_cannot_load_is_an_error_with_what_to_do():
    failure = answered(Packed("broken", b"nothing")).failure
    assert failure.kinds[0] == "BadInput"
    assert "A worker cannot load the task" in failure.said
    assert "register_pickle_by_value" in failure.said


def test_a_task_may_raise_anything_and_the_worker_goes_on():
    def leave(number):
        sys.exit("enough")

    assert answered(packed(leave)).failure.kinds[0] == "SystemExit"
    assert answered(packed(double)).output == 2


def test_a_coroutine_that_takes_too_long_is_cancelled_and_a_call_left_behind():
    left = threading.Event()

    def hang(number):
        left.wait(60)

    hanging = pack(bound(waiting), 0.05, "task")
    assert answered(hanging).late
    local = Packed("local", b"")
    elsewhere._known["local"] = SimpleNamespace(
        bound=bound(hang),
        timeout=0.05,
        labels=pickle.loads(hanging.content).labels,
        enter=lambda: None,
    )
    assert pickle.loads(work(parcel(local))).late
    left.set()


async def waiting(number):
    import asyncio

    await asyncio.sleep(5)


def test_an_output_that_cannot_be_sent_back_is_an_error():
    failure = answered(packed(lambda number: threading.Lock())).failure
    assert failure.kinds[0] == "TypeError"
    assert "pickle" in failure.said


def test_a_worker_that_is_interrupted_says_so(monkeypatch):
    def interrupted(luggage, opened):
        raise KeyboardInterrupt

    luggage = packed(double)
    monkeypatch.setattr(elsewhere, "_answer", interrupted)
    assert work(parcel(luggage)) == INTERRUPTED


def test_several_quick_items_are_done_at_once_and_slow_ones_leave_the_rest(monkeypatch):
    luggage = packed(double)
    parcels = [parcel(luggage, n) for n in range(3)]
    monkeypatch.setattr(elsewhere, "QUICK", 60)
    answers, seconds = work_on_each(parcels)
    assert [pickle.loads(answer).output for answer in answers] == [0, 2, 4]
    assert 0 <= seconds < 60
    monkeypatch.setattr(elsewhere, "QUICK", -1)
    answers, _ = work_on_each(parcels)
    assert [pickle.loads(answer).output for answer in answers] == [0]


def test_spans_that_ended_elsewhere_come_back_with_the_answer(monkeypatch):
    held = []
    recorder = SimpleNamespace(hold=held.append, take=lambda trace_id: [f"span of {trace_id}"])
    luggage = packed(double)
    assert answered(luggage).spans == [], "here they are recorded already"
    monkeypatch.setattr(carrying, "this_process", lambda: "another")
    monkeypatch.setattr(carrying.pipeline, "record_only", lambda *labels: recorder)
    assert answered(luggage).spans == [f"span of {held[0]}"]
    assert held == [int("a" * 32, 16)]


spot = ContextVar("spot", default="nowhere")


def test_variables_go_along_and_those_of_modules_that_are_not_loaded_wait(monkeypatch):
    token = spot.set("here")
    try:
        luggage = packed(lambda number: spot.get())
    finally:
        spot.reset(token)
    assert answered(luggage).output == "here"
    opened = pickle.loads(luggage.content)
    assert any(module == __name__ for module, _ in opened.variables)
    monkeypatch.delitem(sys.modules, __name__)
    context = copy_context()
    context.run(opened.enter)
    assert context.run(spot.get) == "nowhere"


def test_without_the_package_for_it_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    with pytest.raises(MissingExtra, match=r"xeroml_nb\[cluster\]"):
        packed(double)
