"""A verdict as HTML: what a cell shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, table, tag
from xeroml_nb.records.json_text import clean_text

if TYPE_CHECKING:
    from xeroml_nb.analysis.gate.verdict import Verdict


def verdict_html(verdict: Verdict) -> Markup:
    """The verdict, its rules as a table, and the notes; all text in it is escaped."""
    rows = [
        ("✓ kept" if rule.passed else "✗ broken", tag("bdi", rule.name), tag("bdi", rule.details))
        for rule in verdict.rules
    ]
    html = tag(
        "div",
        tag("p", tag("strong", tag("bdi", verdict.title))),
        table(("", "rule", "found"), rows, numeric=set()),
        *(tag("p", tag("em", tag("bdi", note))) for note in verdict.notes),
        class_=f"xeroml-gate {NO_FORMULAS}",
    )
    return Markup(clean_text(html))
