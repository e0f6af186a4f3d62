"""Experiments side by side: pairs, figures, verdicts, and what the reader must be told."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.analysis import changes, groups
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus, ItemRun, ItemStatus
from xeroml_nb.records.ids import create_trace_id, random_id
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import experiments as stored
from xeroml_nb.store.rows import Rows

HOSTILE = '"it\'s" <script>alert(1)</script> \u202etfel'


def run_with(  # noqa: PLR0913 - what a run is made of
    client, name, scores, *, dataset=None, failed=(), metadata=None
):
    """A finished run whose item "i<n>" has the n-th scores: name to value, or several of them.

    A list of dicts stands for repetitions; None is an item run without scores.
    """
    if dataset is None:
        dataset = f"items {len(scores)}"
        items = [
            {"id": f"i{n:03}", "input": n, "metadata": metadata(n) if metadata else None}
            for n in range(len(scores))
        ]
        client.create_dataset(name=dataset, items=items, input="input", metadata="metadata")
    kept = client.get_dataset(dataset)
    repeated = [s if isinstance(s, list) else [s] for s in scores]
    record = ExperimentRecord(
        id=random_id(),
        name=name,
        number=0,
        status=ExperimentStatus.FINISHED,
        created_at=clock.now(),
        finished_at=clock.now(),
        dataset_id=kept.id,
        dataset_name=dataset,
        dataset_version=kept.version,
        content_hash=kept.content_hash,
        planned=len(scores),
        repetitions=max(map(len, repeated), default=1),
    )
    record = client.store.write(lambda c: stored.create(c, record))
    rows = Rows()
    for n, each in enumerate(repeated):
        for repetition, given_scores in enumerate(each):
            trace = create_trace_id()
            status = ItemStatus.FAILED if n in failed else ItemStatus.OK
            rows.item_runs.append(
                ItemRun(
                    record.id,
                    f"i{n:03}",
                    repetition,
                    status,
                    trace,
                    clock.now(),
                    latency=0.5,
                    output_json=None if n in failed else f'"{name} {n}"',
                    error="ValueError: no" if n in failed else None,
                )
            )
            for score, value in (given_scores or {}).items():
                rows.scores.append(new_score(ScoreTarget(trace_id=trace), score, value))
    client.store.write_rows(rows)
    return client.get_experiment(record.id)


def accuracies(client, first, second, **options):
    """Two runs whose only score is right or wrong."""
    one = run_with(client, "before", [{"right": bool(v)} for v in first], **options)
    two = run_with(client, "after", [{"right": bool(v)} for v in second], **options)
    return one, two


# Figures.


def test_the_verdict_says_whether_by_how_much_and_how_sure(client):
    first = [1] * 30 + [0] * 30
    second = [1] * 27 + [0] * 3 + [1] * 14 + [0] * 16
    compared = xn.compare(*accuracies(client, first, second))
    found = compared.difference("right")
    assert found.verdict == "better"
    assert (found.wins, found.losses, found.ties, found.n) == (14, 3, 43, 60)
    assert found.difference == pytest.approx(11 / 60)
    assert found.low < 11 / 60 < found.high
    assert found.p_exact == pytest.approx(scipy.stats.binomtest(3, 17).pvalue)
    assert compared.verdict().startswith("Better: +0.18 [+0.0")
    assert compared.verdict().endswith("p 0.0075 · 60 shared items")
    assert found.counts == ("14 improved · 3 regressed · 43 same · could have seen ±0.19")


def test_the_table_has_a_row_a_score_and_run_with_honest_denominators(client):
    scores = [{"right": n % 2 == 0, "f1": n / 10} for n in range(10)]
    one = run_with(client, "before", scores)
    worse = [{"right": False, "f1": n / 20} if n != 3 else None for n in range(10)]
    two = run_with(client, "after", worse, dataset="items 10", failed={3})
    table = xn.compare(one, two).table().set_index(["score", "run"])
    assert list(table.index) == [
        ("f1", "before #1"),
        ("f1", "after #1"),
        ("right", "before #1"),
        ("right", "after #1"),
    ]
    assert list(table["n"]) == [10, 9, 10, 9]
    assert list(table["failed"]) == [0, 1, 0, 1]
    assert list(table["attempted"]) == [10] * 4
    assert list(table["pairs"].dropna()) == [9, 9]
    assert table.loc[("f1", "before #1"), "verdict"] == "baseline"
    assert table.loc[("right", "after #1"), "difference"] == pytest.approx(-5 / 9)
    assert table.loc[("right", "before #1"), "mean"] == 0.5
    differences = [n / 20 - n / 10 for n in range(10) if n != 3]
    expected = scipy.stats.ttest_1samp(differences, 0)
    assert table.loc[("f1", "after #1"), "p_value"] == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval()
    assert table.loc[("f1", "after #1"), "diff_low"] == pytest.approx(low)
    assert table.loc[("f1", "after #1"), "diff_high"] == pytest.approx(high)


def test_repetitions_are_averaged_before_items_are_paired(client):
    one = run_with(client, "before", [[{"f": 0.0}, {"f": 1.0}], [{"f": 0.0}, {"f": 0.0}]] * 5)
    two = run_with(
        client, "after", [[{"f": 1.0}, {"f": 1.0}], [{"f": 0.0}, None]] * 5, dataset="items 10"
    )
    compared = xn.compare(one, two)
    found = compared.difference("f")
    assert (found.n, found.wins, found.ties) == (10, 5, 5)
    assert found.difference == pytest.approx(0.25)
    assert list(compared.values("f")["before #1"][:2]) == [0.5, 0.0]
    [before, after] = compared.estimates
    assert (before.attempted, before.unscored, after.unscored) == (20, 0, 5)


def test_a_lower_score_can_be_the_better_one(client):
    one = run_with(client, "before", [{"cost": 5.0 + n % 3} for n in range(12)])
    two = run_with(client, "after", [{"cost": 4.0 + n % 2} for n in range(12)], dataset="items 12")
    assert xn.compare(one, two).difference("cost").verdict == "worse"
    compared = xn.compare(one, two, directions={"cost": "lower"})
    found = compared.difference("cost")
    assert (found.verdict, found.losses) == ("better", 0)
    assert found.difference < 0
    assert compared.items()["change"].iloc[0] == "improved"
    none = xn.compare(one, two, directions={"cost": "none"})
    assert none.difference().verdict == "lower"
    assert dict(none.items()["change"].value_counts()) == {"lower": 10, "same": 2}


def test_the_direction_and_the_numbers_of_labels_come_from_their_rubric(client):
    one, two = accuracies(client, [1] * 8, [1] * 8)
    options = [xn.Option("good", value=1), xn.Option("bad", value=0), xn.Option("defer")]
    rubric = xn.Rubric([xn.Dimension("verdict", options=options, direction="higher")])
    for experiment, said in ((one, "bad"), (two, "good")):
        labels = xn.annotate(experiment, rubric, annotator="ann")
        for n in range(7):
            labels.record(f"i{n:03}", {"verdict": said}, annotator="ann")
        labels.record("i007", {"verdict": "defer"}, annotator="ann")
    compared = xn.compare(one, two)
    found = compared.difference("verdict")
    assert (found.n, found.wins, found.difference) == (7, 7, 1.0)
    assert found.verdict == "better"


def test_categories_compare_as_distributions(client):
    first = ["long"] * 30 + ["short"] * 30
    second = ["long"] * 10 + ["short"] * 45 + ["odd"] * 5
    one = run_with(client, "before", [{"style": s} for s in first])
    two = run_with(client, "after", [{"style": s} for s in second], dataset="items 60")
    compared = xn.compare(one, two)
    [found] = compared.distributions
    assert (found.verdict, found.n, found.changed) == ("differs", 60, 25)
    assert found.categories == ("short", "long", "odd")
    assert [s.rate for s in found.run_shares] == pytest.approx([0.75, 10 / 60, 5 / 60])
    assert found.distance == pytest.approx(20 / 60)
    assert compared.verdict("style").startswith("Differs: 33% of the answers moved")
    with pytest.raises(BadInput, match="holds categories"):
        compared.difference("style")


def test_several_claims_are_corrected_together(client):
    rng = np.random.default_rng(3)
    base = rng.normal(size=(40, 3))
    names = ("a", "b", "c")
    one = run_with(client, "before", [dict(zip(names, map(float, r), strict=True)) for r in base])
    moved = base + rng.normal([0.2, 0.5, 0.0], 1, size=(40, 3))
    two = run_with(
        client,
        "after",
        [dict(zip(names, map(float, r), strict=True)) for r in moved],
        dataset="items 40",
    )
    found = xn.compare(one, two).differences
    raw = [d.p_value for d in found]
    order = np.argsort(raw)
    expected = np.empty(3)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, raw[place] * (3 - rank)))
        expected[place] = highest
    assert [d.p_adjusted for d in found] == pytest.approx(list(expected))


def test_clusters_widen_the_interval_and_slices_are_told_apart(client):
    rng = np.random.default_rng(5)
    effect = np.repeat(rng.normal(0.3, 0.5, 12), 5)
    first = rng.normal(0, 0.2, 60)
    second = first + effect + rng.normal(0, 0.1, 60)

    def metadata(n):
        return {"document": n // 5, "lang": "de" if n % 2 else "en"}

    one = run_with(client, "before", [{"f": float(v)} for v in first], metadata=metadata)
    two = run_with(client, "after", [{"f": float(v)} for v in second], dataset="items 60")
    alone = xn.compare(one, two).difference()
    clustered = xn.compare(one, two, cluster="document").difference()
    by_function = xn.compare(one, two, cluster=lambda item: item.metadata["document"])
    means = (second - first).reshape(12, 5).mean(axis=1)
    low, high = scipy.stats.ttest_1samp(means, 0).confidence_interval()
    assert (clustered.low, clustered.high) == pytest.approx((low, high))
    assert by_function.difference().low == clustered.low
    assert clustered.high - clustered.low > 1.5 * (alone.high - alone.low)
    slices = xn.compare(one, two, by="lang").slices()
    assert set(slices["slice"]) == {"de", "en"}
    assert list(slices["n"]) == [30, 30]
    adjusted = scipy.stats.false_discovery_control(slices["p_value"])
    assert list(slices["p_adjusted"]) == pytest.approx(list(adjusted))


def test_bootstrap_intervals_are_the_same_for_the_same_seed(client):
    rng = np.random.default_rng(7)
    first, second = rng.random(30), rng.random(30)
    one = run_with(client, "before", [{"f": float(v)} for v in first])
    two = run_with(client, "after", [{"f": float(v)} for v in second], dataset="items 30")
    found, again, other = (
        xn.compare(one, two, bootstrap=500, seed=seed).difference() for seed in (1, 1, 2)
    )
    assert (found.low, found.high, found.p_value) == (again.low, again.high, again.p_value)
    assert (found.low, found.high) != (other.low, other.high)
    assert "bootstrap" in found.method.lower()


def test_several_candidates_are_compared_with_the_baseline_named(client):
    one, two = accuracies(client, [1, 0] * 10, [1, 1] * 10)
    three = run_with(client, "third", [{"right": False}] * 20, dataset="items 20")
    compared = xn.compare(one, two, three, baseline=two)
    assert compared.baseline.label == "after #1"
    assert [r.label for r in compared.candidates] == ["before #1", "third #1"]
    assert compared.difference(candidate="third").difference == -1.0
    assert compared.difference(candidate="before #1").verdict == "worse"
    assert compared.title == "before #1, third #1 against after #1"
    assert xn.compare("before", "third #1", baseline="after").baseline.label == "after #1"


# Items.


def test_items_are_side_by_side_with_the_largest_changes_first(client):
    one = run_with(client, "before", [{"f": v} for v in (0.5, 0.5, 0.5, 0.5, 0.5)])
    two = run_with(
        client,
        "after",
        [{"f": 0.6}, {"f": 0.1}, {"f": 0.5}, None, None],
        dataset="items 5",
        failed={3},
    )
    items = xn.compare(one, two).items()
    assert list(items["item_id"]) == ["i001", "i000", "i002", "i003", "i004"]
    assert list(items["change"]) == ["regressed", "improved", "same", "failed", "not scored"]
    assert list(items["delta"][:3]) == pytest.approx([-0.4, 0.1, 0.0])
    first = items.iloc[0]
    assert (first["input"], first["baseline_output"], first["output"]) == (1, "before 1", "after 1")
    assert (first["baseline_score"], first["score"]) == (0.5, 0.1)
    assert items.set_index("item_id").loc["i003", "error"] == "ValueError: no"
    assert items["trace_id"].nunique() == 5


def test_categories_of_items_are_the_same_or_have_changed(client):
    one = run_with(client, "before", [{"tone": t} for t in ("kind", "kind", "rude")])
    scores = [{"tone": "kind"}, {"tone": "rude"}, None]
    two = run_with(client, "after", scores, dataset="items 3")
    compared = xn.compare(one, two)
    items = compared.items("tone").set_index("item_id")
    assert items["change"].to_dict() == {"i000": "same", "i001": "changed", "i002": "not scored"}
    assert items.loc["i001", ["baseline_score", "score"]].tolist() == ["kind", "rude"]
    assert items["delta"].isna().all()
    assert compared.changes("tone").counts == {"changed": 1, "same": 1, "not scored": 1}


def test_many_items_read_as_few_do(client, monkeypatch):
    one, two = accuracies(client, [1, 0, 1, 0], [1, 1, 0, 0])
    few = xn.compare(one, two).items()
    monkeypatch.setattr(changes, "_FEW", 0)
    pd.testing.assert_frame_equal(xn.compare(one, two).items(), few)


def test_items_of_a_loop_of_ones_own_are_shown_with_their_input(client):
    loops = []
    for name in ("before", "after"):
        loop = client.create_experiment(name=name, evaluators=[lambda output: output])
        with loop.run_item_raw(input=7, expected_output=8) as run:
            run.set_output(len(name))
        loops.append(loop)
    [row] = xn.compare(*loops).items().to_dict("records")
    assert (row["input"], row["expected_output"], row["output"]) == (7, 8, 5)
    assert row["change"] == "regressed"


def test_seconds_are_side_by_side(client):
    compared = xn.compare(*accuracies(client, [1, 0], [1, 1]))
    assert compared.latencies().to_numpy().tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert list(compared.latencies().columns) == ["before #1", "after #1"]


def test_what_produced_the_runs_is_told_apart(client):
    client.create_dataset(name="numbers", items=[{"input": n} for n in range(4)])

    def first(input):  # noqa: A002 - the word of the field
        return input + 1

    def second(input):  # noqa: A002
        changed = 2
        return input + changed

    runs = [
        client.start(task, "numbers", evaluators=[lambda output: output]).wait()
        for task in (first, second)
    ]
    found = xn.compare(*runs).code()
    assert not found.is_same_task
    assert "-    return input + 1" in [
        line.replace("        return", "    return") for line in found.source
    ]
    assert any(line.startswith("+") and "changed = 2" in line for line in found.source)
    assert found.packages == {}
    assert found.facts["task"] == ("first", "second")
    assert "task: first → second" in repr(found)
    assert "≠ task" in found._repr_html_()


def prefixed(prefix):
    def task(input):  # noqa: A002 - the word of the field
        return f"{prefix}{input}"

    return task


def test_tasks_of_the_same_text_are_the_same_unless_a_value_of_theirs_differs(client):
    client.create_dataset(name="numbers", items=[{"input": n} for n in range(2)])
    one, again, other = (
        client.start(prefixed(p), "numbers", name=name, evaluators=[lambda: True]).wait()
        for name, p in (("one", "a"), ("again", "a"), ("other", "b"))
    )
    same = xn.compare(one, again).code()
    assert same.source == []
    assert repr(same).endswith("The tasks are the same.")
    assert repr(xn.compare(one, other).code()).endswith(
        "The tasks' text is the same; a value that it uses, such as a prompt, differs."
    )
    bare = run_with(client, "loop", [{"right": True}] * 2, dataset="numbers")
    assert "whose text is not known" in xn.compare(bare, bare_again(client)).code().unchanged


def bare_again(client):
    return run_with(client, "again", [{"right": True}] * 2, dataset="numbers")


def test_costs_are_added_up_by_trace(client):
    client.create_dataset(name="numbers", items=[{"input": n} for n in range(3)])

    @xn.observe(type="generation")
    def ask(price):
        with client.start_as_current_observation(name="call", type="generation") as call:
            call.update(usage={"input": 5, "cost": price})
        with client.start_as_current_observation(name="odd", type="generation") as call:
            call.update(usage={"cost": float("inf")})
        return price

    def task(number):
        return ask(0.25) + ask(number / 2) if number else 0

    experiment = client.start(task, "numbers", evaluators=[lambda output: output]).wait()
    costs = xn.compare(experiment).costs()["task #1"]
    by_input = {r.item.id: r.item.input for r in experiment.get_results()}
    found = {by_input[item_id]: cost for item_id, cost in costs.items()}
    assert math.isnan(found[0])
    assert (found[1], found[2]) == (0.75, 1.25)
    assert xn.charts.against(experiment, experiment.to_frame().columns[-1], "cost").to_dict()


def test_the_frame_of_several_experiments_has_their_labels_first(client):
    one, _ = accuracies(client, [1, 0], [1, 1])
    frame = xn.to_frame(one, "after #1")
    assert list(frame["experiment"]) == ["before #1"] * 2 + ["after #1"] * 2
    assert list(frame["right"]) == [True, False, True, True]
    pd.testing.assert_frame_equal(
        frame.iloc[:2].drop(columns="experiment"), one.to_frame(), check_dtype=False
    )


# What the reader must be told.


def test_unshared_and_changed_items_are_left_out_and_counted(client):
    rows = [{"id": f"i{n:03}", "input": n, "metadata": None} for n in range(10)]
    client.create_dataset(name="items 10", items=rows)
    one = run_with(client, "before", [{"f": float(n)} for n in range(10)], dataset="items 10")
    rows[0]["input"] = "other"
    client.create_dataset(name="items 10", items=rows[:8])
    two = run_with(client, "after", [{"f": n + 1.0} for n in range(8)], dataset="items 10")
    compared = xn.compare(one, two)
    assert compared.shared == 7
    assert compared.unshared == {"before #1": 3, "after #1": 1}
    notes = " ".join(compared.notes)
    assert "different versions of the dataset" in notes
    assert "1 item changed in content" in notes
    assert "i000" not in compared.values("f").index


def test_runs_over_other_datasets_compare_only_the_same_questions(client):
    one, _ = accuracies(client, [1, 0, 1], [1, 1, 1])
    items = [{"id": f"i{n:03}", "input": n or "other"} for n in range(3)]
    client.create_dataset(name="second", items=items)
    two = run_with(client, "over", [{"right": True}] * 3, dataset="second")
    compared = xn.compare(one, two)
    assert compared.shared == 2
    assert "different datasets" in compared.notes[0]
    client.create_dataset(name="third", items=[{"id": "else", "input": 1}])
    three = client.start(lambda n: n, "third", name="far").wait()
    with pytest.raises(BadInput, match="share no item") as refused:
        xn.compare(one, three)
    assert "'items 3'" in str(refused.value)
    assert "'third'" in str(refused.value)


def test_failures_are_counted_and_weighed(client):
    one = run_with(client, "before", [{"right": True}] * 6 + [{"right": False}] * 4)
    scores = [{"right": True}] * 7 + [None] * 3
    two = run_with(client, "after", scores, dataset="items 10", failed={7, 8, 9})
    compared = xn.compare(one, two)
    found = compared.difference()
    assert found.difference == pytest.approx(1 / 7)
    assert found.if_failed == pytest.approx(0.1)
    notes = " ".join(compared.notes)
    assert "Item runs that failed and are in no mean: after #1 3." in notes
    assert "+0.14, or +0.10 if every failed item had counted" in notes


def test_a_run_in_which_all_failed_cannot_be_judged(client):
    one = run_with(client, "before", [{"right": True}] * 4)
    two = run_with(client, "after", [None] * 4, dataset="items 4", failed=range(4))
    found = xn.compare(one, two).difference()
    assert found.verdict == "cannot tell"
    assert found.sentence == "Cannot tell: every shared item of after #1 failed"
    both = run_with(client, "again", [None] * 4, dataset="items 4", failed=range(4))
    with pytest.raises(BadInput, match="has no scores: 8 item runs failed"):
        xn.compare(two, both)


def test_a_run_that_is_not_finished_is_told(client):
    one, two = accuracies(client, [1, 0], [1, 1])
    half = replace(two.record, id=random_id(), name="half", status=ExperimentStatus.STOPPED)
    half = client.store.write(lambda c: stored.create(c, half))
    trace = create_trace_id()
    score = new_score(ScoreTarget(trace_id=trace), "right", value=True)
    run = ItemRun(half.id, "i000", 0, ItemStatus.OK, trace, clock.now())
    client.store.write_rows(Rows(item_runs=[run], scores=[score]))
    notes = xn.compare(one, "half").notes
    assert "half #1 is unfinished: 1 of 2 item runs ended." in notes


def test_a_run_of_which_no_item_was_run_cannot_be_compared(client):
    one, _ = accuracies(client, [1, 0], [1, 1])
    empty = run_with(client, "empty", [], dataset="items 2")
    with pytest.raises(BadInput, match="empty #1 has run no item yet"):
        xn.compare(one, empty)


def test_scores_that_never_meet_on_an_item_cannot_tell(client):
    scores = [{"right": True, "tone": "kind"}, None]
    one = run_with(client, "before", scores)
    two = run_with(client, "after", scores[::-1], dataset="items 2")
    compared = xn.compare(one, two)
    assert compared.verdict("right") == (
        "Cannot tell: no shared item has a score 'right' in both runs"
    )
    [tone] = compared.distributions
    assert tone.verdict == "cannot tell"
    assert compared.verdict("tone") == "Cannot tell: no item has an answer in both runs"


def test_what_failed_is_weighed_only_where_there_is_a_worst_value(client):
    one = run_with(client, "before", [{"length": float(n + 2)} for n in range(6)])
    scores = [{"length": float(n + 3)} for n in range(5)]
    two = run_with(client, "after", [*scores, None], dataset="items 6", failed={5})
    notes = xn.compare(one, two).notes
    assert notes == ("Item runs that failed and are in no mean: after #1 1.",)


def test_categories_alone_have_no_difference_to_ask_for(client):
    one = run_with(client, "before", [{"tone": "kind"}] * 2)
    two = run_with(client, "after", [{"tone": "rude"}] * 2, dataset="items 2")
    with pytest.raises(BadInput, match=r"no score that is a number. Name one of 'tone'"):
        xn.compare(one, two).difference()


def test_a_score_in_one_run_alone_cannot_tell(client):
    one = run_with(client, "before", [{"tone": "kind", "right": True}] * 2)
    two = run_with(client, "after", [{"right": True}] * 2, dataset="items 2")
    assert xn.compare(one, two).verdict("tone") == (
        "Cannot tell: no item has an answer in both runs"
    )


def test_numbers_and_categories_under_the_only_name_are_no_comparison(client):
    one = run_with(client, "before", [{"x": 1.0}] * 3)
    two = run_with(client, "after", [{"x": "good"}] * 3, dataset="items 3")
    with pytest.raises(BadInput, match="'x' holds numbers and categories"):
        xn.compare(one, two)


def test_groups_that_cannot_be_made_are_refused(client):
    one, two = accuracies(client, [1] * 3, [1] * 3, metadata=lambda n: {"n": n})

    def by_word(item):
        return item.metadata["word"]

    with pytest.raises(BadInput, match=r"by=by_word failed on item 'i000': KeyError"):
        xn.compare(one, two, by=by_word)
    with pytest.raises(BadInput, match="cluster=by_word failed"):
        xn.compare(one, two, cluster=by_word)


def test_more_groups_than_anybody_reads_are_refused(client, monkeypatch):
    monkeypatch.setattr(groups, "_MOST_SLICES", 2)
    one, two = accuracies(client, [1] * 3, [1] * 3, metadata=lambda n: {"n": n})
    with pytest.raises(BadInput, match=r"by='n' makes 3 slices.*at most 2 values"):
        xn.compare(one, two, by="n")


def test_one_item_and_constant_scores_are_said_in_words(client):
    one, two = accuracies(client, [0], [1])
    found = xn.compare(one, two).difference()
    assert found.verdict == "cannot tell"
    assert "nan" not in found.sentence.lower()
    assert "one item" in found.sentence
    same = run_with(client, "same", [{"f": 0.7}] * 5)
    again = run_with(client, "again", [{"f": 0.7}] * 5, dataset="items 5")
    constant = xn.compare(same, again)
    assert constant.difference().verdict == "not distinguishable"
    assert "nan" not in repr(constant).lower()


def test_numbers_and_categories_under_one_name_are_refused_in_words(client):
    one = run_with(client, "before", [{"x": 1.0, "y": 1.0}] * 3)
    two = run_with(client, "after", [{"x": "good", "y": 0.0}] * 3, dataset="items 3")
    compared = xn.compare(one, two)
    assert compared.scores == ("y",)
    assert any("'x' holds numbers in one place and categories" in note for note in compared.notes)
    with pytest.raises(BadInput, match="'x' holds numbers and categories"):
        xn.compare(one, two, scores=["x"])


def test_unknown_words_are_met_with_the_known_ones(client):
    one, two = accuracies(client, [1, 0], [1, 1], metadata=lambda n: {"lang": "de"})
    compared = xn.compare(one, two)
    with pytest.raises(NotFound, match=r"no score 'rigth'.*Did you mean 'right'"):
        compared.difference("rigth")
    with pytest.raises(NotFound, match="no candidate 'before'"):
        compared.difference(candidate="before")
    with pytest.raises(BadInput, match=r"metadata field 'language'.*It has 'lang'"):
        xn.compare(one, two, by="language")
    with pytest.raises(BadInput, match="was given twice"):
        xn.compare(one, one)
    with pytest.raises(BadInput, match="given no experiment"):
        xn.compare()
    with pytest.raises(BadInput, match="direction of 'right' is 'up'"):
        xn.compare(one, two, directions={"right": "up"})
    with pytest.raises(BadInput, match="no slices"):
        compared.slices()
    with pytest.raises(NotFound, match="no experiment 'befor'"):
        xn.compare("befor", two)
    with pytest.raises(BadInput, match="compared with nothing"):
        xn.compare(one).difference()


def test_names_of_any_kind_are_shown_as_they_are(client):
    one = run_with(client, HOSTILE, [{HOSTILE: "<b>"}, {HOSTILE: "a"}])
    two = run_with(client, "after", [{HOSTILE: "a"}, {HOSTILE: "a"}], dataset="items 2")
    compared = xn.compare(one, two, by=lambda item: HOSTILE)
    assert compared.scores == (HOSTILE,)
    assert HOSTILE in repr(compared)
    assert "<script>" not in compared.code()._repr_html_()
    assert compared.table()["score"].iloc[0] == HOSTILE


def test_several_scores_of_one_name_count_as_everywhere(client):
    one, two = accuracies(client, [1, 0], [1, 1])
    trace = two.to_frame()["trace_id"].iloc[0]
    client.score(trace_id=trace, name="right", value=False, source="human", author="ann")
    client.score(trace_id=trace, name="right", value=True, source="human", author="bea")
    client.score(
        trace_id=trace,
        name="right",
        value=False,
        source="human",
        author="ann",
        metadata={"adjudicated": True},
    )
    client.score(trace_id=trace, name="right", value=False)
    frame = two.to_frame()
    assert list(frame["right"]) == [False, True]
    assert frame["right (human)"].iloc[0] is False
    by_object = {r.item.id: {n: s.value for n, s in r.scores.items()} for r in two.get_results()}
    assert by_object["i000"] == {"right": False, "right (human)": False}
    assert xn.compare(one, two).numeric == ("right", "right (human)")


SCORES = st.lists(
    st.tuples(st.sampled_from([None, 0.0, 0.5, 1.0]), st.sampled_from([None, 0.0, 0.5, 1.0])),
    min_size=2,
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=SCORES)
def test_counts_and_means_are_those_of_a_plain_loop(client, pairs):
    name = random_id()
    items = [{"id": f"i{n:03}", "input": n} for n in range(len(pairs))]
    client.create_dataset(name=name, items=items)
    first, second = (
        [None if pair[side] is None else {"f": pair[side]} for pair in pairs] for side in (0, 1)
    )
    one = run_with(client, "before", first, dataset=name)
    two = run_with(client, "after", second, dataset=name)
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not any(v is not None for pair in pairs for v in pair):
        with pytest.raises(BadInput, match="has no scores"):
            xn.compare(one, two)
        return
    found = xn.compare(one, two).difference("f")
    assert found.n == len(both)
    assert found.wins == sum(b > a for a, b in both)
    assert found.losses == sum(b < a for a, b in both)
    if both:
        mean = math.fsum(b - a for a, b in both) / len(both)
        assert found.difference == pytest.approx(mean)
        if found.low is not None:
            assert found.low - 1e-9 <= mean <= found.high + 1e-9


def test_experiments_are_compared_in_the_store_they_live_in(own_folder):
    other = xn.get_client(own_folder / "other.db")
    one, two = accuracies(other, [1, 0], [1, 1])
    assert xn.compare(one, two).store is other.store
    assert len(xn.to_frame(one, two)) == 4
    assert not (own_folder / "store.db").exists()
    here = xn.get_client()
    stranger = run_with(here, "here", [{"right": True}])
    with pytest.raises(BadInput, match="here #1 lives in another store"):
        xn.compare(one, stranger)
    other.close()
    here.close()
