"""A server, and how to talk to it: one object, for all threads."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from xeroml_nb.errors import BadInput, ServerFault
from xeroml_nb.experiments.patience import patiently
from xeroml_nb.records.json_text import to_json
from xeroml_nb.settings import shown_host
from xeroml_nb.sync.transport.answers import checked, data_of
from xeroml_nb.sync.transport.apis import api_for
from xeroml_nb.sync.transport.credentials import Credentials
from xeroml_nb.sync.transport.exchange import Exchange, Timeouts
from xeroml_nb.sync.transport.paging import pages
from xeroml_nb.sync.transport.redirects import following
from xeroml_nb.sync.transport.request import Request, with_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    from xeroml_nb.settings import ServerAddress
    from xeroml_nb.sync.transport.answers import Answer
    from xeroml_nb.sync.transport.apis import Api

    Query: TypeAlias = Mapping[str, Any] | None

# Of a page of a list; Langfuse refuses more.
PAGE_LIMIT = 100
_MOST_HOPS = 5
_JSON = {"Content-Type": "application/json"}


class OutcomeState(StrEnum):
    """What became of one object: the server has it, refuses it, or it is left for later."""

    SENT = "sent"
    REFUSED = "refused"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object that was to be sent or removed.

    Args:
        key: Its id here.
        state: Sent, refused, or left for later.
        status: Of HTTP, where it was refused.
        said: The server's own words.
        next_step: What the user can do.
        remote_key: Its id there, where that is another.
        url: Where people see it.
    """

    key: str
    state: OutcomeState
    status: int | None = None
    said: str | None = None
    next_step: str | None = None
    remote_key: str | None = None
    url: str | None = None


class Connection:
    """A server as this package talks to it; may be used from any thread.

    At most four connections are open at a time. What may pass by itself, such as 429, 5xx and
    lost connections, is tried again as long as the patience lasts: every request of this package
    may be repeated, since the ids are made here.

    Args:
        server: Its address and the keys.
        paths: The user's own paths in place of ours, see `apis`.
        patience: Seconds to go on trying one request; 0 tries once.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the next piece of an answer.
        answer_timeout: Seconds for a whole answer, however steadily it drips.
        transport: What carries the requests instead of the network.

    Raises:
        BadInput: If a path of the user's own cannot be used.
    """

    def __init__(  # noqa: PLR0913 - each a setting of its own
        self,
        server: ServerAddress,
        *,
        paths: Mapping[str, str | None] | None = None,
        patience: float = 10.0,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        answer_timeout: float = 300.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._server = server
        self._api = api_for(server.api, paths)
        self._credentials = Credentials(server)
        self._patience = patience
        self._missing: set[str] = set()
        timeouts = Timeouts(connect_timeout, read_timeout, answer_timeout)
        self._exchange = Exchange(self._credentials, timeouts, transport)

    def __repr__(self) -> str:
        return f"Connection({self.title})"

    @property
    def title(self) -> str:
        """For people: the server, its API, and the public key in short."""
        return f"{self.host}, {self._api.title}, as {self.key}"

    @property
    def host(self) -> str:
        """The server's address, such as "https://cloud.xeroml.com"."""
        return shown_host(self._server.host)

    @property
    def key(self) -> str:
        """The public key as people may see it."""
        return self._credentials.shown

    @property
    def api(self) -> Api:
        """The API it speaks."""
        return self._api

    def offers(self, word: str) -> bool:
        """Tell whether the server has a path for one of our words, as far as is known."""
        return self._api.paths[word] is not None and word not in self._missing

    def note_missing(self, word: str) -> None:
        """Remember, also for the same connection with other patience, that a path is missing."""
        self._missing.add(word)

    def with_patience(self, seconds: float) -> Connection:
        """The same connection, whose requests are tried for longer or shorter; 0 tries once."""
        other = copy.copy(self)
        other._patience = seconds  # noqa: SLF001 - of this class
        return other

    def get(self, word: str, *, query: Query = None, **parts: str) -> Any:
        """Fetch something.

        Args:
            word: A key of `api.paths`, such as "scores".
            query: What is asked; None values are left out, a list repeats its name.
            parts: What stands for the names in the path, as it is: it is encoded here.

        Returns:
            The JSON of the answer.

        Raises:
            ServerError: `NotReachable`, `AccessDenied`, `ServerBusy`, `ServerFault` or `Refused`.
        """
        return self._data("GET", word, query=query, parts=parts)

    def post(self, word: str, body: Any, *, query: Query = None, **parts: str) -> Any:
        """Post a body as JSON; see `get`. The answer is None where it is empty."""
        return self._data("POST", word, body, query=query, parts=parts)

    def delete(self, word: str, *, query: Query = None, **parts: str) -> Any:
        """Delete something; see `get`. The answer is None where it is empty."""
        return self._data("DELETE", word, query=query, parts=parts)

    def pages(
        self, word: str, *, query: Query = None, limit: int = PAGE_LIMIT, **parts: str
    ) -> Iterator[list[dict[str, Any]]]:
        """Fetch a list page by page; see `get`.

        Args:
            word: A key of `api.paths`.
            query: What is asked beside the page.
            limit: Rows of a page at most; a server may give fewer.
            parts: What stands for the names in the path.
        """

        def fetch(number: int) -> Any:
            paged = {**(query or {}), "page": number, "limit": limit}
            return self.get(word, query=paged, **parts)

        return pages(fetch, f"GET {word} at {self.host}")

    def send(
        self,
        method: str,
        word: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Query = None,
        **parts: str,
    ) -> Answer:
        """Send bytes as they are; see `get`.

        Args:
            method: Such as "POST".
            word: A key of `api.paths`.
            content: The body.
            headers: Such as its type; the keys are added here.
            query: What is asked.
            parts: What stands for the names in the path.
        """
        request = Request(method, self._url(word, query, parts), content, headers or {})
        return self._answered(request)

    def close(self) -> None:
        """Close it, with whatever patience it is used: nothing is sent or tried again."""
        self._exchange.close()

    def _data(
        self, method: str, word: str, body: Any = None, *, query: Query, parts: Mapping[str, str]
    ) -> Any:
        content = None if body is None else to_json(body).encode()
        headers = {"Accept": "application/json"} | (_JSON if content else {})
        request = Request(method, self._url(word, query, parts), content, headers)
        return data_of(request, self._answered(request))

    def _url(self, word: str, query: Query, parts: Mapping[str, str]) -> str:
        path = self._api.path(word, **parts)
        if path is None:
            raise BadInput(
                f"The {self._api.title} has no {word}.", "Set its path if your server has one."
            )
        return with_query(self._server.host + path, query)

    def _answered(self, request: Request) -> Answer:
        return patiently(lambda: self._once(request), self._patience)

    def _once(self, request: Request) -> Answer:
        asked = request
        for _ in range(_MOST_HOPS):
            answer = self._exchange.once(asked)
            further = following(asked, answer)
            if further is None:
                return checked(asked, answer)
            asked = further
        raise ServerFault(f"{request.title} is sent on in a circle.", "Check XEROML_HOST.")
