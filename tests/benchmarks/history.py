"""Stores that hold many finished runs, written straight to their tables."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

import xeroml_nb as xn
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id
from xeroml_nb.store.schema import experiments, item_runs, scores

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.dataset import Dataset

_AT_ONCE = 20_000


def fill(place: Path | str, *, runs: int, items: int, seed: int = 1) -> None:
    """Write runs over one dataset: "run #1" and on, each a little better than the one before.

    Every item run has the scores `exact` (true or false), `f1` (0 to 1) and `judge` (1 to 5).
    """
    client = xn.get_client(place)
    dataset = client.create_dataset(
        name="history",
        items=[
            {"id": f"i{n:06}", "input": f"question {n}", "expected_output": f"answer {n}"}
            | {"metadata": {"document": n // 5}}
            for n in range(items)
        ],
        metadata="metadata",
    )
    draw = random.Random(seed)
    for number in range(1, runs + 1):
        client.store.write(lambda c, n=number: _write_run(c, dataset, n, draw))
    client.close()


def _write_run(c: Connection, dataset: Dataset, number: int, draw: random.Random) -> None:
    run_id, now = random_id(), clock.now()
    record: dict[str, Any] = {
        "id": run_id,
        "name": "run",
        "number": number,
        "status": "finished",
        "created_at": now,
        "finished_at": now + timedelta(minutes=1),
        "dataset_id": dataset.id,
        "dataset_version": dataset.version,
        "content_hash": dataset.content_hash,
        "planned": len(dataset),
        "repetitions": 1,
        "evaluators": ["exact", "f1", "judge"],
        "environment": {},
        "metadata": {},
    }
    c.execute(sa.insert(experiments), record)
    ids = [item.id for item in dataset.items]
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        traces = [
            f"{number:08x}{start + n:08x}{draw.getrandbits(64):016x}" for n in range(len(part))
        ]
        c.execute(
            sa.insert(item_runs),
            [_run(run_id, i, t, now, draw) for i, t in zip(part, traces, strict=True)],
        )
        c.execute(
            sa.insert(scores),
            [row for t in traces for row in _scores(t, now, 0.5 + 0.05 * number, draw)],
        )


def _run(run_id: str, item_id: str, trace: str, now: Any, draw: random.Random) -> dict[str, Any]:
    return {
        "experiment_id": run_id,
        "item_id": item_id,
        "repetition": 0,
        "status": "ok",
        "trace_id": trace,
        "started_at": now,
        "latency": draw.random(),
        "attempts": 1,
        "output": f'"output {item_id}"',
    }


def _scores(trace: str, now: Any, share: float, draw: random.Random) -> list[dict[str, Any]]:
    given = {
        "exact": ("BOOLEAN", float(draw.random() < share)),
        "f1": ("NUMERIC", draw.random()),
        "judge": ("NUMERIC", float(draw.randrange(1, 6))),
    }
    return [
        {
            "id": f"{trace}-{name}",
            "trace_id": trace,
            "name": name,
            "data_type": kind,
            "number": number,
            "source": "api",
            "author": name,
            "created_at": now,
            "updated_at": now,
        }
        for name, (kind, number) in given.items()
    ]
