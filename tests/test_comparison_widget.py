"""The comparison widget's Python side: what it holds, what it answers, what is selected."""

from __future__ import annotations

import json
import math
import random
from unittest.mock import ANY

import pytest

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.widgets.comparison import items as item_lists
from xeroml_nb.widgets.comparison import labelling
from xeroml_nb.widgets.comparison.items import ItemFilter

MARKUP = "<img src=x onerror=alert(1)>"
ALL = {"change": "", "people": "", "conditions": "", "words": ""}


class Page:
    """What a page says to a comparison, and what it hears."""

    def __init__(self, panel):
        self.panel = panel
        self.view = panel._view
        self.told = []
        self.view.send = self.told.append

    def say(self, kind, **content):
        """Say something; gives the answer, None if there is none."""
        self.told.clear()
        self.view._received(self.view, {"kind": kind, **content}, [])
        return json.loads(json.dumps(self.told[-1])) if self.told else None

    def rows(self, start=0, **wanted):
        return self.say("rows", seq=1, start=start, filter=ALL | wanted)

    @property
    def head(self):
        return self.view.state["head"]

    @property
    def trouble(self):
        return self.view.state["trouble"]

    def places(self, *item_ids):
        """Where items stand among all."""
        ids = list(self.view.items.changes.rows["item_id"])
        return [ids.index(item_id) for item_id in item_ids]


def run_of(client, name, answers, *, items=None, evaluators=None):
    """A finished run over the dataset "questions" whose outputs are given by item id."""
    made = items or [
        {"id": i, "input": f"question {i}", "metadata": {"lang": "de" if n % 2 else "en"}}
        for n, i in enumerate(answers)
    ]
    dataset = client.create_dataset(name="questions", items=made)

    def task(item):
        output = answers[item.id]
        if output is None:
            raise ValueError("no answer")
        return output

    return client.start(task, dataset, name=name, evaluators=evaluators or [quality]).wait()


def quality(output):
    """The number that an output begins with; some have none."""
    word = output.split()[0]
    return None if word == "?" else float(word)


def kind(output):
    return output.split()[1]


ONE = {"a": "0 cat", "b": "1 cat", "c": "0.5 dog", "d": "1 dog", "e": None, "f": "? owl"}
TWO = {"a": "1 cat", "b": "0 dog", "c": "0.75 dog", "d": "1 dog", "e": "1 cat", "f": "1 owl"}


@pytest.fixture
def page(client):
    """Two runs of six items: two improved, one regressed, one same, one failed, one unscored."""
    run_of(client, "one", ONE, evaluators=[quality, kind])
    run_of(client, "two", TWO, evaluators=[quality, kind])
    return Page(xn.comparison("one", "two", score="quality"))


def ids(answer):
    return {row[1] for row in answer["rows"]}


# What is shown.


def test_the_head_tells_the_verdict_and_every_score(page):
    compared = page.panel.comparison
    assert page.head["title"] == ["two #1", "one #1"]
    assert page.head["verdict"] == compared.difference("quality").sentence
    assert page.head["counts"].startswith(compared.difference("quality").counts)
    assert page.head["counts"].endswith("1 failed · 1 not scored")
    assert [row["name"] for row in page.head["rows"]] == ["quality", "kind"]
    assert dict(page.head["changes"]) == {
        "improved": 2,
        "regressed": 1,
        "same": 1,
        "failed": 1,
        "not scored": 1,
    }


def test_without_arguments_the_two_newest_runs_over_one_dataset_are_compared(client):
    run_of(client, "old", ONE)
    run_of(client, "one", ONE)
    run_of(client, "two", TWO)
    client.create_dataset(name="alone", items=[{"input": "1 x"}])
    client.start(lambda value: value, "alone", evaluators=[quality]).wait()
    panel = xn.comparison()
    assert panel.comparison.title == "two #1 against one #1"
    labels = [run["label"] for run in panel._view.state["runs"]]
    assert labels == ["two #1", "one #1", "old #1"]
    assert panel.candidate == "two #1"
    assert panel.score == "quality"


def test_with_nothing_to_compare_the_widget_says_so_and_looks_again_when_told(client):
    panel = xn.comparison()
    assert "run two experiments" in panel._view.state["trouble"]
    assert panel.selection == []
    assert "nothing chosen" in repr(panel)
    run_of(client, "one", ONE)
    panel.refresh()
    assert [run["label"] for run in panel._view.state["runs"]] == ["one #1"]
    run_of(client, "two", TWO)
    panel.refresh()
    assert panel._view.state["trouble"] == ""
    assert panel.comparison.title == "two #1 against one #1"


def test_other_runs_and_scores_are_chosen_on_the_page(page, client):
    third = run_of(client, "three", dict(TWO, a="0 cat"))
    page.panel.refresh()
    one, two = page.panel.comparison.runs
    page.say("choose", runs=[two.id, one.id, third.id])
    assert page.panel.comparison.title == "one #1, three #1 against two #1"
    assert page.view.state["chosen"] == [two.id, one.id, third.id]
    scores = page.panel.comparison.scores
    page.say("score", score=scores.index("quality"), run=1)
    assert (page.panel.score, page.panel.candidate) == ("quality", "three #1")
    assert ids(page.rows(change="regressed")) == {"a"}


def test_what_cannot_be_compared_is_told_in_the_widget_and_the_last_comparison_stays(page):
    only = page.panel.comparison.baseline
    page.say("choose", runs=[only.id])
    assert "is one run" in page.trouble
    assert page.panel.comparison.title == "two #1 against one #1"
    page.say("choose", runs=["0" * 16, only.id])
    assert "no experiment" in page.trouble
    page.say("dance")
    assert "'dance'" in page.trouble
    assert page.rows()["total"] == 6
    assert page.trouble == ""


def test_a_bad_name_is_an_error_of_the_call(client):
    run_of(client, "one", ONE)
    with pytest.raises(NotFound, match="missing"):
        xn.comparison("one", "missing")
    with pytest.raises(BadInput, match="one run"):
        xn.comparison("one")


def test_rows_come_with_the_largest_change_first_and_dots_for_both_sides(page):
    answer = page.rows()
    assert [row[1] for row in answer["rows"]][:3] == ["b", "a", "c"]
    place, *cells = answer["rows"][0]
    assert cells == ["b", "1", "0", "−1", "regressed", "question b"]
    worse, better = answer["marks"]["sides"]
    assert (worse["count"], better["count"]) == (1, 2)
    assert worse["dots"] == [[place, 1.0, 0.0, "b: 1 → 0 (−1)"]]


def test_a_category_has_shares_and_changed_items_instead_of_dots(page):
    scores = page.panel.comparison.scores
    page.say("score", score=scores.index("kind"), run=0)
    answer = page.rows(change="changed")
    assert ids(answer) == {"b"}
    assert answer["rows"][0][2:5] == ["cat", "dog", ""]
    assert answer["marks"] is None
    found = {name: (before, after) for name, before, after in page.head["shares"]}
    assert found == {"cat": (0.4, 0.2), "dog": (0.4, 0.6), "owl": (0.2, 0.2)}


def test_an_item_is_shown_in_full(page, client):
    [place] = page.places("b")
    item = page.say("open", place=place)
    assert (item["title"], item["change"], item["chips"]) == ("b", "regressed", ["lang: de"])
    assert [side["label"] for side in item["sides"]] == ["one #1", "two #1"]
    words = json.dumps(item["diff"])
    assert '["del", {"class": "xn-del"}, "1 cat"]' in words or "1" in words
    assert ["quality", "", "1", "0", "−1"] in item["scores"]
    assert ["kind", "", "cat", "dog", ""] in item["scores"]
    trace = page.say("trace", place=place, side=1)
    assert trace["side"] == 1
    assert "1 observation" in json.dumps(trace["nodes"])
    same = page.say("open", place=page.places("d")[0])
    assert same["diff"] == [["div", {"class": "xn-same"}, "same as baseline"]]


def test_what_produced_the_runs_is_told_when_asked_for(page, client):
    assert page.say("code")["nodes"] == [["div", {"class": "xn-dim"}, ANY]]

    def other(item):
        return f"<b>{item.id}</b>"

    client.start(other, "questions", name="other", evaluators=[kind]).wait()
    page.panel.choose(page.head["title"][1], "other")
    facts, lines = page.say("code")["nodes"]
    assert ["dd", "task → other"] in facts
    added = [line[2] for line in lines[2:] if line[0] == "ins"]
    assert any(line.endswith('return f"<b>{item.id}</b>"\n') for line in added)


def test_a_failed_item_is_shown_with_its_error(page):
    item = page.say("open", place=page.places("e")[0])
    baseline, run = item["sides"]
    assert "no answer" in baseline["error"]
    assert baseline["nodes"] == []
    assert run["error"] == ""
    assert item["diff"] is None


# Which items.


def brute(frame, wanted):
    """What a filter has to leave of all items, one by one."""
    kept = set()
    for row in frame.itertuples():
        texts = f"{row.item_id}\n{row.input}\n{row.baseline_output}\n{row.output}".casefold()
        checks = [
            wanted.change in ("", row.change),
            all(word in texts for word in wanted.words.casefold().split()),
            "lang=de" not in wanted.conditions or row.metadata["lang"] == "de",
            "score < 0.8" not in wanted.conditions or row.score < 0.8,
            "baseline >= 0.5" not in wanted.conditions or row.baseline_score >= 0.5,
        ]
        if all(checks):
            kept.add(row.item_id)
    return kept


def test_filters_leave_what_they_say_one_by_one_and_combined(client):
    draw = random.Random(7)
    names = [f"i{n:03}" for n in range(120)]

    def answers():
        return {
            name: draw.choice(["0 cat", "0.5 big dog", "1 Owl", "? odd", None, "0.75 cat dog"])
            for name in names
        }

    run_of(client, "one", answers())
    run_of(client, "two", answers())
    panel = xn.comparison("one", "two")
    page, frame = Page(panel), panel.comparison.items("quality")
    conditions = ("", "lang=de", "score < 0.8", "lang=de, score < 0.8 and baseline >= 0.5")
    for change in ("", "improved", "regressed", "same", "failed", "not scored"):
        for condition in conditions:
            for words in ("", "CAT", "dog cat"):
                wanted = ItemFilter(change=change, conditions=condition, words=words)
                answer = page.rows(change=change, conditions=condition, words=words)
                expected = brute(frame, wanted)
                assert answer["total"] == len(expected)
                assert set(panel.selection) == expected


def test_a_filter_may_name_another_score_and_a_value_with_a_comma(client):
    items = [
        {"id": i, "input": i, "metadata": {"city": city}}
        for i, city in (("a", "Paris, France"), ("b", "Rome"))
    ]
    for name in ("one", "two"):
        run_of(client, name, {"a": "1 cat", "b": "1 dog"}, items=items, evaluators=[quality, kind])
    page = Page(xn.comparison("one", "two", score="quality"))
    assert ids(page.rows(conditions="kind == dog")) == {"b"}
    assert ids(page.rows(conditions="city=Paris, France, kind == cat")) == {"a"}
    assert ids(page.rows(conditions="delta == 0")) == {"a", "b"}


@pytest.mark.parametrize("text", ["quality <", "cat", "missing > 1", "score < dog", "=x"])
def test_a_condition_that_cannot_be_read_is_told_and_the_filter_stays(page, text):
    page.rows(change="improved")
    page.rows(conditions=text)
    assert page.trouble != ""
    assert set(page.panel.selection) == {"a", "c"}
    page.rows(change="improved")
    assert page.trouble == ""


def test_a_search_tells_how_far_it_went(page, monkeypatch):
    monkeypatch.setattr(item_lists, "SEARCHED", 4)
    monkeypatch.setattr(item_lists, "_BLOCK", 3)
    answer = page.rows(words="question")
    assert (answer["total"], answer["told"]) == (4, "Only the first 4 of 6 items were searched.")
    assert page.rows(words="dog", change="regressed")["told"] == ""


def test_what_people_said_in_any_queue_is_found(page, client):
    run = client.get_experiment("two #1")
    xn.annotate(run, annotator="ann").record(
        "a", {"verdict": "pass"}, annotator="ann", comment="ok"
    )
    queue = client.create_annotation_queue(name="some", rubric=xn.Rubric.pass_fail())
    trace = run.to_frame().set_index("item_id").loc["b", "trace_id"]
    client.add_to_annotation_queue(queue_id=queue.id, trace_id=trace)
    xn.annotate(queue, annotator="bob").record(trace, {"verdict": "fail"}, annotator="bob")
    assert ids(page.rows(people="labelled")) == {"a", "b"}
    assert ids(page.rows(people="labelled", change="improved")) == {"a"}
    assert page.rows(people="flagged")["total"] == 0
    assert page.say("open", place=page.places("a")[0])["people"] == ["ann: verdict pass · “ok”"]
    item = page.say("open", place=page.places("b")[0])
    assert item["people"] == ["bob: verdict fail"]
    assert ["verdict", "bob", "–", "fail", ""] in item["scores"]


def test_checked_items_are_the_selection_and_followers_hear_of_each_other_one(page):
    heard = []
    page.panel.on_selection(heard.append)
    page.rows()
    page.rows(change="regressed")
    page.say("check", places=page.places("a", "d"))
    assert page.panel.selection == ["a", "d"]
    page.rows(change="same")
    page.say("check", places=[])
    page.say("check", places=[])
    assert heard == [["b"], ["a", "d"], ["d"]]


def test_labelling_opens_a_queue_of_the_runs_outputs_for_the_selected_items(page, client):
    page.rows(change="improved")
    answer = page.say("label")
    assert page.trouble == ""
    [queue] = client.annotation_queues()
    assert queue.name in answer["text"]
    assert queue.name.startswith("two #1 against one #1 · quality: improved · 2 items")
    traces = client.get_experiment("two #1").to_frame().set_index("item_id")["trace_id"]
    labeller = page.panel.labeller
    labeller.record(traces["a"], {"verdict": "pass"}, annotator="ann")
    with pytest.raises(BadInput):
        labeller.record(traces["b"], {"verdict": "pass"}, annotator="ann")
    assert len(page.panel._below.children) == 1

    page.say("label")  # the same items are the same queue
    page.say("check", places=page.places("b"))
    page.say("label")
    names = [queue.name for queue in client.annotation_queues()]
    assert len(names) == 2
    assert "chosen by hand · 1 items" in names[1]
    assert ids(page.rows(people="labelled")) == {"a"}


def test_what_cannot_be_labelled_is_told(client, monkeypatch):
    run_of(client, "one", {"a": "1 x", "b": "1 x"})
    run_of(client, "two", {"a": "0 x", "b": None})
    page = Page(xn.comparison("one", "two"))
    page.rows(change="failed")
    page.say("label")
    assert "None of these items has an output in two #1" in page.trouble
    monkeypatch.setattr(labelling, "_MOST", 1)
    page.rows()
    page.say("label")
    assert "2 items are too many" in page.trouble
    assert client.annotation_queues() == []


# Odd runs.


def test_runs_of_which_everything_failed_say_that_nothing_can_be_told(client):
    run_of(client, "one", {"a": "1 x", "b": "0 x"})
    run_of(client, "two", {"a": None, "b": None})
    page = Page(xn.comparison("one", "two"))
    assert page.head["verdict"].startswith("Cannot tell")
    answer = page.rows(change="failed")
    assert ids(answer) == {"a", "b"}
    assert [side["count"] for side in answer["marks"]["sides"]] == [0, 0]


def test_a_single_item_is_compared_too(client):
    run_of(client, "one", {"a": "1 x"})
    run_of(client, "two", {"a": "2 x"})
    page = Page(xn.comparison("one", "two"))
    assert page.head["total"] == 1
    assert page.rows()["rows"] == [[0, "a", "1", "2", "+1", "improved", "question a"]]
    [row] = page.head["rows"]
    assert row["lane"][1] is not None


def test_names_that_are_markup_stay_text(client):
    hostile = f"{MARKUP}\u202e"
    items = [
        {"id": f"{MARKUP} {n}", "input": {hostile: hostile}, "metadata": {hostile: hostile}}
        for n in range(3)
    ]

    @xn.evaluator(name=hostile)
    def odd(output):
        return len(output)

    for name in (f"1{hostile}", f"2{hostile}"):
        answers = {item["id"]: f"{name} {hostile}" for item in items}
        run_of(client, name, answers, items=items, evaluators=[odd])
    panel = xn.comparison()
    page = Page(panel)
    assert page.head["scores"] == [hostile]
    assert page.rows(words=hostile)["total"] == 3
    assert page.say("open", place=0)["title"].startswith(MARKUP)
    html = panel._remainder._content._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html


def test_the_saved_notebook_keeps_the_verdict_and_says_how_to_go_on(page):
    static = page.panel._remainder._content
    assert page.panel.comparison.difference("quality").sentence in repr(static)
    html = static._repr_html_()
    assert "2 improved · 1 regressed" in html
    assert "xn.comparison(" in html


def test_the_state_is_small_and_items_come_by_pages_however_many_there_are(client):
    count = 2_000
    names = [f"item {n:05} {'x' * 150}" for n in range(count)]

    @xn.evaluator
    def many(output):
        value = float(output.split()[0])
        return {f"score {n} with a name of many words": value + n for n in range(8)}

    for run in range(2):
        answers = {name: f"{n % 7 * run} {'word ' * 50}" for n, name in enumerate(names)}
        run_of(client, f"run {run}", answers, evaluators=[many])
    page = Page(xn.comparison())
    assert len(json.dumps(page.view.state)) < 50_000
    first = page.rows()
    assert (first["total"], len(first["rows"])) == (count, 50)
    assert len(json.dumps(first)) < 50_000
    better = first["marks"]["sides"][1]
    assert (better["count"], len(better["dots"])) == (sum(n % 7 > 0 for n in range(count)), 18)
    last = page.rows(start=count - 10)
    assert (len(last["rows"]), last["marks"]) == (10, None)
    seen = {row[0] for start in range(0, count, 50) for row in page.rows(start=start)["rows"]}
    assert seen == set(range(count))
    assert math.isclose(
        page.panel.comparison.difference(page.panel.score).difference, 3, abs_tol=0.1
    )
