"""A server that holds every request against Langfuse's OpenAPI document, over a real socket.

It remembers what it is sent, and its answers are checked against the document as well.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from google.protobuf.json_format import MessageToDict
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .faulty_server import FaultyServer, Reply

_LISTS = ("data", "meta")


@cache
def _read(document):
    """The document, and what checks requests against it."""
    text = Path(document).read_text(encoding="utf-8")
    found = yaml.load(text, yaml.CSafeLoader)
    return found, OpenAPI.from_dict(found, config=Config(spec_validator_cls=None))


class Langfuse(FaultyServer):
    """Langfuse as its document describes it.

    Args:
        document: The path of the OpenAPI document.
        without: Paths of the document that this server does not have.
    """

    def __init__(self, document, without=()):
        super().__init__(otherwise=self.respond)
        self.document, self.openapi = _read(document)
        self.without = without
        self.faults: list[str] = []
        self.held: dict[str, list[dict[str, Any]]] = {}
        self.seen: list[tuple[str, str]] = []
        self._ids = itertools.count(1)

    def respond(self, request):
        """Check a request, do what it asks for, and check the answer."""
        template, names = self._found(request)
        if template is None:
            self.faults.append(f"{request.method} {request.path} is not in the document")
            return Reply(404, {"message": "no such path"})
        self.seen.append((request.method, template))
        if template in self.without:
            return Reply(404, {"message": "no such path"})
        operation = self.document["paths"][template][request.method.lower()]
        body = self._body(request)
        asked = self._mock(request, body)
        self._check(lambda: self.openapi.validate_request(asked), request)
        self._check_names(request, operation, body)
        status, answer = self._done(request, template, names, operation, body)
        # The document's newer list of scores has texts for values, which it explains otherwise.
        if answer is not None and template != "/api/public/v3/scores":
            reply = MockResponse(json.dumps(answer).encode(), int(status))
            self._check(lambda: self.openapi.validate_response(asked, reply), request)
        return Reply(int(status), b"" if answer is None else answer)

    def _check(self, validate, request):
        try:
            validate()
        except Exception as error:  # noqa: BLE001 - every complaint is shown by the test
            cause = error.__cause__
            more = [e.message for e in getattr(cause, "schema_errors", ())] or [cause]
            self.faults.append(f"{request.method} {request.path}: {error} {more}")

    def _check_names(self, request, operation, body):
        """Langfuse refuses fields that it does not know in some places: we send none anywhere."""
        known = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        strange = request.query.keys() - known
        if isinstance(body, dict):
            content = operation["requestBody"]["content"]["application/json"]
            strange |= body.keys() - self._schema(content["schema"])["properties"].keys()
        if strange:
            self.faults.append(f"{request.method} {request.path} has unknown {sorted(strange)}")

    def _found(self, request):
        for template, operations in sorted(self.document["paths"].items()):
            shape = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
            match = re.fullmatch(shape, request.path)
            if match and request.method.lower() in operations:
                return template, {k: unquote(v) for k, v in match.groupdict().items()}
        return None, {}

    def _body(self, request):
        if not request.body:
            return None
        if request.headers["content-type"] == "application/x-protobuf":
            packed = request.headers.get("content-encoding") == "gzip"
            content = gzip.decompress(request.body) if packed else request.body
            message = ExportTraceServiceRequest.FromString(content)
            return _integers(MessageToDict(message, use_integers_for_enums=True))
        return json.loads(request.body)

    def _mock(self, request, body):
        return MockRequest(
            "http://localhost",
            request.method.lower(),
            request.path,
            args=_single(request.query),
            headers={"Authorization": request.headers["authorization"]},
            data=None if body is None else json.dumps(body).encode(),
        )

    def _schema(self, schema):
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        parts = [self._schema(part) for part in schema.get("allOf", ())]
        properties = {k: v for p in [*parts, schema] for k, v in p.get("properties", {}).items()}
        required = [name for p in [*parts, schema] for name in p.get("required", ())]
        return schema | {"properties": properties, "required": required}

    def _least(self, schema):
        """The least that a schema allows."""
        schema = self._schema(schema)
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("format") == "date-time":
            return "2026-01-01T00:00:00Z"
        if schema["properties"]:
            return {name: self._least(schema["properties"][name]) for name in schema["required"]}
        kinds = {"string": "", "array": [], "boolean": False, "number": 0, "integer": 0}
        return kinds.get(schema.get("type"), {} if schema.get("type") == "object" else None)

    def _done(self, request, template, names, operation, body):
        status = next(iter(operation["responses"]))
        content = operation["responses"][status].get("content")
        schema = content["application/json"]["schema"] if content else None
        rows = self.held.setdefault(_collection(template), [])
        query = _single(request.query)
        if template.endswith("/otel/v1/traces"):
            self._take_spans(body)
            return status, {}
        if request.method == "POST":
            return status, self._stored(rows, names, schema, body)
        if request.method == "DELETE":
            found = [row for row in rows if names.items() <= row["names"].items()]
            for row in found:
                rows.remove(row)
            if not found:
                return 404, None
            return status, None if schema is None else self._least(schema)
        if self._schema(schema)["required"] == list(_LISTS):
            return status, self._listed(rows, names, query)
        one = [row["shown"] for row in rows if names.items() <= row["names"].items()]
        return (status, one[0]) if one else (404, None)

    def _stored(self, rows, names, schema, body):
        its_id = body.get("id") or f"lf-{next(self._ids)}"
        own = {"itemId": its_id, "id": its_id, "scoreId": its_id, "configId": its_id}
        own |= {"datasetName": body.get("name", body.get("datasetName")), "traceId": its_id}
        own |= {"queueId": its_id} | names
        least = self._least(schema)
        shown = least | {name: part for name, part in body.items() if part is not None}
        shown |= {"id": its_id} | {k: v for k, v in names.items() if k in least}
        if "datasetRunId" in least:
            shown |= {"datasetRunId": f"run of {body['runName']}"}
        for row in [row for row in rows if _is_same(row, its_id, own, schema)]:
            its_id = row["shown"]["id"]
            shown["id"] = its_id
            rows.remove(row)
        rows.append({"names": own, "shown": shown, "body": body})
        return shown

    def _listed(self, rows, names, query):
        ids = query.get("scoreIds", query.get("id"))
        found = [
            _listed_score(row) if ids else row["shown"]
            for row in rows
            if names.items() <= row["names"].items()
            and (ids is None or row["shown"]["id"] in ids.split(","))
        ]
        page, limit = int(query.get("page", 1)), int(query.get("limit", 50))
        part = found[(page - 1) * limit : page * limit]
        pages = -(-len(found) // limit)
        meta = {"page": page, "limit": limit, "totalItems": len(found), "totalPages": pages}
        return {"data": part, "meta": meta}

    def _take_spans(self, body):
        schema = self.document["paths"]["/api/public/traces/{traceId}"]["get"]["responses"]["200"]
        least = self._least(schema["content"]["application/json"]["schema"])
        for span in (s for r in body["resourceSpans"] for p in r["scopeSpans"] for s in p["spans"]):
            trace_id = _hex(span["traceId"])
            rows = self.held.setdefault("traces", [])
            if trace_id not in [row["shown"]["id"] for row in rows]:
                shown = least | {"id": trace_id}
                rows.append({"names": {"traceId": trace_id}, "shown": shown, "body": {}})
            attributes = {
                a["key"]: next(iter(a["value"].values()), None) for a in span["attributes"]
            }
            self.held.setdefault("spans", []).append(
                {"trace": trace_id, "root": "parentSpanId" not in span, "said": attributes}
            )


def _single(query):
    return {name: values[0] for name, values in query.items()}


def _is_same(row, its_id, own, schema):
    """Datasets are known by their names, other things by their ids."""
    is_dataset = schema["$ref"].endswith("/Dataset")
    return row["shown"]["id"] == its_id or (
        is_dataset and row["names"]["datasetName"] == own["datasetName"]
    )


def _collection(template):
    """What a path is about, whatever version it is of."""
    shape = re.sub(r"^/api/public/(v\d/)?", "", template)
    return re.sub(r"(/\{\w+\})$", "", shape)


def _integers(value):
    """Integers as numbers; protobuf's own JSON has those of 64 bits as texts."""
    if isinstance(value, list):
        return [_integers(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {k: int(v) if k == "intValue" else _integers(v) for k, v in value.items()}


def _hex(base64_text):
    return base64.b64decode(base64_text).hex()


def _listed_score(row):
    """A score as the lists show it."""
    body = row["body"]
    moment = "2026-01-01T00:00:00Z"
    nothing = dict.fromkeys(("authorUserId", "comment", "metadata", "configId", "queueId"))
    shown = nothing | {"source": "API", "environment": "default", "projectId": "p"}
    shown |= dict.fromkeys(("timestamp", "createdAt", "updatedAt"), moment) | body
    kinds = {"experiment": "datasetRunId", "session": "sessionId"}
    kinds |= {"trace": "traceId", "observation": "observationId"}
    for kind, name in kinds.items():
        if name in body:
            shown["subject"] = {"kind": kind, "id": body[name], "traceId": body.get("traceId")}
    if body["dataType"] == "BOOLEAN":
        shown["stringValue"] = str(bool(body["value"]))
    if body["dataType"] == "CATEGORICAL":
        shown |= {"stringValue": body["value"]}
    return shown
