"""Calls of models: what they record, in whose words, and what that adds up to."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry import trace
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor as OpenTelemetry

import xeroml_nb as xn
from tests.judging.stub import KEY, Chat, completion
from tests.sync.faulty_server import Reply
from xeroml_nb.errors import BadInput
from xeroml_nb.tracing.dialects import understand
from xeroml_nb.tracing.prices import prices
from xeroml_nb.tracing.usage import Spent, Usage, added_up

USED = ["input_tokens", "output_tokens", "cost"]


@pytest.fixture(autouse=True)
def no_prices():
    """Prices last as long as a process: no test may leave some behind."""
    yield
    prices({})


@pytest.fixture
def questions(client):
    return client.create_dataset(name="questions", items=[{"input": f"q{n}"} for n in range(3)])


@pytest.fixture
def chat():
    with Chat() as made:
        yield made


def client_of(chat):
    return openai.OpenAI(base_url=chat.base_url, api_key=KEY, max_retries=0)


def only_span(client, live):
    client.flush()
    [span] = client.get_trace(live.trace_id)
    return span


# What a generation records.


def test_a_generation_keeps_model_tokens_cost_and_when_the_first_token_came(client):
    with client.start_as_current_observation(
        name="ask", type="generation", model="small-1"
    ) as live:
        first = datetime.now(UTC) + timedelta(seconds=0.5)
        live.update(usage={"input": 12, "output": 3}, cost=0.25, completion_start_time=first)

    client.flush()
    found = client.get_trace(live.trace_id)
    [row] = found.to_frame().to_dict("records")
    assert (row["model"], row["input_tokens"], row["output_tokens"]) == ("small-1", 12, 3)
    assert row["cost"] == 0.25
    assert row["first_token_s"] == pytest.approx(0.5, abs=0.4)
    assert "12 → 3 tokens · cost 0.25" in repr(found)
    assert "first token after" in repr(found)


def test_a_moment_without_a_time_zone_is_refused(client):
    with (
        client.start_as_current_observation(name="ask") as live,
        pytest.raises(BadInput, match=r"no time zone.*UTC"),
    ):
        live.update(completion_start_time=datetime(2026, 1, 1))  # noqa: DTZ001 - what is tested


def test_the_first_piece_of_a_streamed_generation_is_its_first_token(client):
    @xn.observe(type="generation")
    def stream():
        yield from ("one", "two")

    with client.start_as_current_observation(name="around") as live:
        assert list(stream()) == ["one", "two"]
    client.flush()
    frame = client.get_trace(live.trace_id).to_frame().set_index("name")
    took = frame.loc["stream", "latency_s"]
    assert 0 <= frame.loc["stream", "first_token_s"] <= took
    assert math.isnan(frame.loc["around", "first_token_s"])


# What it costs.


@pytest.mark.parametrize("answered", [{}, {"gen_ai.response.model": "small-1"}])
def test_a_call_without_a_cost_gets_one_from_the_price_of_its_model(client, answered):
    prices({"small-1": (0.5, 2.0)})
    asked = "alias" if answered else "small-1"
    with client.start_as_current_observation(name="ask", type="generation", model=asked) as live:
        live.span.set_attributes(answered)
        live.update(usage={"input": 1_000_000, "output": 500_000})
    assert only_span(client, live).attributes["gen_ai.usage.cost"] == 1.5


def test_a_recorded_cost_stays_and_an_unknown_model_gets_none(client):
    prices({"small-1": (1.0, 1.0)})
    with client.start_as_current_observation(name="a", type="generation", model="small-1") as own:
        own.update(usage={"input": 10}, cost=7)
    with client.start_as_current_observation(name="b", type="generation", model="other") as other:
        other.update(usage={"input": 10})
    with client.start_as_current_observation(name="c", type="generation", model="small-1") as bare:
        pass
    assert only_span(client, own).attributes["gen_ai.usage.cost"] == 7
    assert "gen_ai.usage.cost" not in only_span(client, other).attributes
    assert "gen_ai.usage.cost" not in only_span(client, bare).attributes


@pytest.mark.parametrize("wrong", [1.0, (1.0,), (1.0, -2.0), (1.0, "free"), (math.inf, 1.0)])
def test_a_price_that_is_no_pair_of_numbers_is_refused(wrong):
    with pytest.raises(BadInput, match=r"price of 'm' .* million tokens"):
        prices({"m": wrong})


# What a trace adds up to.


def test_where_calls_lie_inside_one_another_the_innermost_that_says_something_counts():
    agent = Spent("agent", {"gen_ai.usage.input_tokens": 30, "gen_ai.usage.cost": 9})
    calls = [Spent(n, {"gen_ai.usage.input_tokens": 10}) for n in ("one", "two")]
    inside = {"agent": None, "step": "agent", "one": "step", "two": "step"}
    assert added_up([agent, *calls], inside) == Usage(20, None, 9)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6))
def test_calls_side_by_side_are_added_up(costs):
    spans = [Spent(str(n), {"gen_ai.usage.cost": cost}) for n, cost in enumerate(costs)]
    assert added_up(spans, {}).cost == pytest.approx(math.fsum(costs))


def test_spans_that_lie_in_a_circle_end_in_a_sum_too():
    spans = [Spent(own, {"gen_ai.usage.cost": 1}) for own in "abc"]
    assert added_up(spans, {"a": "b", "b": "a", "c": None}).cost == 1


def test_the_table_of_an_experiment_has_what_each_item_used_before_the_scores(client, questions):
    prices({"small-1": (1.0, 10.0)})

    @xn.observe
    def inner(count):
        with client.start_as_current_observation(type="generation", name="a", model="small-1") as a:
            a.update(usage={"input": 100 * count, "output": 10})

    def task(question):
        if question == "q0":
            return question
        with client.start_as_current_observation(type="generation", name="all") as everything:
            everything.update(usage={"input": 999})
            inner(1)
            inner(2)
        return question

    run = client.run(task, questions, evaluators=[cost])
    frame = run.to_frame().set_index("input")
    assert list(frame.columns)[-4:] == [*USED, "score:cost"]
    assert frame.loc["q1", USED].tolist() == [300, 20, pytest.approx(300e-6 + 200e-6)]
    assert frame.loc["q0", USED].isna().all()
    assert (frame["score:cost"] == 1).all()
    assert client.compare(run).costs()["task #1"].notna().sum() == 2
    again = client.to_frame(run, client.run(lambda question: question, questions, name="bare"))
    assert again["cost"].notna().sum() == 2


def cost(output):
    return 1.0


def test_a_table_without_any_usage_has_no_columns_for_it(client, questions):
    frame = client.run(lambda question: question, questions).to_frame()
    assert not {*USED} & {*frame.columns}


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_what_evaluators_use_is_not_the_item_s(client, questions, kind):
    def record():
        with client.start_as_current_observation(name="judge", type="generation") as call:
            call.update(usage={"input": 5}, cost=1)
        return 1.0

    async def record_later(output):
        return record()

    def record_now(output):
        return record()

    run = client.run(
        lambda question: record(),
        questions,
        evaluators=[record_now if kind == "plain" else record_later],
    )
    frame = run.to_frame()
    assert frame["cost"].tolist() == [1, 1, 1]
    assert [len(client.get_trace(trace_id)) for trace_id in frame["trace_id"]] == [3, 3, 3]


# In whose words.


@pytest.mark.parametrize(
    "said",
    [
        {"gen_ai.operation.name": "chat", "gen_ai.usage.prompt_tokens": 7}
        | {"gen_ai.usage.completion_tokens": 2, "gen_ai.response.model": "m"},
        {"openinference.span.kind": "LLM", "llm.token_count.prompt": 7}
        | {"llm.token_count.completion": 2, "llm.model_name": "m"},
        {"llm.request.type": "chat", "llm.usage.prompt_tokens": 7}
        | {"llm.usage.completion_tokens": 2, "llm.request.model": "m"},
        {"gen_ai.request.model": "m"}
        | {"gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 2},
    ],
)
def test_a_call_of_a_model_is_understood_in_the_words_of_any_instrumentation(client, said):
    with trace.get_tracer("theirs").start_as_current_span("call", attributes=said) as span:
        pass
    client.flush()
    [found] = client.get_trace(f"{span.get_span_context().trace_id:032x}")
    [row] = client.get_trace(found.trace_id).to_frame().to_dict("records")
    assert (row["type"], row["model"]) == ("generation", "m")
    assert (row["input_tokens"], row["output_tokens"]) == (7, 2)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("hello", '"hello"'),
        ('{"a": 1}', '{"a": 1}'),
        ('{"a": NaN}', '"{\\"a\\": NaN}"'),
        (["x", "y"], '["x", "y"]'),
    ],
)
def test_what_went_in_is_kept_as_json_whatever_it_was(said, kept):
    found = {"openinference.span.kind": "LLM", "input.value": said}
    understand(found)
    assert json.loads(found["xeroml.observation.input"]) == json.loads(kept)
    assert "input.value" not in found


def test_an_agent_is_no_call_of_a_model_though_it_names_one():
    found = {"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"}
    understand(found)
    assert "xeroml.observation.type" not in found


def test_seconds_to_the_first_chunk_say_when_the_first_token_came(client):
    said = {"gen_ai.operation.name": "chat", "gen_ai.response.time_to_first_chunk": 0.25}
    with trace.get_tracer("theirs").start_as_current_span("call", attributes=said) as span:
        pass
    client.flush()
    found = client.get_trace(f"{span.get_span_context().trace_id:032x}")
    assert found.to_frame()["first_token_s"].tolist() == [pytest.approx(0.25, abs=1e-5)]


@pytest.fixture(params=[OpenTelemetry, OpenInference])
def instrumented(request):
    """The client of OpenAI-compatible endpoints records its calls by itself."""
    request.param().instrument()
    yield request.param
    request.param().uninstrument()


def test_calls_that_an_instrumentation_records_land_in_their_item_runs(
    client, questions, chat, instrumented
):
    prices({"small-1": (10_000.0, 100_000.0)})
    chat.otherwise = completion("It is 4.")

    def task(question):
        messages = [{"role": "user", "content": question}]
        with client_of(chat) as model:
            answer = model.chat.completions.create(model="small-1", messages=messages)
        return answer.choices[0].message.content

    expected = 1.7 if instrumented is OpenTelemetry else None
    if instrumented is OpenInference:  # which names the model that answered
        prices({"judge-1-2026": (10_000.0, 100_000.0)})
        expected = 1.7
    run = client.run(task, questions)
    frame = run.to_frame()
    assert frame["status"].tolist() == ["ok"] * 3
    assert frame[USED].to_numpy().tolist() == [[100, 7, pytest.approx(expected)]] * 3
    [root, call] = client.get_trace(frame["trace_id"][0])
    assert (call.parent_id, call.type) == (root.id, "generation")


def test_the_first_token_that_an_instrumentation_notes_is_kept(client, chat):
    chat.otherwise = Reply(
        body=streamed("It ", "is 4."), headers={"Content-Type": "text/event-stream"}
    )
    OpenInference().instrument()
    try:
        with client_of(chat) as model, client.start_as_current_observation(name="ask") as live:
            messages = [{"role": "user", "content": "2+2?"}]
            usage = {"include_usage": True}
            pieces = model.chat.completions.create(
                model="small-1", messages=messages, stream=True, stream_options=usage
            )
            assert len(list(pieces)) == 3
    finally:
        OpenInference().uninstrument()
    client.flush()
    row = client.get_trace(live.trace_id).to_frame().to_dict("records")[1]
    assert 0 < row["first_token_s"] <= row["latency_s"]
    assert (row["input_tokens"], row["output_tokens"]) == (5, 2)


def streamed(*pieces):
    """The answer of a chat endpoint piece by piece, and what it used at the end."""
    common = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "small-1"}
    chunks = [
        common | {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
        for piece in pieces
    ]
    used = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    chunks.append(common | {"choices": [], "usage": used})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
