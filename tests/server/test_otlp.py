"""Traces as OpenTelemetry's own exporters send them."""

from __future__ import annotations

import base64
import json

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

import xeroml_nb as xn
from xeroml_nb.store import observations
from xeroml_nb.tracing.recorder import to_observation

PATH = "/api/public/otel/v1/traces"
TRACE = "5b8efff798038103d269b633813fc60c"
SPAN = "eee19b7ec3c1b174"


@pytest.fixture
def recorded():
    """A function that records spans with the stock SDK, and gives them."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"deployment.environment.name": "staging"}))
    provider.add_span_processor(SimpleSpanProcessor(memory))

    def record():
        tracer = provider.get_tracer("app")
        with tracer.start_as_current_span("answer", attributes={"xeroml.user.id": "ann"}) as root:
            root.set_attribute("xeroml.tags", "a,b")
            root.set_attribute("xeroml.metadata", '{"k": [1, 2]}')
            root.set_attribute("xeroml.output", "forty-two")
            with tracer.start_as_current_span("call") as call:
                call.set_attributes({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3})
                call.set_status(Status(StatusCode.ERROR, "too slow"))
        return memory.get_finished_spans()

    yield record
    provider.shutdown()


def exporter(server, compression=Compression.Gzip):
    key = base64.b64encode(f"{server.public}:{server.secret}".encode()).decode()
    headers = {"Authorization": f"Basic {key}"}
    return OTLPSpanExporter(server.url + PATH, headers=headers, compression=compression)


def stored(server, trace_id=TRACE):
    with server.store.reading() as connection:
        return {o.name: o for o in observations.of_trace(connection, trace_id)}


def span(*attributes, **parts):
    """A span as OTLP writes it in JSON, with attributes given as name and value."""
    return {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "work",
        "kind": 1,
        "startTimeUnixNano": "1767348000000000000",
        "endTimeUnixNano": "1767348001500000000",
        "attributes": [
            {"key": key, "value": value if isinstance(value, dict) else {"stringValue": value}}
            for key, value in attributes
        ],
    } | parts


def sent(server, *spans, status=200):
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    answer = server.http(base="").post(PATH, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("compression", Compression, ids=str)
def test_the_stock_exporter_is_understood(emptied, recorded, compression):
    spans = recorded()
    sending = exporter(emptied, compression)
    assert sending.export(spans) is SpanExportResult.SUCCESS
    sending.shutdown()

    found = stored(emptied, f"{spans[0].context.trace_id:032x}")
    root, call = found["answer"], found["call"]
    assert (root.parent_id, call.parent_id) == (None, root.id)
    assert (root.user_id, root.tags, root.metadata) == ("ann", ("a", "b"), {"k": [1, 2]})
    assert (root.output, root.environment, root.type) == ("forty-two", "staging", "span")
    assert (call.type, call.error) == ("generation", "too slow")
    assert call.attributes == {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3}
    assert root.start == to_observation(spans[1]).start
    assert root.end == to_observation(spans[1]).end


def test_the_same_spans_again_change_nothing(emptied, recorded):
    spans = recorded()
    trace_id = f"{spans[0].context.trace_id:032x}"
    sending = exporter(emptied)
    sending.export(spans)
    first = stored(emptied, trace_id)
    sending.export(spans)
    sending.shutdown()
    assert stored(emptied, trace_id) == first
    assert len(first) == 2


def test_a_root_whose_trace_id_was_asked_for_stays_a_root(client, emptied):
    memory = InMemorySpanExporter()
    trace_id = xn.create_trace_id(seed="session-1-msg-1")
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    with (
        xn.propagate_attributes(trace_id=trace_id),
        provider.get_tracer("a").start_as_current_span("root"),
    ):
        pass
    sending = exporter(emptied)
    sending.export(memory.get_finished_spans())
    sending.shutdown()
    provider.shutdown()
    assert stored(emptied, trace_id)["root"].parent_id is None


def test_json_is_understood_with_ids_in_hexadecimal(emptied):
    child = span(spanId="00f067aa0ba902b7", parentSpanId=SPAN, name="child", traceState="a=b")
    assert sent(emptied, span(("my.attribute", "x")), child) == {}
    found = stored(emptied)
    assert found["child"].parent_id == found["work"].id == SPAN
    assert found["work"].attributes == {"my.attribute": "x"}
    assert (found["work"].end - found["work"].start).total_seconds() == 1.5
    assert f"{found['work'].start:%F %T}" == "2026-01-02 10:00:00"


def test_values_of_every_kind_are_kept(emptied):
    values = {
        "text": {"stringValue": "a\x00b"},
        "yes": {"boolValue": True},
        "whole": {"intValue": "9007199254740993"},
        "real": {"doubleValue": 0.5},
        "bytes": {"bytesValue": "AAE="},
        "list": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "x"}, {}]}},
        "map": {"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": False}}]}},
        "nothing": {},
    }
    sent(emptied, span(*values.items()))
    assert stored(emptied)["work"].attributes == {
        "text": "a\\x00b",
        "yes": True,
        "whole": 9007199254740993,
        "real": 0.5,
        "bytes": "AAE=",
        "list": [1, "x", None],
        "map": {"k": False},
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [('{"a": 1}', {"a": 1}), ("plain words", "plain words"), ("NaN", "NaN"), ("12", 12), ("", "")],
)
def test_what_went_in_is_json_or_a_text(emptied, written, value):
    sent(emptied, span(("xeroml.observation.input", written)))
    assert stored(emptied)["work"].input == value


def test_the_names_of_others_are_understood(emptied):
    sent(
        emptied,
        span(
            ("langfuse.observation.type", "generation"),
            ("langfuse.observation.input", '{"q": 1}'),
            ("langfuse.observation.output", "a"),
            ("langfuse.observation.model.name", "m"),
            ("langfuse.observation.usage_details", '{"input": 3, "output": 4}'),
            ("langfuse.observation.cost_details", '{"total": 0.5, "input": 0.2}'),
            ("langfuse.observation.metadata.step", "2"),
            ("langfuse.observation.level", "ERROR"),
            ("langfuse.observation.status_message", "bad"),
            ("langfuse.trace.tags", {"arrayValue": {"values": [{"stringValue": "t"}]}}),
            ("langfuse.trace.metadata", '{"k": 1}'),
            ("langfuse.environment", "production"),
            ("langfuse.release", "r1"),
            ("langfuse.version", "v1"),
            ("langfuse.trace.name", "chat"),
            ("user.id", "ann"),
            ("session.id", "s"),
        ),
    )
    one = stored(emptied)["work"]
    assert (one.type, one.input, one.output, one.error) == ("generation", {"q": 1}, "a", "bad")
    assert (one.user_id, one.session_id, one.tags) == ("ann", "s", ("t",))
    assert one.metadata == {"k": 1, "step": "2"}
    assert (one.environment, one.release, one.version) == ("production", "r1", "v1")
    assert {k: v for k, v in one.attributes.items() if k.startswith("gen_ai.")} == {
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.cost": 0.5,
    }
    assert one.attributes["xeroml.trace.name"] == "chat"


def test_a_kind_of_others_is_a_span_that_remembers_it(emptied):
    sent(emptied, span(("langfuse.observation.type", "agent")))
    one = stored(emptied)["work"]
    assert (one.type, one.attributes) == ("span", {"xeroml.observation.kind": "agent"})


def test_a_span_that_says_no_end_ends_when_it_begins(emptied):
    sent(emptied, span(endTimeUnixNano="0"))
    one = stored(emptied)["work"]
    assert one.end == one.start


@pytest.mark.parametrize(
    "broken",
    [
        {"traceId": "0" * 32},
        {"traceId": "abc"},
        {"traceId": "12"},
        {"traceId": 5},
        {"spanId": ""},
        {"spanId": "0" * 16},
        {"startTimeUnixNano": "now"},
        {"name": 5},
        {"attributes": "x"},
    ],
    ids=str,
)
def test_a_batch_with_a_span_that_cannot_be_is_a_400(emptied, broken):
    said = sent(emptied, span(name="good"), span(spanId="00f067aa0ba902b7") | broken, status=400)
    assert set(said) == {"message", "error"}
    assert stored(emptied) == {}


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/x-protobuf", b"\xff\xff", 400),
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b"5", 400),
        ("application/json", json.dumps({"resourceSpans": 5}).encode(), 400),
        ("application/json", b'{"resourceSpans": ' + b"[" * 50_000, 400),
        ("text/plain", b"{}", 415),
        ("application/x-protobuf", b"", 200),
        ("application/json; charset=utf-8", b"{}", 200),
    ],
    ids=["bytes", "cut off", "list", "number", "no list", "deep", "text", "nothing", "charset"],
)
def test_a_body_that_is_no_otlp_is_refused(shared, kind, body, status):
    answer = shared.http(base="").post(PATH, content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()) == {"message", "error"}
    else:
        assert answer.headers["content-type"] == kind.partition(";")[0]
