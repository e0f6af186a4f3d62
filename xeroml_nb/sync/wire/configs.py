"""The dimensions of rubrics as score configs: what a score of a name may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension, Kind
from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import safe_repr
from xeroml_nb.records.score import DataType
from xeroml_nb.sync.wire.reading import body_of, filled, moment_text, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NAME_LIMIT = 35
_TEXT = "TEXT"
_KINDS = {
    DataType.NUMERIC.value: Kind.NUMBER,
    DataType.BOOLEAN.value: Kind.BOOLEAN,
    DataType.CATEGORICAL.value: Kind.CATEGORICAL,
    _TEXT: Kind.TEXT,
}
_FOREIGN = re.compile(r"[^A-Za-z0-9_ .()-]+")


@dataclass(frozen=True, slots=True)
class Config:
    """A definition that a dimension has or had.

    Args:
        id: The same definition has the same id.
        version: 1 for the first definition of that name.
        definition: All parts, as `Dimension.definition` gives them.
    """

    id: str
    version: int
    definition: dict[str, Any]


def to_wire(config: Config) -> dict[str, Any]:
    """A definition as it is sent: only what is set.

    The definition itself goes with it, for servers that can take it: keys, directions and levels
    have no other place there.
    """
    return filled(_fields(config)) | {"definition": config.definition}


def shown(config: Config, created_at: datetime) -> dict[str, Any]:
    """A definition as a server shows it: every field, also those that are not set."""
    at = moment_text(created_at)
    named = {"name": config.definition["name"], "projectId": "local", "isArchived": False}
    moments = {"createdAt": at, "updatedAt": at}
    return _fields(config) | named | moments | {"definition": config.definition}


def from_wire(given: Any) -> Dimension:
    """Read a score config that somebody sends or a server shows, as a dimension.

    Raises:
        BadInput: If it makes no question that can be answered.
    """
    body = body_of("score config", given)
    own = body.get("definition")
    if own is not None:
        return _defined(body_of("definition", own))
    kind = text_of(body, "dataType")
    if kind not in _KINDS:
        known = ", ".join(map(repr, _KINDS))
        raise BadInput(f"dataType is {safe_repr(kind)[:80]}.", f"Use one of {known}.")
    asked: dict[str, Any] = {
        "name": body.get("name", ""),
        "kind": _KINDS[kind],
        "description": text_of(body, "description") or "",
    }
    if kind == DataType.NUMERIC:
        asked |= {"minimum": _number(body, "minValue"), "maximum": _number(body, "maxValue")}
    if kind == DataType.CATEGORICAL:
        asked["options"] = _options(body)
    return Dimension(**asked)


def config_name(config: Config) -> str:
    """The name it has on a server: short, of few characters, and of no other definition.

    Example:
        >>> config_name(Config("3f9ac2d1", 2, {"name": "tone of the answer"}))
        'tone of the answer 3f9ac2'
    """
    name: str = config.definition["name"]
    if config.version == 1 and len(name) <= NAME_LIMIT and not _FOREIGN.search(name):
        return name
    mark = config.id[:6]
    plain = _FOREIGN.sub(" ", name).strip()[: NAME_LIMIT - len(mark) - 1]
    return f"{plain.rstrip()} {mark}".strip()


def _fields(config: Config) -> dict[str, Any]:
    dimension = Dimension(**config.definition)
    is_numeric = dimension.data_type is DataType.NUMERIC
    return {
        "id": config.id,
        "name": config_name(config),
        "dataType": _TEXT if dimension.kind is Kind.TEXT else dimension.data_type.value,
        "categories": _categories(dimension),
        "minValue": dimension.minimum if is_numeric else None,
        "maxValue": dimension.maximum if is_numeric else None,
        "description": dimension.description or None,
    }


def _categories(dimension: Dimension) -> list[dict[str, Any]] | None:
    """The answers of a categorical dimension; each needs a number of its own."""
    if dimension.data_type is not DataType.CATEGORICAL or not dimension.choices:
        return None
    numbers = [choice.number for choice in dimension.choices]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = [float(place) for place in range(len(numbers))]
    return [
        {"label": choice.label, "value": number}
        for choice, number in zip(dimension.choices, numbers, strict=True)
    ]


def _defined(definition: Mapping[str, Any]) -> Dimension:
    try:
        return Dimension(**definition)
    except (TypeError, AttributeError) as error:
        raise BadInput(
            f"The definition is none of a dimension: {error}.", "Send the other fields alone."
        ) from None


def _options(body: Mapping[str, Any]) -> list[Option]:
    found = body.get("categories")
    if not isinstance(found, list):
        raise BadInput(
            f"categories is {safe_repr(found)[:80]}.", 'Send [{"label": "good", "value": 1}, ...].'
        )
    return [
        Option(one.get("label", ""), value=_number(one, "value"))
        for one in (body_of("category", given) for given in found)
    ]


def _number(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput(f"{name} is {safe_repr(value)[:80]}.", "Send a number.")
    return value
