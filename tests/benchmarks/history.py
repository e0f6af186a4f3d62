"""Stores with many finished runs, written straight to their tables, as real runs leave them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

import xeroml_nb as xn
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id
from xeroml_nb.store.schema import experiments, item_runs, observations, scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.dataset import Dataset

SCORES = ("exact", "f1", "judge")
# One trace in so many has the tag "odd".
ODD = 997
_AT_ONCE = 20_000
_MILLISECOND = timedelta(milliseconds=1)


def fill(
    place: Path | str, *, runs: int, items: int, names: Sequence[str] = SCORES, seed: int = 1
) -> None:
    """Write runs over one dataset: "run #1" and on, each a little better than the one before.

    Args:
        place: The store.
        runs: How many; an hour lies between them.
        items: How many item runs each of them has, a millisecond apart.
        names: Their scores: `exact` (true or false), `f1` (0 to 1) and `judge` (1 to 5).
        seed: Of what is drawn.
    """
    client = xn.get_client(place)
    dataset = client.create_dataset(
        name="history", items=[_item(n) for n in range(items)], metadata="metadata"
    )
    draw, first = random.Random(seed), clock.now() - timedelta(hours=runs)
    for number in range(1, runs + 1):
        run = _Run(dataset, number, first + timedelta(hours=number - 1), names, draw)
        client.store.write(run.write)
    client.close()


def question(n: int) -> str:
    """What goes into an item run: some 50 characters."""
    return f"Which number stands at the end of this text? {n:08d}"


def _item(n: int) -> dict[str, Any]:
    return {
        "input": question(n),
        "expected_output": f"{n:08d}",
        "metadata": {"document": n // 5},
    }


@dataclass(frozen=True)
class _Run:
    """One run over a dataset."""

    dataset: Dataset
    number: int
    began: datetime
    names: Sequence[str]
    draw: random.Random

    def write(self, connection: Connection) -> None:
        """Write it with its item runs, their traces and scores, in the order a run does."""
        record = self._record()
        connection.execute(sa.insert(experiments), record)
        ids = [item.id for item in self.dataset.items]
        for start in range(0, len(ids), _AT_ONCE):
            part = [
                self._item_run(record["id"], item_id, start + n)
                for n, item_id in enumerate(ids[start : start + _AT_ONCE])
            ]
            spans = [self._span(one, start + n) for n, one in enumerate(part)]
            given = [row for one in part for row in self._scores(one)]
            connection.execute(sa.insert(item_runs), part)
            connection.execute(sa.insert(observations), spans)
            connection.execute(sa.insert(scores), given)

    def _record(self) -> dict[str, Any]:
        return {
            "id": random_id(),
            "name": "run",
            "number": self.number,
            "status": "finished",
            "created_at": self.began,
            "finished_at": self.began + len(self.dataset) * _MILLISECOND,
            "dataset_id": self.dataset.id,
            "dataset_version": self.dataset.version,
            "content_hash": self.dataset.content_hash,
            "planned": len(self.dataset),
            "repetitions": 1,
            "evaluators": list(self.names),
            "environment": {},
            "metadata": {},
        }

    def _item_run(self, run_id: str, item_id: str, n: int) -> dict[str, Any]:
        return {
            "experiment_id": run_id,
            "item_id": item_id,
            "repetition": 0,
            "status": "ok",
            # Of the width of a real one, which begins with the time too.
            "trace_id": f"{self.number:04x}{n:08x}{self.draw.getrandbits(80):020x}",
            "started_at": self.began + n * _MILLISECOND,
            "latency": self.draw.random(),
            "attempts": 1,
            "output": f'"{n:08d}"',
        }

    def _span(self, run: dict[str, Any], n: int) -> dict[str, Any]:
        """The observation of an item run: what the task was given and what it made of it."""
        return {
            "trace_id": run["trace_id"],
            "id": f"{self.draw.getrandbits(64):016x}",
            "name": f"run #{self.number}",
            "type": "span",
            "start": run["started_at"],
            "end": run["started_at"] + timedelta(seconds=run["latency"]),
            "input": f'"{question(n)}"',
            "output": run["output"],
            "tags": ["odd"] if n % ODD == 0 else None,
            "environment": "default",
        }

    def _scores(self, run: dict[str, Any]) -> Iterator[dict[str, Any]]:
        share = 0.5 + 0.05 * self.number
        given = {
            "exact": ("BOOLEAN", float(self.draw.random() < share)),
            "f1": ("NUMERIC", self.draw.random()),
            "judge": ("NUMERIC", float(self.draw.randrange(1, 6))),
        }
        for name in self.names:
            kind, number = given[name]
            yield {
                "id": f"{run['trace_id'][:12]}{self.draw.getrandbits(80):020x}",
                "trace_id": run["trace_id"],
                "name": name,
                "data_type": kind,
                "number": number,
                "source": "api",
                "author": name,
                "created_at": run["started_at"],
                "updated_at": run["started_at"],
            }
