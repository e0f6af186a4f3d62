"""What an evaluator says of what it scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadScore
from xeroml_nb.records.json_text import safe_repr
from xeroml_nb.records.score import ScoreRecord, ScoreSource, new_score

if TYPE_CHECKING:
    from xeroml_nb.records.score import ScoreTarget


@dataclass(frozen=True)
class Score:
    """A value with what belongs to it, for an evaluator to return.

    Args:
        value: A number, a bool or a text; None leaves unscored.
        name: The evaluator's own by default.
        comment: Why it is this value.
        data_type: NUMERIC, BOOLEAN or CATEGORICAL; found from the value by default.
        metadata: Anything JSON can hold, kept with the score.

    Example:
        >>> Score(0.5, comment="one of two facts is there").value
        0.5
    """

    value: Any
    _: KW_ONLY
    name: str | None = None
    comment: str | None = None
    data_type: str | None = None
    metadata: Mapping[str, Any] | None = None


def score_records(
    result: Any, target: ScoreTarget, author: str, source: str = ScoreSource.API
) -> list[ScoreRecord]:
    """Turn what an evaluator returned into scores: all of it, or an error.

    Args:
        result: A number, a bool, a text or a `Score`; a dict of these by name; a list of these;
            None for unscored.
        target: What is scored.
        author: The evaluator, after which scores without a name are called.
        source: Code or a model.

    Raises:
        BadScore: If a value cannot be a score, or two scores have one name.
    """
    if isinstance(result, (bool, str)):  # most are, and none of these is refused
        return [new_score(target, author, result, source=source, author=author)]
    given = [(name, one) for name, one in _named(result, author) if one.value is not None]
    if len(given) > 1:
        _check_names(given, author)
    try:
        return [_record(name, one, target, author, source) for name, one in given]
    except BadScore as error:
        raise BadScore(f"Evaluator {author!r}: {error.problem}", error.next_step) from None


def _named(result: Any, author: str) -> Iterator[tuple[str, Score]]:
    """Every single score in a result, with its name."""
    if isinstance(result, Mapping):
        for name, value in result.items():
            yield name, value if isinstance(value, Score) else Score(value)
    elif isinstance(result, (list, tuple)):
        for one in result:
            yield from _named(one, author)
    elif isinstance(result, Score):
        yield author if result.name is None else result.name, result
    else:
        yield author, Score(result)


def _check_names(given: Sequence[tuple[str, Score]], author: str) -> None:
    counts = Counter(name for name, _ in given)
    if twice := next((name for name, n in counts.items() if n > 1), None):
        values = ", ".join(safe_repr(one.value)[:40] for name, one in given if name == twice)
        raise BadScore(
            f"Evaluator {author!r} gave {counts[twice]} scores called {twice!r}: {values}.",
            "Give each a name of its own, in a dict or with Score(value, name=...).",
        )


def _record(name: str, one: Score, target: ScoreTarget, author: str, source: str) -> ScoreRecord:
    return new_score(
        target,
        name,
        one.value,
        data_type=one.data_type,
        comment=one.comment,
        source=source,
        author=author,
        metadata=one.metadata,
    )
