"""Gates: what lets an experiment pass, what does not, and what is said of it."""

from __future__ import annotations

import itertools
import json
import math
import threading
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

import xeroml_nb as xn
from tests.test_comparison import accuracies, run_with
from xeroml_nb.analysis.gate.demands import Allowance
from xeroml_nb.analysis.gate.words import value_text
from xeroml_nb.cli import app
from xeroml_nb.errors import BadInput, GateFailed, NotFound
from xeroml_nb.records.experiment import ExperimentStatus
from xeroml_nb.store import experiments as stored

HOSTILE = "a|b`</td><script>#3 @all\u202e"


def rights(right, wrong):
    return [{"right": True}] * right + [{"right": False}] * wrong


def rule(verdict, name):
    [found] = [one for one in verdict.rules if one.name.startswith(name)]
    return found


def broken(verdict):
    return [one.kind for one in verdict.broken]


# Bounds.


def test_a_mean_is_held_against_its_bound_and_shown_with_its_interval(client):
    run = run_with(client, "v1", rights(18, 2))
    verdict = client.gate(run, min={"right": 0.85})
    found = rule(verdict, "right at least")
    assert verdict.passed
    assert (found.value, found.n, found.bound) == (0.9, 20, 0.85)
    assert found.details == "0.9 [0.699, 0.972] · 20 items; the interval reaches below 0.85"
    above = client.gate("v1", min={"right": 0.95})
    assert broken(above) == ["min"]
    assert rule(above, "right").why == "0.95 lies within the interval"
    assert rule(above, "right").items == ("i018", "i019")


def test_rounding_breaks_no_bound(client):
    run = run_with(client, "v1", [{"f1": 0.7}] * 3)
    assert run.to_frame()["f1"].mean() != 0.7
    assert client.gate(run, min={"f1": 0.7}, max={"f1": 0.7})
    assert not client.gate(run, min={"f1": 0.7000001})


def test_the_share_of_a_category_has_a_bound_and_its_mean_has_none(client):
    run = run_with(client, "v1", [{"tone": "kind"}] * 3 + [{"tone": "a:b"}])
    assert rule(client.gate(run, min={"tone:kind": 0.7}), "tone:kind").value == 0.75
    verdict = client.gate(run, max={"tone:a:b": 0.2, "tone:rude": 0})
    assert [(r.subject, r.value) for r in verdict.rules[-2:]] == [
        ("tone:a:b", 0.25),
        ("tone:rude", 0),
    ]
    assert broken(verdict) == ["max"]
    with pytest.raises(BadInput, match=r"has no mean|have no mean"):
        client.gate(run, min={"tone": 1})


def test_latencies_are_those_of_outputs_and_time_outs(client):
    def task(n):
        if n == 0:
            raise ValueError(n)

    dataset = client.create_dataset(name="d", items=[{"input": n} for n in range(4)])
    run = client.run(task, dataset)
    verdict = client.gate(
        run, max={"latency_p95": 5, "latency_p99": 5, "latency_mean": 5}, allow_failed=1
    )
    assert verdict.passed
    assert [r.n for r in verdict.rules[-3:]] == [3, 3, 3]
    assert rule(verdict, "latency_p95").value == pytest.approx(
        run.to_frame().query("status == 'ok'")["latency_s"].quantile(0.95)
    )
    slow = client.gate(run, max={"latency_p50": 0}, allow_failed=1)
    assert broken(slow) == ["max"]


def test_a_card_and_an_evaluator_of_the_whole_run_have_bounds(client):
    @xn.evaluator
    def spread(results):
        return len(results) / 10

    run = run_with(client, "v1", rights(3, 1))
    client.score_experiment(run, [spread])
    xn.ScoreCard(["right"], name="quality").attach(run)
    verdict = client.gate(run, min={"quality": 75, "spread": 0.5})
    assert rule(verdict, "quality").value == 75
    assert rule(verdict, "quality").found == "75 · of the whole run"
    assert [r.subject for r in verdict.broken] == ["spread"]


def test_a_card_that_fails_now_does_not_pass_for_what_it_said_before(client):
    run = run_with(client, "v1", [{"points": 90}] * 3)
    xn.ScoreCard(["points"], name="quality").attach(run)
    assert client.gate(run, min={"quality": 80})
    client.score(trace_id=run.get_results()[0].trace_id, name="points", value=500)
    verdict = client.gate(run, min={"quality": 80})
    assert broken(verdict) == ["min"]
    assert rule(verdict, "quality").found.startswith("its score card fails: Score card 'quality'")


def test_an_evaluator_of_the_whole_run_that_failed_fails_the_gate(client):
    @xn.evaluator
    def spread(results):
        raise ZeroDivisionError

    run = run_with(client, "v1", rights(3, 1))
    client.score_experiment(run, [spread])
    assert rule(client.gate(run, min={"spread": 0}), "spread").found == (
        "evaluator 'spread' failed: ZeroDivisionError"
    )


def test_two_scores_of_one_name_on_the_whole_run_leave_open_which_is_meant(client):
    run = run_with(client, "v1", rights(3, 1))
    for name in ("one", "other"):
        run.report(name=name).set_card(xn.ScoreCard(["right"], name="quality"))
    with pytest.raises(BadInput, match=r"has 2 scores 'quality' on the whole run"):
        client.gate(run, min={"quality": 50})


def test_a_category_of_the_whole_run_has_no_bound(client):
    @xn.evaluator
    def mood(results):
        return "good"

    run = run_with(client, "v1", rights(3, 1))
    client.score_experiment(run, [mood])
    with pytest.raises(BadInput, match=r"'mood' of v1 #1 is 'good', which is no number"):
        client.gate(run, min={"mood": 1})


def test_what_nothing_was_measured_of_breaks_its_bound_and_says_why(client):
    before = run_with(client, "v1", rights(3, 1))
    record = replace(before.record, id="0" * 16, name="empty", number=0)
    client.store.write(lambda c: stored.create(c, record))
    verdict = client.gate("empty", max={"latency_p95": 1, "failed": 0.5})
    assert rule(verdict, "latency_p95").found == "no item run has a latency"
    assert rule(verdict, "failed at most").found == "no item run has ended"


def test_a_name_on_item_runs_and_on_the_whole_run_is_refused(client):
    run = run_with(client, "v1", rights(3, 1))
    xn.ScoreCard(["right"], name="right").attach(run)
    with pytest.raises(BadInput, match="another name"):
        client.gate(run, min={"right": 0.5})


# What is missing.


def test_an_item_run_that_failed_fails_the_gate_unless_allowed(client):
    run = run_with(client, "v1", [*rights(19, 0), None], failed={19})
    verdict = client.gate(run, min={"right": 0.9})
    assert broken(verdict) == ["failed"]
    assert rule(verdict, "failed").details == "1 of 20 item runs; see i019"
    assert "1 × ValueError, first on item i019: ValueError: no" in verdict.notes
    for allowed in (1, "1", "5%"):
        assert client.gate(run, min={"right": 0.9}, allow_failed=allowed)
    assert not client.gate(run, allow_failed="4.9%")
    share = client.gate(run, max={"failed": 0.04})
    assert broken(share) == ["max"]
    assert rule(share, "failed").found.startswith("0.05 [0.00")
    assert client.gate(run, max={"failed": 0.05})


def test_a_score_that_is_missing_fails_the_gate_unless_allowed(client):
    run = run_with(client, "v1", [*rights(3, 0), {"f1": 1.0}])
    verdict = client.gate(run, min={"right": 0.9})
    assert [r.name for r in verdict.broken] == ["item runs without right at most 0"]
    assert verdict.broken[0].items == ("i003",)
    assert client.gate(run, min={"right": 0.9}, allow_unscored="25%")
    assert len(client.gate(run).broken) == 2, "without a name all scores have to be there"


def test_where_an_evaluator_never_managed_to_score_the_gate_fails(client):
    def strict(output):
        raise ValueError("no")

    dataset = client.create_dataset(name="d", items=[{"input": n} for n in range(3)])
    run = client.run(lambda n: n, dataset, name="v1", evaluators=[strict])
    assert broken(client.gate(run)) == ["unscored"]
    verdict = client.gate(run, min={"strict": 0.5}, allow_unscored=3)
    assert rule(verdict, "strict").found == "nothing has this score"
    assert any("in evaluator strict" in note for note in verdict.notes)


def test_where_every_item_run_failed_a_score_is_missing_and_not_unknown(client):
    run = run_with(client, "v1", [None] * 3, failed={0, 1, 2})
    assert broken(client.gate(run, min={"right": 0.5})) == ["failed", "min"]


def test_a_run_that_is_not_finished_fails_the_gate(client):
    go_on = threading.Event()
    dataset = client.create_dataset(name="d", items=[{"input": n} for n in range(2)])
    run = client.start(lambda n: go_on.wait(20) if n else 1, dataset, name="v1")
    try:
        found = rule(client.gate(run), "the run finished")
        assert not found.passed
        assert found.found.endswith("of 2 item runs, the run is running")
        run.stop()
        assert rule(client.gate("v1"), "the run").found.endswith("the run is stopped")
    finally:
        go_on.set()


def test_a_loop_of_your_own_passes_once_it_ran_every_item(client):
    loop = client.create_experiment(name="loop")
    assert broken(client.gate(loop)) == ["finished"]
    with loop.run_item_raw(input=1) as run:
        run.set_output(2)
        run.score("right", value=True)
    assert client.gate(loop, min={"right": 1})
    dataset = client.create_dataset(name="d", items=[{"input": 1}, {"input": 2}])
    half = client.create_experiment(name="half", dataset_name="d")
    with half.run_item(dataset.items[0]) as run:
        run.score("right", value=True)
    assert broken(client.gate(half)) == ["finished"]


# The baseline.


def test_what_is_shown_to_be_worse_fails_and_what_is_not_says_what_could_have_been_seen(client):
    before, after = accuracies(client, [1] * 40 + [0] * 20, [1] * 28 + [0] * 32)
    worse = client.gate(after, no_worse_than=before)
    found = rule(worse, "right not worse than before #1")
    assert broken(worse) == ["no_worse_than"]
    assert found.why == "worse: all of the interval lies below 0"
    assert found.high < 0
    assert found.items == ("i028", "i029", "i030", "i031", "i032")
    better = client.gate(before, no_worse_than="after")
    assert better.passed
    assert rule(better, "right not").why.startswith("could have seen ±0.")


def test_with_a_margin_worse_has_to_be_ruled_out(client):
    before, after = accuracies(client, [1] * 20 + [0] * 10, [1] * 19 + [0] * 11)
    assert client.gate(after, no_worse_than=before)
    unsure = client.gate(after, no_worse_than=before, margin=0.02)
    assert rule(unsure, "right not").why == "the interval reaches below −0.02"
    assert rule(unsure, "right not").name == "right not worse than before #1 by more than 0.02"
    assert not unsure
    assert client.gate(after, no_worse_than=before, margin=0.4)


def test_where_lower_is_better_a_rise_is_worse(client):
    before = run_with(client, "before", [{"cost": 1.0 + n % 3 / 10} for n in range(12)])
    dear = [{"cost": 2.0 + n % 2 / 10} for n in range(12)]
    after = run_with(client, "after", dear, dataset="items 12")
    assert client.gate(after, no_worse_than=before)
    lower = {"cost": "lower"}
    verdict = client.gate(after, no_worse_than=before, directions=lower)
    assert rule(verdict, "cost not").why == "worse: all of the interval lies above 0"
    margin = client.gate(after, no_worse_than=before, directions=lower, margin=0.5)
    assert rule(margin, "cost not").why == "the interval reaches above +0.5"
    assert client.gate(before, no_worse_than=after, directions=lower, margin=0)


def test_one_item_cannot_tell_and_does_not_pass(client):
    before, after = accuracies(client, [1], [1])
    verdict = client.gate(after, no_worse_than=before)
    assert rule(verdict, "right not").why == "cannot tell"
    assert not verdict


def test_a_score_that_an_evaluator_gave_the_baseline_may_not_be_left_out(client):
    dataset = client.create_dataset(
        name="d", items=[{"input": n, "expected_output": n} for n in range(4)]
    )
    before = client.run(lambda n: n, dataset, name="a", evaluators=["exact_match"])
    after = client.run(lambda n: n, dataset, name="b", evaluators=[lambda output: 1.0])
    [name] = set(after.to_frame()) - set(before.to_frame())
    for row in before.get_results():
        client.score(trace_id=row.trace_id, name="liked", value=True, source="human")
        client.score(trace_id=row.trace_id, name=name, value=1.0)
    verdict = client.gate(after, no_worse_than=before)
    assert [(r.subject, r.passed) for r in verdict.rules[-2:]] == [
        ("exact_match", False),
        (name, True),
    ]
    assert "no score 'exact_match'" in rule(verdict, "exact_match not").found
    back = client.gate(before, no_worse_than=after)
    assert back.passed
    assert back.notes == ("b #1 has no score 'exact_match': not compared.",)
    with pytest.raises(NotFound, match="exact_match"):
        client.gate(after, no_worse_than=before, scores=["exakt_match"])


def test_what_people_labelled_in_part_is_no_missing_score_unless_it_is_named(client):
    before, after = accuracies(client, [1] * 9 + [0] * 3, [1] * 9 + [0] * 3)
    for run in (before, after):
        for row in run.get_results()[:5]:
            client.score(trace_id=row.trace_id, name="liked", value=True, source="human")
    assert [r.subject for r in client.gate(after).rules[2:]] == ["item runs without right"]
    assert [r.subject for r in client.gate(after, no_worse_than=before).rules[3:]] == ["right"]
    named = client.gate(after, no_worse_than=before, scores=["liked"])
    assert [r.name for r in named.broken] == ["item runs without liked at most 0"]
    assert client.gate(after, no_worse_than=before, scores=["liked"], allow_unscored=7)


def test_a_baseline_over_other_items_is_refused_unless_it_shares_half(client):
    client.create_dataset(
        name="d", items=[{"id": f"i{n:03}", "input": n} for n in range(6)], input="input"
    )
    kept = run_with(client, "before", rights(3, 3), dataset="d")
    dataset = client.get_dataset("d")
    for n in range(6, 12):
        dataset.upsert_item(id=f"i{n:03}", input=n)
    after = run_with(client, "after", rights(12, 0), dataset="d")
    verdict = client.gate(after, no_worse_than=kept)
    assert verdict.passed
    assert "The runs used different versions of the dataset." in verdict.notes
    dataset.upsert_item(id="i012", input=12)
    more = run_with(client, "more", rights(13, 0), dataset="d")
    with pytest.raises(BadInput, match="before #1 shares 6 of the 13 items of more #1"):
        client.gate(more, no_worse_than=kept)


def test_a_run_without_any_item_run_is_not_compared_and_fails(client):
    before = run_with(client, "before", rights(3, 1))
    record = replace(before.record, id="0" * 16, name="after", number=0)
    client.store.write(lambda c: stored.create(c, replace(record, status=ExperimentStatus.STOPPED)))
    verdict = client.gate("after", min={"right": 0.5}, no_worse_than=before)
    assert broken(verdict) == ["finished", "min", "no_worse_than"]


# Bad input.


NOT_TO_BE_ASKED = [
    ({"min": {"rihgt": 1}}, "no score 'rihgt'. Did you mean 'right'"),
    ({"min": {"latency_p9x": 1}}, "Did you mean 'latency_p95'"),
    ({"min": {"right": "0.8"}}, "min of 'right' is '0.8'. Use a finite number."),
    ({"max": {"right": float("nan")}}, "max of 'right' is nan"),
    ({"min": {"right": 1}, "max": {"right": 0.5}}, "is impossible"),
    ({"allow_failed": 0.05}, 'allow_failed is 0.05. Use a count, or a share such as "5%".'),
    ({"allow_unscored": "101%"}, "allow_unscored is '101%'"),
    ({"margin": 0.1}, "margin is about a baseline"),
    ({"no_worse_than": "v1"}, "v1 #1 is its own baseline"),
    ({"no_worse_than": "v0"}, "There is no experiment 'v0'. Did you mean"),
    ({"no_worse_than": "v2", "margin": -1}, "The margin is -1"),
    ({"no_worse_than": "v2", "scores": "right"}, "Pass a list of names"),
    ({"no_worse_than": "v2", "scores": ["tone"]}, "'tone' holds categories"),
    ({"no_worse_than": "v2", "directions": {"right": "none"}}, "share no score that can be"),
    ({"no_worse_than": "v3"}, "share no item"),
]


def test_what_cannot_be_asked_is_said_in_one_line(client):
    scores = [{"right": True, "tone": "kind"}] * 3
    run = run_with(client, "v1", scores)
    run_with(client, "v2", scores, dataset="items 3")
    client.create_dataset(name="other", items=[{"id": "i000", "input": "else"}])
    run_with(client, "v3", rights(1, 0), dataset="other")
    for asked, said in NOT_TO_BE_ASKED:
        with pytest.raises((BadInput, NotFound)) as error:
            client.gate(run, **asked)
        assert said in str(error.value), asked


def test_a_share_allows_what_it_says_and_not_one_more():
    for percent, total in itertools.product(range(101), (1, 7, 20, 64)):
        allowed = Allowance.of(f"{percent}%", "")
        most = max(n for n in range(total + 1) if allowed.allows(n, total))
        assert most == percent * total // 100


def test_a_value_reads_like_its_bound_only_if_it_is_the_bound():
    for bound, places in itertools.product((0.85, 0.005, -2.0, 0.0, 1234.5), range(15)):
        for value in (bound + 0.1**places, bound, math.nextafter(bound, 9e9)):
            assert (float(value_text(value, bound)) == bound) == (value == bound)


# What is said.


def test_a_verdict_is_true_where_it_passes_and_raises_where_it_does_not(client):
    run = run_with(client, "v1", rights(3, 1))
    verdict = client.gate(run, min={"right": 0.7})
    assert verdict
    verdict.raise_if_failed()
    assert repr(verdict).splitlines()[0] == "✓ v1 #1 passes all 4 rules"
    with pytest.raises(GateFailed, match="✗ v1 #1 fails 1 of 4 rules\n") as error:
        client.gate(run, min={"right": 0.8}).raise_if_failed()
    assert "  ✗ right at least 0.8: 0.75 [" in str(error.value)


def test_names_from_anywhere_are_text_and_nothing_else(client):
    run = run_with(client, "v1", [{HOSTILE: True}, {HOSTILE: False}])
    verdict = client.gate(run, min={HOSTILE: 0.9})
    html = verdict._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    lines = verdict.to_markdown().splitlines()
    assert lines[0] == "### ✗ v1 &#35;1 fails 1 of 4 rules"
    rows = [line.replace(r"\|", "") for line in lines[2:8]]
    assert {row.count("|") for row in rows} == {4}
    assert not any(mark in line.replace("\\" + mark, "") for line in rows for mark in "`<@")
    cases = ET.fromstring(verdict.to_junit()).findall(".//testcase")
    assert cases[-1].get("name") == f"{HOSTILE} at least 0.9"


def test_junit_holds_a_case_a_rule_and_no_character_that_xml_forbids(client):
    run = run_with(client, "v\u0085\ufffe1", [*rights(1, 0), None], failed={1})
    verdict = client.gate(run)
    suite = ET.fromstring(verdict.to_junit()).find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    [failed] = suite.findall("testcase/failure")
    assert failed.get("message") == "1 of 2 item runs"
    assert "first on item i001: ValueError: no" in failed.text


def test_json_holds_every_figure(client):
    before, after = accuracies(client, [1, 1, 0, 1], [1, 1, 0, 0])
    told = json.loads(client.gate(after, min={"right": 0.5}, no_worse_than=before).to_json())
    assert (told["experiment"], told["baseline"], told["passed"]) == ("after #1", "before #1", True)
    assert told["counts"] == {"planned": 4, "attempted": 4, "succeeded": 4, "failed": 0}
    kinds = ["finished", "failed", "unscored", "min", "no_worse_than"]
    assert [r["kind"] for r in told["rules"]] == kinds
    assert told["rules"][3]["value"] == 0.5
    assert told["rules"][4]["value"] == -0.25


# The command.


def command(*words):
    return CliRunner().invoke(app, ["gate", *words])


def test_the_command_ends_with_0_1_or_2_and_writes_what_is_asked_for(client, tmp_path):
    run_with(client, "before", rights(3, 1))
    run_with(client, "v1", rights(3, 1), dataset="items 4")
    files = {name: str(tmp_path / name) for name in ("junit", "json", "markdown")}
    words = [f"--{name}={path}" for name, path in files.items()]
    good = command(
        "v1", "--min", "right=0.7", "--max=latency_p95=2", "--no-worse-than=before", *words
    )
    assert (good.exit_code, good.stderr) == (0, "")
    assert good.stdout.startswith("✓ v1 #1 passes all 6 rules\n  ✓ the run finished: 4 of 4")
    assert ET.parse(files["junit"]).getroot().get("tests") == "6"
    assert json.loads((tmp_path / "json").read_text(encoding="utf-8"))["passed"]
    assert (tmp_path / "markdown").read_text(encoding="utf-8").startswith("### ✓ v1")
    for printed in (["--json", "-"], ["--json"]):
        bad = command("v1", *printed, "--min=right=0.8", words[0])
        assert bad.exit_code == 1
        assert not json.loads(bad.stdout)["passed"]
    assert json.loads(command("v1", "--json").stdout)["passed"]
    assert ET.parse(files["junit"]).getroot().get("failures") == "1"


UNUSABLE = [
    (["v2"], "There is no experiment 'v2'. Did you mean 'v1'?"),
    (["v1", "--min", "rihgt=1"], "There is no score 'rihgt'. Did you mean 'right'?"),
    (["v1", "--min", "right>1"], "--min is 'right>1'. Write it as in: --min accuracy=0.85"),
    (["v1", "--allow-failed", "some"], "allow_failed is 'some'."),
    (["v1", "--junit", "no/such/folder.xml"], "no/such/folder.xml cannot be written"),
]


def test_the_command_says_what_it_cannot_use_in_one_line_with_status_2(client):
    run_with(client, "v1", rights(3, 1))
    for words, said in UNUSABLE:
        done = command(*words)
        assert done.exit_code == 2, words
        assert done.stderr.startswith(said)
        assert done.stderr.count("\n") == 1
