"""Whether a server can be used, and for what: one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import NoServer, Refused, ServerError
from xeroml_nb.records import clock
from xeroml_nb.records.access import Role
from xeroml_nb.sync.transport.answers import data_of
from xeroml_nb.sync.transport.exchange import is_loopback
from xeroml_nb.sync.transport.request import Request
from xeroml_nb.sync.transport.retrying import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.sync.transport.answers import Answer
    from xeroml_nb.sync.transport.connection import Connection

_PATIENCE = 2.0  # seconds
_RIGHTS: dict[str, str] = {
    Role.READ_WRITE: "read and write",
    Role.READ_ONLY: "read only",
    Role.SCORES_ONLY: "scores only",
}
_SKEW = 300.0  # seconds; less does not matter


@dataclass(frozen=True, slots=True, repr=False)
class Check:
    """What became of asking a server whether it can be used.

    Args:
        ok: Whether it can.
        text: One line: what was reached and with which rights, or what is wrong and what to do.
    """

    ok: bool
    text: str

    def __repr__(self) -> str:
        return self.text


def check(connection: Connection | None) -> Check:
    """Ask a server whether it can be used; a server that cannot is no error here.

    Args:
        connection: To the server; None where none is set.

    Example:
        >>> check(None).ok
        False
    """
    if connection is None:
        return Check(ok=False, text=str(NoServer()))
    hurried = connection.with_patience(_PATIENCE)
    try:
        health = _health(hurried)
        told = health[1] if health else {}
        rights = _rights(hurried, told)
    except ServerError as error:
        return Check(ok=False, text=str(error))
    line = f"reached {connection.host} ({_kind(connection, told)}) as {connection.key}: {rights}"
    remarks = _remarks(connection.host, health[0] if health else None)
    return Check(ok=True, text="; ".join((line, *remarks)))


def _health(connection: Connection) -> tuple[Answer, dict[str, Any]] | None:
    """The answer about the server's health and what it tells; None where it has no such path."""
    if not connection.offers("health"):
        return None
    try:
        answer = connection.send("GET", "health", headers={"Accept": "application/json"})
    except Refused:
        return None
    told = data_of(Request("GET", connection.host), answer)
    return answer, told if isinstance(told, dict) else {}


def _rights(connection: Connection, told: dict[str, Any]) -> str:
    """What the keys may do: as the server tells, or found out by reading a little."""
    role = str(told.get("role"))
    if role != Role.SCORES_ONLY:
        word = "projects" if connection.offers("projects") else "scores"
        connection.get(word, query={"limit": 1})
    return _RIGHTS.get(role, "keys accepted")


def _kind(connection: Connection, told: dict[str, Any]) -> str:
    """The API, and the version; only a server of our own tells a role."""
    version = told.get("version")
    owner = "own server" if "role" in told else "version"
    return f"{connection.api.title}, {owner} {version}" if version else connection.api.title


def _remarks(host: str, health: Answer | None) -> Iterator[str]:
    """What the user should know beside."""
    if host.startswith("http://") and not is_loopback(host):
        yield "the connection is not encrypted, so that others can read the keys: use https://"
    there = moment(health.headers.get("date", "")) if health else None
    behind = (there - clock.now()).total_seconds() if there else 0.0
    if abs(behind) > _SKEW:
        side = "behind" if behind > 0 else "ahead of"
        yield f"this machine's clock is {abs(behind) / 60:,.0f} min {side} the server's: set it"
