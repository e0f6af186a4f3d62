"""A score as a row, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadScore
from xeroml_nb.records.ids import checked_id, checked_name
from xeroml_nb.records.score import ScoreRecord, ScoreSource, ScoreTarget, checked_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def score_row(score: ScoreRecord, changed_at: datetime, **others: Any) -> dict[str, Any]:
    """The row of a score; a score without a trace is on the whole experiment.

    Args:
        score: The score.
        changed_at: When it was changed last.
        others: Further cells.
    """
    optional = {
        "trace_id": score.target.trace_id,
        "observation_id": score.target.observation_id,
        "comment": score.comment,
        "author": score.author or None,
        "metadata": score.metadata,
    }
    return {
        "record": "score",
        "score_id": score.id,
        "name": score.name,
        "value": score.value,
        "data_type": score.data_type.value,
        "source": score.source.value,
        "created_at": score.created_at,
        "updated_at": changed_at,
        **{name: value for name, value in optional.items() if value is not None},
        **others,
    }


def score_of(
    cells: Mapping[str, Any], experiment_id: str | None = None
) -> tuple[ScoreRecord, datetime]:
    """The score of a row, and when it was changed last.

    Args:
        cells: The row's.
        experiment_id: What a score without a trace is on.

    Raises:
        ValueError: If they make no score.
    """
    name = checked_name("score", cells["name"], BadScore)
    kind, value = checked_value(name, cells["value"], cells["data_type"])
    trace_id = cells.get("trace_id")
    score = ScoreRecord(
        id=checked_id("score_id", cells["score_id"]),
        target=ScoreTarget(
            trace_id=trace_id,
            observation_id=cells.get("observation_id"),
            experiment_id=experiment_id if trace_id is None else None,
        ),
        name=name,
        value=value,
        data_type=kind,
        comment=cells.get("comment"),
        source=ScoreSource(cells["source"]),
        author=cells.get("author", ""),
        metadata=cells.get("metadata"),
        created_at=cells["created_at"],
    )
    return score, cells["updated_at"]
