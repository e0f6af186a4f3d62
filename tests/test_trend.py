"""How scores develop: over time and over experiments, in groups, with their intervals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.analysis.moments import moment
from xeroml_nb.analysis.statistics.intervals import mean_interval
from xeroml_nb.analysis.time_bins import MOST_POINTS, binned
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records import clock
from xeroml_nb.records.observation import Observation, ObservationType
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store.rows import Rows

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
COLUMNS = ["group", "x", "label", "category", "n", "mean", "low", "high", "method"]


def a_span(trace_id, begin, *, span_id="a", parent_id=None, **known):
    parts = {"tags": (), "metadata": {}, "version": None, "release": None, "environment": "test"}
    parts |= {"name": "ask", "user_id": None, "session_id": None, "attributes": {}} | known
    return Observation(
        id=span_id,
        trace_id=trace_id,
        parent_id=parent_id,
        type=ObservationType.SPAN,
        start=begin,
        end=begin + timedelta(seconds=1),
        error=None,
        input_json=None,
        output_json=None,
        **parts,
    )


def keep(client, *traces, scores=()):
    """Store traces `(id, begin, attributes)` and scores `(trace, name, value, details)`."""
    spans = [a_span(trace_id, begin, **known) for trace_id, begin, known in traces]
    given_scores = [
        new_score(ScoreTarget(trace_id), name, value, **details)
        for trace_id, name, value, details in scores
    ]
    client.store.write_rows(Rows(observations=spans, scores=given_scores))


def daily(client, values, name="accuracy", **known):
    """One trace a day with one score each."""
    keep(
        client,
        *((f"{name}{i}", BEGIN + timedelta(days=i), known) for i in range(len(values))),
        scores=[(f"{name}{i}", name, value, {}) for i, value in enumerate(values)],
    )


def means(frame):
    return {(row.group, row.label): row.mean for row in frame.itertuples()}


# Over time.


def test_a_score_falls_into_the_day_its_trace_began(client):
    keep(
        client,
        *((f"t{i}", BEGIN + timedelta(hours=8 * i), {}) for i in range(6)),
        scores=[(f"t{i}", "accuracy", i / 10, {}) for i in range(6)],
    )
    frame = client.trend("accuracy", every="day")
    assert list(frame.columns) == COLUMNS
    assert frame["label"].tolist() == ["2026-03-02", "2026-03-03"]
    assert frame["x"].tolist() == [pd.Timestamp(BEGIN), pd.Timestamp(BEGIN + timedelta(days=1))]
    assert str(frame["x"].dtype) == "datetime64[us, UTC]"
    assert frame["n"].tolist() == [3, 3]
    assert frame["mean"].tolist() == pytest.approx([0.1, 0.4])
    assert frame["group"].tolist() == ["all", "all"]
    assert frame["category"].tolist() == [None, None]
    expected = mean_interval([0.0, 0.1, 0.2])
    first = frame.iloc[0]
    assert (first["low"], first["high"]) == pytest.approx((expected.low, expected.high))
    assert first["method"] == expected.method == "Student t"


def test_a_score_without_a_stored_trace_counts_when_it_was_given(client):
    client.score(trace_id="trace_abc123", name="feedback", value=1)
    frame = client.trend("feedback", every=timedelta(minutes=1))
    assert (clock.now() - frame["x"][0]) < timedelta(minutes=3)
    assert frame["n"].tolist() == [1]
    assert pd.isna(frame["low"][0])
    assert frame["method"][0] == mean_interval([1.0]).method


def test_a_trace_without_a_stored_root_begins_with_its_oldest_observation(client):
    late = a_span("t", BEGIN + timedelta(days=3), span_id="late", parent_id="gone")
    early = a_span("t", BEGIN, span_id="early", parent_id="gone")
    client.store.write_rows(Rows(observations=[late, early]))
    client.score(trace_id="t", name="accuracy", value=1)
    assert client.trend("accuracy", every="day")["label"].tolist() == ["2026-03-02"]


def test_scores_on_whole_traces_count_before_those_on_their_parts(client):
    client.score(trace_id="t", observation_id="a", name="relevance", value=0.2)
    client.score(trace_id="t", observation_id="b", name="relevance", value=0.4)
    assert client.trend("relevance")["n"].tolist() == [2]
    assert client.trend("relevance")["low"].isna().all(), "both belong to one trace"
    client.score(trace_id="t", name="relevance", value=0.9)
    assert client.trend("relevance")[["n", "mean"]].to_numpy().tolist() == [[1, 0.9]]


def test_a_session_has_a_trend_too(client):
    for i in range(3):
        client.score_session(session_id=f"s{i}", name="resolved", value=i > 0)
    [row] = client.trend("resolved").itertuples()
    assert (row.n, row.mean, row.method) == (3, pytest.approx(2 / 3), "Wilson")


def test_of_several_peoples_scores_the_settled_one_counts_else_the_latest(client):
    human = {"source": "human"}
    for trace_id in ("settled", "open"):
        client.score(trace_id=trace_id, name="good", value=0, author="ann", **human)
    client.score(
        trace_id="settled",
        name="good",
        value=5,
        author="cy",
        metadata={"adjudicated": True},
        **human,
    )
    for trace_id in ("settled", "open"):
        client.score(trace_id=trace_id, name="good", value=1, author="bob", **human)
    [row] = client.trend("good").itertuples()
    assert (row.n, row.mean) == (2, 3.0)


def test_peoples_scores_and_those_of_code_under_one_name_are_kept_apart(client):
    client.score(trace_id="t", name="tone", value=0.2)
    client.score(trace_id="t", name="tone", value=0.8, source="human", author="ann")
    client.score(trace_id="t", name="mood", value=0.5, source="human", author="ann")
    assert client.trend("tone")["mean"].tolist() == [0.2]
    assert client.trend("tone (human)")["mean"].tolist() == [0.8]
    assert client.trend("mood")["mean"].tolist() == [0.5]
    with pytest.raises(NotFound, match="tone"):
        client.trend("tones")


def test_categories_have_a_row_each_with_their_share(client):
    daily(client, ["pass", "pass", "fail", "pass"], name="verdict")
    frame = client.trend("verdict", every="week")
    assert frame["label"].unique().tolist() == ["week of 2026-03-02"]
    shares = frame.set_index("category")["mean"].to_dict()
    assert shares == {"pass": 0.75, "fail": 0.25}
    assert frame["n"].tolist() == [4, 4]
    assert set(frame["method"]) == {"Wilson"}
    by_day = client.trend("verdict", every="day")
    assert by_day.groupby("label")["mean"].sum().tolist() == [1.0] * 4


def test_of_many_categories_the_rarest_are_taken_together(client):
    daily(client, [f"answer {i // 2}" for i in range(40)], name="text")
    frame = client.trend("text", every="year")
    assert len(frame) == 13
    assert frame["mean"].sum() == pytest.approx(1)
    others = frame.set_index("category")["mean"]["(others)"]
    assert others == pytest.approx(8 / 20)


def test_numbers_and_texts_under_one_name_are_counted_apart(client):
    daily(client, [0.5, "good", "good"], name="mixed")
    frame = client.trend("mixed", every="month")
    assert frame["category"].tolist() == [None, "good"]
    assert frame["n"].tolist() == [1, 2]


def test_a_period_is_seen_and_an_empty_one_has_the_same_columns(client):
    daily(client, [0.1, 0.2, 0.3, 0.4])
    frame = client.trend(
        "accuracy",
        since=BEGIN + timedelta(days=1),
        until=(BEGIN + timedelta(days=3)).isoformat(),
        every="day",
    )
    assert frame["mean"].tolist() == [0.2, 0.3]
    empty = client.trend("accuracy", until=BEGIN)
    assert empty.empty
    assert empty.dtypes.to_dict() == frame.dtypes.to_dict()
    assert client.trend("accuracy", until=BEGIN, by="tag", tags=["no"]).empty


# Groups.


@pytest.fixture
def labelled(client):
    keep(
        client,
        ("t0", BEGIN, {"version": "v1", "release": "r1", "tags": ("a",), "name": "ask"}),
        ("t1", BEGIN, {"version": "v2", "tags": ("a", "b"), "metadata": {"prompt_version": 7}}),
        ("t2", BEGIN, {"user_id": "ann", "name": "answer", "environment": "prod"}),
        # The version may be set further down, around the call of the model.
        ("t2", BEGIN, {"span_id": "deep", "parent_id": "a", "version": "v1", "tags": ("c",)}),
        scores=[(f"t{i}", "accuracy", i, {}) for i in range(3)],
    )
    client.score(trace_id="foreign", name="accuracy", value=9)
    return client


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("version", {"v1": [0, 2], "v2": [1], "no version": [9]}),
        ("release", {"r1": [0], "no release": [1, 2, 9]}),
        ("environment", {"test": [0, 1], "prod": [2], "no environment": [9]}),
        ("name", {"ask": [0, 1], "answer": [2], "no name": [9]}),
        ("user_id", {"ann": [2], "no user": [0, 1, 9]}),
        ("tag", {"a": [0, 1], "b": [1], "c": [2], "no tag": [9]}),
        ("prompt_version", {"7": [1], "no prompt_version": [0, 2, 9]}),
        ("dataset", {"no dataset": [0, 1, 2, 9]}),
        ("experiment", {"no experiment": [0, 1, 2, 9]}),
        (None, {"all": [0, 1, 2, 9]}),
    ],
    ids=str,
)
def test_traces_are_grouped_by_what_they_were_labelled_with(labelled, by, expected):
    frame = labelled.trend("accuracy", by=by, every=timedelta(days=36_500))
    found = {row.group: (row.n, row.mean) for row in frame.itertuples()}
    assert found == {
        group: (len(v), pytest.approx(sum(v) / len(v))) for group, v in expected.items()
    }


def test_only_traces_with_all_the_tags_count(labelled):
    every = timedelta(days=36_500)
    assert labelled.trend("accuracy", tags="a", every=every)["n"].tolist() == [2]
    assert labelled.trend("accuracy", tags=["a", "b"], every=every)["mean"].tolist() == [1]
    assert labelled.trend("accuracy", tags=["a", "c"]).empty


def test_a_group_that_no_trace_knows_is_refused_with_those_there_are(labelled):
    with pytest.raises(BadInput, match=r"prompt_verison.*'version'"):
        labelled.trend("accuracy", by="prompt_verison")


# Over experiments.


@pytest.fixture
def runs(client):
    """Three experiments over two datasets; the last answers twice."""

    def right(output, expected_output):
        return output == expected_output

    for name in ("tens", "ones"):
        items = [{"input": n, "expected_output": n % 3} for n in range(6)]
        client.create_dataset(name=name, items=items)
    made = [
        client.run(lambda n: 0, "tens", name="zero", evaluators=[right]),
        client.run(
            lambda n: n % 3, "ones", name="rest", evaluators=[right], metadata={"prompt": "p2"}
        ),
        client.run(lambda n: n % 2, "tens", name="zero", evaluators=[right], repetitions=2),
    ]
    client.score(trace_id="foreign", name="right", value=True)
    return made


def test_each_experiment_is_a_point_in_the_order_they_were_made(client, runs):
    frame = client.trend("right", over="experiments")
    assert frame["label"].tolist() == ["zero #1", "rest #1", "zero #2"]
    assert frame["x"].tolist() == [pd.Timestamp(e.record.created_at) for e in runs]
    assert frame["n"].tolist() == [6, 6, 12]
    for row, experiment in zip(frame.itertuples(), runs, strict=True):
        [summary] = experiment.score_summaries()
        assert row.mean == pytest.approx(summary.mean)
    assert frame["method"].tolist()[:2] == ["Wilson", "Wilson"]


def test_runs_of_one_item_are_one_cluster(client, runs):
    last = client.trend("right", over="experiments").iloc[2]
    values = [n % 2 == n % 3 for n in range(6) for _ in range(2)]
    expected = mean_interval(np.array(values, float), np.repeat(np.arange(6), 2))
    assert (last["low"], last["high"]) == pytest.approx((expected.low, expected.high))
    assert last["method"] == expected.method
    in_time = client.trend("right", every="year", dataset="tens")
    assert "6" in in_time["method"][0] or "cluster" in in_time["method"][0]


def test_experiments_are_grouped_by_their_dataset_and_their_metadata(client, runs):
    frame = client.trend("right", over="experiments", by="dataset")
    assert list(zip(frame["group"], frame["label"], strict=True)) == [
        ("ones", "rest #1"),
        ("tens", "zero #1"),
        ("tens", "zero #2"),
    ]
    over_time = client.trend("right", by="dataset", every="year")
    assert over_time.set_index("group")["n"].to_dict() == {"no dataset": 1, "ones": 6, "tens": 18}
    prompts = client.trend("right", by="prompt", every="year").set_index("group")["n"]
    assert prompts.to_dict() == {"no prompt": 19, "p2": 6}
    only = client.trend("right", over="experiments", dataset="ones")
    assert only["label"].tolist() == ["rest #1"]
    with pytest.raises(NotFound, match="one"):
        client.trend("right", dataset="one")


def test_a_score_of_a_whole_experiment_is_its_point(client, runs):
    on = ScoreTarget(experiment_id=runs[1].id)
    client.store.write_rows(Rows(scores=[new_score(on, "cost", 12.5)]))
    frame = client.trend("cost", over="experiments")
    assert frame[["label", "n", "mean"]].to_numpy().tolist() == [["rest #1", 1, 12.5]]


@pytest.mark.parametrize(
    "options",
    [
        {"over": "weeks"},
        {"over": "experiments", "every": "day"},
        {"every": "fortnight"},
        {"every": timedelta(0)},
        {"since": "2026-01-01"},
    ],
    ids=str,
)
def test_options_that_mean_nothing_are_refused(client, options):
    daily(client, [0.5])
    with pytest.raises(BadInput):
        client.trend("accuracy", **options)


def test_a_moment_is_told_from_what_is_none():
    assert moment("since", None) is None
    day = timedelta(days=1)
    assert abs(clock.now() - day - moment("since", day)) < timedelta(minutes=1)
    there = datetime(2026, 1, 2, 10, tzinfo=timezone(timedelta(hours=1)))
    assert moment("until", there) == moment("until", "2026-01-02T09:00+00:00")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (timedelta.max, "too long ago"),
        (5, "since=5 is no moment"),
        ("last week", "since='last week' is no moment"),
        (datetime(2026, 1, 2), "has no time zone"),  # noqa: DTZ001
    ],
)
def test_what_is_no_moment_is_refused(wrong, words):
    with pytest.raises(BadInput, match=words):
        moment("since", wrong)


# Bins.

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: clock.to_micros(moment.replace(tzinfo=UTC))
)
EVERY = st.one_of(
    st.none(),
    st.sampled_from(["minute", "hour", "day", "week", "month", "year"]),
    st.timedeltas(timedelta(seconds=1), timedelta(days=1_000)),
)


@given(st.lists(MOMENTS, max_size=30), EVERY)
def test_moments_of_one_bin_lie_together_and_after_its_beginning(moments, every):
    ordered = np.sort(np.array(moments, dtype=np.int64))
    begin, text = binned(ordered, every)
    assert (begin <= ordered).all()
    assert (np.diff(begin) >= 0).all()
    assert len(text) == len(moments)
    again, _ = binned(begin, every or "minute")
    assert (again <= begin).all()
    if every is not None:
        assert (again == begin).all()


@given(MOMENTS, st.integers(0, 55 * 365 * 24 * 60), st.integers(2, 2_000))
def test_by_itself_there_are_at_most_sixty_points(first, minutes, count):
    moments = first + np.linspace(0, minutes * 60_000_000, count).astype(np.int64)
    begin, _ = binned(moments)
    assert len(np.unique(begin)) <= MOST_POINTS


@pytest.mark.parametrize(
    ("every", "begin", "text"),
    [
        ("minute", "2026-03-05T14:37", "2026-03-05 14:37"),
        ("hour", "2026-03-05T14:00", "2026-03-05 14:00"),
        ("day", "2026-03-05T00:00", "2026-03-05"),
        ("week", "2026-03-02T00:00", "week of 2026-03-02"),
        ("month", "2026-03-01T00:00", "2026-03"),
        ("year", "2026-01-01T00:00", "2026"),
        (timedelta(minutes=15), "2026-03-05T14:30", "2026-03-05 14:30"),
    ],
)
def test_a_bin_begins_where_people_expect_it(every, begin, text):
    moment = clock.to_micros(datetime(2026, 3, 5, 14, 37, 20, tzinfo=UTC))
    [found], [written] = binned(np.array([moment]), every)
    assert clock.from_micros(int(found)) == datetime.fromisoformat(begin).replace(tzinfo=UTC)
    assert written == text


def test_a_trend_reads_a_store_of_its_own(client, own_folder):
    daily(client, [0.5])
    other = xn.get_client(own_folder / "other.db")
    try:
        with pytest.raises(NotFound, match="none yet"):
            other.trend("accuracy")
    finally:
        other.close()
