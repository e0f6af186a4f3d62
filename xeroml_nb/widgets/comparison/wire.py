"""What a page shows of a comparison: verdicts and differences as plain JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.verdicts import shown, shown_p, signed
from xeroml_nb.records.json_text import clean_text, preview
from xeroml_nb.widgets.comparison.items import BETTER, WORSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.verdicts import Distribution, ScoreDifference
    from xeroml_nb.widgets.comparison.items import ItemList

_ROWS = 40
_SCORES = 100
_NOTES = 20
_CATEGORIES = 12
_NAME = 60
_SIGNED = ("better", "worse", "higher", "lower")


def head_wire(items: ItemList) -> dict[str, Any]:
    """What stands above the items: what is compared, by which score, with which verdict."""
    compared, score = items.comparison, items.score
    label = items.candidate.label
    rows = score_rows(compared)
    counts = items.changes.counts
    return {
        "title": [_named(label), _named(compared.baseline.label)],
        "others": len(compared.candidates) - 1,
        "scores": [_named(name) for name in compared.scores[:_SCORES]],
        "score": compared.scores.index(score),
        "run": compared.candidates.index(items.candidate),
        "verdict": clean_text(compared.verdict(score, label)),
        "counts": _counts_text(items),
        "notes": [preview(note, 300) for note in compared.notes[:_NOTES]],
        "rows": rows[:_ROWS],
        "more": max(0, len(rows) - _ROWS),
        "shares": _shares(items),
        "changes": [[word, counts.get(word, 0)] for word in _words(items)],
        "people": items.people.counts,
        "total": compared.shared,
    }


def score_rows(compared: Comparison) -> list[dict[str, Any]]:
    """One row a score and candidate, each difference as a part of its axis from -1 to 1."""
    means = {(e.score, e.run): e.mean for e in compared.estimates}
    extents = _extents(compared.differences)
    several = len(compared.candidates) > 1
    rows = [_difference_row(d, means, extents[d.score]) for d in compared.differences]
    rows += [_distribution_row(d) for d in compared.distributions]
    labels = [record.label for record in compared.candidates]
    found: list[ScoreDifference | Distribution] = [*compared.differences, *compared.distributions]
    return [
        row
        | {
            "score": compared.scores.index(d.score),
            "run": labels.index(d.run),
            "name": _named(d.score),
            "of": _named(d.run) if several else "",
            "title": clean_text(
                f"{_named(d.score)}, {_named(d.run)} against {_named(d.baseline)}: {d.sentence}"
            ),
        }
        for row, d in zip(rows, found, strict=True)
    ]


def _difference_row(
    found: ScoreDifference, means: dict[tuple[str, str], float | None], extent: float
) -> dict[str, Any]:
    before, after = (means[found.score, run] for run in (found.baseline, found.run))
    ends = (found.low, found.difference, found.high)
    lane = [None if value is None else round(value / extent, 4) for value in ends]
    return {
        "means": f"{_mean(before)} → {_mean(after)}",
        "lane": lane,
        "axis": shown(extent),
        "text": _difference_text(found),
        "p": "" if found.p_adjusted is None else f"p {shown_p(found.p_adjusted)}",
        "verdict": found.verdict,
        "tone": found.verdict if found.verdict in _SIGNED else "",
    }


def _difference_text(found: ScoreDifference) -> str:
    if found.difference is None:
        return "–"
    if found.low is None or found.high is None:
        return signed(found.difference)
    return f"{signed(found.difference)} [{signed(found.low)}, {signed(found.high)}]"


def _distribution_row(found: Distribution) -> dict[str, Any]:
    moved = "–" if found.distance is None else f"{found.distance:.0%} moved"
    return {
        "means": "",
        "lane": None,
        "axis": "",
        "text": moved,
        "p": "" if found.p_adjusted is None else f"p {shown_p(found.p_adjusted)}",
        "verdict": found.verdict,
        "tone": "",
    }


def _extents(differences: Iterable[ScoreDifference]) -> dict[str, float]:
    """How far the axis of each score reaches: scores within -1..1 share theirs."""
    own: dict[str, float] = {}
    for d in differences:
        sizes = [abs(v) for v in (d.low, d.difference, d.high) if v is not None]
        own[d.score] = max([own.get(d.score, 0.0), *sizes])
    shared = max((extent for extent in own.values() if extent <= 1), default=0.0)
    return {name: _rounded_up(shared if e <= 1 else e) for name, e in own.items()}


def _rounded_up(value: float) -> float:
    """The next round number: 1, 2 or 5 times a power of ten.

    Example:
        >>> [_rounded_up(v) for v in (0.13, 0.42, 87.0)]
        [0.2, 0.5, 100.0]
    """
    if not value or not math.isfinite(value):
        return 1.0
    power = math.floor(math.log10(value))
    step = next(s for s in (1, 2, 5, 10) if value <= s * 10.0**power * (1 + 1e-9))
    return float(f"{step}e{power}")


def _shares(items: ItemList) -> list[list[Any]] | None:
    """Of a categorical score, each category with its share in both runs."""
    found = next(
        (
            d
            for d in items.comparison.distributions
            if (d.score, d.run) == (items.score, items.candidate.label)
        ),
        None,
    )
    if found is None:
        return None
    sides = zip(found.categories, found.baseline_shares, found.run_shares, strict=True)
    return [[_named(c), a.rate or 0.0, b.rate or 0.0] for c, a, b in list(sides)[:_CATEGORIES]]


def _counts_text(items: ItemList) -> str:
    if items.changes.kind == "numeric":
        found = items.comparison.difference(items.score, items.candidate.label)
        text = found.counts
    else:
        counts = items.changes.counts
        text = f"{counts.get('changed', 0):,} changed · {counts.get('same', 0):,} same"
    lost = ((items.changes.counts.get(word, 0), word) for word in ("failed", "not scored"))
    return " · ".join([text, *(f"{count:,} {word}" for count, word in lost if count)])


def _words(items: ItemList) -> Sequence[str]:
    if items.changes.kind == "categorical":
        changed: tuple[str, ...] = ("changed",)
    else:
        changed = (
            (BETTER[1], WORSE[1])
            if items.changes.direction == "none"
            else ("improved", "regressed")
        )
    return (*changed, "same", "failed", "not scored")


def _mean(value: float | None) -> str:
    return "–" if value is None else shown(value)


def _named(text: str) -> str:
    return clean_text(preview(text, _NAME))
