"""Any Python value as JSON text, and back.

What JSON cannot hold is kept as a marked repr, so that an odd output never fails a run.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import math
import pathlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

UNHELD = "__repr__"
_DEEPEST = 200
_LONGEST_INT = 14_000  # bits; Python refuses to write much longer ones as digits
# Made once: making one costs as much as writing a small value with it.
_WRITING = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SORTING = json.JSONEncoder(sort_keys=True, allow_nan=False, separators=(",", ":"))


def to_json(value: Any) -> str:
    """Write a value as JSON text; what JSON cannot hold becomes `{"__repr__": ..., "type": ...}`.

    Args:
        value: Anything: plain data, dataclasses, pydantic models, numpy and pandas values.

    Example:
        >>> to_json({"a": (1, 2)})
        '{"a":[1,2]}'
        >>> to_json({"f": len})
        '{"f":{"__repr__":"<built-in function len>","type":"builtins.builtin_function_or_method"}}'
    """
    try:
        text = _dump(value)
        if text.isascii():
            return text
        text.encode()
    except Exception:  # noqa: BLE001 - values of the user may raise anything while they are read
        return json.dumps(plain(value), separators=(",", ":"))
    return text


def from_json(text: str | None) -> Any:
    """Read JSON text written by `to_json`; None stays None."""
    return None if text is None else json.loads(text)


def from_json_each(texts: Iterable[str | None]) -> list[Any]:
    """Read many JSON texts written by `to_json`; None stays None.

    They are read as one list, which costs a fraction of reading each by itself.

    Example:
        >>> from_json_each(['{"a":1}', None, '"b"'])
        [{'a': 1}, None, 'b']
    """
    found: list[Any] = json.loads(f"[{','.join('null' if t is None else t for t in texts)}]")
    return found


def canonical_json(value: Any) -> str:
    """JSON text with sorted keys: equal values give equal text."""
    try:
        return _SORTING.encode(value)
    except Exception:  # noqa: BLE001 - values of the user may raise anything while they are read
        return json.dumps(plain(value), sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Turn a value into dicts, lists, strings, finite numbers, booleans and None.

    What cannot be turned, and what holds itself, becomes a mark made by `unheld`.
    """
    return _plain(value, ())


def is_unheld(value: Any) -> bool:
    """Tell whether a stored value stands for something JSON could not hold."""
    return isinstance(value, dict) and value.keys() == {UNHELD, "type"}


def unheld(value: Any) -> dict[str, str]:
    """Mark a value that JSON cannot hold: its repr and its type."""
    kind = type(value)
    return {UNHELD: safe_repr(value), "type": f"{kind.__module__}.{kind.__qualname__}"}


def safe_repr(value: Any) -> str:
    """The repr of a value, also where the value's own repr raises."""
    try:
        return clean_text(repr(value))
    except Exception as error:  # noqa: BLE001 - a user's __repr__ may raise anything
        return f"<{type(value).__qualname__} whose repr raises {type(error).__name__}>"


def said(error: BaseException) -> str:
    """An error as one text: its type and its message, also where its `str` raises."""
    try:
        message = clean_text(str(error))
    except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
        message = "(an error without a text)"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def clean_text(text: str) -> str:
    """Make text storable everywhere: no NUL characters, no half surrogate pairs."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def preview(value: Any, limit: int = 200) -> str:
    """One line of a value for people, cut to `limit` characters.

    Example:
        >>> preview({"category": "billing", "urgency": "low"})
        'category: billing · urgency: low'
    """
    text = _readable(value, limit)
    # A megabyte is cut before its white space is folded, not after.
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1] + "…"


def _readable(value: Any, limit: int) -> str:
    if isinstance(value, str):
        return value
    if is_unheld(value):
        return str(value[UNHELD])
    if isinstance(value, dict) and value:
        # Each key adds at least three characters to the line.
        shown = list(value.items())[: limit // 3 + 1]
        return " · ".join(f"{k}: {v if isinstance(v, str) else to_json(v)}" for k, v in shown)
    return to_json(value)


def _dump(value: Any) -> str:
    return _WRITING.encode(value)


def _plain(value: Any, inside: tuple[int, ...]) -> Any:
    """The plain form of a value; `inside` are the ids of the containers around it."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else unheld(value)
    if type(value) is int:
        return value if value.bit_length() < _LONGEST_INT else unheld(value)
    if id(value) in inside or len(inside) >= _DEEPEST:
        return unheld(value)
    try:
        return _plain_object(value, (*inside, id(value)))
    except Exception:  # noqa: BLE001 - a user's property or mapping may raise anything
        return unheld(value)


def _plain_object(value: Any, inside: tuple[int, ...]) -> Any:
    unwrapped = _unwrapped(value)
    if unwrapped is not value:
        return _plain(unwrapped, inside)
    if isinstance(value, Mapping):
        return {_key(k): _plain(v, inside) for k, v in value.items()}
    if isinstance(value, AbstractSet):
        # A set has no order of its own: sorted, it reads the same in every process.
        return sorted((_plain(v, inside) for v in value), key=_dump)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return [_plain(v, inside) for v in value]
    return unheld(value)


def _unwrapped(value: Any) -> Any:
    """Take a value out of the wrapper whose plain form is well known."""
    if isinstance(value, enum.Enum):
        return value.value
    for base in (bool, int, float, str):  # their subclasses, such as numpy's float64
        if isinstance(value, base):
            return base(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        text = value.isoformat()
        return None if text == "NaT" else text
    if isinstance(value, (uuid.UUID, pathlib.PurePath)):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return _dumped_by_itself(value)


def _dumped_by_itself(value: Any) -> Any:
    """Use what pydantic models, numpy and pandas values offer for their plain form."""
    module, kind = type(value).__module__.partition(".")[0], type(value).__name__
    if isinstance(value, type):
        return value
    if module == "numpy":
        moments = getattr(getattr(value, "dtype", None), "kind", "") in "mM"
        held = value.astype(str) if moments and hasattr(value, "astype") else value
        return held.tolist() if hasattr(held, "tolist") else held
    if module == "pandas" and hasattr(value, "to_dict"):
        return value.to_dict(orient="records") if kind == "DataFrame" else value.to_dict()
    dump = getattr(value, "model_dump", None)
    return dump() if callable(dump) else value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(plain(key))
