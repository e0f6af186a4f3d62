"""Scores from web pages: whoever sees the page has its key, so they stand apart from all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.records.access import Role
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.server.failures import ApiError

if TYPE_CHECKING:
    from xeroml_nb.server.access import Caller


def signed(caller: Caller, body: Any) -> Any:
    """The body of a score as it is taken from a caller.

    What comes with a scores-only key has that key for an author, before whatever author it names:
    it can never stand in the place of a score that people, judges or evaluators gave.

    Args:
        caller: Who sends it.
        body: As it was sent.

    Raises:
        ApiError: If a scores-only key names an id or another source than "api" (403).
    """
    if caller.role is not Role.SCORES_ONLY or not isinstance(body, dict):
        return body
    source = body.get("source")
    if body.get("id") is not None or str(source or ScoreSource.API).lower() != ScoreSource.API:
        raise ApiError(
            403,
            f"The key {caller.public_key} is for web pages: its scores have no id of their own, "
            "and their source is 'api'. Leave both out.",
        )
    named = body.get("author")
    if named is not None and not isinstance(named, str):
        return body  # refused with every other text that is none
    return body | {"author": f"{caller.public_key}/{named}" if named else caller.public_key}
