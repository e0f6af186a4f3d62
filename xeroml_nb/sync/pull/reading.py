"""Read what a server shows; what no such server would show is its fault, and names the object."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, ServerFault
from xeroml_nb.records.json_text import preview
from xeroml_nb.sync.wire.reading import body_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STEP = "Nothing of it was stored. Check XEROML_HOST and XEROML_API, or mend it on the server."


@contextmanager
def shown_by(host: str, what: str, row: Any) -> Iterator[None]:
    """Raise what is wrong with an object as the server's fault.

    Args:
        host: The server's address.
        what: Such as "score".
        row: The object as it came; its id, else its beginning, names it.

    Raises:
        ServerFault: If a part of it cannot be accepted.
    """
    try:
        yield
    except BadInput as error:
        named = row.get("id") or row.get("itemId") if isinstance(row, dict) else None
        title = repr(named) if isinstance(named, str) else preview(row, 80)
        raise ServerFault(
            f"{host} shows the {what} {title}, which cannot be read: {error.problem}", _STEP
        ) from error


def need(row: Any, what: str, *names: str) -> Mapping[str, Any]:
    """An object with fields that must be set.

    Raises:
        BadInput: If it is no object, or one of them is missing.
    """
    body = body_of(what, row)
    missing = [name for name in names if body.get(name) is None]
    if missing:
        raise BadInput(f"It has no {' and no '.join(missing)}.")
    return body


def need_moment(body: Mapping[str, Any], *names: str) -> None:
    """Check that one of some moments is set.

    Raises:
        BadInput: If none is, or it is no moment.
    """
    if moment_of(body, *names) is None:
        raise BadInput(f"It has no {' and no '.join(names)}.")
