"""What people said: as a table, how far they agree, what is settled, and what a page is told."""

from __future__ import annotations

import json
import math

import pytest
from labelling import (
    EVERY_KIND,
    PREFERENCE,
    VERDICT,
    Page,
    client_of_copy,
    human_scores,
    item_ids,
    labels_of,
    make_items,
    place_of,
    run_of,
    session_of,
    session_of_queue,
    store_with,
    terms,
)

import xeroml_nb as xn
from xeroml_nb.annotation.adjudication import Disagreements
from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.labels import COLUMNS, Labels
from xeroml_nb.annotation.order import Order
from xeroml_nb.annotation.queue import material_of, open_for_adjudication
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.annotation.session import LabellingSession
from xeroml_nb.annotation.sheets import agreement_sheet, finish_sheet
from xeroml_nb.annotation.wire import counts_wire, entry_wire, raw_wire, revealed, setup_wire
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records.label import EntryKey


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    def pair(client):
        run_of(client, [f"first {n}" for n in range(30)], "champion")
        run_of(client, [f"second {n}" for n in range(30)], "challenger")

    fills = {"experiment": lambda client: run_of(client, list("abcd")), "runs": pair}
    return {name: store_with(tmp_path_factory.mktemp(name), fills[name]) for name in fills}


@pytest.fixture
def client(own_folder, templates, request):
    """As everywhere, over a store that holds what a test asks for."""
    made = client_of_copy(templates, request.fixturenames, own_folder)
    yield made
    made.close()


@pytest.fixture
def experiment(client):
    """Four outputs."""
    return client.get_experiment("run")


@pytest.fixture
def runs(client):
    """Two runs over the same thirty items, whose outputs say which run they are of."""
    return [client.get_experiment("champion"), client.get_experiment("challenger")]


def label_as(experiment, name, values, rubric=VERDICT, dimension="verdict", **more):
    """Let a person answer one question on the items from the first one on."""
    page = Page(session_of(experiment, rubric, name, **more))
    page.set_all(values, dimension)
    return page


# The table.


def test_the_table_has_a_row_for_each_item_run_dimension_and_person(experiment):
    ann = Page(session_of(experiment, EVERY_KIND))
    ann.set(0, "pass")
    ann.set(0, value=True, dimension="safe")
    ann.set(1, 2.5, "cost")
    bob = Page(session_of(experiment, EVERY_KIND, "bob"))
    bob.set(0, 4, "tone")
    frame = labels_of(ann.session).to_frame()
    assert tuple(frame.columns) == COLUMNS
    rows = frame[["item_id", "annotator", "dimension", "value", "number"]].to_dict("split")["data"]
    assert [row[:4] for row in rows] == [
        ["i0", "ann", "verdict", "pass"],
        ["i0", "ann", "safe", True],
        ["i1", "ann", "cost", 2.5],
        ["i0", "bob", "tone", 4],
    ]
    assert math.isnan(rows[0][4])
    assert [row[4] for row in rows[1:]] == [1.0, 2.5, 4.0]
    assert not frame["repeat"].any()
    assert frame["drawn"].tolist() == ["given"] * 4


def test_an_empty_table_has_all_columns(experiment):
    frame = labels_of(session_of(experiment)).to_frame()
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert str(frame["number"].dtype) == "float64"


def test_the_table_tells_what_else_is_said_of_an_item(experiment):
    page = Page(session_of(experiment))
    page.set(0, "fail", active_seconds=2)
    page.do("comment", 0, value="rude", active_seconds=1.5)
    page.do("correct", 0, value="kind")
    page.do("flag", 0)
    [row] = labels_of(page.session).to_frame().to_dict("records")
    trace_id = experiment.get_results()[0].trace_id
    assert (row["comment"], row["correction"], row["flagged"]) == ("rude", "kind", True)
    assert (row["active_s"], row["trace_id"], row["number"]) == (3.5, trace_id, 0.0)
    assert row["decided_at"].tzinfo is not None
    assert (row["skipped"], row["carried"], row["swapped"]) == (False, False, None)


def test_what_was_only_skipped_flagged_or_commented_has_one_row_without_a_dimension(experiment):
    page = Page(session_of(experiment))
    page.do("skip", 0)
    page.do("flag", 1)
    page.do("comment", 2, value="hm")
    page.set(3, "pass")
    page.do("undo", 3)
    frame = labels_of(page.session).to_frame()
    assert frame["item_id"].tolist() == ["i0", "i1", "i2"]
    assert frame["dimension"].isna().all()
    assert frame["value"].isna().all()
    assert frame["skipped"].tolist() == [True, False, False]


def test_the_table_is_that_of_the_moment_it_is_asked_for(experiment):
    page = Page(session_of(experiment))
    labels = labels_of(page.session)
    page.set(0, "pass")
    assert labels.to_frame()["value"].tolist() == ["pass"]
    page.set(0, "fail")
    page.set(1, "pass")
    assert labels.to_frame()["value"].tolist() == ["fail", "pass"]
    page.do("undo", 0)
    assert labels.to_frame()["value"].tolist() == ["fail"]


def test_hidden_repeats_and_carried_labels_are_marked_in_the_table(client, experiment):
    first = Page(session_of(experiment, agreed=terms(repeats=1.0)))
    for place in range(first.session.total):
        first.set(place, "pass")
    frame = labels_of(first.session).to_frame()
    assert sorted(frame["repeat"]) == [False] * 4 + [True] * 4
    assert set(frame[frame["repeat"]]["drawn"]) == {"repeat"}
    following = session_of(run_of(client, ["a", "b", "c", "other"], "next"))
    frame = labels_of(following).to_frame()
    assert frame["item_id"].tolist() == ["i0", "i1", "i2"]
    assert frame["carried"].all()


def test_the_table_says_which_rows_of_a_ranked_order_were_drawn_at_random(client):
    @xn.evaluator
    def quality(output):
        return output

    experiment = run_of(client, list(range(20)), evaluators=[quality])
    order = Order("worst", by="quality", random_share=0.5, seed=3)
    page = label_as(experiment, "ann", ["pass"] * 20, agreed=terms(order))
    frame = labels_of(page.session).to_frame()
    assert set(frame["drawn"]) == {"ranked", "random"}
    assert frame["item_id"].tolist() == item_ids(page.session)


def test_an_answer_to_a_question_that_was_taken_away_stays_in_the_table(experiment):
    tone = Dimension("tone", "boolean")
    page = Page(session_of(experiment, Rubric([*VERDICT.dimensions, tone])))
    page.set(0, value=True, dimension="tone")
    page.set(0, "pass")
    frame = labels_of(session_of(experiment)).to_frame()
    assert dict(zip(frame["dimension"], frame["value"], strict=True)) == {
        "tone": True,
        "verdict": "pass",
    }


def test_who_labelled_is_listed_by_name(experiment):
    for name in ("bob", "ann"):
        label_as(experiment, name, ["pass"])
    labels = labels_of(session_of(experiment, annotator="somebody who only looks"))
    assert labels.annotators == ["ann", "bob"]


def test_labels_know_their_queue_and_what_it_asks(experiment):
    session = session_of(experiment)
    labels = Labels(session.store, session.queue)
    assert labels.queue_id == session.queue.id
    assert labels.rubric == VERDICT


# Agreement.


def test_agreement_is_told_for_each_question_but_free_text(experiment):
    for name, values in (("ann", ["pass", "fail", "pass", "fail"]), ("bob", ["pass"] * 4)):
        page = label_as(experiment, name, values, EVERY_KIND)
        page.set(0, 3, "tone")
    labels = labels_of(page.session)
    frame = labels.agreement()
    assert frame.index.tolist() == ["verdict", "safe", "tone", "cost"]
    verdict = frame.loc["verdict"]
    assert (verdict["percent"], verdict["units"]) == (0.5, 4)
    assert verdict["raters"] == ("ann", "bob")
    assert verdict["kappa"] == 0
    assert verdict["alpha"] == pytest.approx(-1 / 6)
    assert frame.loc["tone", "level"] == "ordinal"
    assert frame.loc["safe", "note"] == "there are no ratings"


def test_the_agreement_of_a_rubric_that_asks_only_for_text_is_empty(experiment):
    rubric = Rubric([Dimension("why", "text")])
    page = label_as(experiment, "ann", ["because"], rubric, "why")
    assert labels_of(page.session).agreements() == []
    assert len(labels_of(page.session).agreement()) == 0


def test_hidden_repeats_do_not_count_in_agreement(experiment):
    ann = Page(session_of(experiment, agreed=terms(repeats=1.0)))
    bob = Page(session_of(experiment, annotator="bob"))
    for page in (ann, bob):
        for n in range(4):
            page.set(place_of(page.session, f"i{n}"), "pass" if n else "fail")
        page.set(place_of(page.session, "i0", repeat=True), "pass")
    [found] = labels_of(ann.session).agreements()
    assert (found.units, found.percent, found.alpha, found.kappa) == (4, 1.0, 1.0, 1.0)


def test_answers_of_an_older_rubric_that_are_none_any_more_do_not_count(experiment):
    label_as(experiment, "ann", ["pass", "fail"])
    label_as(experiment, "bob", ["fail", "fail"])
    edited = Rubric([Dimension("verdict", options=["fail", "good"])])
    [found] = labels_of(session_of(experiment, edited)).agreements()
    assert (found.units, found.percent) == (1, 1.0)


def test_preferences_agree_where_the_same_run_is_preferred(runs):
    for name in ("ann", "bob"):
        page = Page(session_of(runs, PREFERENCE, name))
        for entry in page.session.entries(0, 10):
            page.set(entry.position, "right" if entry.swapped else "left", "preference")
    [found] = labels_of(page.session).agreements()
    assert (found.percent, found.units) == (1.0, 10)
    assert set(labels_of(page.session).to_frame()["value"]) == {"win"}


# Consistency.


def test_consistency_is_how_often_a_hidden_repeat_got_the_same_answer(experiment):
    page = Page(session_of(experiment, agreed=terms(repeats=1.0)))
    for n in range(3):
        page.set(place_of(page.session, f"i{n}"), "pass")
        page.set(place_of(page.session, f"i{n}", repeat=True), "pass" if n else "fail")
    page.set(place_of(page.session, "i3", repeat=True), "pass")
    found = labels_of(page.session).consistency("ann")
    assert (found.repeats, found.same, found.share) == (3, 2, pytest.approx(2 / 3))
    assert found.low < found.share < found.high
    assert labels_of(page.session).consistency("bob").repeats == 0


def test_preferring_the_same_run_again_is_consistent_whatever_the_side(runs):
    page = Page(session_of(runs, PREFERENCE, agreed=terms(Order(seed=5), repeats=1.0)))
    sides = set()
    for entry in page.session.entries(0, page.session.total):
        page.set(entry.position, "right" if entry.swapped else "left", "preference")
        sides.add((entry.key.repeat, entry.swapped))
    assert len(sides) == 4
    found = labels_of(page.session).consistency("ann")
    assert (found.repeats, found.same) == (30, 30)


# Pairs.


def test_sides_are_randomised_by_a_stored_seed_and_the_same_for_everybody(runs):
    ann = session_of(runs, PREFERENCE)
    swapped = [entry.swapped for entry in ann.entries(0, 30)]
    assert 5 < sum(swapped) < 25
    assert isinstance(ann.queue.order["seed"], int)
    assert [e.swapped for e in session_of(runs, PREFERENCE).entries(0, 30)] == swapped
    assert [e.swapped for e in session_of(runs, PREFERENCE, "bob").entries(0, 30)] == swapped


def test_another_seed_randomises_the_sides_in_another_way(runs):
    swapped = set()
    for seed in range(4):
        rubric = Rubric(PREFERENCE.dimensions, name=f"seed {seed}")
        session = session_of(runs, rubric, agreed=terms(Order(seed=seed)))
        swapped.add(tuple(entry.swapped for entry in session.entries(0, 30)))
    assert len(swapped) == 4


def test_the_output_of_each_run_is_shown_on_its_side(runs):
    session = session_of(runs, PREFERENCE)
    for entry in session.entries(0, 30):
        wire = entry_wire(entry)
        shown = {part["name"]: str(part["nodes"]) for part in wire["outputs"]}
        number = entry.key.item_id.removeprefix("i")
        sides = ["left", "right"]
        assert list(shown) == sides
        if entry.swapped:
            sides.reverse()
        assert f"first {number}'" in shown[sides[0]]
        assert f"second {number}'" in shown[sides[1]]
        assert f"first {number}'" in str(raw_wire(entry, 1 + ["left", "right"].index(sides[0])))
        assert wire["diff"] is None


def test_win_rates_count_for_the_run_and_for_the_side(runs):
    page = Page(session_of(runs, PREFERENCE))
    entries = page.session.entries(0, 30)
    for entry in entries[:20]:
        page.set(entry.position, "right" if entry.swapped else "left", "preference")
    page.set(20, "tie", "preference")
    page.set(21, "neither", "preference")
    page.do("skip", 22)
    rates = labels_of(page.session).win_rates()
    swapped = sum(entry.swapped for entry in entries[:20])
    assert (rates.first_wins, rates.second_wins, rates.ties, rates.neither) == (20, 0, 1, 1)
    assert (rates.left_wins, rates.right_wins) == (20 - swapped, swapped)
    assert rates.first_rate == 1.0
    assert rates.left_rate == (20 - swapped) / 20


def test_win_rates_of_one_person_are_those_of_that_person(runs):
    for name, choice in (("ann", "tie"), ("bob", "neither")):
        page = Page(session_of(runs, PREFERENCE, name))
        page.set(0, choice, "preference")
    labels = labels_of(page.session)
    assert (labels.win_rates("ann").ties, labels.win_rates("ann").neither) == (1, 0)
    assert (labels.win_rates().ties, labels.win_rates().neither) == (1, 1)
    assert labels.win_rates("nobody").first_rate is None


def test_a_hidden_repeat_of_a_pair_does_not_count_twice_in_the_win_rates(runs):
    page = Page(session_of(runs, PREFERENCE, agreed=terms(Order(seed=5), repeats=1.0)))
    for repeat in (False, True):
        entry = page.session.entry(place_of(page.session, "i0", repeat=repeat))
        page.set(entry.position, "right" if entry.swapped else "left", "preference")
    rates = labels_of(page.session).win_rates()
    assert (rates.first_wins, rates.second_wins) == (1, 0)


def test_without_a_preference_there_are_no_win_rates(experiment):
    with pytest.raises(BadInput, match=r"asks for no preference. Win rates come from"):
        labels_of(session_of(experiment)).win_rates()


def test_a_preference_is_a_score_on_the_traces_of_both_runs(client, runs):
    page = Page(session_of(runs, PREFERENCE))
    first = page.session.entry(0)
    page.set(0, "right" if first.swapped else "left", "preference")
    page.set(1, "tie", "preference")
    assert human_scores(client, runs[0]) == {
        ("i0", "preference against challenger #1"): "win",
        ("i1", "preference against challenger #1"): "tie",
    }
    assert human_scores(client, runs[1]) == {
        ("i0", "preference against champion #1"): "loss",
        ("i1", "preference against champion #1"): "tie",
    }
    page.do("undo", 0)
    page.do("undo", 0)
    assert human_scores(client, runs[0]) == human_scores(client, runs[1]) == {}


def test_only_items_that_both_runs_finished_are_compared(client):
    first = run_of(client, ["a", ValueError("no"), "c"])
    second = run_of(client, ["A", "B", ValueError("no")], "other")
    assert item_ids(session_of([first, second], PREFERENCE)) == ["i0"]


def test_the_names_of_the_runs_are_never_told_while_a_pair_is_judged(client, runs):
    for run in runs:
        client.score(trace_id=run.get_results()[0].trace_id, name="quality", value=0.5)
    page = Page(session_of(runs, PREFERENCE))
    Page(session_of(runs, PREFERENCE, "bob")).set(0, "left", "preference")
    page.set(0, "left", "preference")
    session = page.session
    entries = session.entries(0, 30)
    told = [setup_wire(session), counts_wire(session), *map(entry_wire, entries)]
    told += [revealed(session, entry) for entry in entries]
    told += [raw_wire(entry, number) for entry in entries for number in (1, 2)]
    text = json.dumps(told)
    secrets = [word for run in runs for word in (run.name, run.label, run.id)]
    secrets += [result.trace_id for run in runs for result in run.get_results()]
    assert [secret for secret in secrets if secret in text] == []


def test_scores_of_a_pair_are_revealed_by_side(client, runs):
    page = Page(session_of(runs, PREFERENCE))
    entry = page.session.entry(0)
    for run, value in zip(runs, (0.25, 0.75), strict=True):
        client.score(trace_id=run.get_results()[0].trace_id, name="quality", value=value)
    page.set(0, "tie", "preference")
    sides = ["right", "left"] if entry.swapped else ["left", "right"]
    assert sorted(revealed(page.session, entry)) == sorted(
        [f"{sides[0]} · quality: 0.25", f"{sides[1]} · quality: 0.75"]
    )


# What a page is told.


def test_an_entry_is_told_with_its_parts_in_reading_order(client):
    make_items(
        client, 1, expected_output=lambda n: "Pay now.", metadata=lambda n: {"lang": "en", "n": n}
    )
    session = session_of(run_of(client, ["Pay later."]))
    wire = entry_wire(session.entry(0))
    assert json.loads(json.dumps(wire)) == wire
    assert (wire["pos"], wire["title"], wire["chips"]) == (0, "i0", ["lang: en", "n: 0"])
    assert [part["name"] for part in wire["before"]] == ["input"]
    assert [part["name"] for part in wire["outputs"]] == ["output"]
    assert [part["name"] for part in wire["after"]] == ["expected"]
    assert "Pay later." in str(wire["outputs"])
    assert "later" in str(wire["diff"])
    assert wire["label"] == {
        "answers": {},
        "skipped": False,
        "flagged": False,
        "comment": "",
        "correction": None,
        "carried": False,
    }


def test_an_entry_is_told_with_what_is_said_of_it_now(experiment):
    page = Page(session_of(experiment))
    page.set(0, "fail")
    page.do("comment", 0, value="hm")
    told = entry_wire(page.session.entry(0))["label"]
    assert (told["answers"], told["comment"]) == ({"verdict": "fail"}, "hm")
    assert counts_wire(page.session) == {"done": 1, "saved": 2, "text": "fail 1"}


def test_a_part_that_is_called_like_a_side_keeps_its_own_content(runs):
    session = session_of(runs, PREFERENCE, show=lambda result: {"left": "what was asked"})
    wire = entry_wire(session.entry(0))
    assert "what was asked" in str(wire["before"])
    assert all("what was asked" not in str(part) for part in wire["outputs"])


def test_nothing_is_compared_where_nothing_is_expected(experiment):
    wire = entry_wire(session_of(experiment).entry(0))
    assert (wire["after"], wire["diff"]) == ([], None)


def test_a_part_that_cannot_be_rendered_says_so_in_its_place(experiment, monkeypatch):
    def broken(name, value):
        raise RecursionError("too deep")

    monkeypatch.setattr("xeroml_nb.annotation.wire.part", broken)
    [shown] = entry_wire(session_of(experiment).entry(0))["outputs"]
    assert "could not be rendered (RecursionError: too deep)" in str(shown["nodes"])


def test_the_raw_form_of_a_part_is_exact(client):
    session = session_of(run_of(client, ["**bold**\n  <b>"]))
    assert "**bold**\\n  <b>" in str(raw_wire(session.entry(0), 1))
    with pytest.raises(BadInput, match="has no part 7"):
        raw_wire(session.entry(0), 7)


def test_the_page_is_told_all_that_is_asked_and_all_keys(experiment):
    setup = setup_wire(session_of(experiment, EVERY_KIND))
    assert json.loads(json.dumps(setup))["dimensions"] == setup["dimensions"]
    assert [d["name"] for d in setup["dimensions"]] == ["verdict", "safe", "tone", "cost", "why"]
    assert setup["title"] == "Label · verdict, safe, tone, cost, why"
    assert setup["who"] == "ann"
    buttons = {command["name"]: command["button"] for command in setup["commands"]}
    assert (buttons["undo"], buttons["agreement"]) == ("undo", "")


def test_the_seed_of_an_order_is_told_and_a_team_has_a_button_for_agreement(experiment):
    agreed = terms(Order("shuffle", seed=7), ["ann", "bob"])
    setup = setup_wire(session_of(experiment, agreed=agreed))
    assert setup["who"] == "ann · shuffle, seed 7"
    buttons = {command["name"]: command["button"] for command in setup["commands"]}
    assert buttons["agreement"] == "agreement"


def test_scores_and_other_peoples_labels_are_hidden_until_an_item_is_decided(client, experiment):
    trace_id = experiment.get_results()[0].trace_id
    client.score(trace_id=trace_id, name="quality", value=0.5)
    client.score(trace_id=trace_id, name="polite", value=True, source="llm")
    label_as(experiment, "bob", ["fail"])
    page = Page(session_of(experiment))
    entry = page.session.entry(0)
    assert revealed(page.session, entry) is None
    page.do("skip", 0)
    assert revealed(page.session, entry) is None
    page.set(0, "pass")
    told = revealed(page.session, entry)
    assert told == ["quality: 0.5", "polite: true", "another person · verdict: fail"]
    assert "bob" not in str(told)
    page.do("undo", 0)
    assert revealed(page.session, entry) is None


def test_where_nobody_is_blind_scores_are_shown_at_once(client, experiment):
    client.score(trace_id=experiment.get_results()[0].trace_id, name="quality", value=0.5)
    session = session_of(experiment, blind=False)
    assert revealed(session, session.entry(0)) == ["quality: 0.5"]
    assert revealed(session, session.entry(1)) == []


# Sheets.


def test_the_sheet_at_the_end_counts_and_leads_back_to_what_is_left(experiment):
    page = Page(session_of(experiment))
    page.set_all(["pass", "fail"])
    page.do("flag", 1)
    page.do("skip", 2)
    page.do("skip", 3)
    sheet = finish_sheet(page.session, labels_of(page.session))
    assert json.loads(json.dumps(sheet)) == sheet
    said = str(sheet["nodes"])
    assert "✓ 2 of 4 labelled" in said
    assert "fail 1 · skipped 2 · flagged 1" in said
    assert sheet["links"] == [
        {"text": "skipped: i2", "pos": 2},
        {"text": "skipped: i3", "pos": 3},
        {"text": "flagged: i1", "pos": 1},
    ]


def test_the_sheet_at_the_end_of_a_pair_tells_the_win_rates_by_name(runs):
    page = Page(session_of(runs, PREFERENCE))
    entry = page.session.entry(0)
    page.set(0, "right" if entry.swapped else "left", "preference")
    page.set(1, "tie", "preference")
    said = str(finish_sheet(page.session, labels_of(page.session))["nodes"])
    assert "['td', 'champion #1'], ['td', '1'], ['td', '100% [21%, 100%]']" in said
    assert "['td', 'challenger #1'], ['td', '0'], ['td', '0% [0%, 79%]']" in said
    assert "ties 1 · neither 0" in said


def test_the_sheet_at_the_end_of_a_pair_has_no_share_where_all_were_ties(runs):
    page = Page(session_of(runs, PREFERENCE))
    page.set_all(["tie", "tie"], "preference")
    said = str(finish_sheet(page.session, labels_of(page.session))["nodes"])
    assert said.count("['td', '0'], ['td', '–']") == 4
    assert "ties 2 · neither 0" in said


def test_repeats_that_were_not_labelled_yet_say_nothing_of_a_person(experiment):
    page = Page(session_of(experiment, agreed=terms(repeats=1.0)))
    page.set(place_of(page.session, "i0"), "pass")
    sheet = str(finish_sheet(page.session, labels_of(page.session)))
    assert "✓ 1 of 8 labelled" in sheet
    assert "Hidden repeats" not in sheet


def test_the_sheet_of_agreement_tells_how_consistent_each_person_was(experiment):
    for name, again in (("ann", "pass"), ("bob", "fail")):
        page = Page(session_of(experiment, VERDICT, name, agreed=terms(repeats=1.0)))
        page.set(place_of(page.session, "i0"), "pass")
        page.set(place_of(page.session, "i0", repeat=True), again)
    said = str(agreement_sheet(labels_of(page.session)))
    assert "ann gave 1 of 1 hidden repeats the same answer." in said
    assert "bob gave 0 of 1 hidden repeats the same answer." in said


def test_the_sheet_at_the_end_tells_how_consistent_a_person_was(experiment):
    page = Page(session_of(experiment, agreed=terms(repeats=1.0)))
    page.set(place_of(page.session, "i0"), "pass")
    page.set(place_of(page.session, "i0", repeat=True), "pass")
    said = str(finish_sheet(page.session, labels_of(page.session))["nodes"])
    assert "Hidden repeats: 1 of 1 got the same answer again." in said


def test_the_sheet_of_agreement_has_a_row_for_each_question(experiment):
    page = label_as(experiment, "ann", ["pass", "fail", "pass"])
    labels = labels_of(page.session)
    assert "Only one person has labelled this queue." in str(agreement_sheet(labels))
    label_as(experiment, "bob", ["pass", "fail", "fail"])
    sheet = agreement_sheet(labels)
    assert json.loads(json.dumps(sheet)) == sheet
    rows = sheet["nodes"][1][-1][1:]
    assert [cell[1] for cell in rows[0][1:5]] == ["verdict", "2", "3", "67%"]


# Adjudication.


def adjudication_of(experiment, annotator="cy", rubric=VERDICT):
    """Settle what people disagree about."""
    session = session_of(experiment, rubric, annotator)
    material = Disagreements(labels_of(session), material_of(session.store, session.queue))
    opened = open_for_adjudication(session.store, session.queue, session.rubric)
    return LabellingSession(session.store, opened.record, opened.rubric, annotator, material)


def test_disagreements_are_the_items_on_which_people_differ(experiment):
    page = label_as(experiment, "ann", ["pass", "pass", "fail", "pass"])
    labels = labels_of(page.session)
    assert labels.disagreements() == []
    label_as(experiment, "bob", ["pass", "fail", "pass"])
    assert labels.disagreements() == [EntryKey("i1"), EntryKey("i2")]
    label_as(experiment, "cy", [None, None, None, "fail"])
    assert labels.disagreements() == [EntryKey("i1"), EntryKey("i2"), EntryKey("i3")]


def test_people_do_not_disagree_by_what_they_write_or_by_repeats(experiment):
    for name in ("ann", "bob"):
        page = Page(session_of(experiment, EVERY_KIND, name, agreed=terms(repeats=1.0)))
        page.set(0, f"words of {name}", "why")
        page.set(0, "pass")
        page.set(place_of(page.session, "i0", repeat=True), "pass" if name == "ann" else "fail")
    assert labels_of(page.session).disagreements() == []


def test_a_disagreement_is_never_named_by_its_hidden_repeat(experiment):
    for name, value in (("ann", "pass"), ("bob", "fail")):
        page = Page(session_of(experiment, annotator=name, agreed=terms(repeats=1.0)))
        page.set(place_of(page.session, "i0"), value)
        page.set(place_of(page.session, "i0", repeat=True), value)
    assert labels_of(page.session).disagreements() == [EntryKey("i0")]


def test_only_disagreements_are_settled_with_everybodys_decision_shown_nameless(experiment):
    label_as(experiment, "ann", ["pass", "pass", "fail"])
    bob = label_as(experiment, "bob", ["pass", "fail", "fail"])
    bob.do("comment", 1, value="It is rude.")
    session = adjudication_of(experiment)
    assert item_ids(session) == ["i1"]
    entry = session.entry(0)
    name, decisions = entry.shown.after[-1]
    assert name == "decisions"
    assert decisions == {
        "person A": "verdict pass",
        "person B": "verdict fail · “It is rude.”",
    }
    told = str(entry_wire(entry))
    assert "It is rude." in told
    assert "bob" not in told
    assert "ann" not in told.replace("annot", "")


def test_what_is_settled_is_a_score_marked_as_such_and_stands_in_the_frame(client, experiment):
    label_as(experiment, "ann", ["pass"])
    label_as(experiment, "bob", ["fail"])
    page = Page(adjudication_of(experiment))
    page.set(0, "fail")
    [settled] = client.get_scores(name="verdict", author="cy").itertuples()
    assert (settled.value, settled.metadata["adjudicated"]) == ("fail", True)
    assert settled.metadata["queue"] == page.session.queue.id
    assert experiment.to_frame()["verdict"].dropna().tolist() == ["fail"]
    assert labels_of(session_of(experiment)).annotators == ["ann", "bob"]


def test_what_one_of_those_who_differ_settles_stands_in_the_frame_too(experiment):
    label_as(experiment, "ann", ["pass"])
    label_as(experiment, "bob", ["fail"])
    Page(adjudication_of(experiment, "ann")).set(0, "pass")
    assert experiment.to_frame()["verdict"].dropna().tolist() == ["pass"]


def test_what_was_settled_and_taken_back_leaves_everybodys_own_score(client, experiment):
    label_as(experiment, "ann", ["pass"])
    label_as(experiment, "bob", ["fail"])
    page = Page(adjudication_of(experiment, "ann"))
    page.set(0, "fail")
    page.do("undo", 0)
    assert human_scores(client, experiment, "ann") == {("i0", "verdict"): "pass"}
    assert human_scores(client, experiment, "bob") == {("i0", "verdict"): "fail"}


def test_settling_goes_on_where_it_was_left_and_takes_in_new_disagreements(experiment):
    label_as(experiment, "ann", ["pass", "pass"])
    label_as(experiment, "bob", ["fail"])
    Page(adjudication_of(experiment)).set(0, "pass")
    later = Page(session_of(experiment, annotator="bob"))
    later.set(1, "fail")
    again = adjudication_of(experiment)
    assert (again.tally.done, item_ids(again)) == (1, ["i0"])
    assert again.join()
    assert item_ids(again) == ["i0", "i1"]
    assert again.next_open() == 1
    assert not again.join()


def test_a_pair_is_settled_on_the_same_sides(runs):
    for name, choice in (("ann", "left"), ("bob", "right")):
        page = Page(session_of(runs, PREFERENCE, name))
        page.set_all([choice] * 8, "preference")
    before = {e.key.item_id: e.swapped for e in page.session.entries(0, 8)}
    settling = adjudication_of(runs, rubric=PREFERENCE)
    assert {e.key.item_id: e.swapped for e in settling.entries(0, 8)} == before


@pytest.fixture
def annotate(monkeypatch):
    from xeroml_nb.widgets import labeller

    monkeypatch.setattr(labeller, "_last_annotator", None)
    return labeller.annotate


def test_where_nobody_disagrees_there_is_nothing_to_settle(experiment, annotate):
    label_as(experiment, "ann", ["pass"])
    with pytest.raises(BadInput) as caught:
        annotate(experiment, VERDICT, annotator="ann").adjudicate()
    assert str(caught.value) == "Nobody disagrees in 'run #1'. It was labelled by ann."


def test_a_labeller_settles_disagreements_and_reads_as_labels(experiment, annotate):
    label_as(experiment, "ann", ["pass"])
    label_as(experiment, "bob", ["fail"])
    labeller = annotate(experiment, VERDICT, annotator="ann")
    settled = labeller.adjudicate(annotator="cy")
    assert settled.session.annotator == "cy"
    Page(settled.session).set(0, "pass")
    assert settled.to_frame()["value"].tolist() == ["pass"]
    assert sorted(labeller.to_frame()["annotator"]) == ["ann", "bob"]


# Queues of traces.


@pytest.fixture
def traces(client):
    """Three traces, by id."""
    made = []
    for n in range(3):
        with client.start_as_current_observation(name="answer", input={"q": n}) as observed:
            observed.update(output=f"answer {n}")
            made.append(observed.trace_id)
    client.flush()
    return made


@pytest.fixture
def queue(client):
    return client.create_annotation_queue(name="odd ones", rubric=VERDICT, description="Why?")


def test_a_queue_of_traces_is_made_listed_and_filled(client, queue, traces):
    assert client.annotation_queues() == [queue]
    assert (queue.name, queue.rubric, queue.description) == ("odd ones", VERDICT, "Why?")
    for trace_id in traces:
        assert client.add_to_annotation_queue(queue_id=queue.id, trace_id=trace_id)
    session = session_of_queue(client.store, queue.id)
    assert item_ids(session) == traces
    entry = session.entry(1)
    assert entry.shown.title == traces[1]
    assert entry.shown.parts[0] == ("trace", "answer")
    assert entry.shown.parts[1:] == (("input", {"q": 1}),)
    assert entry.shown.outputs == ("answer 1",)


def test_a_trace_of_an_item_run_comes_with_its_item_and_what_was_expected(client, queue):
    items = [{"id": "a", "input": 1, "expected_output": 2, "metadata": {"lang": "de"}}]
    dataset = client.create_dataset(name="sums", items=items)
    ran = client.start(lambda number: number + 1, dataset, name="run").wait()
    loop = client.create_experiment(name="loop")
    with loop.run_item_raw(input=3, expected_output=4) as run:
        run.set_output(5)
    for experiment in (ran, loop):
        [trace_id] = experiment.to_frame()["trace_id"]
        client.add_to_annotation_queue(queue_id=queue.id, trace_id=trace_id)
    session = session_of_queue(client.store, queue.id)
    first, second = (session.entry(place).shown for place in (0, 1))
    assert first.parts == (("item", "a"), ("input", 1))
    assert (first.outputs, first.after, first.expected) == ((2,), (("expected", 2),), 2)
    assert first.metadata == {"lang": "de"}
    assert second.parts[1:] == (("input", 3),)
    assert (second.outputs, second.expected) == ((5,), 4)


def test_a_trace_that_is_in_a_queue_already_stays_where_it_is(client, queue, traces):
    added = [
        client.add_to_annotation_queue(queue_id=queue.id, trace_id=trace_id)
        for trace_id in [*traces[:2], traces[0], traces[1]]
    ]
    assert added == [True, True, False, False]
    assert item_ids(session_of_queue(client.store, queue.id)) == traces[:2]


def test_traces_join_a_queue_while_it_is_labelled(client, queue, traces):
    session = session_of_queue(client.store, queue.id)
    assert (session.total, session.next_open()) == (0, None)
    client.add_to_annotation_queue(queue_id=queue.id, trace_id=traces[0])
    assert session.join()
    Page(session).set(0, "pass")
    client.add_to_annotation_queue(queue_id=queue.id, trace_id=traces[1])
    assert session.join()
    assert session.next_open() == 1
    [score] = client.get_scores(trace_id=traces[0]).itertuples()
    assert (score.name, score.value, score.source) == ("verdict", "pass", "human")
    resumed = session_of_queue(client.store, queue.id)
    assert (resumed.tally.text(), resumed.next_open()) == ("pass 1", 1)
    assert labels_of(resumed).to_frame()["trace_id"].tolist() == traces[:1]


def test_a_trace_of_which_nothing_is_known_can_be_labelled_too(client, queue):
    assert client.add_to_annotation_queue(queue_id=queue.id, trace_id="from elsewhere")
    session = session_of_queue(client.store, queue.id)
    assert entry_wire(session.entry(0))["title"] == "from elsewhere"
    Page(session).set(0, "fail")
    assert client.get_scores(trace_id="from elsewhere")["value"].tolist() == ["fail"]


def test_an_unknown_queue_is_answered_with_those_that_come_near(client, queue):
    near = queue.id[:-1] + ("0" if queue.id[-1] != "0" else "1")
    with pytest.raises(NotFound) as caught:
        client.add_to_annotation_queue(queue_id=near, trace_id="t")
    assert str(caught.value) == (
        f"There is no annotation queue {near!r}. Did you mean {queue.id!r}?"
    )


def test_an_unknown_queue_where_there_is_none_is_answered_with_how_to_make_one(client):
    with pytest.raises(NotFound, match=r"There are none yet. Use create_annotation_queue\(\)."):
        client.add_to_annotation_queue(queue_id="abc", trace_id="t")


@pytest.mark.parametrize("trace_id", ["", None, 3, "a\nb"])
def test_a_trace_id_that_cannot_be_one_is_refused(client, queue, trace_id):
    with pytest.raises(BadInput, match="The trace_id is"):
        client.add_to_annotation_queue(queue_id=queue.id, trace_id=trace_id)
    assert item_ids(session_of_queue(client.store, queue.id)) == []


def test_a_second_queue_of_one_name_is_refused(client, queue):
    with pytest.raises(BadInput, match="There is an annotation queue 'odd ones' already"):
        client.create_annotation_queue(name="odd ones", rubric=VERDICT)
    assert client.annotation_queues() == [queue]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, None])
def test_a_queue_needs_a_name(client, name):
    with pytest.raises(BadInput, match="annotation queue"):
        client.create_annotation_queue(name=name, rubric=VERDICT)


def test_a_trace_cannot_be_put_where_only_an_experiment_is_labelled(client, experiment):
    session = session_of(experiment)
    with pytest.raises((NotFound, BadInput)):
        client.add_to_annotation_queue(queue_id=session.queue.id, trace_id="t")


def test_a_queue_of_traces_does_not_ask_which_of_two_is_better(client):
    with pytest.raises(BadInput, match="preference"):
        client.create_annotation_queue(name="pairs", rubric=PREFERENCE)


def test_a_queue_of_traces_is_opened_by_itself_or_by_its_id(client, queue, traces, annotate):
    client.add_to_annotation_queue(queue_id=queue.id, trace_id=traces[0])
    first = annotate(queue, annotator="ann")
    assert first.rubric == VERDICT
    assert annotate(queue.id, annotator="ann").queue_id == first.queue_id
    with pytest.raises(NotFound, match=queue.id):
        annotate(queue.id + "0", annotator="ann")


def test_a_queue_of_traces_may_be_asked_other_questions_later(client, queue, traces):
    client.add_to_annotation_queue(queue_id=queue.id, trace_id=traces[0])
    Page(session_of_queue(client.store, queue.id)).set(0, "pass")
    edited = Rubric([Dimension("verdict", options=["pass", Option("poor", value=0)])])
    session = session_of_queue(client.store, queue.id, rubric=edited)
    assert len(session.stale()) == 1
    assert client.annotation_queues()[0].rubric == edited


def test_disagreements_about_traces_are_settled_too(client, queue, traces, annotate):
    for trace_id in traces:
        client.add_to_annotation_queue(queue_id=queue.id, trace_id=trace_id)
    for name, value in (("ann", "pass"), ("bob", "fail")):
        Page(session_of_queue(client.store, queue.id, name)).set(1, value)
    settling = annotate(queue, annotator="cy").adjudicate()
    assert item_ids(settling.session) == [traces[1]]
    assert len(settling.session.entry(0).shown.after) == 1
