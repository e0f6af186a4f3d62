"""What models cost, as the user says it; a list of our own would soon be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.usage import amount

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKENS = 1_000_000
_PAIR = 2
_present: dict[str, tuple[float, float]] = {}


def prices(of_models: Mapping[str, tuple[float, float]]) -> None:
    """Say what models cost, so that calls which record tokens and no cost get one.

    A cost is stored with the call, at the prices of that moment. Prices given before are
    forgotten.

    Args:
        of_models: A model's name to the price of a million tokens that go in, and of a million
            that come out, in any currency.

    Raises:
        BadInput: If a price is not a pair of numbers from 0.

    Example:
        >>> prices({"small-1": (0.15, 0.60)})
        >>> prices({})
    """
    global _present  # noqa: PLW0603 - one list a process: spans may end on any thread
    _present = {model: _checked(model, pair) for model, pair in of_models.items()}


def add_cost(found: dict[str, Any]) -> None:
    """Give a call of a model its cost, if it has none and its price is known.

    Args:
        found: Attributes of a span; changed in place.
    """
    if not _present or names.COST in found:
        return
    price = _price(found)
    into, out = amount(found.get(names.INPUT_TOKENS)), amount(found.get(names.OUTPUT_TOKENS))
    if price is not None and not (into is None and out is None):
        found[names.COST] = ((into or 0) * price[0] + (out or 0) * price[1]) / _TOKENS


def _price(found: Mapping[str, Any]) -> tuple[float, float] | None:
    """Of the model asked for, or of the one that answered, whose name may say more."""
    called = (str(found.get(name)) for name in (names.MODEL, names.RESPONSE_MODEL))
    return next((_present[model] for model in called if model in _present), None)


def _checked(model: str, pair: Any) -> tuple[float, float]:
    numbers = [amount(one) for one in pair] if isinstance(pair, (tuple, list)) else []
    if len(numbers) != _PAIR or any(n is None or n < 0 for n in numbers):
        raise BadInput(
            f"The price of {model!r} is {pair!r}.",
            "Give two numbers: of a million tokens that go in, and of a million that come out.",
        )
    into, out = (n or 0.0 for n in numbers)
    return into, out
