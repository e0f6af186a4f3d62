"""What the tests of charts share: runs with given scores, every chart, and what a chart holds."""

from __future__ import annotations

import base64
import json
import zlib
from importlib.resources import files

import jsonschema
import numpy as np
import pandas as pd

from xeroml_nb import charts
from xeroml_nb.experiments.frames import RunTable, ScoreColumn

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MIME_TYPES = {"application/vnd.vegalite.v5+json", "image/png", "text/plain"}
HOSTILE = (
    '"quoted" it\'s',
    "<script>alert(1)</script>",
    "a.b[c]",
    "score:Q",
    "\u202eletter \u05d0\u05d1\u05d2",
    "two\u2028lines",
    "\\' + datum.x + '",
    "x" * 200,
)


def ran(client, name, scores, *, failing=(), dataset="items"):
    """A finished run of items with these scores: item id to score to value."""
    client.create_dataset(name=dataset, items=[{"id": key, "input": f"in {key}"} for key in scores])

    def task(item):
        if item.input.removeprefix("in ") in failing:
            raise ValueError("no")
        return "out"

    def given(item):
        return scores[item.id]

    return client.start(task, dataset, name=name, evaluators=[given]).wait()


def scored(n, seed, lift=0.0):
    """Scores of n items, of every kind."""
    draw = np.random.default_rng(seed)
    return {
        f"triage-{i:03}": {
            "right": bool(draw.random() < 0.5 + lift),
            "similarity": float(draw.beta(4 + 8 * lift, 3)),
            "length": float(round(draw.lognormal(5 + lift, 0.5))),
            "stars": float(draw.integers(1, 6)),
            "topic": str(draw.choice(["billing", "account", "refund"], p=[0.5, 0.3, 0.2])),
            "judge": str(draw.choice(["pass", "fail"])),
            "person": str(draw.choice(["pass", "fail"])),
        }
        for i in range(n)
    }


def two_runs(client, n=48):
    """A comparison of two runs; the second has one failure and one item without a score."""
    first, second = scored(n, 1), scored(n, 2, lift=0.3)
    del second["triage-005"]["similarity"]
    one = ran(client, "triage_v1", first)
    two = ran(client, "triage_v2", second, failing={"triage-003"})
    return client.compare(one, two, directions={"length": "lower", "stars": "none"})


def of_comparison(compared, client=None):
    """Every chart of a comparison of runs made by `scored`, by name; a trend of its client too."""
    drawn = {
        "summary": charts.summary(compared),
        "distribution": charts.distribution(compared, "similarity"),
        "distribution of few values": charts.distribution(compared, "stars"),
        "categories": charts.categories(compared, "topic"),
        "heat map": charts.heat_map(compared, "similarity"),
        "against": charts.against(compared, "similarity"),
        "against a score": charts.against(compared, "similarity", "length"),
    }
    if compared.candidates:
        drawn["differences"] = charts.differences(compared)
        drawn["changes"] = charts.changes(compared, "similarity")
        drawn["changes of a score without a direction"] = charts.changes(compared, "stars")
    else:
        drawn["confusion"] = charts.confusion(compared, "person", "judge")
        drawn["confusion of numbers"] = charts.confusion(compared, "similarity", "right")
    if client is not None:
        drawn["trend"] = charts.trend("right", client=client)
        drawn["trend of experiments"] = charts.trend("topic", over="experiments", client=client)
    return drawn


def all_charts(client):
    """Every chart, of two runs and of one alone."""
    compared = two_runs(client)
    alone = client.compare(compared.candidates[0].label)
    single = {f"{name}, one run": chart for name, chart in of_comparison(alone).items()}
    return {**of_comparison(compared, client), **single}


def rows_of(chart):
    """The rows of all data of a chart, each set of them once."""
    return [row for rows in chart.to_dict().get("datasets", {}).values() for row in rows]


def words_of(chart):
    """All titles and subtitles of a chart as one text."""
    return charts.bundle(chart)["text/plain"]


def parts_of(spec):
    """Every object inside a chart, its data left out."""
    if isinstance(spec, dict):
        yield spec
        for key, value in spec.items():
            if key != "datasets":
                yield from parts_of(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from parts_of(value)


def validator_of(text):
    """A check against a Vega-Lite schema."""
    schema = json.loads(text)
    kind = jsonschema.validators.validator_for(schema)
    return kind(schema, format_checker=None)


def vegalite_6():
    """The schema that Altair brings along."""
    path = files("altair") / "vegalite/v6/schema/vega-lite-schema.json"
    return validator_of(path.read_text(encoding="utf-8"))


def as_vegalite_5(chart):
    """A chart as JupyterLab is told to read it."""
    return {**chart.to_dict(), "$schema": "https://vega.github.io/schema/vega-lite/v5.json"}


def png_of(chart):
    """The picture in a chart's bundle."""
    return base64.b64decode(charts.bundle(chart)["image/png"])


def tones_in(png):
    """How many different bytes the filtered pixels of a PNG have; 2 or so where it is blank."""
    assert png.startswith(SIGNATURE)
    place, packed = len(SIGNATURE), b""
    while place < len(png):
        size = int.from_bytes(png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            packed += png[place + 8 : place + 8 + size]
        place += size + 12
    return len(set(zlib.decompress(packed)))


def large_tables(monkeypatch, n):
    """From here on every experiment reads as one of n items, each with scores of every kind."""
    draw = np.random.default_rng(7)
    ids = np.array([f"an item with a rather long identifier {i}" for i in range(n)], dtype=object)

    def numbers(values):
        flags = np.zeros(n, dtype=bool)
        return ScoreColumn(np.asarray(values, dtype=float), np.full(n, None, dtype=object), flags)

    def read_table(_, record, **__):
        columns = {
            "item_id": ids,
            "repetition": np.zeros(n, dtype=object),
            "status": np.where(draw.random(n) < 0.01, "failed", "ok").astype(object),
            "attempts": np.ones(n, dtype=object),
            "latency": draw.lognormal(0, 1, n).astype(object),
            "trace_id": ids,
        }
        labels = draw.choice([f"category number {i}" for i in range(400)], n).astype(object)
        scores = {
            "right": numbers(draw.random(n) < 0.5),
            "similarity": numbers(np.where(draw.random(n) < 0.02, np.nan, draw.random(n))),
            "length": numbers(draw.lognormal(5, 1, n).round()),
            "stars": numbers(draw.integers(1, 6, n)),
            "topic": ScoreColumn(np.full(n, np.nan), labels, np.zeros(n, dtype=bool)),
        }
        return RunTable(record, columns, scores)

    monkeypatch.setattr("xeroml_nb.analysis.alignment.read_table", read_table)
    monkeypatch.setattr("xeroml_nb.charts.reading.read_table", read_table)


def trend_of(points, groups=("",), categories=(None,)):
    """Something with the `trend` of a client: as many points as asked for."""
    start = pd.Timestamp("2026-03-01", tz="UTC")
    rows = [
        {
            "group": group,
            "x": start + pd.Timedelta(days=i),
            "label": f"{start + pd.Timedelta(days=i):%Y-%m-%d}",
            "category": category,
            "n": 30 + i,
            "mean": 0.5,
            "low": 0.4,
            "high": 0.6,
            "method": "Wilson",
        }
        for group in groups
        for category in categories
        for i in range(points)
    ]

    class Source:
        def trend(self, *_, **__):
            return pd.DataFrame(rows)

    return Source()
