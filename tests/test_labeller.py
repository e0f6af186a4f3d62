"""`annotate` as it is called: what it accepts, what it refuses, what its handle gives."""

from __future__ import annotations

import json

import pytest

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, NotFound, StoreReadOnly
from xeroml_nb.widgets import labeller as labeller_module
from xeroml_nb.widgets.name_form import NameForm

VERDICT = xn.Rubric([xn.Dimension("verdict", options=["pass", "fail", "defer"])])


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """Nobody has said yet who labels."""
    monkeypatch.setattr(labeller_module, "_last_annotator", None)
    monkeypatch.setattr(labeller_module, "_following", {})


@pytest.fixture
def dataset(client):
    items = [{"id": f"q{n}", "input": n, "expected_output": 2 * n} for n in range(6)]
    return client.create_dataset(name="numbers", items=items)


@pytest.fixture
def experiment(dataset):
    return xn.start(lambda n: 2 * n, dataset, name="doubled").wait()


class Page:
    """The other side of a labeller: sends messages, keeps what it hears."""

    def __init__(self, labeller, session="page"):
        self.view = labeller._view
        self.heard = []
        self.view.send = lambda content, buffers=None: self.heard.append(content)
        self.session, self.sequence = session, 0

    def say(self, kind, **content):
        self.heard.clear()
        self.view._received(self.view, {"kind": kind, **content}, [])
        json.dumps(self.heard, allow_nan=False)
        return self.heard[-1]

    def decide(self, position, value, **more):
        self.sequence += 1
        told = {"session": self.session, "seq": self.sequence, "pos": position}
        told |= {"title": f"q{position}", "action": "set", "dimension": "verdict", "value": value}
        return self.say("decide", **(told | more))


def test_an_experiment_is_labelled_as_it_is_written_in_the_readme(experiment):
    labels = xn.annotate(experiment, VERDICT, annotator="ann")
    page = Page(labels)
    answer = page.decide(0, "pass")
    assert (answer["kind"], answer["pos"], answer["counts"]["done"]) == ("ack", 0, 1)
    frame = labels.to_frame()
    assert frame[["item_id", "annotator", "value"]].to_numpy().tolist() == [["q0", "ann", "pass"]]
    assert experiment.to_frame()["verdict"].tolist()[0] == "pass"
    assert "1 of 6" in repr(labels)


def test_the_first_item_and_all_keys_are_in_a_small_state(experiment):
    setup = xn.annotate(experiment, VERDICT, annotator="ann")._view.setup
    assert [entry["title"] for entry in setup["first"]["entries"]] == ["q0"]
    assert (setup["annotator"], setup["first"]["total"]) == ("ann", 6)
    assert [c["keys"] for c in setup["dimensions"][0]["choices"]] == [["1"], ["2"], ["3"]]
    assert len(json.dumps(setup)) < 12_000


def test_without_a_rubric_one_experiment_is_judged_and_two_are_compared(experiment, dataset):
    other = xn.start(lambda n: n, dataset, name="as it is").wait()
    judged = xn.annotate(experiment, annotator="ann")
    compared = xn.annotate(experiment, other, annotator="ann")
    assert [d.name for d in judged.rubric.dimensions] == ["verdict"]
    assert [d.name for d in compared.rubric.dimensions] == ["preference"]


def test_the_name_is_said_once(experiment):
    xn.annotate(experiment, annotator="ann")
    assert xn.annotate(experiment).session.annotator == "ann"


def test_without_a_name_it_is_asked_for_and_labelling_begins_with_it(experiment):
    labels = xn.annotate(experiment, VERDICT)
    with pytest.raises(BadInput, match="Nobody has said who labels"):
        _ = labels.session
    form = NameForm(labels._begin, labels._view)
    form._start.click()
    assert "annotator" in form._trouble.value
    form._name.value = "  ann "
    assert labels.session.annotator == "ann"
    assert form._form.layout.display == "none"
    assert labels._view.setup["annotator"] == "ann"


@pytest.mark.parametrize("odd", [3, "not a queue", None])
def test_what_cannot_be_labelled_is_refused(client, odd):
    with pytest.raises((BadInput, NotFound)):
        xn.annotate(odd, annotator="ann")


def test_an_experiment_without_an_output_is_refused_before_anything_is_written(client, dataset):
    def broken(n):
        raise ValueError("no")

    failed = xn.start(broken, dataset, name="broken").wait()
    with pytest.raises(BadInput, match=r"broken #1 has no finished item"):
        xn.annotate(failed, VERDICT, annotator="ann")
    assert client.score_configs().empty


@pytest.mark.parametrize(
    "more",
    [
        {"repeats": 1.5},
        {"overlap": 0.5},
        {"team": ["ann", "ann"]},
        {"team": ["bob"], "annotator": "ann"},
        {"order": xn.Order("shuffle"), "overlap": -1},
    ],
)
def test_terms_that_make_no_sense_are_refused(experiment, more):
    with pytest.raises(BadInput):
        xn.annotate(experiment, VERDICT, **({"annotator": "ann"} | more))


def test_a_queue_of_traces_takes_no_order(client):
    queue = client.create_annotation_queue(name="odd ones", rubric=VERDICT)
    with pytest.raises(BadInput, match="are for experiments"):
        xn.annotate(queue, annotator="ann", order=xn.Order("shuffle"))


def test_every_version_of_a_question_is_kept(client, experiment):
    xn.annotate(experiment, VERDICT, annotator="ann")
    changed = xn.Rubric([xn.Dimension("verdict", options=["good", "bad"])])
    xn.annotate(experiment, changed, annotator="ann")
    configs = client.score_configs("verdict")
    assert configs["version"].tolist() == [1, 2]
    assert [d["options"][0][0] for d in configs["definition"]] == ["pass", "good"]


def test_a_changed_question_is_noticed_and_asked_again_where_that_is_wanted(experiment):
    page = Page(xn.annotate(experiment, VERDICT, annotator="ann"))
    page.decide(0, "pass")
    page.decide(1, "fail")
    described = xn.Rubric(
        [xn.Dimension("verdict", options=["pass", "fail", "defer"], description="be strict")]
    )
    again = Page(xn.annotate(experiment, described, annotator="ann"), session="page 2")
    [_, notice, resumed] = again.say("hello")["notices"]
    assert notice["text"].startswith("2 items were labelled under an earlier version")
    assert set(notice["actions"]) == {"requeue", "keep"}
    assert "2 of 6" in resumed["text"]
    answer = again.say("requeue")
    assert (answer["kind"], answer["at"], answer["counts"]["done"]) == ("goto", 0, 0)


def test_a_store_that_turns_read_only_is_told_and_the_decision_is_taken_later(
    experiment, monkeypatch
):
    labels = xn.annotate(experiment, VERDICT, annotator="ann")
    page = Page(labels)

    def refuse(work):
        raise StoreReadOnly("The store cannot be written.", "Make it writable.")

    with monkeypatch.context() as broken:
        broken.setattr(experiment.store, "write", refuse)
        assert page.decide(0, "pass")["kind"] == "stuck"
        answer = page.decide(1, "fail")
        assert (answer["kind"], answer["expected"]) == ("again", 1)
    page.sequence = 0
    assert page.decide(0, "pass")["kind"] == "ack"
    assert page.decide(1, "fail")["counts"]["done"] == 2


def test_whatever_goes_wrong_with_one_decision_the_next_one_is_taken(experiment, monkeypatch):
    labels = xn.annotate(experiment, VERDICT, annotator="ann")
    page = Page(labels)
    with monkeypatch.context() as broken:
        broken.setattr(labels.session._log, "append", lambda event: 1 / 0)
        answer = page.decide(0, "pass")
        assert (answer["kind"], answer["seq"]) == ("refused", 1)
        assert "ZeroDivisionError" in answer["text"]
    assert page.decide(1, "fail")["kind"] == "ack"


def test_labels_given_elsewhere_are_recorded_and_people_who_differ_are_settled(experiment):
    labels = xn.annotate(experiment, VERDICT, annotator="ann")
    for name, values in {"bea": ["pass", "fail"], "carl": ["pass", "pass"]}.items():
        for n, value in enumerate(values):
            labels.record(f"q{n}", {"verdict": value}, annotator=name, comment=f"said {name}")
    assert labels.agreement().loc["verdict", "percent"] == 0.5
    settled = labels.adjudicate()
    [entry] = settled.session.entries(0, 5)
    decisions = dict(entry.shown.after)["decisions"]
    assert decisions == {
        "person A": "verdict fail · “said bea”",
        "person B": "verdict pass · “said carl”",
    }
    settled.record("q1", {"verdict": "fail"}, annotator="ann")
    assert experiment.to_frame()["verdict"].tolist()[:2] == ["pass", "fail"]


def test_recording_something_that_does_not_fit_stores_nothing(experiment):
    labels = xn.annotate(experiment, VERDICT, annotator="ann")
    with pytest.raises(BadInput, match="'verdict' was given 'good'"):
        labels.record("q0", {"verdict": "good"}, annotator="bea")
    with pytest.raises(BadInput, match="no item 'q99'"):
        labels.record("q99", {"verdict": "pass"}, annotator="bea")
    with pytest.raises(BadInput, match="no dimension 'tone'"):
        labels.record("q0", {"verdict": "pass", "tone": 3}, annotator="bea")
    assert labels.to_frame().empty


def test_where_nobody_differs_there_is_nothing_to_settle(experiment):
    labels = xn.annotate(experiment, VERDICT, annotator="ann")
    with pytest.raises(BadInput, match="Nobody disagrees"):
        labels.adjudicate()


def test_people_and_code_under_one_name_stand_in_columns_of_their_own(dataset):
    def verdict(output, expected_output):
        return output == expected_output

    scored = xn.start(
        lambda n: n, dataset, name="scored", evaluators=[xn.evaluator(verdict)]
    ).wait()
    xn.annotate(scored, VERDICT, annotator="ann").record("q1", {"verdict": "pass"}, annotator="ann")
    frame = scored.to_frame()
    assert frame["verdict"].tolist() == [True, False, False, False, False, False]
    assert frame["verdict (human)"].tolist()[1] == "pass"
    assert scored.summary().loc["verdict", "scored"] == 6


def test_what_models_wrote_stays_text_in_the_line_for_the_saved_notebook(client):
    task = client.create_dataset(name="odd", items=[{"input": 1}])
    name = "<img src=x onerror=alert(1)>"
    labels = xn.annotate(xn.start(lambda n: n, task, name=name).wait(), annotator=name)
    shown = labels._static()._repr_html_()
    assert "<img" not in shown
    assert "&lt;img" in shown
