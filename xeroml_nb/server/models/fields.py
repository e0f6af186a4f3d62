"""Names, texts and values as bodies and queries have them."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from xeroml_nb.records.ids import NAME_LIMIT
from xeroml_nb.records.json_text import clean_text

LARGEST = 2**31 - 1
_PLAIN = r"^[^\x00-\x1f\x7f]+$"


def _held(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        raise ValueError(
            "holds a number that JSON does not have, or is nested too deeply"
        ) from None
    return value


# What datasets, experiments, prompts and queues are called.
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LIMIT, pattern=_PLAIN)]
# A text for people; what no database can hold of it is written out.
Text = Annotated[str, AfterValidator(clean_text)]
# Any JSON.
Value = Annotated[Any, AfterValidator(_held)]
Object = Annotated[dict[str, Any], AfterValidator(_held)]
# A moment that is read with the rest of its body.
MomentText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
