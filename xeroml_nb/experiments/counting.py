"""Which of several scores with one name counts, and what its column is called.

Of several people's scores, what was settled counts, else the latest. Where code and people score
under one name, people's is called "NAME (human)".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import from_json
from xeroml_nb.records.score import ScoreSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.records.score import ScoreRecord


def column_names(names: Sequence[str], by_people: Sequence[bool]) -> list[str]:
    """What each score is called where the scores of a trace are columns.

    Args:
        names: The scores' names.
        by_people: Which of them people gave.

    Example:
        >>> column_names(["tone", "tone", "safe"], [False, True, True])
        ['tone', 'tone (human)', 'safe']
    """
    if not any(by_people):
        return list(names)
    by_code = {name for name, human in zip(names, by_people, strict=True) if not human}
    return [
        f"{name} (human)" if human and name in by_code else name
        for name, human in zip(names, by_people, strict=True)
    ]


def is_settled(metadata: Any) -> bool:
    """Tell from a score's metadata whether somebody settled a disagreement with it."""
    return isinstance(metadata, dict) and bool(metadata.get("adjudicated"))


def latest_last(updated_at: Sequence[Any], metadata: Sequence[str | None]) -> list[int]:
    """The order in which, of several scores of one name, the last is the one that counts.

    Args:
        updated_at: When each score changed.
        metadata: Each score's metadata as JSON text, or None.

    Example:
        >>> latest_last([3, 1, 2], [None, '{"adjudicated":true}', None])
        [2, 0, 1]
    """
    settled = [text is not None and is_settled(from_json(text)) for text in metadata]
    return sorted(range(len(settled)), key=lambda place: (settled[place], updated_at[place]))


def scores_by_trace(found: Sequence[ScoreRecord]) -> dict[str, dict[str, ScoreRecord]]:
    """The scores that count, by trace and column.

    Args:
        found: Scores on traces, the latest change last.
    """
    ordered = sorted(found, key=lambda score: is_settled(score.metadata))
    by_people = [score.source is ScoreSource.HUMAN for score in ordered]
    columns = column_names([score.name for score in ordered], by_people)
    by_trace: dict[str, dict[str, ScoreRecord]] = {}
    for column, score in zip(columns, ordered, strict=True):
        by_trace.setdefault(score.target.trace_id or "", {})[column] = score
    return by_trace
