"""Who makes a request, and what they may do."""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request, Security
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from xeroml_nb.records import clock
from xeroml_nb.records.access import ApiKey, Role, hash_secret
from xeroml_nb.server.failures import ApiError
from xeroml_nb.store import api_keys
from xeroml_nb.store.store import Store

if TYPE_CHECKING:
    from starlette.types import Scope

    from xeroml_nb.server.options import ServerOptions

_REMEMBERED_SECONDS = 5.0
_REMEMBERED_KEYS = 1000
_SEEN = "xeroml_caller"  # where in a request's scope the gate puts who makes it


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request.

    Args:
        public_key: Of the pair, or the public key alone, that it came with.
        role: What it may do.
    """

    public_key: str
    role: Role


class KeyRing:
    """Finds who a request is from; what the store says is remembered for 5 seconds.

    Args:
        store: Has the keys.
        options: May have one more.
    """

    def __init__(self, store: Store, options: ServerOptions) -> None:
        self._store = store
        self._own = _own_key(options)
        self._known: dict[str, tuple[float, ApiKey | None]] = {}

    async def caller(self, authorization: str | None) -> Caller | None:
        """Who an Authorization header stands for; None if nobody may come in with it.

        Raises:
            StoreError: If the keys cannot be read.
        """
        scheme, _, given = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            public, secret = given.strip(), ""
        elif scheme.lower() == "basic":
            public, secret = _pair(given)
        else:
            return None
        key = await self._key(public) if public else None
        if key is None or key.revoked_at is not None:
            return None
        if key.is_opened_by(secret) or (key.role is Role.SCORES_ONLY and not secret):
            return Caller(key.public_key, key.role)
        return None

    async def _key(self, public: str) -> ApiKey | None:
        if self._own is not None and public == self._own.public_key:
            return self._own
        until, key = self._known.get(public, (0.0, None))
        if until < time.monotonic():
            key = await run_in_threadpool(self._looked_up, public)
            if len(self._known) >= _REMEMBERED_KEYS:
                self._known.clear()
            self._known[public] = (time.monotonic() + _REMEMBERED_SECONDS, key)
        return key

    def _looked_up(self, public: str) -> ApiKey | None:
        with self._store.reading() as connection:
            return api_keys.by_public_key(connection, public)


def _own_key(options: ServerOptions) -> ApiKey | None:
    if options.own_key is None:
        return None
    public, secret = options.own_key
    return ApiKey(public, hash_secret(secret.reveal()), Role.READ_WRITE, "own", clock.now())


def _pair(given: str) -> tuple[str, str]:
    """The two keys of Basic authentication; empty ones if it is none."""
    try:
        public, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return ("", "") if "\x00" in public else (public, secret)


def admit(scope: Scope, caller: Caller | None) -> None:
    """Note on a request who makes it."""
    scope[_SEEN] = caller


class _Door(SecurityBase):
    """Lets callers of some roles in; also what the OpenAPI document says of that.

    Args:
        scheme: Of HTTP authentication.
        roles: Who may come in.
    """

    def __init__(self, scheme: str, roles: frozenset[Role]) -> None:
        self.model = HTTPBase(scheme=scheme)
        self.scheme_name = scheme
        self._roles = roles

    async def __call__(self, request: Request) -> Caller:
        caller: Caller | None = request.scope.get(_SEEN)
        if caller is None:
            raise unknown_caller()
        if caller.role not in self._roles:
            raise ApiError(
                403, f"The key {caller.public_key} may not do this: it is {caller.role}."
            )
        return caller


def unknown_caller() -> ApiError:
    """The failure of a request that nobody may make."""
    return ApiError(
        401,
        "The keys are missing or wrong. Send the public key as user name and the secret key as "
        "password of HTTP Basic authentication.",
        headers={"WWW-Authenticate": 'Basic realm="xeroml"'},
    )


def _store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _stored(request: Request) -> Store:
    return _store_of(request)


async def _seen(request: Request) -> Caller | None:
    caller: Caller | None = request.scope.get(_SEEN)
    return caller


# Whom the route lets in that asks by itself, and how its document says so.
_GIVERS = frozenset({Role.READ_WRITE, Role.SCORES_ONLY})
SCORERS = _Door("basic", _GIVERS)
SCORERS_DOCUMENTED = (Security(SCORERS), Security(_Door("bearer", _GIVERS)))

# What a route takes as a parameter to say who may use it, and to have the store.
Reading = Annotated[Caller, Security(_Door("basic", frozenset({Role.READ_WRITE, Role.READ_ONLY})))]
Writing = Annotated[Caller, Security(_Door("basic", frozenset({Role.READ_WRITE})))]
Stored = Annotated[Store, Depends(_stored)]
Seen = Annotated[Caller | None, Depends(_seen)]
