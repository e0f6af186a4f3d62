"""What calls of models used: tokens and money, as the attributes of spans say it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.tracing import attributes as names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money; None where nobody said anything of them.

    Args:
        input_tokens: That went into models.
        output_tokens: That came out.
        cost: In the currency it was recorded in.
    """

    input_tokens: float | None = None
    output_tokens: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """A span that says what it used.

    Args:
        id: Of the span.
        attributes: All of its attributes.
        parent_id: The span it lies in, where that is asked of it.
    """

    id: str
    attributes: Mapping[str, Any]
    parent_id: str | None = None


def amount(value: Any) -> float | None:
    """A recorded amount as a number; other instrumentations may put anything there.

    Example:
        >>> amount("0.25"), amount("free"), amount(True)
        (0.25, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def says_usage(attributes: Mapping[str, Any]) -> bool:
    """Tell whether the attributes of a span say what it used."""
    return any(name in attributes for name in names.USED)


def added_up(spans: Iterable[Spent], parents: Mapping[str, str | None]) -> Usage:
    """What one trace used.

    Some spans repeat what was used below them, as those of agents do: where spans lie inside one
    another, the innermost that says something counts.

    Args:
        spans: Those that say what they used.
        parents: Each span of the trace to the one it lies in; may be empty for a single span.
    """
    found = list(spans)
    return Usage(*(_sum_of(name, found, parents) for name in names.USED))


def _sum_of(name: str, spans: Iterable[Spent], parents: Mapping[str, str | None]) -> float | None:
    said = {
        one.id: given for one in spans if (given := amount(one.attributes.get(name))) is not None
    }
    if not said:
        return None
    if len(said) > 1:
        around = {outer for inner in said for outer in _outer(inner, parents)}
        said = {own: given for own, given in said.items() if own not in around}
    # Spans that lie in a circle repeat each other: then none of them is the innermost.
    return math.fsum(said.values()) if said else None


def _outer(span: str, parents: Mapping[str, str | None]) -> Iterator[str]:
    """The spans that a span lies in, from the inside out."""
    seen = {span}
    outer = parents.get(span)
    while outer is not None and outer not in seen:
        seen.add(outer)
        yield outer
        outer = parents.get(outer)
