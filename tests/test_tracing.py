"""Traces: what is recorded of calls and blocks, and what their spans carry."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import random
import sqlite3
import subprocess
import sys
import threading
import warnings
from contextlib import closing, contextmanager

import pytest
from opentelemetry import trace

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.tracing.pipeline import TimeOrderedIds


@pytest.fixture
def recorded(client):
    """Every span recorded so far, oldest first: `recorded()`."""

    def read():
        client.flush()
        with closing(sqlite3.connect(os.environ["XEROML_STORE"])) as database:
            found = database.execute("SELECT trace_id FROM observations GROUP BY 1 ORDER BY start")
            ids = [row[0] for row in found.fetchall()]
        return [span for trace_id in ids for span in client.get_trace(trace_id)]

    return read


# What observe records.


def test_a_call_is_recorded_with_input_and_output(recorded):
    @xn.observe
    def add(a, *others, scale=1):
        """Add numbers."""
        return scale * (a + sum(others))

    assert add(1, 2, 3, scale=2) == 12
    assert (add.__name__, add.__doc__) == ("add", "Add numbers.")
    assert list(inspect.signature(add).parameters) == ["a", "others", "scale"]
    [span] = recorded()
    assert (span.name, span.type, span.parent_id) == ("add", "span", None)
    assert (span.input, span.output) == ({"a": 1, "others": [2, 3], "scale": 2}, 12)
    assert span.error is None
    assert span.start <= span.end
    assert (len(span.trace_id), len(span.id)) == (32, 16)


def test_observe_takes_a_name_and_a_type(recorded):
    @xn.observe(name="call the model", type="generation")
    def ask(prompt):
        return prompt.upper()

    assert ask("hi") == "HI"
    [span] = recorded()
    assert (span.name, span.type) == ("call the model", "generation")


def test_observe_may_be_called_without_arguments(recorded):
    @xn.observe()
    def ask(prompt):
        return prompt

    ask("hi")
    assert [span.name for span in recorded()] == ["ask"]


def test_an_unknown_type_is_refused_with_those_there_are():
    with pytest.raises(BadInput, match="'span', 'generation', 'event'"):
        xn.observe(type="agent")(len)


@pytest.mark.parametrize(
    ("flags", "held"),
    [
        ({}, ({"secret": "pw"}, "pw!")),
        ({"capture_input": False}, (None, "pw!")),
        ({"capture_output": False}, ({"secret": "pw"}, None)),
        ({"capture_input": False, "capture_output": False}, (None, None)),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["sync", "async", "generator", "async generator"])
def test_input_and_output_are_kept_only_where_that_is_asked(recorded, kind, flags, held):
    def sync(secret):
        return secret + "!"

    async def coroutine(secret):
        return secret + "!"

    def generator(secret):
        yield from secret + "!"

    async def async_generator(secret):
        for letter in secret + "!":
            yield letter

    async def collect(stream):
        return "".join([letter async for letter in stream])

    calls = {
        "sync": (sync, lambda made: made),
        "async": (coroutine, asyncio.run),
        "generator": (generator, "".join),
        "async generator": (async_generator, lambda stream: asyncio.run(collect(stream))),
    }
    function, finish = calls[kind]
    assert finish(xn.observe(**flags)(function)("pw")) == "pw!"

    [span] = recorded()
    assert (span.input, span.output) == held
    assert "pw" not in str(span.attributes)


def test_a_coroutine_function_stays_one(recorded):
    @xn.observe
    async def ask(prompt):
        await asyncio.sleep(0)
        return prompt.upper()

    assert inspect.iscoroutinefunction(ask)
    assert asyncio.run(ask("hi")) == "HI"
    assert [span.output for span in recorded()] == ["HI"]


def test_coroutines_at_the_same_time_do_not_mix_their_spans(recorded):
    @xn.observe
    async def inner(n):
        await asyncio.sleep(0.01)
        return n

    @xn.observe
    async def outer(n):
        return await inner(n)

    async def both():
        return await asyncio.gather(*(outer(n) for n in range(5)))

    assert asyncio.run(both()) == [0, 1, 2, 3, 4]
    spans = recorded()
    outers = {span.id: span for span in spans if span.name == "outer"}
    inners = [span for span in spans if span.name == "inner"]
    assert len(outers) == len(inners) == 5
    for span in inners:
        assert outers[span.parent_id].output == span.output
        assert outers[span.parent_id].trace_id == span.trace_id


def test_a_generator_is_recorded_until_it_ends(recorded):
    @xn.observe
    def count(n):
        yield from range(n)
        return "done"

    def returned():
        return (yield from count(3))

    stream = returned()
    assert [next(stream), next(stream)] == [0, 1]
    assert recorded() == []
    assert next(stream) == 2
    with pytest.raises(StopIteration) as ended:
        next(stream)
    assert ended.value.value == "done"
    assert [span.output for span in recorded()] == [[0, 1, 2]]


def test_text_that_is_streamed_is_kept_as_one_text(recorded):
    @xn.observe
    async def tokens():
        for token in ("It ", "is ", "four."):
            yield token

    async def read():
        return [token async for token in tokens()]

    assert asyncio.run(read()) == ["It ", "is ", "four."]
    assert [span.output for span in recorded()] == ["It is four."]


def test_a_generator_that_is_left_early_is_recorded_as_far_as_it_came(recorded):
    closed = []

    @xn.observe
    def count():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    stream = count()
    next(stream)
    stream.close()
    [span] = recorded()
    assert (span.output, span.error, closed) == ([1], None, [True])


def test_an_async_generator_that_is_left_early_is_recorded_as_far_as_it_came(recorded):
    @xn.observe
    async def count():
        yield 1
        yield 2

    async def leave():
        stream = count()
        assert await anext(stream) == 1
        await stream.aclose()

    asyncio.run(leave())
    [span] = recorded()
    assert (span.output, span.error) == ([1], None)


def test_what_surrounds_a_generator_is_not_its_child(recorded):
    @xn.observe
    def inside():
        return "inside"

    @xn.observe
    def outside():
        return "outside"

    @xn.observe
    def stream():
        yield inside()
        yield inside()

    for _ in stream():
        outside()

    spans = {span.name: span for span in recorded()}
    assert spans["inside"].parent_id == spans["stream"].id
    assert spans["outside"].parent_id is None


def test_a_generator_receives_what_is_sent_and_thrown(recorded):
    @xn.observe
    def echo():
        received = yield "ready"
        try:
            yield received
        except ValueError:
            yield "caught"

    stream = echo()
    assert next(stream) == "ready"
    assert stream.send("hello") == "hello"
    assert stream.throw(ValueError()) == "caught"
    assert list(stream) == []
    assert [span.output for span in recorded()] == ["readyhellocaught"]


def test_an_async_generator_receives_what_is_sent(recorded):
    @xn.observe
    async def echo():
        received = yield "ready"
        yield received

    async def talk():
        stream = echo()
        return [await anext(stream), await stream.asend("hello"), [x async for x in stream]]

    assert asyncio.run(talk()) == ["ready", "hello", []]
    assert [span.output for span in recorded()] == ["readyhello"]


def test_a_method_is_recorded_without_its_object(recorded):
    class Bot:
        @xn.observe
        def ask(self, prompt):
            return prompt

        @classmethod
        @xn.observe
        def make(cls, name):
            return cls()

    Bot.make("x").ask("hi")
    assert [(span.name, span.input) for span in recorded()] == [
        ("make", {"name": "x"}),
        ("ask", {"prompt": "hi"}),
    ]


def test_a_call_with_wrong_arguments_fails_as_it_would_have(client):
    @xn.observe
    def ask(prompt):
        return prompt

    with pytest.raises(TypeError, match="ask"):
        ask("a", "b")


# Errors.


class UnspeakableError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def failing_calls():
    def sync():
        raise ValueError("not today")

    async def coroutine():
        raise ValueError("not today")

    def generator():
        yield 1
        raise ValueError("not today")

    async def async_generator():
        yield 1
        raise ValueError("not today")

    async def drain(stream):
        async for _ in stream:
            pass

    return [
        (sync, lambda made: made),
        (coroutine, asyncio.run),
        (generator, list),
        (async_generator, lambda stream: asyncio.run(drain(stream))),
    ]


@pytest.mark.parametrize(("function", "finish"), failing_calls(), ids=lambda f: f.__name__)
def test_an_error_is_recorded_and_raised(recorded, function, finish):
    with pytest.raises(ValueError, match="not today"):
        finish(xn.observe(function)())
    [span] = recorded()
    assert span.error == "ValueError: not today"
    assert span.output == ([1] if "generator" in function.__name__ else None)


def test_an_error_without_a_text_is_still_the_users_own_error(recorded):
    @xn.observe
    def ask():
        raise UnspeakableError

    with pytest.raises(UnspeakableError):
        ask()
    [span] = recorded()
    assert span.error.startswith("UnspeakableError")


def test_an_item_run_that_ends_in_an_error_without_a_text_is_kept(client):
    experiment = client.create_experiment(name="odd")

    def run():
        with pytest.raises(UnspeakableError), experiment.run_item_raw(input="a"):
            raise UnspeakableError

    contextvars.copy_context().run(run)
    [result] = experiment.get_results()
    assert result.status == "failed"
    assert result.error.startswith("UnspeakableError")


def test_an_output_that_breaks_while_it_is_read_fails_no_call(recorded):
    class Broken:
        def __repr__(self):
            raise RuntimeError("no repr")

    @xn.observe
    def ask(prompt):
        return prompt

    broken = Broken()
    assert ask(broken) is broken
    [span] = recorded()
    assert "Broken" in str(span.output)


# Nesting.


def test_calls_nest_with_spans_of_any_other_instrumentation(recorded):
    theirs = trace.get_tracer("theirs")

    @xn.observe
    def inner():
        return "inner"

    @xn.observe
    def outer():
        with theirs.start_as_current_span("their call") as span:
            span.set_attribute("http.method", "GET")
            return inner()

    outer()
    first, second, third = recorded()
    assert [s.name for s in (first, second, third)] == ["outer", "their call", "inner"]
    assert (first.parent_id, second.parent_id, third.parent_id) == (None, first.id, second.id)
    assert len({s.trace_id for s in (first, second, third)}) == 1
    assert second.attributes == {"http.method": "GET"}
    assert (second.input, second.output) == (None, None)


def test_an_error_of_another_instrumentation_is_read(recorded):
    with (
        pytest.raises(ValueError, match="theirs"),
        trace.get_tracer("theirs").start_as_current_span("their call"),
    ):
        raise ValueError("theirs")
    [span] = recorded()
    assert "theirs" in span.error


def test_a_block_is_recorded_with_what_becomes_known_in_it(client, recorded):
    with client.start_as_current_observation(
        name="ask", type="generation", input="2+2?", model="small-1"
    ) as live:
        live.update(output="4", usage={"input": 3, "output": 1, "cached": 2})

    [span] = recorded()
    assert (span.id, span.trace_id) == (live.id, live.trace_id)
    assert (span.name, span.type) == ("ask", "generation")
    assert (span.input, span.output) == ("2+2?", "4")
    assert span.attributes == {
        "gen_ai.request.model": "small-1",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 1,
        "gen_ai.usage.cached": 2,
    }


def test_metadata_and_tags_of_a_block_are_read_as_they_were_given(client, recorded):
    with (
        xn.propagate_attributes(tags=["outer"], metadata={"from": "outside"}),
        client.start_as_current_observation(name="ask", tags=["own"], metadata={"k": [1]}),
    ):
        pass

    [span] = recorded()
    assert set(span.tags) == {"outer", "own"}
    assert span.metadata == {"from": "outside", "k": [1]}


def test_a_block_that_fails_is_recorded_as_failed(client, recorded):
    with (
        pytest.raises(ValueError, match="no"),
        client.start_as_current_observation(name="ask"),
    ):
        raise ValueError("no")
    assert [span.error for span in recorded()] == ["ValueError: no"]


def test_an_observation_is_scored_by_the_id_its_block_knows(client):
    with client.start_as_current_observation(name="retrieve") as live:
        pass
    client.score(trace_id=live.trace_id, observation_id=live.id, name="relevance", value=0.92)

    [score] = client.get_scores(trace_id=live.trace_id).itertuples()
    [span] = client.get_trace(live.trace_id)
    assert score.observation_id == span.id


# What a block propagates.


@xn.observe
def work():
    return "worked"


def test_a_block_gives_its_attributes_to_every_span_inside(recorded):
    with xn.propagate_attributes(
        user_id="ann",
        session_id="s-1",
        tags=["beta", "alpha", "beta"],
        metadata={"plan": {"size": 3}},
        version="1.2",
        release="r7",
    ):
        work()
        with trace.get_tracer("theirs").start_as_current_span("their call"):
            pass
    work()

    ours, theirs, after = recorded()
    for span in (ours, theirs):
        assert (span.user_id, span.session_id) == ("ann", "s-1")
        assert span.tags == ("alpha", "beta")
        assert span.metadata == {"plan": {"size": 3}}
        assert (span.version, span.release) == ("1.2", "r7")
        assert span.attributes == {}
    assert (after.user_id, after.session_id, after.tags, after.metadata) == (None, None, (), {})


def test_blocks_nest_and_add_up(recorded):
    with xn.propagate_attributes(user_id="ann", tags=["outer"], metadata={"a": 1, "b": 1}):
        with xn.propagate_attributes(user_id="bob", tags=["inner"], metadata={"b": 2}):
            work()
        work()

    inner, outer = recorded()
    assert (inner.user_id, inner.tags, inner.metadata) == (
        "bob",
        ("inner", "outer"),
        {"a": 1, "b": 2},
    )
    assert (outer.user_id, outer.tags, outer.metadata) == ("ann", ("outer",), {"a": 1, "b": 1})


def test_spans_of_a_block_belong_to_the_trace_that_is_asked_for(client):
    trace_id = xn.create_trace_id(seed="session-1-msg-1")
    with xn.propagate_attributes(trace_id=trace_id):
        work()
        work()

    spans = client.get_trace(trace_id)
    assert [(span.name, span.parent_id) for span in spans] == [("work", None)] * 2


def test_a_trace_that_is_asked_for_inside_another_is_apart_from_it(client, recorded):
    trace_id = xn.create_trace_id(seed="apart")
    with client.start_as_current_observation(name="outer") as outer:
        with xn.propagate_attributes(trace_id=trace_id):
            work()
        work()

    [apart] = client.get_trace(trace_id)
    assert apart.parent_id is None
    assert [span.name for span in client.get_trace(outer.trace_id)] == ["outer", "work"]
    assert len(recorded()) == 3


def test_a_block_ends_with_its_error(recorded):
    with pytest.raises(ValueError, match="no"), xn.propagate_attributes(user_id="ann"):
        raise ValueError("no")
    work()
    assert [span.user_id for span in recorded()] == [None]


def test_attributes_follow_into_threads_that_have_the_context(client, recorded):
    def in_thread(run):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    with (
        xn.propagate_attributes(user_id="ann"),
        client.start_as_current_observation(name="outer") as outer,
    ):
        context = contextvars.copy_context()
        in_thread(lambda: context.run(work))
        in_thread(work)

    copied, alone = (span for span in recorded() if span.name == "work")
    if copied.user_id is None:
        copied, alone = alone, copied
    assert (copied.user_id, copied.trace_id, copied.parent_id) == ("ann", outer.trace_id, outer.id)
    assert (alone.user_id, alone.parent_id) == (None, None)


def test_attributes_follow_into_coroutines(recorded):
    @xn.observe
    async def ask():
        await asyncio.sleep(0)

    async def main():
        with xn.propagate_attributes(user_id="ann"):
            await asyncio.gather(asyncio.create_task(ask()), ask())
        await ask()

    asyncio.run(main())
    assert sorted(str(span.user_id) for span in recorded()) == ["None", "ann", "ann"]


def test_attributes_reach_the_trace_of_an_item_run(client):
    experiment = client.create_experiment(name="x")
    with xn.propagate_attributes(user_id="ann"), experiment.run_item_raw(input=1) as run:
        work()
    assert {span.user_id for span in client.get_trace(run.trace_id)} == {"ann"}


@pytest.mark.parametrize("trace_id", ["trace_abc123", "", "0" * 32, "A" * 32])
def test_a_trace_id_that_spans_cannot_have_is_refused_and_can_still_be_scored(client, trace_id):
    block = xn.propagate_attributes(trace_id=trace_id)
    with pytest.raises(BadInput, match="create_trace_id"):
        block.__enter__()
    if trace_id:
        client.score(trace_id=trace_id, name="feedback", value=1)
        assert client.get_scores(trace_id=trace_id)["value"].tolist() == [1.0]


@pytest.mark.parametrize(
    "attributes",
    [
        {"user_id": "x" * 201},
        {"session_id": "größe"},
        {"tags": ["x" * 201]},
        {"version": "x" * 201},
        {"release": "x" * 201},
    ],
    ids=str,
)
def test_an_attribute_that_cannot_be_carried_is_refused(client, attributes):
    block = xn.propagate_attributes(**attributes)
    with pytest.raises(BadInput, match=next(iter(attributes)).rstrip("s")):
        block.__enter__()


def test_a_session_is_scored(client):
    client.score_session(session_id="s-1", name="resolved", value=True, comment="quickly")
    [score] = client.get_scores(session_id="s-1").itertuples()
    assert (score.value, score.data_type, score.comment) == (True, "BOOLEAN", "quickly")


# Blocks without tracing.


def test_nothing_is_recorded_where_tracing_is_disabled(recorded):
    with xn.disable_tracing():
        assert work() == "worked"
        with trace.get_tracer("theirs").start_as_current_span("their call"):
            work()
    assert recorded() == []
    work()
    assert len(recorded()) == 1


def test_disabling_inside_a_trace_drops_only_what_is_inside(client, recorded):
    with client.start_as_current_observation(name="outer"):
        with xn.disable_tracing():
            work()
        work()
    assert [span.name for span in recorded()] == ["outer", "work"]


@pytest.mark.parametrize("attributes", [{"user_id": "ann"}, {"trace_id": "a" * 32}], ids=str)
def test_no_block_inside_switches_tracing_on_again(recorded, attributes):
    with xn.disable_tracing(), xn.propagate_attributes(**attributes):
        work()
    assert recorded() == []


def test_an_item_run_where_tracing_is_disabled_has_results_and_no_spans(client, recorded):
    experiment = client.create_experiment(name="secret")
    with xn.disable_tracing(), experiment.run_item_raw(input="secret") as run:
        run.set_output(work())
        run.score("accuracy", 1)

    [result] = experiment.get_results()
    assert (result.output, result.score("accuracy")) == ("worked", 1.0)
    assert recorded() == []


def test_metadata_of_others_need_be_no_json(client):
    said = {"xeroml.observation.metadata": "plain words"}
    with trace.get_tracer("theirs").start_as_current_span("call", attributes=said) as span:
        pass
    client.flush()
    [found] = client.get_trace(f"{span.get_span_context().trace_id:032x}")
    assert found.metadata == {"value": "plain words"}


def test_an_error_thrown_into_an_async_stream_reaches_it_and_it_may_go_on(recorded):
    @xn.observe
    async def stubborn():
        try:
            yield 1
        except ValueError:
            yield 2

    async def use():
        stream = stubborn()
        first = await anext(stream)
        return [first, await stream.athrow(ValueError("no")), [x async for x in stream]]

    assert asyncio.run(use()) == [1, 2, []]
    [found] = [o for o in recorded() if o.name == "stubborn"]
    assert (found.output, found.error) == ([1, 2], None)


# From the process to the store.


@contextmanager
def client_of(name):
    made = xn.get_client(name)
    yield made
    made.close()


def test_spans_and_item_runs_have_the_label_of_the_environment(monkeypatch):
    monkeypatch.setenv("XEROML_TRACING_ENVIRONMENT", "staging-2")
    monkeypatch.setenv("XEROML_RELEASE", "r1")
    with client_of("labelled.db") as client:
        with client.start_as_current_observation(name="here") as live:
            pass
        with client.create_experiment(name="x").run_item_raw(input=1) as run:
            pass
        with (
            xn.propagate_attributes(release="r2"),
            client.start_as_current_observation(name="other") as other,
        ):
            pass
        spans = [client.get_trace(t)[0] for t in (live.trace_id, run.trace_id, other.trace_id)]
    assert [(s.environment, s.release) for s in spans] == [
        ("staging-2", "r1"),
        ("staging-2", "r1"),
        ("staging-2", "r2"),
    ]


@pytest.mark.parametrize("label", ["Production", "xeroml-x", "a b", "x" * 41, ""])
def test_a_label_that_is_none_is_refused(monkeypatch, label):
    monkeypatch.setenv("XEROML_TRACING_ENVIRONMENT", label)
    with pytest.raises(BadInput, match="XEROML_TRACING_ENVIRONMENT"):
        xn.get_client("labelled.db")


def test_spans_are_in_the_store_after_a_flush(client):
    for _ in range(50):
        work()
    client.flush()

    with closing(sqlite3.connect(os.environ["XEROML_STORE"])) as database:
        assert database.execute("SELECT count(*) FROM observations").fetchone() == (50,)


def test_trace_ids_differ_however_the_shared_generator_is_seeded(client):
    ids = []
    for _ in range(2):
        random.seed(0)
        with client.start_as_current_observation(name="seeded") as span:
            ids.append(span.trace_id)
    assert ids[0][12:] != ids[1][12:]


def test_a_forked_process_makes_trace_ids_of_its_own():
    makes = TimeOrderedIds()
    reads, writes = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads run; the child ends
        child = os.fork()
    if child == 0:
        os.write(writes, f"{makes.generate_trace_id():032x}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reads, 32).decode()
    os.close(reads)
    os.close(writes)
    assert f"{makes.generate_trace_id():032x}"[12:] != theirs[12:]


def test_the_newest_client_gets_the_spans(client):
    with client_of("second.db") as second:
        trace_id = xn.create_trace_id()
        with xn.propagate_attributes(trace_id=trace_id):
            work()
        assert len(second.get_trace(trace_id)) == 1
    with pytest.raises(NotFound, match=trace_id):
        client.get_trace(trace_id)


def output_of(code):
    """What a fresh Python process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


ENDS_WITHOUT_FLUSH = """
import xeroml_nb as xn
client = xn.get_client()
with xn.propagate_attributes(trace_id=xn.create_trace_id(seed="last")):
    with client.start_as_current_observation(name="last words"):
        pass
"""


def test_what_a_process_recorded_last_is_stored_when_it_ends(client):
    output_of(ENDS_WITHOUT_FLUSH)
    spans = client.get_trace(xn.create_trace_id(seed="last"))
    assert [span.name for span in spans] == ["last words"]


NO_CLIENT_BEFORE = """
from xeroml_nb import create_trace_id, get_client, observe, propagate_attributes

@observe
def handle_request(user_message):
    return user_message.upper()

trace_id = create_trace_id(seed="no client before")
with propagate_attributes(trace_id=trace_id):
    handle_request("hello")
print([span.name for span in get_client().get_trace(trace_id)])
"""


def test_a_call_is_recorded_though_nothing_asked_for_a_client_before():
    assert output_of(NO_CLIENT_BEFORE) == "['handle_request']\n"


OWN_PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

theirs = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(theirs))
trace.set_tracer_provider(provider)

import xeroml_nb as xn
client = xn.get_client()
with client.start_as_current_observation(name="ask") as live:
    pass
print([s.name for s in theirs.get_finished_spans()], len(client.get_trace(live.trace_id)))
"""


def test_an_applications_own_provider_goes_on_getting_all_spans():
    assert output_of(OWN_PROVIDER) == "['ask'] 1\n"
