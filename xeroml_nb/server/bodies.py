"""Bodies that a route reads itself: what they are, and how the document shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from xeroml_nb.server.failures import ApiError

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic import BaseModel

JSON = "application/json"


def media_type(request: Request) -> str:
    """What a body is, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_body(request: Request) -> Any:
    """The JSON in a request's body.

    Raises:
        ApiError: If it is said to be something else, or is no JSON.
    """
    kind = media_type(request)
    if kind != JSON and not kind.endswith("+json"):
        raise ApiError(415, f"Send JSON, with the header Content-Type: {JSON}.")
    return read_json(await request.body())


def read_json(body: bytes) -> Any:
    """The value of a JSON text; numbers that JSON does not have are none.

    Raises:
        ApiError: If it is no JSON.
    """
    try:
        return json.loads(body, parse_constant=_refused)
    except RecursionError:
        raise ApiError(400, "The body is nested too deeply.") from None
    except ValueError as error:
        raise ApiError(400, f"The body is no JSON: {error}.") from None


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """What `openapi_extra=` says of a JSON body that a route reads itself."""
    content = {JSON: {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
