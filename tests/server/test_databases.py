"""The same answers from a store on PostgreSQL as from one in a file."""

from __future__ import annotations

import json
import re

from xeroml_nb.store.rows import Rows

from .running import running
from .test_traces import a_call, a_span

_ITEMS = [{"id": f"i/{n}", "input": {"n": n, "half": "\ud800", "nul": "\x00"}} for n in range(3)]
_RUN = {"itemId": "i/0", "status": "failed", "traceId": "t1", "error": "a\x00b", "attempts": 2}
_CARD = {"column_names": ["output"]}
_COLUMN = {"name": "tries", "configuration": {"source": "attempts"}, "is_part_of_score": True}
# Every topic, written and read, with what only one database might stumble over.
REQUESTS = [
    ("POST", "/traces", {"id": "t9", "name": "as a whole", "tags": ["Ü"], "input": "\ud800"}),
    ("GET", "/traces?tags=red&userId=ann", None),
    ("GET", "/traces?tags=Red", None),
    ("GET", "/traces?name=r&orderBy=timestamp.asc&limit=2", None),
    ("GET", "/traces/t1", None),
    ("GET", "/observations?type=generation&limit=1&page=2", None),
    ("POST", "/scores", {"sessionId": "s9", "name": "mood", "value": True}),
    ("GET", "/sessions?toTimestamp=2026-03-05T00:00:00Z", None),
    ("GET", "/sessions/s9", None),
    ("GET", "/metrics/daily", None),
    ("GET", "/metrics/daily?groupBy=userId&startDate=2026-03-02", None),
    ("POST", "/datasets", {"name": "d/1", "metadata": {"half": "\ud800"}}),
    ("POST", "/datasets/d%2F1/items", {"items": _ITEMS}),
    ("DELETE", "/datasets/d%2F1/items/i%2F2", None),
    ("GET", "/datasets/d%2F1/items", None),
    ("GET", "/datasets", None),
    ("GET", "/dataset-items/i%2F1", None),
    ("POST", "/experiments", {"id": "e", "name": "n", "number": 3, "datasetName": "d/1"}),
    ("POST", "/experiments/e/items", {"items": [_RUN]}),
    ("POST", "/experiments/e/items", {"items": [_RUN | {"status": "ok", "output": None}]}),
    ("GET", "/experiment-items?experimentId=e", None),
    ("GET", "/experiments?datasetName=d/1", None),
    ("POST", "/score-configs", {"id": "c", "name": "tone", "dataType": "TEXT"}),
    ("POST", "/annotation-queues", {"id": "q", "name": "queue", "scoreConfigIds": ["c"]}),
    ("POST", "/annotation-queues/q/items", {"objectId": "t1"}),
    ("POST", "/scores", {"traceId": "t1", "name": "tone", "value": "kind", "source": "human"}),
    ("GET", "/annotation-queues/q/items?status=COMPLETED", None),
    ("DELETE", "/annotation-queues/q/items/t1", None),
    ("POST", "/prompts", {"name": "p/1", "prompt": "one", "labels": ["production"]}),
    ("POST", "/prompts", {"name": "p/1", "prompt": "two\x00", "tags": ["x"]}),
    ("PATCH", "/prompts/p%2F1", {"label": "production", "version": 2}),
    ("GET", "/prompts?label=production&tag=x", None),
    ("POST", "/reports", {"name": "r", "experiment_id": "e"}),
    ("PATCH", "/reports/1/score-card", _CARD),
    ("POST", "/report-columns", _COLUMN | {"report_id": 1}),
    ("GET", "/reports/1", None),
    ("GET", "/reports/1/score", None),
    ("POST", "/reports", {"name": "b", "task_name": "t", "columns": [_COLUMN]}),
    ("POST", "/reports/2/run", {"name": "c", "experiment_id": "e"}),
    ("DELETE", "/experiments/e", None),
    ("DELETE", "/traces", {"traceIds": ["t1", "t9"]}),
    ("GET", "/traces", None),
]
# Moments of this run, ids made here, and the address of the server.
_OWN = re.compile(r"20[2-9]\d-[0-9T:.-]{15,}Z|\b[0-9a-f]{16,64}\b|http://[^/]*")


def test_every_topic_is_answered_alike(postgresql, tmp_path):
    in_a_file = _answers(tmp_path / "served.db")
    on_postgresql = _answers(postgresql("serving"))

    assert [answer for answer in in_a_file if answer[2] >= 300] == []
    assert on_postgresql == in_a_file


def _answers(place):
    """What each request is answered with over a store."""
    with running(place) as there:
        there.store.write_rows(Rows(observations=list(_recorded())))
        api = there.http(headers={"Content-Type": "application/json"})
        return [_answer(api, *asked) for asked in REQUESTS]


def _recorded():
    for n in range(4):
        known = {"user_id": "ann" if n % 2 else None, "tags": ("red",), "session_id": f"s{n}"}
        yield a_span(f"t{n}", "r", at=n * 50_000, **known)
        yield a_call(f"t{n}", "c", parent="r", at=n * 50_000 + 1)


def _answer(api, method, path, body):
    # Written as ASCII, since half a surrogate pair has no other form.
    content = None if body is None else json.dumps(body)
    answer = api.request(method, path, content=content)
    return method, path, answer.status_code, _OWN.sub("…", answer.text)
