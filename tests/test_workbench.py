"""The workbench's Python side: one selection that flows through its tabs, and what they say."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

import xeroml_nb as xn
from xeroml_nb.errors import NotFound
from xeroml_nb.experiments import task as tasks
from xeroml_nb.scoring import evaluator as evaluators
from xeroml_nb.widgets import labeller as labeller_module

MARKUP = "<img src=x onerror=alert(1)>"
ITEMS = [{"id": f"n{n:02}", "input": n, "expected_output": n} for n in range(20)]


@pytest.fixture(autouse=True)
def nothing_defined(monkeypatch):
    """No task, evaluator or name of another test is known."""
    monkeypatch.setattr(tasks, "_named", {})
    monkeypatch.setattr(evaluators, "_registry", {})
    monkeypatch.setattr(labeller_module, "_last_annotator", None)


@pytest.fixture
def numbers(client):
    """A dataset of twenty numbers, two tasks for them, and an evaluator."""

    def half(value):
        return value if value % 2 else -1

    def all_right(value):
        return value

    @xn.evaluator
    def exact(output, expected_output):
        return output == expected_output

    for task in (half, all_right):
        tasks.remember(tasks.Task.of(task))
    return client.create_dataset(name="numbers", items=ITEMS)


def until(condition, *, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def titles(bench):
    return list(bench._tabs.titles)


def press_run(bench, name):
    """Run a task in the Run tab, to its end."""
    bench.open_tab("Run")
    bench._panel._task.value = name
    bench._panel._run.click()
    bench.experiment.wait()
    until(lambda: titles(bench)[1] == f"Run ✓ {bench.experiment.label}")


def words(tab):
    return tab._words.value


def left(bench):
    """What stays in the saved notebook, line by line."""
    return repr(bench._remainder._remainder._content).splitlines()


def test_what_is_picked_is_run_and_what_was_run_is_labelled_and_compared(client, numbers):
    bench = xn.workbench("numbers")
    assert titles(bench) == ["Dataset numbers", "Run", "Label", "Compare"]
    assert (bench.dataset.name, bench.experiment, bench.labels) == ("numbers", None, None)
    press_run(bench, "half")
    assert bench.experiment.record.dataset_name == "numbers"
    assert bench.experiment.record.evaluators == ("exact",)
    press_run(bench, "all_right")

    bench.open_tab("Compare")
    assert bench.comparison.title == "all_right #1 against half #1"
    assert titles(bench)[3] == "Compare all_right #1 ▲"
    bench.open_tab("Label")
    assert repr(bench.labels).startswith("Labels of all_right #1")
    assert repr(bench) == (
        "Workbench (Dataset numbers · Run ✓ all_right #1 · Label · Compare all_right #1 ▲); "
        "run the cell again to use it"
    )
    assert left(bench)[0] == "Dataset numbers · 20 items"
    assert left(bench)[1].startswith("✓ all_right #1 · 20 attempted · 20 ok")
    assert left(bench)[2] == "Labels of all_right #1: nobody labels yet"
    assert left(bench)[3] == "all_right #1 against half #1"
    assert left(bench)[4].startswith("exact: Better: +0.50")


def test_label_and_compare_say_what_is_missing(client, numbers):
    bench = xn.workbench(numbers)
    bench.open_tab("Label")
    assert "Nothing to label yet" in words(bench._label)
    bench.open_tab("Compare")
    assert "run two versions of a task" in words(bench._compare)
    assert bench.comparison is None
    press_run(bench, "half")
    bench.open_tab("Compare")
    assert "half #1 is the only run over numbers so far" in words(bench._compare)
    assert bench._compare._place.children == ()


def test_label_and_compare_are_made_when_they_are_opened(client, numbers):
    for name in ("one", "two"):
        client.start(lambda value: value, numbers, name=name, evaluators=["exact"]).wait()
    bench = xn.workbench("numbers")
    assert titles(bench) == ["Dataset numbers", "Run ✓ two #1", "Label", "Compare"]
    assert (bench.labels, bench.comparison, bench._panel.experiment) == (None, None, None)
    bench.open_tab("Run")
    assert bench._panel.experiment.label == "two #1"
    assert bench._panel._view.state["label"] == "two #1"


def test_runs_by_code_are_taken_up(client, numbers):
    bench = xn.workbench("numbers")
    client.start(lambda value: value, numbers, name="by code", evaluators=["exact"]).wait()
    bench.refresh()
    assert bench.experiment.label == "by code #1"
    assert titles(bench)[1] == "Run ✓ by code #1"
    client.start(lambda value: -value, numbers, name="by code", evaluators=["exact"]).wait()
    bench.open_tab("Compare")
    assert bench.comparison.title == "by code #2 against by code #1"
    assert titles(bench)[3] == "Compare by code #2 ▼"


def test_opening_compare_after_a_new_run_shows_the_new_run(client, numbers):
    for name in ("one", "two"):
        client.start(lambda value: value, numbers, name=name, evaluators=["exact"]).wait()
    bench = xn.workbench("numbers")
    bench.open_tab("Compare")
    first = bench.comparison
    bench.open_tab("Label")
    bench.open_tab("Compare")
    assert bench.comparison is first
    press_run(bench, "half")
    assert titles(bench)[2:] == ["Label", "Compare"]
    bench.open_tab("Compare")
    assert bench.comparison.title == "half #1 against two #1"


def test_what_was_chosen_in_compare_stays_until_there_is_a_new_run(client, numbers):
    for name in ("one", "two", "three"):
        client.start(lambda value: value, numbers, name=name, evaluators=["exact"]).wait()
    bench = xn.workbench("numbers")
    bench.open_tab("Compare")
    bench._compare._panel.choose("one", "three")
    bench.open_tab("Run")
    bench.open_tab("Compare")
    assert bench.comparison.title == "three #1 against one #1"


def test_another_dataset_brings_its_own_newest_run(client, numbers):
    client.create_dataset(name="others", items=ITEMS[:3])
    client.start(lambda value: value, "others", name="other").wait()
    bench = xn.workbench("numbers")
    bench.open_tab("Run")
    bench._picker.choose("others")
    assert titles(bench)[:2] == ["Dataset others", "Run ✓ other #1"]
    assert bench.experiment.label == "other #1"
    bench._picker.choose("numbers")
    assert (bench.experiment, titles(bench)[1]) == (None, "Run")
    bench.open_tab("Run")
    assert bench._panel._view.state["label"] == ""


def test_a_selection_of_a_dataset_is_picked_as_it_is(client, numbers):
    bench = xn.workbench(numbers.filter(lambda item: item.input < 5))
    assert len(bench.dataset) == 5
    press_run(bench, "half")
    assert len(bench.experiment.to_frame()) == 5
    assert left(bench)[0] == "Dataset numbers · 5 items selected"


def test_an_earlier_version_of_a_dataset_is_picked_as_it_is(client, numbers):
    client.create_dataset(name="numbers", items=ITEMS[:7])
    bench = xn.workbench(numbers)
    assert (len(bench.dataset), bench.dataset.version) == (20, numbers.version)
    assert bench._picker._version.value == numbers.version
    bench._picker._version.value = "latest"
    assert len(bench.dataset) == 7


def test_the_title_of_run_counts_while_it_runs(client):
    gate = threading.Event()

    def waits(value):
        assert value < 2 or gate.wait(20)
        return value

    tasks.remember(tasks.Task.of(waits))
    client.create_dataset(name="numbers", items=ITEMS)
    bench = xn.workbench("numbers")
    sent = []
    bench._tabs.observe(lambda change: sent.append(change["new"][1]), names="titles")
    bench.open_tab("Run")
    bench._panel._concurrency.value = 4
    bench._panel._run.click()
    until(lambda: titles(bench)[1] == "Run ▶ 2/20")
    bench._panel._view._handle_custom_msg({"action": "pause"}, [])
    until(lambda: titles(bench)[1] == "Run ‖ 2/20")
    gate.set()
    bench._panel._view._handle_custom_msg({"action": "resume"}, [])
    bench.experiment.wait()
    until(lambda: titles(bench)[1] == "Run ✓ waits #1")
    assert all(first != second for first, second in pairwise(sent))


def test_the_rubric_is_asked_and_the_title_of_label_counts(client, numbers):
    rubric = xn.Rubric([xn.Dimension("tone", options=["warm", "cold"])])
    client.start(lambda value: value, numbers, name="run").wait()
    bench = xn.workbench("numbers", rubric=rubric)
    bench.open_tab("Label")
    [form] = bench._label._place.children
    form._name.value = "ann"
    until(lambda: titles(bench)[2] == "Label 0/20")
    bench.labels.record("n03", {"tone": "warm"}, annotator="ann")
    until(lambda: titles(bench)[2] == "Label 1/20")
    until(lambda: "1 of 20" in left(bench)[-1])
    again = xn.workbench("numbers")
    again.open_tab("Label")
    assert titles(again)[2] in ("Label", "Label 1/20")
    until(lambda: titles(again)[2] == "Label 1/20")
    assert list(again.labels.to_frame()["dimension"]) == ["tone"]


def test_items_of_a_comparison_are_labelled_in_the_label_tab(client, numbers):
    for task in ("half", "all_right"):
        bench = xn.workbench("numbers")
        press_run(bench, task)
    bench.open_tab("Compare")
    view = bench._compare._panel._view
    view.send = lambda _: None
    view._received(view, {"kind": "check", "places": [0, 1, 2]}, [])
    view._received(view, {"kind": "label"}, [])
    assert view.state["trouble"] == ""
    assert bench._tabs.selected_index == 2
    assert "all_right #1 against half #1" in repr(bench.labels)
    assert bench._compare._panel._below.children == ()
    bench.open_tab("Run")
    bench.open_tab("Label")
    assert "against" in repr(bench.labels)
    assert bench._label._all.description == "Label all of all_right #1"
    bench._label._all.click()
    assert repr(bench.labels).startswith("Labels of all_right #1:")
    assert bench._label._all.layout.display == "none"


def test_errors_are_shown_in_their_tab(client, numbers):
    def fails(value):
        raise ValueError(MARKUP)

    for _ in range(2):
        client.start(fails, numbers, name=f"run {MARKUP}").wait()
    bench = xn.workbench("numbers")
    bench.open_tab("Label")
    assert "has no finished item" in words(bench._label)
    bench.open_tab("Compare")
    assert "xn-trouble" in words(bench._compare)
    assert "no scores" in words(bench._compare)
    for shown in (words(bench._label), words(bench._compare)):
        assert "<img" not in shown
        assert "&lt;img" in shown
    pairs = xn.workbench("numbers", rubric=xn.Rubric.preference())
    client.start(lambda value: value, numbers, name="fine").wait()
    pairs.open_tab("Label")
    assert "does not fit" in words(pairs._label)


def test_a_broken_store_is_told_in_the_tab_that_was_opened(client, numbers, monkeypatch):
    bench = xn.workbench("numbers")

    def experiments():
        raise OSError("no such disk")

    monkeypatch.setattr(client, "experiments", experiments)
    for tab, place in (("Label", bench._label), ("Compare", bench._compare)):
        bench.open_tab(tab)
        assert "OSError: no such disk" in words(place)
    bench.open_tab("Run")
    assert bench._panel._view.state["trouble"] == "OSError: no such disk"


def test_names_in_titles_are_short_and_clean(client):
    name = "folder/" + "long " * 30 + "\ud800"
    client.create_dataset(name=name.replace("\ud800", "x"), items=ITEMS)
    bench = xn.workbench(name.replace("\ud800", "x"))
    assert len(titles(bench)[0]) <= len("Dataset ") + 40


def test_an_unknown_dataset_or_tab_is_refused(client, numbers):
    with pytest.raises(NotFound, match="Did you mean 'numbers'"):
        xn.workbench("nubmers")
    with pytest.raises(NotFound, match="Did you mean 'Compare'"):
        xn.workbench().open_tab("Compare ")


def test_it_opens_without_any_dataset(client):
    bench = xn.workbench()
    assert (bench.dataset, bench.experiment) == (None, None)
    assert titles(bench) == ["Dataset", "Run", "Label", "Compare"]
    client.create_dataset(name="new", items=ITEMS)
    bench.refresh()
    bench._picker._list.value = "new"
    assert titles(bench)[0] == "Dataset new"
