"""Charts of experiments and comparisons: what each shows, refuses, and how large it gets."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest
import vl_convert
from charting import (
    HOSTILE,
    all_charts,
    as_vegalite_5,
    large_tables,
    of_comparison,
    parts_of,
    ran,
    rows_of,
    scored,
    tones_in,
    trend_of,
    two_runs,
    validator_of,
    vegalite_6,
    words_of,
)
from hypothesis import given
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb import charts
from xeroml_nb.annotation.statistics.agreement import kappa
from xeroml_nb.charts.palette import BETTER, GREY, WORSE, contrast, ink, run_marks
from xeroml_nb.charts.pareto import pareto_front
from xeroml_nb.charts.words import short, unique_names
from xeroml_nb.errors import BadInput, NotFound

# JupyterLab 4.6 draws with 5.6; the oldest that vl-convert brings is 5.8.
OLDEST = min(vl_convert.get_vegalite_versions(), key=lambda v: [*map(int, v.split("."))])
# What an expression may say: names are data and never part of one.
EXPRESSIONS = {
    "split(datum.label, '\\n')",
    "datum.value !== null",
    "datum.value === null",
    "(datum.ink === '#000000')",
    "(datum.ink === '#ffffff')",
}
FIELDS = set(
    """adjusted attempted category change detectable difference end failed first high human input
    item items judge label low mean method middle n p point row run said second share span start
    text unscored value verdict x x_high x_low x_said y y_high y_low y_said zero""".split()  # noqa: SIM905
)


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    client = xn.get_client(str(tmp_path_factory.mktemp("charts") / "store.db"))
    yield all_charts(client)
    client.close()


@pytest.fixture
def compared(client):
    return two_runs(client)


def encoded(chart, channel):
    """Every encoding of a channel in a chart."""
    parts = parts_of(chart.to_dict())
    return [p["encoding"][channel] for p in parts if channel in p.get("encoding", {})]


# Every chart.


def test_every_chart_is_vega_lite_6(every):
    schema = vegalite_6()
    for name, chart in every.items():
        assert [e.message for e in schema.iter_errors(chart.to_dict())] == [], name


def test_every_chart_is_vega_lite_5_too(every):
    path = os.environ.get("VEGALITE5_SCHEMA")
    if path is None:
        pytest.skip("VEGALITE5_SCHEMA names no file with the schema of Vega-Lite 5")
    schema = validator_of(Path(path).read_text(encoding="utf-8"))
    for name, chart in every.items():
        assert [e.message for e in schema.iter_errors(as_vegalite_5(chart))] == [], name


def test_every_chart_is_drawn_by_an_old_vega_lite_too(every):
    assert OLDEST.startswith("5.")
    for name, chart in every.items():
        picture = vl_convert.vegalite_to_png(as_vegalite_5(chart), vl_version=OLDEST)
        assert tones_in(picture) > 30, name


def test_every_chart_says_n_and_what_it_is(every):
    for name, chart in every.items():
        heading = chart.to_dict()["title"]
        assert "n = " in " ".join(heading["subtitle"]), name
        assert len(heading["text"]) > 8, name
        assert all(len(line) <= 80 for line in heading["subtitle"]), name


def test_every_mark_with_an_axis_tells_more_in_a_tooltip(every):
    for name, chart in every.items():
        tips = encoded(chart, "tooltip")
        assert tips, name
        assert all(tip.get("title") for each in tips for tip in each), name


def test_a_run_has_one_colour_in_all_charts_and_the_baseline_is_grey(every):
    scales = [
        channel["scale"]
        for name, chart in every.items()
        if "one run" not in name and "trend" not in name
        for channel in encoded(chart, "color")
        if channel.get("field") == "run"
    ]
    assert len(scales) >= 6
    expected = {"domain": ["triage_v1 #1", "triage_v2 #1"], "range": [GREY, BETTER]}
    assert all(scale == expected for scale in scales)


# Single charts.


def test_the_summary_shows_the_estimates_of_the_comparison(compared):
    rows = rows_of(charts.summary(compared))
    shown = sorted((row["mean"], row["low"], row["high"]) for row in rows)
    assert shown == sorted((e.mean, e.low, e.high) for e in compared.estimates)
    row = next(row for row in rows if "1 not scored" in row["row"])
    assert row["row"].startswith("triage_v2 #1\n")
    assert "n 46 · 1 failed · 1 not scored" in row["row"]


def test_each_score_has_an_axis_of_its_own_which_says_what_is_better(compared):
    spec = charts.summary(compared, ["length", "right"]).to_dict()
    assert [part["title"]["text"] for part in spec["vconcat"]] == ["length", "right"]
    titles = [part["layer"][0]["encoding"]["x"]["title"] for part in spec["vconcat"]]
    assert titles == ["mean (lower is better)", "mean (higher is better)"]
    domains = [part["layer"][0]["encoding"]["x"]["scale"].get("domain") for part in spec["vconcat"]]
    assert domains == [None, [0, 1]]


def test_the_forest_shows_differences_a_zero_line_and_the_verdict(compared):
    chart = charts.differences(compared, ["similarity", "length"])
    rows = {row["said"]: row for row in rows_of(chart) if "said" in row}
    found = [compared.difference(score) for score in ("similarity", "length")]
    assert sorted(row["difference"] for row in rows.values()) == sorted(d.difference for d in found)
    assert {row["verdict"] for row in rows.values()} == {d.verdict for d in found}
    assert {"zero": 0} in rows_of(chart)
    better = next(d for d in found if d.verdict == "better")
    row = next(row for row in rows.values() if row["verdict"] == "better")
    counted = f"{better.wins} better · {better.ties} same · {better.losses} worse"
    assert row["row"] == f"▲ triage_v2 #1\n{counted}"
    titles = {channel["title"] for channel in encoded(chart, "x") if "title" in channel}
    assert "paired difference in mean: ← better, worse → (lower is better)" in titles


def test_the_verdicts_have_a_colour_and_a_shape_each():
    from xeroml_nb.charts.differences import _VERDICTS

    assert _VERDICTS["better"] == (BETTER, "triangle-up", "▲")
    assert _VERDICTS["worse"] == (WORSE, "triangle-down", "▼")
    assert len({(colour, shape) for colour, shape, _ in _VERDICTS.values()}) == len(_VERDICTS)


def test_only_changed_items_are_shown_the_greatest_rise_first(client):
    before = {f"i{n}": {"right": n < 4, "f1": n / 10} for n in range(10)}
    after = {f"i{n}": {"right": n > 1, "f1": n / 10} for n in range(10)}
    compared = xn.compare(ran(client, "a", before), ran(client, "b", after))
    chart = charts.changes(compared, "right")
    rows = rows_of(chart)
    assert [row["item"] for row in rows] == ["i4", "i5", "i6", "i7", "i8", "i9", "i0", "i1"]
    assert [row["change"] for row in rows] == ["improved"] * 6 + ["regressed"] * 2
    assert (rows[0]["first"], rows[0]["second"], rows[0]["input"]) == (0, 1, "in i4")
    assert "8 of 8 changed items\n6 improved · 2 regressed · n = 10 shared items" in words_of(chart)
    with pytest.raises(BadInput, match="no item changed"):
        charts.changes(compared, "f1")


def test_a_cut_keeps_the_largest_changes_and_says_how_many_there_are(compared):
    chart = charts.changes(compared, "similarity", limit=5)
    sizes = compared.changes("similarity").rows["delta"].abs().nlargest(5)
    shown = [abs(row["second"] - row["first"]) for row in rows_of(chart)]
    assert sorted(shown) == pytest.approx(sorted(sizes))
    assert "5 of 46 changed items, those that changed most" in words_of(chart)


def test_a_lower_value_is_an_improvement_where_lower_is_better(compared):
    rows = rows_of(charts.changes(compared, "length"))
    assert all((row["change"] == "improved") == (row["second"] < row["first"]) for row in rows)


def test_the_bars_of_a_distribution_hold_every_item_once(compared):
    for score, n in (("similarity", 94), ("stars", 95)):
        rows = rows_of(charts.distribution(compared, score))
        assert sum(int(row["said"].split()[0]) for row in rows) == n
        for _, bars in itertools.groupby(rows, key=lambda row: row["run"]):
            assert sum(bar["share"] for bar in bars) == pytest.approx(1)


def test_few_values_have_a_bar_each(compared):
    rows = rows_of(charts.distribution(compared, "stars"))
    assert {row["span"] for row in rows} == {"1", "2", "3", "4", "5"}
    assert {round((row["start"] + row["end"]) / 2, 6) for row in rows} == {1, 2, 3, 4, 5}
    means = sorted(compared.values("stars").mean())
    assert sorted({row["mean"] for row in rows}) == pytest.approx(means)


@pytest.mark.parametrize("values", [[1e-9, 2e-9, 5.0], [3.0], [0.1] * 5, [-1e9, 1e9, 0.5]])
def test_bars_can_be_seen_however_the_values_lie(client, values):
    run = ran(client, "odd", {f"i{n}": {"f1": value} for n, value in enumerate(values)})
    rows = rows_of(charts.distribution(run, "f1"))
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    whole = max(row["end"] for row in rows) - min(row["start"] for row in rows)
    assert all(row["end"] - row["start"] > whole / 100 for row in rows)


def test_a_few_values_far_out_do_not_squeeze_all_others(client):
    values = [n / 100 for n in range(300)] + [1e6]
    run = ran(client, "far", {f"i{n}": {"f1": value} for n, value in enumerate(values)})
    chart = charts.distribution(run, "f1")
    rows = rows_of(chart)
    # The mean lies far outside, and is told in words.
    assert rows[0]["row"] == "far #1 · mean 3,324 · n 301"
    assert all(
        channel["scale"]["domain"] == pytest.approx([0.01, 2.98], abs=0.02)
        for channel in encoded(chart, "x")
        if "scale" in channel
    )
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert rows[-1]["span"] == "2.86 and more"
    assert "the outer bars hold what lies beyond them" in words_of(chart)


def test_the_pieces_of_a_bar_fill_it_in_one_order(compared):
    rows = rows_of(charts.categories(compared, "topic", order=["refund", "billing"]))
    for _, pieces in itertools.groupby(rows, key=lambda row: row["run"]):
        found = list(pieces)
        assert [piece["category"] for piece in found] == ["refund", "billing", "account"]
        assert [piece["start"] for piece in found] == [0, *(p["end"] for p in found[:-1])]
        assert found[-1]["end"] == 1
    assert {row["row"].split("\n")[1] for row in rows} == {"n 48", "n 47 · 1 without"}


def test_rare_categories_share_a_piece(client):
    scores = {f"i{n}": {"topic": f"topic {min(n, 11)}"} for n in range(24)}
    chart = charts.categories(ran(client, "many", scores), "topic")
    names = [row["category"] for row in rows_of(chart)]
    assert len(names) == 7
    assert names[0] == "topic 11"
    assert names[-1] == "6 other categories"
    assert sum(int(row["said"].split()[0]) for row in rows_of(chart)) == 24


def test_failed_and_unscored_cells_have_a_sign_and_no_colour(compared):
    rows = rows_of(charts.heat_map(compared, "similarity"))
    signs = {row["item"]: row["text"] for row in rows if row["value"] is None}
    assert signs == {"triage-003": "×", "triage-005": "–"}
    assert len(rows) == 48 * 2
    values = compared.values("similarity")
    apart = (values.max(axis=1) - values.min(axis=1)).fillna(0)
    order = list(dict.fromkeys(row["item"] for row in rows))
    assert apart[order].is_monotonic_decreasing


def test_the_pareto_front_joins_the_runs_that_no_run_beats(client):
    def run(name, right, cost):
        return ran(client, name, {f"i{n}": {"f1": right, "cost": cost} for n in range(3)})

    runs = [run("cheap", 0.4, 1), run("good", 0.9, 5), run("bad", 0.3, 6), run("fair", 0.6, 3)]
    chart = charts.against(runs, "f1", "cost")
    joined = sorted(row["x"] for row in rows_of(chart) if set(row) == {"x", "y"})
    assert joined == [1, 3, 5]
    assert "no other run beats in both" in words_of(chart)


points = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


@given(points)
def test_a_point_is_off_the_front_only_if_one_on_it_beats_it(found):
    front = pareto_front(found, ("lower", "higher"))
    best = [point for point, on in zip(found, front, strict=True) if on]
    assert best
    for point, on in zip(found, front, strict=True):
        beaten = any(b != point and b[0] <= point[0] and b[1] >= point[1] for b in best)
        assert on != beaten


def test_groups_of_items_tell_how_a_score_goes_with_a_measure(client):
    scores = {f"i{n:03}": {"f1": n / 100, "length": float(n)} for n in range(100)}
    chart = charts.against(ran(client, "one", scores), "f1", "length")
    groups = [row for row in rows_of(chart) if row.get("said", "").startswith("group")]
    assert [(row["x"], row["y"]) for row in groups] == [
        pytest.approx((20 * k + 9.5, (20 * k + 9.5) / 100)) for k in range(5)
    ]


def test_latency_is_what_a_score_is_held_against_by_default(compared):
    rows = [row for row in rows_of(charts.against(compared, "right")) if "items" in row]
    assert {row["run"]: row["x"] for row in rows} == pytest.approx(
        dict(compared.latencies()[[r.label for r in compared.runs]].mean())
    )


def test_the_confusion_table_counts_and_tells_the_agreement(client):
    pairs = [("pass", "pass")] * 5 + [("pass", "fail")] * 2 + [("fail", "fail")] * 3
    scores = {f"i{n}": {"person": a, "judge": b} for n, (a, b) in enumerate(pairs)}
    scores["i9"].pop("person")
    chart = charts.confusion(ran(client, "judged", scores), "person", "judge")
    cells = {(row["human"], row["judge"]): row["n"] for row in rows_of(chart) if "n" in row}
    assert cells == {("pass", "pass"): 5, ("pass", "fail"): 2, ("fail", "fail"): 2}
    agreed = kappa([a for a, _ in pairs[:9]], [b for _, b in pairs[:9]])
    assert f"n = 9 items with both scores\nsame in 78 % · Cohen's kappa {agreed:.2f}" in words_of(
        chart
    )


def test_people_and_a_judge_may_use_one_name(client):
    run = ran(client, "judged", {f"i{n}": {"tone": "warm"} for n in range(4)})
    for result in run.get_results():
        client.score(
            trace_id=result.trace_id, name="tone", value="cold", source="human", author="ann"
        )
    chart = charts.confusion(run, "tone (human)", "tone")
    cells = {(row["human"], row["judge"]): row["n"] for row in rows_of(chart) if "n" in row}
    assert cells == {("cold", "warm"): 4}


def test_many_numbers_are_put_into_steps(client):
    scores = {f"i{n}": {"person": n / 99, "judge": (n / 99) ** 2} for n in range(100)}
    chart = charts.confusion(ran(client, "judged", scores), "person", "judge")
    cells = [row for row in rows_of(chart) if "n" in row]
    assert sum(row["n"] for row in cells) == 100
    assert {row["human"] for row in cells} == {
        "0 to 0.20", "0.20 to 0.40", "0.40 to 0.60", "0.60 to 0.80", "0.80 to 1"
    }  # fmt: skip


def test_a_trend_of_experiments_has_a_point_each(client):
    for share in (2, 4, 6):
        ran(client, "again", {f"i{n}": {"right": n < share} for n in range(8)})
        client.create_dataset(name="other", items=[{"id": "x", "input": share}])
        ran(client, f"other {share}", {f"i{n}": {"right": n < share} for n in range(8)})
    rows = rows_of(charts.trend("right", over="experiments", client=client))
    assert len(rows) == len(client.trend("right", over="experiments", by="experiment"))
    assert {row["mean"] for row in rows} == {0.25, 0.5, 0.75}


def test_a_trend_of_one_point_shows_that_point():
    chart = charts.trend("right", client=trend_of(1))
    assert [row["point"] for row in rows_of(chart)] == ["2026-03-01"]
    assert encoded(chart, "x")[0]["field"] == "point"


def test_a_long_trend_keeps_its_largest_groups_and_latest_points():
    groups = [f"group {n}" for n in range(40)]
    chart = charts.trend("right", client=trend_of(400, groups, ["pass", "fail"]))
    assert len(rows_of(chart)) == 240
    assert len({row["run"] for row in rows_of(chart)}) == 12
    assert max(row["x"] for row in rows_of(chart)).startswith("2027-04-04")
    assert "240 of 32,000 points" in words_of(chart)
    assert len(json.dumps(chart.to_dict())) < 100_000


# What is refused.


def test_an_unknown_score_names_those_that_come_near(compared):
    for draw in (charts.distribution, charts.heat_map, charts.against, charts.categories):
        with pytest.raises(NotFound, match="Did you mean 'similarity'"):
            draw(compared, "similarty")
    with pytest.raises(NotFound, match="'similarity'"):
        charts.summary(compared, ["similarty"])
    with pytest.raises(NotFound, match="'similarity'"):
        charts.changes(compared, "similarty")
    with pytest.raises(NotFound, match="'latency_s'"):
        charts.against(compared, "right", "latency")


def test_a_score_of_the_wrong_kind_names_the_right_chart(compared):
    for draw in (charts.distribution, charts.heat_map, charts.against, charts.changes):
        with pytest.raises(BadInput, match=r"Use categories\(..., 'topic'\)"):
            draw(compared, "topic")
    with pytest.raises(BadInput, match=r"Use distribution\(..., 'right'\)"):
        charts.categories(compared, "right")


def test_what_cannot_be_drawn_is_said(client, compared):
    alone = compared.candidates[0].label
    with pytest.raises(BadInput, match="no run to hold against"):
        charts.differences(xn.compare(alone))
    with pytest.raises(BadInput, match="compared with nothing"):
        charts.changes(xn.compare(alone))
    with pytest.raises(BadInput, match="No cost was recorded"):
        charts.against(compared, "right", "cost")
    with pytest.raises(BadInput, match="reads one experiment"):
        charts.confusion(compared, "person", "judge")
    with pytest.raises(BadInput, match="one is a number and one a category"):
        charts.confusion(alone, "person", "right")
    with pytest.raises(BadInput, match="twice"):
        charts.categories(compared, "topic", order=["refund", "refund"])
    for draw in (charts.changes, charts.heat_map):
        with pytest.raises(BadInput, match="limit=0"):
            draw(compared, "right", limit=0)
    with pytest.raises(BadInput, match="No value of 'right'"):
        charts.trend("right", since="2999-01-01T00:00+00:00", client=client)


def test_scores_that_no_item_has_are_no_chart(client):
    scores = {"i0": {"right": True, "topic": "a"}, "i1": {"f1": 0.5, "tone": "warm"}}
    first = ran(client, "first", scores)
    rest = {"i0": {"right": True, "topic": "a"}, "i1": {"right": True, "topic": "a"}}
    compared = xn.compare(first, ran(client, "second", rest))
    with pytest.raises(BadInput, match="no item has a value in both runs"):
        charts.differences(compared, ["f1"])
    with pytest.raises(BadInput, match="no item changed"):
        charts.changes(compared, "f1")
    with pytest.raises(BadInput, match="no item has it and 'right'"):
        charts.against(xn.compare(first), "f1", "right")


# Hostile names, many runs, many items.


def test_names_are_data_and_never_part_of_a_field_or_an_expression(client):
    rows = {
        name: dict.fromkeys(HOSTILE[:4], n / 10) | {"topic": name} for n, name in enumerate(HOSTILE)
    }
    # Neither an id nor a name may hold what cannot be printed; a category may.
    printable = [name for name in HOSTILE if name.isprintable()]
    keyed = dict(zip([*printable, "i0", "i1"], rows.values(), strict=True))
    runs = [
        ran(client, name, {key: {**row, "length": float(n)} for key, row in keyed.items()})
        for n, name in enumerate(printable)
    ]
    compared = xn.compare(*runs)
    drawn = [
        charts.summary(compared),
        charts.differences(compared),
        charts.changes(compared, "length", compared.candidates[0].label),
        charts.categories(compared, "topic"),
        charts.confusion(runs[0], HOSTILE[0], HOSTILE[1]),
        charts.trend(HOSTILE[2], over="experiments", client=client),
        *(charts.distribution(compared, score) for score in HOSTILE[:4]),
        *(charts.heat_map(compared, score) for score in HOSTILE[:4]),
        *(charts.against(compared, score, "length") for score in HOSTILE[:4]),
    ]
    schema = vegalite_6()
    for chart in drawn:
        spec = chart.to_dict()
        assert [e.message for e in schema.iter_errors(spec)] == []
        for part in parts_of(spec):
            assert not isinstance(part.get("field"), str) or part["field"] in FIELDS
            said = {part[key] for key in ("labelExpr", "filter", "test", "expr") if key in part}
            assert said <= EXPRESSIONS
        assert len({row["run"] for row in rows_of(chart) if "run" in row}) in {0, 1, len(runs)} or (
            "Difference" in spec["title"]["text"]
        )
        assert all(len(str(value)) < 140 for row in rows_of(chart) for value in row.values())
        assert len(json.dumps(spec, ensure_ascii=False).encode()) < 100_000
        assert tones_in(vl_convert.vegalite_to_png(spec)) > 30


@given(st.lists(st.text(max_size=60), max_size=12))
def test_short_names_of_different_things_differ_and_are_one_line(names):
    found = unique_names(names, 20)
    assert len(set(found)) == len(names)
    assert all(name and "\n" not in name for name in found)
    assert all(len(short(name, 20)) <= 20 for name in names)


def test_a_long_label_keeps_its_number():
    first, second = unique_names([f"{'long ' * 40}#1", f"{'long ' * 40}#2"], 30)
    assert first.endswith("#1")
    assert second.endswith("#2")
    assert len(first) == 30


def test_thirty_six_runs_look_different_and_stand_out_from_both_grounds():
    marks = run_marks([f"run #{n}" for n in range(37)], baseline=True)
    looks = set(zip(marks.colours, marks.shapes, strict=True))
    assert len(looks) == 37
    assert marks.colours[0] == GREY
    assert min(contrast(GREY, ground) for ground in ("#ffffff", "#111111")) > 3.9
    assert all(contrast(colour, "#111111") > 3 for colour in marks.colours)
    assert all(contrast(ink(colour), colour) > 4.5 for colour in marks.colours)


def test_many_runs_still_make_small_charts(client):
    runs = [ran(client, f"a longer name, variant {n}", scored(12, n)) for n in range(12)]
    for name, chart in of_comparison(xn.compare(*runs)).items():
        assert len(json.dumps(chart.to_dict())) < 100_000, name


def test_what_is_too_much_for_one_chart_is_said(client):
    many = {"i0": {f"score {n:03}": float(n) for n in range(36)}}
    compared = xn.compare(ran(client, "one", many), ran(client, "two", many))
    with pytest.raises(BadInput, match="36 scores of 2 runs are too many for one chart"):
        charts.summary(compared)
    for draw in (charts.summary, charts.differences):
        assert len(json.dumps(draw(compared, compared.numeric[:35]).to_dict())) < 100_000
    runs = [ran(client, f"run {n}", {"i0": {"right": True}}) for n in range(41)]
    with pytest.raises(BadInput, match="41 runs are too many for one chart"):
        charts.distribution(xn.compare(*runs), "right")


def test_charts_of_a_hundred_thousand_items_stay_small(client, monkeypatch):
    runs = [ran(client, name, {"i0": {"right": True}}) for name in ("one", "two")]
    large_tables(monkeypatch, 100_000)
    compared = xn.compare(*runs)
    assert compared.shared == 100_000
    for name, chart in of_comparison(compared).items():
        assert len(json.dumps(chart.to_dict())) < 100_000, name
        assert len(rows_of(chart)) < 1_000, name
