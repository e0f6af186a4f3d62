"""Check items against a dataset's JSON Schemas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, BadRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xeroml_nb.records.dataset import DatasetItem


def check_items(
    items: Sequence[DatasetItem],
    input_schema: dict[str, Any] | None,
    expected_output_schema: dict[str, Any] | None,
    source: str,
) -> None:
    """Check every item against the schemas given.

    Raises:
        BadRow: For the first item that does not match, with the place and the reason.
        BadInput: If a schema itself is none.
    """
    check_input = _checker(input_schema, "input")
    check_expected = _checker(expected_output_schema, "expected_output")
    for number, item in enumerate(items, start=1):
        reason = check_input(item.input) or check_expected(item.expected_output)
        if reason is not None:
            raise BadRow(number, f"(item {item.id!r}) {reason}", source)


def _checker(schema: dict[str, Any] | None, what: str) -> Callable[[Any], str | None]:
    if schema is None:
        return lambda _: None
    # Loading jsonschema takes long, and most datasets have no schema.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError, best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadInput(f"The schema for {what} is no JSON Schema: {error.message}.") from None
    # An empty registry: references to other places are refused, nothing is ever fetched.
    validator = Draft202012Validator(schema, registry=Registry())

    def check(value: Any) -> str | None:
        try:
            error = best_match(validator.iter_errors(value))
        except Unresolvable as missing:
            raise BadInput(
                f"The schema for {what} refers to {missing.ref!r}.",
                "Put that part into the schema.",
            ) from None
        except (RecursionError, re.error) as broken:
            raise BadInput(
                f"The schema for {what} cannot be checked against: {type(broken).__name__}.",
                "It may refer to itself without end, or hold a pattern that is none.",
            ) from None
        if error is None:
            return None
        place = error.json_path.replace("$", what, 1)
        return f"{place}: {error.message[:300]}"

    return check
