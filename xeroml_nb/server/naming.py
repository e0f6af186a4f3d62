"""Paths with names in them that may hold a `/`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match

if TYPE_CHECKING:
    from starlette.types import Scope

BASE = "/api/public/v2"
_WRITTEN_SLASH = re.compile("%2F", re.IGNORECASE)
# Stands for a `/` inside a name while a path is taken apart; no name holds this character.
_HELD = "\x1f"


class NamedRoute(APIRoute):
    """A route that keeps a `/` written as `%2F` inside the name it belongs to."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for this route, and what its path names."""
        parts = _WRITTEN_SLASH.split(scope.get("raw_path", b"").decode("latin-1"))
        path = _HELD.join(map(unquote, parts)) if len(parts) > 1 else scope["path"]
        match, child = super().matches({**scope, "path": path})
        if match is not Match.NONE:
            names = child["path_params"].items()
            child["path_params"] = {key: name.replace(_HELD, "/") for key, name in names}
        return match, child


def topic(name: str, prefix: str = BASE) -> APIRouter:
    """A router for the paths of one topic.

    Args:
        name: Of the topic, in the document.
        prefix: Stands before every path.
    """
    return APIRouter(prefix=prefix, tags=[name], route_class=NamedRoute)
