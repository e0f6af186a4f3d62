"""What a report says of a comparison, from the verdict down to where the figures come from."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb import charts
from xeroml_nb.notebook.comparison_display import parts
from xeroml_nb.notebook.items_table import changed_items, failed_items
from xeroml_nb.notebook.provenance import provenance
from xeroml_nb.notebook.report_cells import Code, Section, plain_words
from xeroml_nb.notebook.words import MOST_CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.comparison import Comparison


def comparison_sections(compared: Comparison, score: str, rows: int) -> Iterator[Section]:
    """The sections of a report on a comparison.

    Args:
        compared: What is reported.
        score: Whose changed items are shown.
        rows: How many items at most.
    """
    yield Section("result", "## Result", [_result(compared)])
    yield Section("figures", "## All figures", list(_figures(compared)))
    yield spread("comparison", compared)
    for place, run in enumerate(compared.candidates, start=1):
        words = f"## What changed in {plain_words(score)} of {plain_words(run.label)}"
        cells = _changes(compared, score, place, rows)
        yield Section(f"changed-{place}", words, list(cells))
    yield Section("code", "## What produced the runs", list(_code(compared)))


def spread(name: str, compared: Comparison) -> Section:
    """How the values of each numeric score are spread.

    Args:
        name: Of the variable that holds what is drawn.
        compared: The runs.
    """
    chosen = compared.numeric[:MOST_CHARTS]
    words = "## How the scores are spread"
    if len(chosen) < len(compared.numeric):
        words += f"\n\nThe first {len(chosen)} of {len(compared.numeric)} scores."
    cells = [
        Code(
            role_of("spread", score),
            f"charts.distribution({name}, {score!r})",
            partial(charts.distribution, compared, score),
        )
        for score in chosen
    ]
    return Section("spread", words, cells)


def role_of(role: str, score: str) -> str:
    """The id of a cell on one score."""
    digest = hashlib.sha256(score.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{role}-{digest[:12]}"


def _result(compared: Comparison) -> Code:
    lines = (
        "client = xn.get_client(store)",
        "comparison = client.compare(*runs, **options)",
        "comparison",
    )
    return Code("comparison", "\n".join(lines), displays=lambda: parts(compared))


def _figures(compared: Comparison) -> Iterator[Code]:
    yield Code(
        "table",
        'comparison.table().set_index(["score", "run"]).T.fillna("–")',
        lambda: compared.table().set_index(["score", "run"]).T.fillna("–"),
    )
    if compared.options["by"] is not None:
        yield Code("slices", "comparison.slices()", compared.slices)


def _changes(compared: Comparison, score: str, place: int, rows: int) -> Iterator[Code]:
    label = compared.runs[place].label
    if score in compared.numeric:
        yield Code(
            f"changes-{place}",
            f"charts.changes(comparison, score, runs[{place}], limit=rows)",
            lambda: charts.changes(compared, score, label, limit=rows),
        )
    yield Code(
        f"items-{place}",
        f"changed_items(comparison, score, runs[{place}], rows)",
        partial(changed_items, compared, score, label, rows),
    )
    if "failed" in compared.changes(score, label).counts:
        yield Code(
            f"failed-{place}",
            f"failed_items(comparison, score, runs[{place}], rows)",
            partial(failed_items, compared, score, label, rows),
        )


def _code(compared: Comparison) -> Iterator[Code]:
    for place, run in enumerate(compared.candidates, start=1):
        yield Code(
            f"code-{place}",
            f"comparison.code(runs[{place}])",
            partial(compared.code, run.label),
        )
    yield Code(
        "provenance",
        "provenance(client.store, comparison.runs)",
        lambda: provenance(compared.store, compared.runs),
    )
