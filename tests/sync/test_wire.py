"""Records as JSON of the API and as spans, and back again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.errors import BadInput, BadScore
from xeroml_nb.records import clock
from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
from xeroml_nb.records.experiment import (
    ExperimentRecord,
    ExperimentStatus,
    ItemRun,
    ItemStatus,
    TaskRecord,
)
from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.label import QueueRecord
from xeroml_nb.records.observation import Observation, ObservationType
from xeroml_nb.records.score import DataType, ScoreRecord, ScoreSource, ScoreTarget, new_score
from xeroml_nb.server.spans import from_protobuf, observations_in
from xeroml_nb.sync.wire import configs, datasets, experiments, langfuse, queues, scores, spans
from xeroml_nb.tracing.recorder import to_observation

calm = settings(max_examples=25, deadline=None)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
plain_ids = st.text(
    st.characters(exclude_categories=["Cs"], min_codepoint=0x20, exclude_characters="\x7f"),
    min_size=1,
    max_size=40,
)
names = plain_ids.filter(str.strip).filter("__proto__".__ne__)
moments = st.integers(0, 7 * 10**15).map(clock.from_micros)
leaves = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | texts
leaves |= st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
targets = st.one_of(
    st.builds(ScoreTarget, trace_id=plain_ids, observation_id=st.none() | plain_ids),
    st.builds(ScoreTarget, session_id=plain_ids),
    st.builds(ScoreTarget, experiment_id=plain_ids),
)
typed = st.one_of(
    st.tuples(st.just(DataType.NUMERIC), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just(DataType.BOOLEAN), st.booleans()),
    st.tuples(st.just(DataType.CATEGORICAL), texts),
)


def through_json(body):
    return json.loads(to_json(body))


@st.composite
def some_scores(draw):
    kind, value = draw(typed)
    return ScoreRecord(
        id=draw(plain_ids),
        target=draw(targets),
        name=draw(names),
        value=value,
        data_type=kind,
        comment=draw(st.none() | texts),
        source=draw(st.sampled_from(ScoreSource)),
        author=draw(texts),
        metadata=draw(
            st.none() | objects | st.fixed_dictionaries({"config": plain_ids, "queue": plain_ids})
        ),
        created_at=draw(moments),
    )


@calm
@given(some_scores())
def test_a_score_that_is_sent_is_read_as_it_was(score):
    assert scores.from_wire(through_json(scores.to_wire(score))) == score


@calm
@given(some_scores(), moments)
def test_a_score_that_a_server_shows_is_read_as_it_was(score, changed):
    shown = through_json(scores.shown(score, changed))
    assert scores.from_wire(shown) == score
    assert shown.keys() >= {"observationId", "sessionId", "experimentId", "configId", "queueId"}


@calm
@given(some_scores())
def test_a_score_comes_back_from_langfuse_with_what_it_has_no_fields_for(score):
    assume(score.metadata is None or (score.metadata and langfuse.OWN not in score.metadata))
    is_on_run = score.target.experiment_id is not None
    sent = through_json(langfuse.score(scores.to_wire(score), "run-1" if is_on_run else None))
    assert not isinstance(sent["value"], bool)
    back = scores.from_wire(langfuse.own_score(sent))
    assert back.target == (ScoreTarget(experiment_id="run-1") if is_on_run else score.target)
    assert replace(back, target=score.target) == score


@pytest.mark.parametrize(
    ("wire", "source"),
    [
        ("API", ScoreSource.API),
        ("ANNOTATION", ScoreSource.HUMAN),
        ("EVAL", ScoreSource.LLM),
        ("human", ScoreSource.HUMAN),
        ("LLM", ScoreSource.LLM),
        (None, ScoreSource.API),
    ],
)
def test_both_spellings_of_a_source_are_read(wire, source):
    body = {"traceId": "t", "name": "n", "value": 1, "source": wire}
    assert scores.from_wire(body).source is source


@pytest.mark.parametrize("value", [True, 1, 1.0, "True", "true"])
def test_every_spelling_of_true_is_read(value):
    body = {"traceId": "t", "name": "n", "value": value, "dataType": "BOOLEAN"}
    assert scores.from_wire(body).value is True


def test_a_category_is_read_from_its_name_where_the_value_is_its_number():
    body = {"traceId": "t", "name": "n", "dataType": "CATEGORICAL"}
    assert scores.from_wire(body | {"value": 2, "stringValue": "good"}).value == "good"
    assert scores.from_wire(body | {"value": "bad"}).value == "bad"
    assert scores.from_wire(body | {"value": "free text", "dataType": "TEXT"}).value == "free text"


def test_the_run_of_a_dataset_is_another_word_for_an_experiment():
    body = {"datasetRunId": "e1", "name": "n", "value": 1}
    assert scores.from_wire(body).target == ScoreTarget(experiment_id="e1")


def test_a_score_without_an_id_gets_the_derived_one_and_the_present_moment():
    read = scores.from_wire({"traceId": "t", "name": "n", "value": 0.5, "surprise": [1]})
    assert read.id == new_score(ScoreTarget("t"), "n", 0.5).id
    assert clock.now() - read.created_at < timedelta(minutes=1)


def test_moments_of_every_zone_are_read():
    body = {"traceId": "t", "name": "n", "value": 1, "timestamp": "2026-01-02T10:00:00.5+01:00"}
    moment = scores.from_wire(body).created_at
    assert moment == datetime(2026, 1, 2, 10, 0, 0, 500_000, timezone(timedelta(hours=1)))
    assert scores.from_wire(body | {"timestamp": "2026-01-02"}).created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "wrong",
    [
        {"traceId": None},
        {"traceId": ""},
        {"traceId": "a\x00b"},
        {"traceId": "x" * 256},
        {"traceId": 7},
        {"sessionId": "s"},
        {"name": None},
        {"name": ""},
        {"name": ["n"]},
        {"value": None},
        {"value": {}},
        {"value": float("nan")},
        {"value": 10**400},
        {"value": "2", "dataType": "BOOLEAN"},
        {"value": 2, "dataType": "BOOLEAN"},
        {"value": "1", "dataType": "NUMERIC"},
        {"value": 1, "dataType": "CATEGORICAL"},
        {"dataType": "STARS"},
        {"dataType": 1},
        {"comment": {"a": 1}},
        {"source": "nobody"},
        {"source": 1},
        {"author": 5},
        {"timestamp": "yesterday"},
        {"timestamp": 1_700_000_000},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"id": ""},
        {"configId": ["c"]},
    ],
)
def test_a_score_with_a_wrong_part_is_refused(wrong):
    body = {"traceId": "t", "name": "n", "value": 1}
    with pytest.raises(BadInput) as caught:
        scores.from_wire(body | wrong)
    assert caught.value.next_step


@pytest.mark.parametrize("body", [None, [], "score", 3])
def test_what_is_no_object_is_no_score(body):
    with pytest.raises(BadInput, match="JSON object"):
        scores.from_wire(body)


def test_a_missing_value_is_named():
    with pytest.raises(BadScore, match="'n' has the value None"):
        scores.from_wire({"traceId": "t", "name": "n"})


@calm
@given(names, st.none() | texts, st.none() | objects, moments, st.integers(0, 10**6))
def test_a_dataset_is_read_as_it_was(name, description, schema, moment, count):
    record = DatasetRecord(
        "0123456789abcdef",
        name,
        description,
        schema,
        schema,
        created_at=moment,
        updated_at=moment + timedelta(seconds=1),
        item_count=count,
    )
    assert datasets.from_wire(through_json(datasets.shown(record))) == record
    sent = datasets.from_wire(through_json(datasets.to_wire(record)))
    assert (sent.name, sent.description, sent.input_schema) == (name, description, schema)


@calm
@given(plain_ids, values, values, values)
def test_an_item_is_read_as_it_was(item_id, given_input, expected, metadata):
    item = DatasetItem(item_id, given_input, expected, metadata)
    sent = through_json(datasets.item_to_wire(item))
    assert repr(datasets.item_from_wire(sent)) == repr(item)
    record = DatasetRecord("d", "name", created_at=clock.now(), updated_at=clock.now())
    shown = through_json(datasets.item_shown(item, record, clock.now()))
    assert repr(datasets.item_from_wire(shown)) == repr(item)


def test_items_without_an_id_get_the_same_one_for_the_same_content():
    first, again = (datasets.item_from_wire({"input": {"q": 1}}) for _ in range(2))
    assert first.id == again.id != datasets.item_from_wire({"input": {"q": 2}}).id
    with pytest.raises(BadInput, match="no input"):
        datasets.item_from_wire({"expectedOutput": 1})


@st.composite
def some_experiments(draw):
    maybe = st.none() | moments
    task = st.builds(TaskRecord, name=texts, source=texts, fingerprint=texts)
    return ExperimentRecord(
        id=draw(plain_ids),
        name=draw(names),
        number=draw(st.integers(1, 1000)),
        status=draw(st.sampled_from(ExperimentStatus)),
        created_at=draw(moments),
        dataset_name=draw(st.none() | names),
        dataset_version=draw(maybe),
        content_hash=draw(st.none() | texts),
        task=draw(st.none() | task),
        item_ids=draw(st.none() | st.lists(plain_ids, max_size=3).map(tuple)),
        planned=draw(st.integers(0, 1000)),
        repetitions=draw(st.integers(1, 9)),
        evaluators=draw(st.lists(texts, max_size=3).map(tuple)),
        environment=draw(objects),
        metadata=draw(objects),
        finished_at=draw(maybe),
        stop_reason=draw(st.none() | texts),
    )


@calm
@given(some_experiments())
def test_an_experiment_is_read_as_it_was(record):
    for written in (experiments.to_wire(record), experiments.shown(record)):
        assert repr(experiments.from_wire(through_json(written))) == repr(record)


@st.composite
def some_runs(draw):
    status = draw(st.sampled_from([s for s in ItemStatus if s is not ItemStatus.PENDING]))
    item_id = draw(plain_ids)
    local = st.builds(DatasetItem, st.just(item_id), values, values, values)
    return ItemRun(
        experiment_id="e1",
        item_id=item_id,
        repetition=draw(st.integers(0, 9)),
        status=status,
        trace_id=draw(plain_ids),
        started_at=draw(moments),
        latency=draw(st.none() | st.floats(0, 1e6)),
        attempts=draw(st.integers(1, 9)),
        local_item=draw(st.none() | local),
        output_json=to_json(draw(values)) if status is ItemStatus.OK else None,
        error=draw(st.none() | texts),
        traceback=draw(st.none() | texts),
        evaluator_errors=draw(st.dictionaries(texts, texts, max_size=2)),
    )


@calm
@given(some_runs())
def test_an_item_run_is_read_as_it_was(run):
    item = DatasetItem(run.item_id, {"q": 1}, "a", {"lang": "en"})
    sent = through_json(experiments.run_to_wire(run, item))
    assert repr(experiments.run_from_wire("e1", sent)) == repr(run)
    assert repr(experiments.item_of_run(sent)) == repr(run.local_item or item)


def test_an_item_run_without_a_trace_is_refused():
    with pytest.raises(BadInput, match="itemId and traceId"):
        experiments.run_from_wire("e1", {"itemId": "i", "status": "ok"})
    with pytest.raises(BadInput, match="'ok'"):
        experiments.run_from_wire("e1", {"itemId": "i", "traceId": "t", "status": "fine"})


DIMENSIONS = [
    Dimension("verdict", options=[Option("pass", "p", 1), Option("fail", "x", 0), "defer"]),
    Dimension("tone", options=["warm", "cold"], description="How it sounds."),
    Dimension("thumb", "boolean", options=["up", "down"]),
    Dimension("stars", "scale", minimum=1, maximum=5),
    Dimension("cost", "number", minimum=0, step=0.5, direction="lower"),
    Dimension("why", "text", required=False),
    Dimension("better", "preference"),
]


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda d: d.name)
def test_a_dimension_is_read_as_it_was(dimension):
    config = configs.Config(dimension.config_id, 1, dimension.definition())
    for written in (configs.to_wire(config), configs.shown(config, clock.now())):
        sent = through_json(written)
        assert configs.from_wire(sent) == dimension
        assert sent["id"] == dimension.config_id


def test_what_langfuse_says_of_a_score_makes_a_dimension():
    rows = [
        {"name": "n", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1},
        {"name": "b", "dataType": "BOOLEAN", "categories": [{"label": "True", "value": 1}]},
        {"name": "t", "dataType": "TEXT", "description": "Say why."},
        {"name": "c", "dataType": "CATEGORICAL", "categories": [{"label": "good", "value": 1}]},
    ]
    found = [configs.from_wire(row) for row in rows]
    assert [str(d.kind) for d in found] == ["number", "boolean", "text", "categorical"]
    assert (found[0].minimum, found[0].maximum) == (0, 1)
    assert found[2].description == "Say why."
    assert found[3].options == (Option("good", value=1),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dataType": "STARS"},
        {"dataType": None},
        {"dataType": "CATEGORICAL"},
        {"dataType": "CATEGORICAL", "categories": ["good"]},
        {"dataType": "CATEGORICAL", "categories": []},
        {"dataType": "NUMERIC", "minValue": 2, "maxValue": 1},
        {"dataType": "NUMERIC", "minValue": True},
        {"name": 5, "dataType": "NUMERIC"},
        {"definition": {"name": "n", "surprise": 1}},
        {"definition": {"name": "n", "kind": "categorical", "options": [[1, 2, 3, 4, 5, 6]]}},
        {"definition": 3},
    ],
)
def test_a_config_that_asks_nothing_is_refused(wrong):
    with pytest.raises(BadInput):
        configs.from_wire({"name": "n"} | wrong)


def config_of(name, version=1):
    dimension = Dimension(name, "boolean", description=f"version {version}")
    return configs.Config(dimension.config_id, version, dimension.definition())


@calm
@given(st.lists(names, min_size=1, max_size=6, unique=True), st.integers(1, 3))
def test_names_of_configs_are_short_plain_and_unique(given_names, version):
    made = [configs.config_name(config_of(n, v)) for n in given_names for v in (version, 4)]
    assert len(set(made)) == len(made)
    for name in made:
        assert 1 <= len(name) <= 35
        assert all(c.isascii() and (c.isalnum() or c in "_ .()-") for c in name)


def test_a_plain_name_of_a_config_stays_as_it_is():
    assert configs.config_name(config_of("tone of voice")) == "tone of voice"
    assert configs.config_name(config_of("tone of voice", 2)) != "tone of voice"


def test_a_queue_is_read_as_it_was():
    record = QueueRecord("q1", "to do", "traces", clock.now(), description="all of May")
    read = queues.from_wire(through_json(queues.shown(record, ["c1", "c2"])))
    assert read == queues.QueueBody("q1", "to do", "all of May", ("c1", "c2"))
    assert queues.from_wire(queues.to_wire(record, ["c1"])).config_ids == ("c1",)
    for wrong in ({"name": "x"}, {"name": "x", "scoreConfigIds": []}, {"scoreConfigIds": ["c"]}):
        with pytest.raises(BadInput):
            queues.from_wire(wrong)


def test_a_trace_in_a_queue_is_read_as_it_was():
    shown = queues.item_shown("q1", "t1", queues.PENDING, clock.now())
    assert queues.item_from_wire(through_json(shown)) == "t1"
    assert (shown["id"], shown["status"]) == ("t1", "PENDING")
    with pytest.raises(BadInput, match="hold traces"):
        queues.item_from_wire({"objectId": "s1", "objectType": "SESSION"})


hex_ids = st.integers(1, 2**64 - 1).map(lambda n: f"{n:016x}")
trace_ids = st.integers(1, 2**128 - 1).map(lambda n: f"{n:032x}")
attribute_values = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(texts, max_size=3),
    st.lists(st.integers(-1000, 1000), max_size=3),
)


@st.composite
def some_observations(draw):
    maybe = st.none() | texts
    start, trace_id = draw(moments), draw(trace_ids)
    # A parent of this id carries a trace id that was asked for, and is no span.
    parents = hex_ids.filter(lambda own: own != trace_id[16:])
    return Observation(
        id=draw(hex_ids),
        trace_id=trace_id,
        parent_id=draw(st.none() | parents),
        name=draw(texts),
        type=draw(st.sampled_from(ObservationType)),
        start=start,
        end=start + draw(st.timedeltas(timedelta(0), timedelta(days=1))),
        error=draw(st.none() | texts.filter(bool)),
        input_json=draw(st.none() | values.map(to_json)),
        output_json=draw(st.none() | values.map(to_json)),
        attributes=draw(
            st.dictionaries(
                st.sampled_from(["gen_ai.request.model", "app.part", "tool.name", "n"]),
                attribute_values,
                max_size=3,
            )
        ),
        user_id=draw(maybe),
        session_id=draw(maybe),
        tags=tuple(sorted(draw(st.sets(texts.filter(bool), max_size=3)))),
        metadata=draw(objects),
        version=draw(maybe),
        release=draw(maybe),
        environment=draw(st.sampled_from(["default", "production", "ci-2"])),
    )


@calm
@given(some_observations())
def test_the_span_of_an_observation_is_the_observation_again(one):
    assert repr(to_observation(spans.to_span(one))) == repr(one)


@calm
@given(st.lists(some_observations(), max_size=3))
def test_observations_come_through_otlp_as_they_were(every):
    # Messages may be put one after another, as the traces of one request are.
    body = b"".join(spans.encoded([spans.to_span(one)]) for one in every)
    assert repr(observations_in(from_protobuf(body))) == repr(every)


@calm
@given(some_observations())
def test_a_span_in_the_words_of_langfuse_says_the_same(one):
    said = langfuse.attributes(spans.attributes_of(one), one)
    own = [name for name in said if name.startswith("xeroml.")]
    assert own == []
    assert said["langfuse.environment"] == one.environment
    assert said.get("langfuse.trace.tags", []) == list(one.tags)
    assert said.get("langfuse.observation.status_message") == one.error
    assert ("langfuse.trace.name" in said) == (one.parent_id is None)


@pytest.mark.parametrize(
    ("trace_id", "span_id", "fits"),
    [
        ("a" * 32, "b" * 16, True),
        ("a" * 31, "b" * 16, False),
        ("0" * 32, "b" * 16, False),
        ("a" * 32, "0" * 16, False),
        ("a" * 32, "B" * 16, False),
        ("a" * 32, "obs_xyz789", False),
    ],
)
def test_only_ids_that_opentelemetry_knows_go_as_spans(trace_id, span_id, fits):
    assert spans.is_sendable(trace_id, span_id) is fits


def test_the_ids_of_items_on_langfuse_are_unique_over_datasets():
    assert langfuse.item_id("d1", "1") != langfuse.item_id("d2", "1")
    assert len(langfuse.item_id("d1", "x" * 300)) <= 255
