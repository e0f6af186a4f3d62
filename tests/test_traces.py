"""Traces as trees and tables: what is in them, how they look, and how they are found."""

from __future__ import annotations

import operator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import xeroml_nb as xn
from xeroml_nb.analysis.moments import moment
from xeroml_nb.analysis.score_filter import Condition, parse_condition, parse_conditions
from xeroml_nb.analysis.trace_parts import SHOWN
from xeroml_nb.analysis.traces import Trace
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records import clock
from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.observation import Observation, ObservationType
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import trace_search
from xeroml_nb.store.rows import Rows

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script> \"quoted\" \u202eevil مرحبا & so on"
FIXED = [
    "trace_id",
    "name",
    "start",
    "latency_s",
    "user_id",
    "session_id",
    "tags",
    "version",
    "release",
    "environment",
    "input",
    "output",
    "error",
    "observations",
    "experiment",
    "dataset",
]
# All the elements that a page may hold.
MADE = {
    "div",
    "style",
    "p",
    "strong",
    "code",
    "span",
    "bdi",
    "details",
    "summary",
    "pre",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
LISTED = [
    "id",
    "trace_id",
    "observation_id",
    "session_id",
    "experiment_id",
    "name",
    "value",
    "data_type",
    "comment",
    "source",
    "author",
    "metadata",
    "created_at",
]


def span(name, parent=None, *, trace_id="t", at=0, seconds=1, **known):
    """An observation whose id is its name, `at` seconds after the beginning."""
    begin = BEGIN + timedelta(seconds=at)
    made = Observation(
        id=name,
        trace_id=trace_id,
        parent_id=parent,
        name=name,
        type=ObservationType.SPAN,
        start=begin,
        end=begin + timedelta(seconds=seconds),
        error=None,
        input_json=None,
        output_json=None,
        attributes={},
        user_id=None,
        session_id=None,
        tags=(),
        metadata={},
        version=None,
        release=None,
        environment="default",
    )
    return replace(made, **known)


def score(trace_id, name, value, *, observation_id=None, **details):
    return new_score(ScoreTarget(trace_id, observation_id), name, value, **details)


def keep(client, *observations, scores=()):
    client.store.write_rows(Rows(observations=list(observations), scores=list(scores)))


def tree(trace):
    return [(depth, found.name) for depth, found in trace.walk()]


class Page(HTMLParser):
    """What a browser would see: the elements, and the text outside of style sheets."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.deepest, self._open = [], [], 0, []
        self.feed(html)
        self.close()
        assert self._open == [], "an element is not closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)
        self.deepest = max(self.deepest, self._open.count("details"))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)

    @property
    def kinds(self):
        return {tag for tag, _ in self.tags}


def page_of(trace):
    return Page(trace._repr_html_())


# The tree.


def test_a_trace_is_a_sequence_of_its_observations_oldest_first(client):
    keep(client, span("b", "a", at=1), span("a", seconds=3), span("c", "a", at=2))
    trace = client.get_trace("t")
    assert [o.name for o in trace] == ["a", "b", "c"]
    assert (len(trace), trace[0].name, trace[-1].name, trace.id) == (3, "a", "c", "t")
    assert [o.name for o in trace[1:]] == ["b", "c"]
    assert trace.duration == timedelta(seconds=3)


def test_of_observations_that_begin_at_once_the_root_comes_first(client):
    keep(client, span("child", "root"), span("root"))
    assert [o.name for o in client.get_trace("t")] == ["root", "child"]


def test_children_hang_below_their_parents_in_order_of_time():
    spans = [span("a"), span("b", "a", at=1), span("c", "b", at=2), span("d", "a", at=3)]
    trace = Trace("t", spans, [])
    assert tree(trace) == [(0, "a"), (1, "b"), (2, "c"), (1, "d")]
    assert trace.roots == [spans[0]]
    assert trace.children(spans[0]) == [spans[1], spans[3]]
    assert trace.children(spans[2]) == []


def test_an_observation_whose_parent_is_not_stored_is_a_root():
    trace = Trace("t", [span("a", "gone"), span("b", "a", at=1), span("c", at=2)], [])
    assert tree(trace) == [(0, "a"), (1, "b"), (0, "c")]


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ({"a": "a"}, [(0, "a")]),
        ({"a": "b", "b": "a"}, [(0, "a"), (1, "b")]),
        ({"a": "c", "b": "a", "c": "b", "d": "b"}, [(0, "a"), (1, "b"), (2, "c"), (2, "d")]),
        ({"a": None, "b": "c", "c": "b"}, [(0, "a"), (0, "b"), (1, "c")]),
    ],
    ids=["itself", "two", "three and a branch", "beside a root"],
)
def test_observations_that_are_each_others_parents_are_shown_once(parents, expected):
    spans = [span(name, parent, at=i) for i, (name, parent) in enumerate(parents.items())]
    trace = Trace("t", spans, [])
    assert tree(trace) == expected
    assert "a" in repr(trace)
    assert page_of(trace).text.count("span") == len(spans)


@given(st.lists(st.one_of(st.none(), st.integers(0, 12)), max_size=12))
def test_whatever_the_parents_are_each_observation_is_walked_once(parents):
    spans = [
        span(str(i), None if parent is None else str(parent), at=i)
        for i, parent in enumerate(parents)
    ]
    trace = Trace("t", spans, [])
    walked = [found for _, found in trace.walk()]
    assert sorted(walked, key=spans.index) == spans
    assert sum(depth == 0 for depth, _ in trace.walk()) == len(trace.roots)


def test_a_chain_deeper_than_python_recurses_can_be_shown():
    spans = [span(str(i), str(i - 1) if i else None, at=i) for i in range(3_000)]
    trace = Trace("t", spans, [])
    assert max(depth for depth, _ in trace.walk()) == 2_999
    page = page_of(trace)
    assert page.deepest <= 40
    assert f"{3_000 - SHOWN} more observations" in page.text
    assert f"{3_000 - SHOWN} more observations" in repr(trace)


def test_a_trace_that_is_not_stored_is_not_found_and_near_ids_are_named(client):
    client.score(trace_id="trace_abc123", name="feedback", value=1)
    with pytest.raises(NotFound, match=r"'trace_abc12'.*'trace_abc123'"):
        client.get_trace("trace_abc12")


def test_a_trace_of_which_only_scores_are_stored_shows_them(client):
    client.score(trace_id="trace_abc123", name="feedback", value=1, comment="helpful")
    trace = client.get_trace("trace_abc123")
    assert (len(trace), trace.roots, [s.value for s in trace.scores]) == (0, [], [1.0])
    assert "no observation is stored" in repr(trace)
    assert "feedback: 1 (code) · helpful" in repr(trace)
    page = page_of(trace)
    assert "no observation is stored" in page.text
    assert "helpful" in page.words


def test_the_frame_of_a_trace_has_a_row_an_observation(client):
    inner = {"model": "m-1", "usage": {"input": 12, "output": 3}, "metadata": {"prompt": "p"}}
    inner |= {"name": "call", "type": "generation", "output": "yes"}
    with (
        client.start_as_current_observation(name="ask", input={"q": 1}) as root,
        client.start_as_current_observation(**inner),
    ):
        pass
    frame = client.get_trace(root.trace_id).to_frame()
    assert frame["name"].tolist() == ["ask", "call"]
    assert frame["depth"].tolist() == [0, 1]
    assert frame["type"].tolist() == ["span", "generation"]
    assert frame["input"].tolist() == [{"q": 1}, None]
    assert frame["output"].tolist() == [None, "yes"]
    assert frame["parent_id"].tolist() == [None, root.id]
    assert frame.loc[1, ["model", "input_tokens", "output_tokens"]].tolist() == ["m-1", 12, 3]
    assert frame["metadata"].tolist() == [{}, {"prompt": "p"}]
    assert (frame["latency_s"] >= 0).all()
    assert str(frame["start"].dtype) == "datetime64[us, UTC]"


def test_the_frame_of_a_trace_without_observations_has_the_same_columns(client):
    client.score(trace_id="foreign", name="feedback", value=1)
    frame = client.get_trace("foreign").to_frame()
    full = Trace("t", [span("a")], []).to_frame()
    assert frame.empty
    assert frame.dtypes.to_dict() == full.dtypes.to_dict()


# How it looks.


def scored_trace():
    spans = [
        span("a", seconds=4, input_json='{"message":"hello"}', user_id="ann", tags=("nightly",)),
        span(
            "b",
            "a",
            at=1,
            type=ObservationType.GENERATION,
            attributes={
                "gen_ai.request.model": "m-1",
                "gen_ai.usage.input_tokens": 1200,
                "gen_ai.usage.output_tokens": 30,
            },
        ),
        span("c", "a", at=3, error="ValueError: no ticket"),
    ]
    scores = [
        score("t", "accuracy", 0.5, author="exact match", comment="half of it"),
        score("t", "tone", "warm", source="llm", author="tone judge"),
        score("t", "verdict", "pass", source="human", author="ann"),
        score("t", "safe", True, observation_id="b", source="human"),  # noqa: FBT003
        score("t", "lost", 1, observation_id="elsewhere"),
    ]
    return Trace("t", spans, scores)


def test_the_text_shows_times_models_tokens_errors_and_who_gave_which_score():
    assert repr(scored_trace()).splitlines() == [
        "Trace t · 2026-03-01 12:00:00 UTC · 4.0 s · 3 observations · 1 failed · 5 scores",
        "  score accuracy: 0.5 (code exact match) · half of it",
        "  score tone: warm (judge tone judge)",
        "  score verdict: pass (ann)",
        "  score lost: 1 (code) · on observation elsewhere",
        "  ● a · span · 4.0 s",
        "    in: message: hello",
        "    ● b · generation · 1.0 s · m-1 · 1,200 → 30 tokens",
        "      score safe: true (a person)",
        "    ● c · span · 1.0 s",
        "      failed: ValueError: no ticket",
    ]


def test_the_page_shows_the_same():
    page = page_of(scored_trace())
    for words in (
        "4.0 s · 3 observations · 1 failed · 5 scores",
        "generation · 1.0 s · m-1 · 1,200 → 30 tokens",
        "failed: ValueError: no ticket",
        '{"message": "hello"}',
        "half of it",
        "safe true",
        "elsewhere",
        "ann",
        "nightly",
    ):
        assert words in page.text
    for cell in ("code exact match", "judge tone judge", "a person", "ann"):
        assert cell in page.words


def test_the_bar_of_an_observation_stands_where_it_was_in_the_trace():
    styles = [
        a["style"] for tag, a in page_of(scored_trace()).tags if tag == "span" and "style" in a
    ]
    bars = [style for style in styles if "width" in style]
    assert bars == [
        "margin-left:0.00%;width:100.00%",
        "margin-left:25.00%;width:25.00%",
        "margin-left:75.00%;width:25.00%",
    ]


def test_nothing_that_models_wrote_becomes_markup_or_commands_the_terminal():
    hostile = span(
        HOSTILE,
        input_json=to_json({HOSTILE: HOSTILE * 40}),
        output_json=to_json(HOSTILE),
        error=HOSTILE,
        tags=(HOSTILE,),
        metadata={HOSTILE: HOSTILE},
        attributes={"gen_ai.request.model": HOSTILE, "gen_ai.usage.input_tokens": HOSTILE},
    )
    given = score(
        "t", HOSTILE[:100].replace("\u202e", ""), HOSTILE, author=HOSTILE, comment=HOSTILE
    )
    trace = Trace(HOSTILE, [hostile, span("\x1b[31mred\x07", at=1)], [given])
    page = page_of(trace)
    assert page.kinds <= MADE
    assert page.text.count("<script>alert('x')</script>") >= 8
    assert "\\u202eevil" in repr(trace)
    assert not {"\x1b", "\x07", "\u202e"} & set(repr(trace))


def test_names_that_run_from_right_to_left_do_not_turn_their_surroundings():
    html = Trace("t", [span("\u202eevil مرحبا")], [])._repr_html_()
    assert "<bdi><strong>\u202eevil مرحبا</strong></bdi>" in html


def test_halves_of_surrogate_pairs_and_texts_that_are_no_json_can_be_shown():
    spans = [span("a", input_json='"\\ud800 half"', output_json="{no json"), span("b", at=1)]
    spans[1] = replace(spans[1], input_json="[" * 100_000)
    trace = Trace("t", spans, [])
    assert "\\ud800 half" in page_of(trace).text
    assert "{no json" in page_of(trace).text
    trace._repr_html_().encode()
    repr(trace).encode()
    assert trace.to_frame()["output"].tolist() == ["{no json", None]


def test_long_values_are_cut_and_say_how_much_is_left():
    page = page_of(Trace("t", [span("a", input_json=to_json("x" * 1_000_000))], []))
    assert "… 996,000 more characters" in page.text
    assert len(page.text) < 10_000


def test_many_observations_with_long_values_stay_small_in_a_notebook():
    spans = [span(str(i), at=i, input_json=to_json("y" * 5_000)) for i in range(SHOWN)]
    html = Trace("t", spans, [])._repr_html_()
    assert len(html) < 800_000
    assert "4,800 more characters" in html


# Conditions on scores.

QUOTES = st.sampled_from("`\"'")
NAMES = st.text(min_size=1, max_size=20)
OPS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def quoted(text, quote):
    return quote + text.replace(quote, quote * 2) + quote


@given(
    NAMES, QUOTES, st.sampled_from(sorted(OPS)), st.floats(allow_nan=False, allow_infinity=False)
)
def test_a_quoted_name_and_a_number_are_read_as_they_were_written(name, quote, op, number):
    read = parse_condition(f"{quoted(name, quote)}{op}{number!r}")
    assert read == Condition(name, op, number)


@given(NAMES, QUOTES, st.sampled_from(["==", "!="]), st.text(max_size=20), QUOTES)
def test_a_quoted_text_is_read_as_it_was_written(name, quote, op, text, other):
    read = parse_condition(f" {quoted(name, quote)} {op}\t{quoted(text, other)} ")
    stored = new_score(ScoreTarget("t"), "n", text).value
    assert read == Condition(name, op, stored)


@given(st.text(alphabet="ab1.e-<>=!`'\" ", max_size=15))
def test_any_text_is_a_condition_or_is_refused_with_an_example(text):
    try:
        read = parse_condition(text)
    except BadInput as error:
        assert "accuracy < 0.5" in str(error) or "verdict ==" in str(error)  # noqa: PT017
    else:
        assert read.name
        assert read.op in OPS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy < 0.5", Condition("accuracy", "<", 0.5)),
        ("accuracy>=1e-3", Condition("accuracy", ">=", 0.001)),
        ("safe == true", Condition("safe", "==", 1.0)),
        ("safe != False", Condition("safe", "!=", 0.0)),
        ("verdict == needs review", Condition("verdict", "==", "needs review")),
        ("verdict == 'true'", Condition("verdict", "==", "true")),
        ("`tone (human)` == warm", Condition("tone (human)", "==", "warm")),
        ("retrieval-relevance > .5", Condition("retrieval-relevance", ">", 0.5)),
    ],
)
def test_conditions_are_written_as_people_say_them(text, expected):
    assert parse_condition(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "accuracy", "accuracy <", "< 0.5", "a < b < 1", "a = 1", "my tone == warm", "`` == 1", 5],
)
def test_what_is_no_condition_is_refused_with_an_example(text):
    with pytest.raises(BadInput, match=r"accuracy < 0.5"):
        parse_condition(text)


def test_a_text_is_neither_more_nor_less_than_another():
    with pytest.raises(BadInput, match=r"verdict < pass.*verdict == 'pass'"):
        parse_condition("verdict < pass")


def test_a_condition_holds_for_values_of_its_kind_only():
    assert parse_condition("a != 1").holds(0.5)
    assert not parse_condition("a != 1").holds("pass")
    assert not parse_condition("a != 1").holds(None)
    assert not parse_condition("a != pass").holds(1.0)
    assert parse_condition("a == true").holds(value=True)
    assert parse_conditions(["a > 0", "b == x"])[1] == Condition("b", "==", "x")


def test_moments_need_a_time_zone():
    assert moment("since", "2026-01-02T10:00+01:00") == datetime(2026, 1, 2, 9, tzinfo=UTC)
    assert moment("since", None) is None
    ago = moment("since", timedelta(days=1))
    assert timedelta(hours=23) < clock.now() - ago < timedelta(hours=25)
    for naive in (datetime(2026, 1, 2), "2026-01-02", "yesterday", 5, timedelta.max):  # noqa: DTZ001
        with pytest.raises(BadInput, match="since="):
            moment("since", naive)


# The table of traces.


def ids(frame):
    return frame["trace_id"].tolist()


def test_a_row_says_what_the_root_did_and_what_the_trace_belongs_to(client):
    keep(
        client,
        span(
            "root",
            seconds=2,
            input_json='"in"',
            output_json='{"o":1}',
            error="ValueError: no",
            user_id="ann",
            tags=("a",),
            release="r",
        ),
        span("inner", "root", at=1, seconds=4, tags=("b",), version="v1", input_json='"not this"'),
        scores=[score("t", "accuracy", 0.5)],
    )
    [row] = client.get_traces().to_dict("records")
    assert row == {
        "trace_id": "t",
        "name": "root",
        "start": pd.Timestamp(BEGIN),
        "latency_s": 5.0,
        "user_id": "ann",
        "session_id": None,
        "tags": ["a", "b"],
        "version": "v1",
        "release": "r",
        "environment": "default",
        "input": "in",
        "output": {"o": 1},
        "error": "ValueError: no",
        "observations": 2,
        "experiment": None,
        "dataset": None,
        "accuracy": 0.5,
    }


def test_the_newest_trace_comes_first_and_what_is_cut_is_said(client):
    keep(client, *(span("a", trace_id=f"t{i}", at=i) for i in range(5)))
    assert ids(client.get_traces()) == ["t4", "t3", "t2", "t1", "t0"]
    some = client.get_traces(limit=2)
    assert (ids(some), some.attrs["cut"]) == (["t4", "t3"], True)
    assert client.get_traces(limit=5).attrs["cut"] is False
    assert len(client.get_traces(limit=None)) == 5


def test_a_store_without_traces_gives_the_same_columns(client):
    empty = client.get_traces()
    keep(client, span("a"))
    assert list(empty.columns) == FIXED
    assert empty.dtypes.to_dict() == client.get_traces().dtypes.to_dict()
    assert str(empty["start"].dtype) == "datetime64[us, UTC]"


def test_the_traces_of_an_experiment_are_found_by_its_label_name_id_or_itself(client):
    client.create_dataset(name="numbers", items=[{"input": n} for n in range(3)])
    first = client.run(lambda n: n + 1, "numbers", name="plus #x", evaluators=[lambda output: 1.0])
    client.run(lambda n: n + 2, "numbers", name="plus #x")
    client.score(trace_id="foreign", name="feedback", value=1)
    frame = client.get_traces(experiment="plus #x #1")
    assert sorted(ids(frame)) == sorted(first.to_frame()["trace_id"])
    assert set(frame["experiment"]) == {"plus #x #1"}
    assert set(frame["dataset"]) == {"numbers"}
    assert sorted(frame["output"]) == [1, 2, 3]
    assert ids(client.get_traces(experiment=first)) == ids(frame)
    assert ids(client.get_traces(experiment=first.id)) == ids(frame)
    assert set(client.get_traces(experiment="plus #x")["experiment"]) == {"plus #x #2"}
    assert len(client.get_traces()) == 7
    with pytest.raises(NotFound, match="plus #x"):
        client.get_traces(experiment="plus #y")


def test_an_item_run_without_tracing_is_a_trace_too(client):
    client.create_dataset(name="numbers", items=[{"input": 1}])
    with xn.disable_tracing():
        experiment = client.run(lambda n: n + 1, "numbers", name="quiet")
    [row] = client.get_traces(experiment=experiment).itertuples()
    assert (row.output, row.observations, row.experiment) == (2, 0, "quiet #1")
    assert row.latency_s >= 0
    assert row.start.to_pydatetime() >= experiment.record.created_at


def test_a_trace_of_which_only_scores_are_stored_is_listed_too(client):
    client.score(trace_id="trace_abc123", name="feedback", value=1)
    [row] = client.get_traces().itertuples()
    assert (row.trace_id, row.observations, row.feedback) == ("trace_abc123", 0, 1.0)
    assert ids(client.get_traces(score="feedback == 1")) == ["trace_abc123"]
    assert client.get_traces(name="anything").empty


def test_of_several_scores_the_settled_one_counts_else_the_latest(client):
    keep(client, span("a", trace_id="settled"), span("a", trace_id="open", at=1))
    for trace_id in ("settled", "open"):
        client.score(trace_id=trace_id, name="verdict", value="no", source="human", author="ann")
    client.score(
        trace_id="settled",
        name="verdict",
        value="yes",
        source="human",
        author="cy",
        metadata={"adjudicated": True},
    )
    for trace_id in ("settled", "open"):
        client.score(trace_id=trace_id, name="verdict", value="maybe", source="human", author="bob")
    frame = client.get_traces().set_index("trace_id")
    assert frame["verdict"].to_dict() == {"settled": "yes", "open": "maybe"}
    assert ids(client.get_traces(score="verdict == yes")) == ["settled"]
    assert client.get_traces(score="verdict == no").empty


def test_peoples_scores_and_those_of_code_under_one_name_are_kept_apart(client):
    client.score(trace_id="x", name="tone", value=0.2)
    client.score(trace_id="x", name="tone", value=0.9, source="human", author="ann")
    client.score(trace_id="y", name="tone", value=0.4, source="human", author="ann")
    frame = client.get_traces().set_index("trace_id")
    assert frame.loc["x", ["tone", "tone (human)"]].tolist() == [0.2, 0.9]
    assert frame["tone"].isna().tolist() == [True, False]
    assert ids(client.get_traces(score="tone < 0.5")) == ["x"]
    assert ids(client.get_traces(score="`tone (human)` < 0.5")) == ["y"]


def test_a_score_called_like_a_column_is_told_apart(client):
    client.score(trace_id="x", name="input", value=0.5)
    frame = client.get_traces(score="input == 0.5")
    assert frame["score:input"].tolist() == [0.5]
    assert frame["input"].tolist() == [None]


def test_an_unknown_score_is_not_found_and_near_names_are_told(client):
    client.score(trace_id="x", name="accuracy", value=0.5)
    with pytest.raises(NotFound, match=r"'acuracy'.*'accuracy'"):
        client.get_traces(score="acuracy < 1")
    client.score(trace_id="x", name="tone", value=0.9, source="human", author="ann")
    with pytest.raises(NotFound, match=r"'tone \(human\)'.*'tone'"):
        client.get_traces(score="`tone (human)` < 1")


@pytest.mark.parametrize(
    "label", ["50%", "a_b", "A_B", "größe", 'quo"te', "back\\slash", "a/b", "a", "[", "a,b"]
)
def test_a_tag_is_matched_exactly(client, label):
    every = ["50%", "50x", "a_b", "A_B", "axb", "größe", 'quo"te', "back\\slash", "a/b", "a", "["]
    every += ["a,b", "grösse", "half \ud800"]
    keep(
        client,
        *(
            span(
                "a",
                trace_id=f"{i} {both}",
                tags=tuple(sorted({tag, "half \ud800"} if both else {tag})),
            )
            for i, tag in enumerate(every)
            for both in (False, True)
        ),
    )
    frame = client.get_traces(tags=label)
    place = every.index(label)
    assert sorted(ids(frame)) == [f"{place} False", f"{place} True"]
    assert all(label in tags for tags in frame["tags"])
    assert ids(client.get_traces(tags=[label, "half \ud800"])) == [f"{place} True"]


# Filters against brute force.


@pytest.fixture
def crowd(client):
    """Sixty traces that differ in all that can be asked for."""
    spans, scores = [], []
    for i in range(60):
        trace_id = f"t{i:02}"
        if i % 7:
            spans.append(
                span(
                    ("ask", "answer", "sum up")[i % 3],
                    trace_id=trace_id,
                    at=60 * i,
                    user_id=(None, "ann", "bob")[i % 3],
                    session_id=f"s{i % 5}",
                    tags=tuple(sorted({f"x{i % 2}", f"y{i % 3}"})),
                )
            )
            # A name and a user further down are not those of the trace.
            root = spans[-1].name
            spans.append(span("deep", root, trace_id=trace_id, at=60 * i + 1, user_id="bob"))
        scores.append(score(trace_id, "number", (i * 37 % 11) / 10))
        if i % 2:
            scores.append(score(trace_id, "safe", value=bool(i % 4 == 1)))
        if i % 3:
            scores.append(score(trace_id, "label", ("good", "bad", "so so")[i % 3]))
        if i % 5 == 0:
            scores.append(score(trace_id, "number", 0.9, source="human", author="ann"))
    keep(client, *spans, scores=scores)
    return client.get_traces(limit=None)


CONDITIONS = st.one_of(
    st.tuples(
        st.sampled_from(["number", "safe", "number (human)"]),
        st.sampled_from(sorted(OPS)),
        st.sampled_from([0, 0.1, 0.4, 0.5, 0.9, 1, True, False]),
    ),
    st.tuples(
        st.just("label"), st.sampled_from(["==", "!="]), st.sampled_from(["good", "bad", "none"])
    ),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(CONDITIONS, max_size=2),
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["ask", "answer", "deep", "nobody"]),
            "user_id": st.sampled_from(["ann", "bob"]),
            "session_id": st.sampled_from(["s0", "s3"]),
            "tags": st.lists(st.sampled_from(["x0", "x1", "y0", "y2"]), max_size=2),
            "since": st.integers(0, 60).map(lambda m: BEGIN + timedelta(minutes=m)),
            "until": st.integers(0, 60).map(lambda m: BEGIN + timedelta(minutes=m)),
        },
    ),
    st.tuples(
        st.one_of(st.none(), st.integers(1, 20)), st.sampled_from([trace_search.STEPS, (3, 9)])
    ),
)
def test_filters_find_what_looking_at_every_row_finds(client, crowd, conditions, asked, sizes):
    limit, steps = sizes
    expressions = [f"`{name}` {op} {str(value).lower()}" for name, op, value in conditions]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trace_search, "STEPS", steps)
        found = client.get_traces(score=expressions, limit=limit, **asked)

    def fits(row):
        scored = all(
            not pd.isna(row[name]) and OPS[op](row[name], value) for name, op, value in conditions
        )
        same = all(row[c] == asked[c] for c in ("name", "user_id", "session_id") if c in asked)
        since, until = asked.get("since", BEGIN), asked.get("until")
        return (
            scored
            and same
            and set(asked.get("tags", ())) <= set(row["tags"])
            and row["start"] >= since
            and (until is None or row["start"] < until)
        )

    expected = [row["trace_id"] for row in crowd.to_dict("records") if fits(row)]
    assert ids(found) == expected[:limit]
    assert found.attrs["cut"] is (limit is not None and len(expected) > limit)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_going_back_in_time_step_by_step_gives_every_trace_once_and_in_order(
    client, crowd, monkeypatch, size
):
    at_once = [span("alike", trace_id=f"alike {n}", at=7) for n in range(6)]
    keep(client, *at_once, span("late", "answer", trace_id="t01", at=9_000))
    expected = client.get_traces(limit=None)
    monkeypatch.setattr(trace_search, "STEPS", (size, 3 * size, 5 * size))
    assert_frame_equal(client.get_traces(limit=None), expected)
    assert ids(client.get_traces(limit=3)) == ids(expected)[:3]
    assert len(expected) == len(crowd) + 6


# The table of scores.


def test_the_table_of_scores_holds_all_that_is_known_of_them(client):
    client.score(
        trace_id="t",
        observation_id="o",
        name="accuracy",
        value=0.5,
        comment="half",
        author="exact",
        metadata={"k": [1]},
    )
    client.score(trace_id="t", name="safe", value=True, source="llm", author="guard")
    client.score_session(session_id="s", name="mood", value="good", source="human", author="ann")
    frame = client.get_scores()
    assert list(frame.columns) == LISTED
    assert frame["value"].tolist() == [0.5, True, "good"]
    assert [type(v) for v in frame["value"]] == [float, bool, str]
    assert frame["data_type"].tolist() == ["NUMERIC", "BOOLEAN", "CATEGORICAL"]
    assert frame["trace_id"].tolist() == ["t", "t", None]
    assert frame["session_id"].tolist() == [None, None, "s"]
    assert frame["metadata"].tolist() == [{"k": [1]}, None, None]
    assert frame.loc[0, ["observation_id", "comment"]].tolist() == ["o", "half"]
    assert frame["created_at"].is_monotonic_increasing
    assert str(frame["created_at"].dtype) == "datetime64[us, UTC]"
    assert client.get_scores(source="llm")["author"].tolist() == ["guard"]
    assert client.get_scores(author="ann")["name"].tolist() == ["mood"]
    assert client.get_scores(name="safe", trace_id="t")["value"].tolist() == [True]


def test_an_empty_table_of_scores_has_the_same_columns(client):
    empty = client.get_scores()
    client.score(trace_id="t", name="accuracy", value=0.5)
    assert empty.empty
    assert empty.dtypes.to_dict() == client.get_scores().dtypes.to_dict()


def test_the_scores_of_a_time_are_found(client):
    client.score(trace_id="a", name="n", value=0)
    [first] = client.get_scores()["created_at"]
    client.score(trace_id="b", name="n", value=1)
    after = client.get_scores()["created_at"][1]
    assert client.get_scores(until=after.to_pydatetime())["trace_id"].tolist() == ["a"]
    assert client.get_scores(since=after.isoformat())["trace_id"].tolist() == ["b"]
    assert len(client.get_scores(since=timedelta(hours=1), until=timedelta(0))) == 2
    assert client.get_scores(until=first.to_pydatetime()).empty


def test_the_scores_of_an_experiment_are_those_on_it_and_on_its_item_runs(client):
    def length(output):
        return float(output)

    client.create_dataset(name="numbers", items=[{"input": n} for n in range(3)])
    experiment = client.run(lambda n: n, "numbers", name="same", evaluators=[length])
    client.score(trace_id="foreign", name="length", value=9)
    whole = new_score(ScoreTarget(experiment_id=experiment.id), "total", 3)
    client.store.write_rows(Rows(scores=[whole]))
    frame = client.get_scores(experiment="same #1")
    assert sorted(frame.loc[frame["name"] == "length", "value"]) == [0, 1, 2]
    assert frame.loc[frame["name"] == "total", "experiment_id"].tolist() == [experiment.id]
    assert len(frame) == 4
