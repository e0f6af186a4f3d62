"""The widgets' Python side: what they hold, what they send, what they do when pressed."""

from __future__ import annotations

import json
import re
import threading
import time
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

import xeroml_nb as xn
from xeroml_nb.errors import NotFound
from xeroml_nb.experiments import task as tasks
from xeroml_nb.scoring import evaluator as evaluators
from xeroml_nb.widgets import host
from xeroml_nb.widgets.run_view import RunView

MARKUP = "<img src=x onerror=alert(1)>"
MODULES = sorted(host.STATIC.rglob("*.js"))
STYLES = sorted(host.STATIC.rglob("*.css"))


@pytest.fixture(autouse=True)
def nothing_defined(monkeypatch):
    """No task and no evaluator of another test is on offer."""
    monkeypatch.setattr(tasks, "_named", {})
    monkeypatch.setattr(evaluators, "_registry", {})


@pytest.fixture
def datasets(client):
    """Two folders, three datasets; one of them has two versions."""
    for count in (3, 4):
        client.create_dataset(name="evaluation/qa", items=[{"input": n} for n in range(count)])
    client.create_dataset(name="support/refunds", items=[{"input": f"r{n}"} for n in range(30)])
    return client.create_dataset(
        name="support/triage",
        items=xn.example("support_triage"),
        input="message",
        expected_output=["category", "urgency"],
    )


@pytest.fixture
def gate():
    """An event for tasks to wait for, so that none of them outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def define(function):
    """Offer a function in the panel, as a task cell does."""
    tasks.remember(tasks.Task.of(function))
    return function


def until(condition, *, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listed(picker):
    """The rows of the picker's list: folders and names."""
    return [value for _, value in picker._list.options]


def state(panel):
    return panel._view.state


def press(panel, action):
    """What the browser sends when a button of the view is pressed."""
    panel._view._handle_custom_msg({"action": action}, [])


def ended(panel):
    """Wait until the panel's run has ended and the panel shows it."""
    panel.experiment.wait()
    until(lambda: state(panel)["status"] in ("finished", "stopped"))


class Tags(HTMLParser):
    """The names of the elements in some HTML."""

    def __init__(self, html):
        super().__init__()
        self.names = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)


# The run view.


def size(experiment):
    view = RunView()
    view.follow(experiment)
    return len(json.dumps(view.state).encode())


def test_the_views_state_is_small_for_20_000_items(client):
    @xn.evaluator
    def several(output):
        if output < 10:
            return {f"score {n} with a name of many words": n for n in range(30)}
        return None

    client.create_dataset(name="many", items=[{"input": n} for n in range(20_000)])
    experiment = client.run(lambda value: value, "many", name="many", evaluators=["several"])
    assert experiment.progress.done == 20_000
    assert size(experiment) < 10_000


def test_the_views_state_is_small_for_values_and_errors_of_5_megabytes(client):
    long = "word " * 1_000_000

    def echo(value):
        if value % 2:
            raise ValueError(long)
        return {"text": long}

    @xn.evaluator
    def label(output):
        return f"{MARKUP} {'label ' * 50}"

    rows = [{"id": f"{n}-{'x' * 190}", "input": n} for n in range(10)]
    dataset = client.create_dataset(name="heavy", items=rows)
    experiment = client.run(echo, dataset, evaluators=["label"], concurrency=2)
    assert experiment.progress.failed == 5
    assert size(experiment) < 10_000


def test_the_view_changes_at_most_five_times_a_second(client):
    client.create_dataset(name="quick", items=[{"input": n} for n in range(1_500)])

    @define
    def quick(value):
        time.sleep(0.025)
        return value

    panel = xn.run_panel("quick", client=client)
    moments = []
    panel._view.observe(lambda _: moments.append(time.monotonic()), names="state")
    panel._run.click()
    ended(panel)
    assert state(panel)["done"] == 1_500
    seconds = moments[-1] - moments[0]
    assert seconds > 1
    # Some come at once, when it is pressed and at the end; the others every fifth of a second.
    assert 4 <= len(moments) <= 5 * seconds + 6
    for first, ninth in zip(moments, moments[8:], strict=False):
        assert ninth - first > 0.8


def test_the_view_draws_what_the_run_counts(client):
    dataset = client.create_dataset(
        name="ten", items=[{"id": f"n{n}", "input": n, "expected_output": n} for n in range(10)]
    )

    def some(value):
        if value % 5 == 0:
            raise KeyError(MARKUP)
        return value

    @xn.evaluator
    def exact(output, expected_output):
        return output == expected_output if output > 2 else None

    experiment = client.run(some, dataset, evaluators=["exact"], concurrency=1)
    view = RunView()
    view.follow(experiment)
    drawn = view.state
    assert drawn["label"] == "some #1"
    assert drawn["status"] == "finished"
    assert (drawn["planned"], drawn["done"], drawn["failed"]) == (10, 10, 2)
    assert drawn["figures"][:2] == ["8 ok", "2 failed"]
    assert drawn["scores"] == [{"name": "exact", "figure": "1", "note": "(n 6, 2 unscored)"}]
    [group] = drawn["errors"]
    assert (group["kind"], group["count"], group["item"]) == ("KeyError", 2, "n0")
    assert MARKUP in group["message"]
    assert drawn["columns"] == ["exact"]
    assert drawn["rows"][0]["cells"][:4] == ["n9", "ok", "9", "1"]
    assert [row["failed"] for row in drawn["rows"]] == [False, False, False, False, True] + 3 * [
        False
    ]


def test_an_evaluator_that_fails_is_seen(client):
    @xn.evaluator
    def broken(output):
        raise LookupError("no rubric for this")

    client.create_dataset(name="five", items=[{"input": n} for n in range(5)])
    experiment = client.run(lambda value: value, "five", name="run", evaluators=["broken"])
    view = RunView()
    view.follow(experiment)
    drawn = json.dumps(view.state)
    assert "broken" in drawn
    assert "LookupError" in drawn


# The panel.


def test_the_panel_offers_the_tasks_datasets_and_evaluators_there_are(client, datasets):
    panel = xn.run_panel(client=client)
    assert repr(panel) == "Run panel (nothing run yet); run the cell again to use it"
    assert panel._task.options == ()

    @define
    def first(value):
        return value

    @xn.evaluator
    def good(output):
        return True

    panel.refresh()
    assert panel._task.value == "first"
    assert list(panel._evaluators.options) == ["good"]
    assert list(panel._dataset.options) == ["evaluation/qa", "support/refunds", "support/triage"]
    panel._dataset.value = "support/refunds"
    panel._evaluators.value = ["good"]

    @define
    def second(value):
        return value

    client.create_dataset(name="more", items=[{"input": 1}])
    panel.refresh()
    assert list(panel._task.options) == ["first", "second"]
    assert (panel._task.value, panel._dataset.value) == ("first", "support/refunds")
    assert list(panel._evaluators.value) == ["good"]


def test_the_panel_runs_what_is_chosen(client, datasets):
    @define
    def echo(value):
        return value

    @xn.evaluator
    def long(output):
        return len(output) > 20

    panel = xn.run_panel(datasets.filter("language=de"), client=client)
    assert panel._dataset.disabled
    assert "support/triage" in panel._dataset.value
    panel._evaluators.value = ["long"]
    panel._repetitions.value = 2
    panel._run.click()
    ended(panel)
    german = sum(item.metadata["language"] == "de" for item in datasets)
    assert 0 < german < 72
    assert panel.experiment.record.evaluators == ("long",)
    assert len(panel.experiment.to_frame()) == 2 * german == state(panel)["done"]
    assert repr(panel) == "Run panel (echo #1); run the cell again to use it"


def test_the_panel_follows_a_picker(client, datasets):
    @define
    def echo(value):
        return value

    picker = xn.pick_dataset(client=client)
    panel = xn.run_panel(picker, client=client)
    panel._run.click()
    assert state(panel)["trouble"].startswith("No dataset is chosen.")
    picker.choose("support/refunds")
    picker._sample.value = 7
    panel._run.click()
    ended(panel)
    assert state(panel)["trouble"] == ""
    assert panel.experiment.record.dataset_name == "support/refunds"
    assert len(panel.experiment.to_frame()) == 7


def test_the_panel_pauses_stops_resumes_and_runs_failures_again(client, gate):
    client.create_dataset(name="six", items=[{"id": f"n{n}", "input": n} for n in range(6)])
    called, mended = [], threading.Event()

    @define
    def waits(value):
        called.append(value)
        assert gate.wait(20)
        if value == 1 and not mended.is_set():
            raise ValueError("not yet")
        return value

    panel = xn.run_panel("six", client=client)
    panel._concurrency.value = 2
    panel._run.click()
    until(lambda: len(called) == 2)
    assert state(panel)["actions"] == ["pause", "stop"]
    press(panel, "pause")
    assert (state(panel)["status"], state(panel)["actions"]) == ("paused", ["resume", "stop"])
    gate.set()
    until(lambda: state(panel)["done"] == 2)
    assert len(called) == 2
    gate.clear()
    press(panel, "resume")
    until(lambda: len(called) == 4)
    press(panel, "stop")
    until(lambda: state(panel)["status"] == "stopped")
    assert state(panel)["actions"] == ["resume", "retry"]
    assert state(panel)["done"] == 2
    gate.set()
    press(panel, "resume")
    ended(panel)
    until(lambda: state(panel)["actions"] == ["retry"])
    assert (state(panel)["succeeded"], state(panel)["failed"]) == (5, 1)
    mended.set()
    press(panel, "retry")
    until(lambda: state(panel)["succeeded"] == 6 and state(panel)["status"] == "finished")
    until(lambda: state(panel)["actions"] == [])
    assert panel.experiment.label == "waits #1"
    assert sorted(called) == [0, 1, 1, 2, 2, 3, 3, 4, 5]  # 2 and 3 were under way at the stop


def test_pressing_run_twice_says_what_is_running(client, gate):
    client.create_dataset(name="two", items=[{"input": n} for n in range(2)])

    @define
    def waits(value):
        return gate.wait(20)

    panel = xn.run_panel("two", client=client)
    panel._run.click()
    panel._run.click()
    assert state(panel)["trouble"] == "waits #1 is running. Stop it first, or wait."
    gate.set()
    ended(panel)
    assert len(client.experiments()) == 1


def test_what_a_callback_raises_is_shown_in_the_panel(client, datasets, monkeypatch):
    panel = xn.run_panel(client=client)
    panel._run.click()
    assert state(panel)["trouble"].startswith("The notebook defines no task yet.")

    @define
    def echo(value):
        return value

    def start(*_, **__):
        raise OSError(f"no space left {MARKUP}")

    panel.refresh()
    with monkeypatch.context() as broken:
        broken.setattr(client, "start", start)
        panel._run.click()
    assert state(panel)["trouble"] == f"OSError: no space left {MARKUP}"
    panel._run.click()
    assert state(panel)["trouble"] == ""
    ended(panel)

    def stop():
        raise RuntimeError("cannot stop")

    with monkeypatch.context() as broken:
        broken.setattr(panel.experiment, "stop", stop)
        press(panel, "stop")
    assert state(panel)["trouble"] == "RuntimeError: cannot stop"


def test_an_unknown_message_from_the_browser_does_no_harm(client):
    panel = xn.run_panel(client=client)
    for content in ({}, {"action": "explode"}, {"action": 3}, {"action": "stop"}):
        panel._view._handle_custom_msg(content, [])
    assert state(panel)["trouble"] == ""


def test_a_panel_or_picker_of_an_unknown_dataset_is_refused(client, datasets):
    for make in (xn.run_panel, xn.pick_dataset):
        with pytest.raises(NotFound, match="Did you mean 'support/triage'"):
            make("support/traige", client=client)


# The picker.


def test_the_picker_gives_the_chosen_dataset(client, datasets):
    picker = xn.pick_dataset(client=client)
    changes = []
    picker.observe(lambda change: changes.append(change["new"]), names="value")
    assert picker.value is None
    assert repr(picker) == "Dataset picker (nothing chosen)"
    assert listed(picker) == [
        "evaluation/",
        "evaluation/qa",
        "support/",
        "support/refunds",
        "support/triage",
    ]
    picker._list.value = "support/triage"
    assert picker.value.name == "support/triage"
    assert len(picker.value) == 72
    assert not picker.value.is_selection
    picker.choose("evaluation/qa")
    assert [dataset.name for dataset in changes] == ["support/triage", "evaluation/qa"]
    assert "evaluation/qa" in repr(picker)
    assert xn.pick_dataset("support/refunds", client=client).value.name == "support/refunds"


def test_the_search_narrows_the_list_and_clearing_it_brings_all_back(client, datasets):
    picker = xn.pick_dataset("support/triage", client=client)
    every = listed(picker)
    picker._search.value = " TRI "
    assert listed(picker) == ["support/", "support/triage"]
    picker._search.value = "qa"
    assert listed(picker) == ["evaluation/", "evaluation/qa"]
    picker._search.value = "nothing like it"
    assert listed(picker) == []
    assert "no dataset matches" in picker._where.value
    picker._search.value = ""
    assert listed(picker) == every
    assert picker._list.value == picker.value.name == "support/triage"


def test_what_is_chosen_can_be_narrowed_while_the_list_shows_others(client, datasets):
    picker = xn.pick_dataset("support/triage", client=client)
    picker._search.value = "qa"
    picker._filter.value = "language=de"
    assert picker.value.name == "support/triage"
    assert {item.metadata["language"] for item in picker.value} == {"de"}


def test_filter_sample_and_version_narrow_the_value(client, datasets):
    picker = xn.pick_dataset("support/triage", client=client)
    picker._filter.value = "language=de"
    german = [item.id for item in picker.value]
    assert 2 < len(german) < 72
    picker._sample.value = 2
    sampled = [item.id for item in picker.value]
    assert len(sampled) == 2
    assert set(sampled) < set(german)
    again = xn.pick_dataset("support/triage", client=client)
    again._filter.value, again._sample.value = "language=de", 2
    assert [item.id for item in again.value] == sampled
    picker._sample.value = 1_000
    assert [item.id for item in picker.value] == german
    picker._filter.value, picker._sample.value = "", 0
    assert len(picker.value) == 72
    assert not picker.value.is_selection

    picker.choose("evaluation/qa")
    newest, oldest = (value for _, value in picker._version.options[1:])
    assert newest - oldest > timedelta(0)
    picker._version.value = oldest
    assert (len(picker.value), picker.value.version) == (3, oldest)
    picker.choose("support/refunds")
    assert picker._version.value == "latest"
    assert len(picker.value) == 30


def test_a_filter_that_nothing_matches_is_told_and_changes_nothing(client, datasets):
    picker = xn.pick_dataset("support/triage", client=client)
    picker._filter.value = MARKUP
    assert "No item of" in picker._trouble.value
    assert len(picker.value) == 72
    picker._filter.value = "refund"
    assert picker._trouble.value == ""
    assert 0 < len(picker.value) < 72


def test_the_preview_steps_through_the_items_and_round_again(client, datasets):
    picker = xn.pick_dataset("evaluation/qa", client=client)
    seen = []
    for button in (picker._next,) * 4 + (picker._previous,) * 2:
        button.click()
        seen.append(re.search(r"item (\d) of 4", picker._where.value)[1])
    assert seen == ["2", "3", "4", "1", "4", "3"]


def test_a_broken_store_is_told_in_the_picker(client, datasets, monkeypatch):
    picker = xn.pick_dataset("support/triage", client=client)

    def get_dataset(*_, **__):
        raise RuntimeError(f"gone {MARKUP}")

    monkeypatch.setattr(client, "get_dataset", get_dataset)
    picker._filter.value = "de"
    assert "RuntimeError: gone" in picker._trouble.value
    assert Tags(picker._trouble.value).names == {"div"}


def test_new_datasets_appear_on_refresh(client):
    picker = xn.pick_dataset(client=client)
    assert "no datasets yet" in picker._where.value
    client.create_dataset(name="a", items=[{"input": 1}])
    picker.refresh()
    assert listed(picker) == ["a"]
    assert picker.value is None
    client.create_dataset(name="b", items=[{"input": 1}])
    picker.choose("b")
    assert listed(picker) == ["a", "b"]
    assert picker.value.name == "b"


# Data is never markup.


def test_items_are_shown_as_text(client):
    row = {"id": MARKUP, "input": {MARKUP: [MARKUP]}, "expected_output": MARKUP, "other": MARKUP}
    client.create_dataset(name=f"folder {MARKUP}", items=[row], expected_output="expected_output")
    picker = xn.pick_dataset(f"folder {MARKUP}", client=client)
    assert Tags(picker._item.value).names == {"div", "dl", "dt", "dd"}
    assert Tags(picker._remainder._content._repr_html_()).names == {"div", "p"}
    picker._next.click()
    assert picker._trouble.value == ""


def test_a_huge_item_is_shown_in_part(client):
    client.create_dataset(name="heavy", items=[{"input": "word " * 1_000_000}])
    picker = xn.pick_dataset("heavy", client=client)
    assert "(5,000,000 characters)" in picker._item.value
    assert len(picker._item.value) < 10_000


def test_the_summary_that_stays_is_text(client):
    client.create_dataset(name="one", items=[{"id": MARKUP, "input": n} for n in range(1)])

    def fails(value):
        raise ValueError(MARKUP)

    experiment = client.run(fails, "one", name=f"run {MARKUP}")
    html = host.summary_of(experiment)._repr_html_()
    assert "img" not in Tags(html).names
    assert "&lt;img" in html
    assert repr(host.summary_of(experiment)).startswith(f"✓ run {MARKUP} #1")


# What goes to the browser.


@pytest.mark.parametrize("path", [*MODULES, *STYLES], ids=lambda path: path.name)
def test_the_browsers_part_fetches_nothing_and_writes_no_markup(path):
    text = path.read_text()
    assert len(text.encode()) < 40_000
    for forbidden in (
        r"https?:",
        r"//[\w-]+\.\w",
        r"\bimport\b",
        r"\brequire\(",
        r"\bfetch\(",
        r"XMLHttpRequest",
        r"WebSocket",
        r"innerHTML",
        r"outerHTML",
        r"insertAdjacentHTML",
        r"document\.write",
        r"\beval\(",
        r"\burl\(",
        r"@import",
    ):
        assert not re.search(forbidden, text), forbidden


def test_every_file_for_the_browser_is_in_the_package():
    compare = ["charts.js", "code.js", "head.js", "items.js", "main.js"]
    label = ["desk.js", "keys.js", "link.js", "main.js", "nodes.js", "pace.js", "view.js"]
    modules = [*compare, "key_guard.js", *label, "run_view.js"]
    assert [path.name for path in MODULES] == modules
    styles = ["compare", "content", "export", "label", "run_view", "score_card", "theme"]
    assert [path.stem for path in STYLES] == styles
    assert Path(xn.__file__).parent in host.STATIC.parents
