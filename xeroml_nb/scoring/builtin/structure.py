"""Is it JSON, and JSON of the right shape."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import canonical_json, is_unheld, plain, preview
from xeroml_nb.scoring.builtin.options import with_options
from xeroml_nb.scoring.builtin.values import read_json
from xeroml_nb.scoring.given import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jsonschema import Draft202012Validator, ValidationError

_LONGEST_COMMENT = 300


def valid_json(output: Any) -> bool:
    r"""Whether the output is one JSON value and nothing else.

    Words around it or a fence of backticks make it invalid; NaN and Infinity are no JSON. Output
    that is no text is valid if JSON can hold it.

    Example:
        >>> valid_json('{"a": [1, 2]}'), valid_json("```json\n{}\n```"), valid_json({"a": 1})
        (True, False, True)
    """
    return _fault(output) is None


def json_schema(schema: Mapping[str, Any], *, name: str = "json_schema") -> Callable[..., Score]:
    """Make an evaluator that tells whether the output is JSON that follows a schema.

    A text is read as JSON first. The score's comment names the place and the fault that matters
    most. References to other documents are refused; nothing is ever fetched.

    Args:
        schema: A JSON Schema, draft 2020-12.
        name: The score's.

    Raises:
        BadInput: If the schema is none.

    Example:
        >>> has_answer = json_schema({"required": ["answer"], "type": "object"})
        >>> has_answer('{"answer": 42}').value
        True
        >>> has_answer('{"reply": 42}').comment
        "$: 'answer' is a required property"
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    held = plain(schema)
    try:
        Draft202012Validator.check_schema(held)
    except SchemaError as error:
        raise BadInput(
            f"The schema of evaluator {name!r} is no JSON Schema: {error.message[:200]}.",
            f"Correct it at {error.json_path}.",
        ) from None
    return with_options(_follows, name, schema=canonical_json(held))


def _follows(output: Any, *, schema: str) -> Score:
    """Whether the output is JSON that follows `schema`; the comment names the fault."""
    if fault := _fault(output):
        return Score(value=False, comment=fault)
    error = _first_error(schema, read_json(output) if isinstance(output, str) else plain(output))
    if error is None:
        return Score(value=True)
    return Score(value=False, comment=f"{error.json_path}: {error.message[:_LONGEST_COMMENT]}")


def _first_error(schema: str, value: Any) -> ValidationError | None:
    """The fault that matters most; None where the value follows the schema."""
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        first: ValidationError | None = best_match(_validator(schema).iter_errors(value))
    except Unresolvable as missing:
        raise BadInput(
            f"The schema refers to {missing.ref!r}.", "Put that part into the schema."
        ) from None
    except (RecursionError, re.error) as broken:
        raise BadInput(
            f"The schema {preview(schema, 80)} cannot be checked against: {type(broken).__name__}.",
            "It may refer to itself without end, or hold a pattern that is none.",
        ) from None
    return first


@lru_cache(maxsize=64)
def _validator(schema: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: references to other places are refused, nothing is ever fetched.
    return Draft202012Validator(json.loads(schema), registry=Registry())


def _fault(output: Any) -> str | None:
    """What makes the output no JSON; None where it is."""
    if not isinstance(output, str):
        held = plain(output)
        return "JSON cannot hold it." if _holds_unheld(held) else None
    try:
        read_json(output)
    except ValueError as error:
        return f"It is no JSON. {error}."
    return None


def _holds_unheld(held: Any) -> bool:
    """Tell whether some part of a plain value stands for something JSON cannot hold."""
    if is_unheld(held):
        return True
    if isinstance(held, dict):
        return any(_holds_unheld(part) for part in held.values())
    return isinstance(held, list) and any(_holds_unheld(part) for part in held)
