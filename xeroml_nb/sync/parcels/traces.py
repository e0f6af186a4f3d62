"""Send traces over OTLP: protobuf, packed, many in one request.

The exporter's own encoder makes the message, and our connection carries it: the exporter would
need connections, retries and keys of its own, and tells only whether a request succeeded, not what
the server said.
"""

from __future__ import annotations

import gzip
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import Refused
from xeroml_nb.store import sendable
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels.base import Parcel
from xeroml_nb.sync.parcels.batches import (
    batches,
    cannot_remove,
    in_threads,
    refused,
    sent,
)
from xeroml_nb.sync.parcels.item_runs import of_experiments
from xeroml_nb.sync.parcels.items import there
from xeroml_nb.sync.parcels.making import hash_of, in_order, joined, short
from xeroml_nb.sync.transport.connection import PAGE_LIMIT
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.experiments import run_to_wire, to_wire
from xeroml_nb.sync.wire.reading import moment_text
from xeroml_nb.sync.wire.spans import attributes_of, encoded, is_sendable, to_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import sqlalchemy as sa

    from xeroml_nb.records.observation import Observation
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Scope
    from xeroml_nb.sync.transport.answers import Answer
    from xeroml_nb.sync.transport.connection import Outcome

_AT_ONCE = 500
_HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
# Bodies are packed to a tenth by the fastest level already.
_LEVEL = 1
# A server may keep moments less exactly.
_MARGIN = timedelta(seconds=1)


class Traces:
    """Traces whose ids OpenTelemetry can carry; others are known to a server by scores alone."""

    name = "trace"
    undoable = False

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The traces of the experiments meant, and those in the queues meant, oldest first."""
        return sendable.trace_ids(connection, scope)

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:  # noqa: ARG002
        """None: a trace is never taken back."""
        return []

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """What tells whether each has changed: its observations, when they ended and with what."""
        states: dict[str, list[str]] = {}
        for trace_id, span_id, end, output in sendable.trace_states(connection, keys):
            if is_sendable(trace_id, span_id):
                states.setdefault(trace_id, []).append(f"{span_id} {end} {output}")
        parcels = (
            Parcel(self.name, trace_id, f"trace {short(trace_id)}", None, hash_of(parts))
            for trace_id, parts in states.items()
        )
        return in_order(parcels, keys)

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Send all observations of each; those that are there already stay as they are."""
        messages = _messages(link, [parcel.key for parcel in parcels])
        sized = ((message, len(message[1])) for message in messages)
        return [
            outcome for part in batches(sized, _AT_ONCE) for outcome in _post_together(link, part)
        ]

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:  # noqa: ARG002
        """A trace that was sent stays."""
        return cannot_remove(known, "traces")

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there."""
        keys = [parcel.key for parcel in parcels]
        listed = _listed(link, keys) if keys else set()
        left = [key for key in keys if key not in listed]
        found = in_threads(left, partial(_is_there, link))
        return listed | {key for key, is_there in zip(left, found, strict=True) if is_there}


def _messages(link: Link, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each trace and its observations as a message; messages one after another are one message."""
    with link.store.reading() as connection:
        traces = sendable.some_observations(connection, keys)
        said = {}
        if link.connection.api.name == langfuse.NAME:
            said = _of_experiments(link, connection, keys)
    for key in keys:
        found = [one for one in traces.get(key, ()) if is_sendable(one.trace_id, one.id)]
        yield key, encoded(to_span(one, _attributes(link, one, said)) for one in found)


def _attributes(
    link: Link, one: Observation, said: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    if link.connection.api.name != langfuse.NAME:
        return attributes_of(one)
    root = {"langfuse.experiment.item.root_observation_id": one.id} if one.trace_id in said else {}
    of_run = {**said.get(one.trace_id, {}), **root} if one.parent_id is None else {}
    return langfuse.attributes(attributes_of(one), one) | of_run


def _of_experiments(
    link: Link, connection: sa.Connection, keys: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """By trace, what its root says of the experiment it is an item run of."""
    run_keys = [joined(*key) for key in sendable.runs_on(connection, keys).values()]
    said = {}
    for record, found in of_experiments(connection, run_keys):
        dataset_id = record.dataset_id or record.id
        known = link.delivered("dataset", [dataset_id]).get(dataset_id)
        on_server = None if record.dataset_id is None else (known.remote_key if known else None)
        its_ids = there(link, [joined(dataset_id, run.item_id) for run, _ in found])
        for run, item in found:
            said[run.trace_id] = langfuse.experiment_attributes(
                to_wire(record),
                run_to_wire(run, item),
                on_server,
                its_ids[joined(dataset_id, run.item_id)],
            )
    return said


def _post_together(link: Link, part: Sequence[tuple[str, bytes]]) -> list[Outcome]:
    """Send traces in one request; where something of it is refused, each by itself."""
    try:
        _post(link, b"".join(message for _, message in part))
    except Refused as error:
        if len(part) == 1:
            return [refused(part[0][0], error)]
        return [outcome for one in part for outcome in _post_together(link, [one])]
    return [sent(key) for key, _ in part]


def _post(link: Link, message: bytes) -> None:
    packed = gzip.compress(message, _LEVEL, mtime=0)
    answer = link.connection.send("POST", "traces otlp", content=packed, headers=_HEADERS)
    said = _rejection(answer)
    if said is not None:
        raise Refused(
            f"The server rejected spans: {said}",
            "Correct what the server names, then send it again.",
            status=HTTPStatus.OK,
            said=said,
        )


def _rejection(answer: Answer) -> str | None:
    """Why a server that answered with success took only a part; None where it took all."""
    from google.protobuf.json_format import Parse, ParseError  # type: ignore[import-untyped]
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

    told = trace_service_pb2.ExportTraceServiceResponse()
    kind = answer.headers.get("content-type", "")
    try:
        if "protobuf" in kind:
            told.ParseFromString(answer.content)
        elif "json" in kind:
            Parse(answer.content, told, ignore_unknown_fields=True)
    except (DecodeError, ParseError):
        return None  # an answer of its own, which says that all went well
    rejected = told.partial_success
    return (rejected.error_message or "no reason given") if rejected.rejected_spans else None


def _listed(link: Link, keys: Sequence[str]) -> set[str]:
    """Those that the server lists when it is asked for them, or for the traces of their time."""
    if link.connection.api.name != langfuse.NAME:
        found = _listed_by_id(link, keys)
        if found is not None:
            return found
    return _listed_by_time(link, keys)


def _listed_by_id(link: Link, keys: Sequence[str]) -> set[str] | None:
    """Those that the server lists; None where it cannot be asked for some by their ids."""
    seen: set[str] = set()
    for part in chunks(keys, PAGE_LIMIT):
        query = {"traceIds": ",".join(part), "limit": PAGE_LIMIT, "fields": "core"}
        try:
            rows = link.connection.get("traces", query=query) or {}
        except Refused:
            return None
        shown = {row.get("id") for row in rows.get("data", ())}
        if shown - set(part):
            return None  # it knows no such question, and lists any traces
        seen |= shown
    return seen


def _listed_by_time(link: Link, keys: Sequence[str]) -> set[str]:
    """Those in the list of the traces of their time, unless that holds far more than them."""
    with link.store.reading() as connection:
        first, last = sendable.first_and_last(connection, keys)
    query = {
        "fromTimestamp": moment_text(first - _MARGIN),
        "toTimestamp": moment_text(last + _MARGIN),
        "fields": "core",
    }
    pages = link.connection.pages("traces", query=query)
    wanted, seen = set(keys), set()
    try:
        for rows in islice(pages, 2 + 2 * len(keys) // PAGE_LIMIT):
            seen |= wanted & {row.get("id") for row in rows}
            if seen == wanted:
                break
    except Refused:
        return set()
    return seen


def _is_there(link: Link, trace_id: str) -> bool:
    try:
        row = link.connection.get("trace", query={"fields": "core"}, trace_id=trace_id)
    except Refused as error:
        # A server that shows no traces can show no fault of theirs either.
        return error.status in (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE)
    return isinstance(row, dict) and row.get("id") == trace_id
