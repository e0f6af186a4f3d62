"""What a page shows of a comparison's items: some rows, and the largest changes as dots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from xeroml_nb.experiments.tally import shown_value
from xeroml_nb.records.json_text import clean_text, preview
from xeroml_nb.widgets.comparison.items import BETTER, WORSE

if TYPE_CHECKING:
    from xeroml_nb.widgets.comparison.items import Found, ItemList

PAGE = 50
MARKS = 18  # dots on either side


def page_wire(items: ItemList, found: Found, start: int) -> dict[str, Any]:
    """A page of the items that a filter left; with the first page the dots of the chart."""
    rows = found.rows.iloc[start : start + PAGE]
    texts = items.changes.to_frame(rows)
    inputs = [clean_text(preview(value, 160)) for value in texts["input"]]
    page = [
        [place, preview(row.item_id, 80), *_values(row), str(row.change), text]
        for (place, row), text in zip(
            zip(rows.index, rows.itertuples(), strict=True), inputs, strict=True
        )
    ]
    return {
        "start": start,
        "size": PAGE,
        "total": len(found.rows),
        "told": found.told,
        "rows": page,
        "marks": _marks(items, found) if start == 0 else None,
        "people": items.people.counts,
    }


def _marks(items: ItemList, found: Found) -> dict[str, Any] | None:
    """The largest changes either way as dots between the lowest and the highest value."""
    if items.changes.kind == "categorical":
        return None
    rows = found.rows
    sides = [rows[rows["change"].isin(words)] for words in (WORSE, BETTER)]
    shown_rows = [side.head(MARKS) for side in sides]
    every = pd.concat([side[c] for side in shown_rows for c in ("baseline_score", "score")])
    low, high = (0.0, 1.0) if every.empty else (float(every.min()), float(every.max()))
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    span = (high - low) or 1.0
    return {
        "low": shown_value(low),
        "high": shown_value(high),
        "sides": [
            {
                "count": len(side),
                "word": word,
                "dots": [_dot(*row, low, span) for row in rows_.iterrows()],
            }
            for side, rows_, word in zip(sides, shown_rows, _side_words(items), strict=True)
        ],
    }


def _side_words(items: ItemList) -> tuple[str, str]:
    return ("lower", "higher") if items.changes.direction == "none" else ("regressed", "improved")


def _dot(place: Any, row: pd.Series[Any], low: float, span: float) -> list[Any]:
    """Place, both values as parts of the axis, and what it says."""
    values = [round((float(row[c]) - low) / span, 4) for c in ("baseline_score", "score")]
    before, after, delta = _values(row)
    return [int(place), *values, f"{preview(row['item_id'], 80)}: {before} → {after} ({delta})"]


def _values(row: Any) -> list[str]:
    """Both scores and their difference, as people read them."""
    before, after = (None if pd.isna(v) else v for v in (row.baseline_score, row.score))
    delta = "" if pd.isna(row.delta) else signed_value(float(row.delta))
    return [clean_text(shown_value(before)), clean_text(shown_value(after)), delta]


def signed_value(delta: float) -> str:
    """The difference of two values, as exact as the values themselves are shown.

    Example:
        >>> signed_value(0.25), signed_value(0.0)
        ('+0.25', '0')
    """
    text = shown_value(abs(delta))
    return text if not delta else f"{'+' if delta > 0 else '−'}{text}"
