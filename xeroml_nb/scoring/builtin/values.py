"""How outputs are compared: as JSON values, as texts, as words."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import Any, NoReturn

from xeroml_nb.records.json_text import plain

_APOSTROPHES = "'‘’"
_MEANT = "%&#@"
# The character comes first, so that the search runs through words without a look around.
_MARK = re.compile(
    r"""
    [^\w\s]
    (?<! \d . (?=\d))                   # not between two digits: 1.5, 10:30, 3-4
    (?<! (?<!\w) - (?=[.$€£¥]?\d))      # not the sign of a number
    (?<! (?<!\w) \. (?=\d))             # not the point of .5
    """,
    re.VERBOSE,
)


def side_by_side(output: Any, expected: Any) -> tuple[Any, Any]:
    """Both as plain values of one kind, as they would be read from the store.

    A text beside a value of another kind is read as JSON, if it is JSON.

    Example:
        >>> side_by_side('{"a": 1}', {"a": 1})
        ({'a': 1}, {'a': 1})
        >>> side_by_side((1, 2), "two")
        ([1, 2], 'two')
    """
    one, other = plain(output), plain(expected)
    if isinstance(one, str) == isinstance(other, str):
        return one, other
    return _read_if_text(one), _read_if_text(other)


def read_json(text: str) -> Any:
    """Read a text that is one JSON value and nothing else.

    Raises:
        ValueError: If it is none; NaN and Infinity are no JSON. Says where and why.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("It is nested too deeply") from None


def same_json(one: Any, other: Any) -> bool:
    """Tell whether two plain values are the same JSON: 1 is 1.0, but no bool is a number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def as_text(value: Any) -> str:
    """A text as it is, None as an empty one, anything else as JSON with sorted keys.

    Example:
        >>> as_text({"b": 1, "a": "é"})
        '{"a": "é", "b": 1}'
    """
    held = plain(value)
    if isinstance(held, str):
        return held
    return "" if held is None else json.dumps(held, ensure_ascii=False, sort_keys=True)


def normalised(text: str) -> str:
    r"""A text without what people overlook when they compare answers.

    Unicode forms are unified (NFKC), case is folded, and white space becomes single spaces.
    Apostrophes and invisible characters vanish; other punctuation (Unicode's categories P, and
    the backtick) counts as white space. What is kept: % & # @, any mark but an underscore between
    two digits, the sign or the point before a number. A text of nothing but punctuation keeps it.

    Example:
        >>> normalised("  **The ANSWER**: it's\n-1.5! ")
        'the answer its -1.5'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words = _MARK.sub(lambda found: _in_place_of(found[0]), folded.replace("_", " ")).split()
    return " ".join(words or folded.split())


@lru_cache(maxsize=1_000)
def _in_place_of(mark: str) -> str:
    category = unicodedata.category(mark)
    if mark in _APOSTROPHES or category == "Cf":
        return ""
    return " " if mark == "`" or (category[0] == "P" and mark not in _MEANT) else mark


def _read_if_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return plain(read_json(value))
    except ValueError:
        return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
