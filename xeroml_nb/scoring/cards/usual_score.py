"""The score of a card without code: what its columns are on average."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.cards.result import CardResult, ColumnScore
from xeroml_nb.scoring.cards.rows import bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.scoring.cards.rows import NamedRows

_HIGHEST = 100.0
_SHOWN = 8


def usual_score(card: str, chosen: Sequence[str], named: NamedRows) -> CardResult:
    """The mean over the chosen columns of what each counts for; of the last where none is chosen.

    Each column has the same weight however many rows have a value in it. A column that holds
    neither truth values nor numbers counts nothing.

    Args:
        card: The name of the score card, for the error.
        chosen: Names of columns.
        named: The rows.

    Raises:
        CardFailed: If there are no rows, no column counts, or the mean is not within 0..100.
    """
    if not named.rows:
        raise CardFailed(
            f"Score card {card!r} has no rows to score.", "Score them when there are some."
        )
    names = chosen or named.names[-1:]
    found = [column_score(name, [row.get(name) for row in named.rows]) for name in names]
    counting = tuple(column for column in found if column is not None)
    if not counting:
        raise _nothing_counts(card, names, given=bool(chosen))
    return CardResult(_within(card, counting), columns=counting)


def column_score(name: str, cells: Sequence[Any]) -> ColumnScore | None:
    """What one column counts for; None where it holds neither truth values nor numbers.

    Example:
        >>> column_score("polite", [True, False, None])
        ColumnScore(name='polite', score=50.0, kind='boolean', counted=2, skipped=1)
        >>> column_score("tone", ["rude"]) is None
        True
    """
    values = [value for value in map(bare, cells) if value is not None]
    skipped = len(cells) - len(values)
    if not values:
        return None
    if all(isinstance(value, bool) for value in values):
        return ColumnScore(
            name, _HIGHEST * sum(values) / len(values), "boolean", len(values), skipped
        )
    if all(_is_number(value) for value in values):
        return ColumnScore(name, _mean(values), "number", len(values), skipped)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:  # far outside of 0..100, which is what is said then
        return math.inf


def _within(card: str, counting: Sequence[ColumnScore]) -> float:
    score = _mean([column.score for column in counting])
    if 0 <= score <= _HIGHEST:
        return score
    parts = ", ".join(f"{column.name!r} {column.score:g}" for column in counting[:_SHOWN])
    raise CardFailed(
        f"Score card {card!r} comes to {score:g}, which is not from 0 to 100 ({parts}).",
        "Leave out the column that is on another scale, or give the card code that brings it to "
        "this one.",
    )


def _nothing_counts(card: str, names: Sequence[str], *, given: bool) -> CardFailed:
    if given:
        shown = ", ".join(map(repr, names[:_SHOWN]))
        return CardFailed(
            f"None of the columns of score card {card!r} holds truth values or numbers ({shown}).",
            "Choose columns that do, or give the card code.",
        )
    last = f"the last column is {names[-1]!r}" if names else "the rows have no columns"
    return CardFailed(
        f"Score card {card!r} names no column, and {last}, which holds neither truth values nor "
        "numbers.",
        'Name the columns that count, such as column_names=["accuracy"].',
    )
