"""Send many objects: some at once, or one by one over a few threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from xeroml_nb.errors import Refused
from xeroml_nb.sync.transport.connection import Outcome, OutcomeState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Parcel


class Keyed(Protocol):
    """What has an id here: a parcel, or a delivery."""

    @property
    def key(self) -> str:
        """The id."""


T = TypeVar("T")
R = TypeVar("R")
K = TypeVar("K", bound=Keyed)
# As many as a connection has to its server.
THREADS = 4
# What a server has no path for, or no method on it.
MISSING = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE)
# Servers of this kind take bodies of a few megabytes.
MOST_BYTES = 2_000_000


def sent(key: str, remote_key: Any = None, url: Any = None) -> Outcome:
    """The outcome of a success.

    Args:
        key: The object's id here.
        remote_key: The id that the server answered with; kept where it is another.
        url: Where people see it, if the server says.
    """
    other = remote_key if isinstance(remote_key, str) and remote_key != key else None
    place = url if isinstance(url, str) else None
    return Outcome(key, OutcomeState.SENT, remote_key=other, url=place)


def refused(key: str, error: Refused) -> Outcome:
    """The outcome of a request that the server refused."""
    return Outcome(key, OutcomeState.REFUSED, error.status, error.said, error.next_step)


def impossible(key: str, said: str, next_step: str) -> Outcome:
    """The outcome of what the server's API has no place for."""
    return Outcome(key, OutcomeState.REFUSED, None, said, next_step)


def each(
    things: Sequence[K], work: Callable[[K], Outcome], threads: int = THREADS
) -> list[Outcome]:
    """Do something for each object over a few threads; a refusal is the outcome of its own.

    Raises:
        ServerError: If the server cannot be used at all; what is not begun then is left.
    """

    def one(thing: K) -> Outcome:
        try:
            return work(thing)
        except Refused as error:
            return refused(thing.key, error)

    return in_threads(things, one, threads)


def in_threads(things: Sequence[T], work: Callable[[T], R], threads: int = THREADS) -> list[R]:
    """Do something for each over some threads; the first error ends it."""
    if threads == 1 or len(things) < 2:  # noqa: PLR2004 - one needs no thread of its own
        return [work(thing) for thing in things]
    pool = ThreadPoolExecutor(threads, thread_name_prefix="xeroml-send")
    try:
        return list(pool.map(work, things))
    finally:
        pool.shutdown(cancel_futures=True)


def removed(key: str, work: Callable[[], Any]) -> Outcome:
    """Remove an object; what is not there counts as removed.

    Raises:
        Refused: If the server does not want to.
    """
    try:
        work()
    except Refused as error:
        if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise
    return sent(key)


def cannot_remove(known: Sequence[Delivery], what: str) -> list[Outcome]:
    """The outcomes of removing what the API cannot remove."""
    said = f"The API has no way to remove {what}."
    return [impossible(one.key, said, "Remove it in the server's own pages.") for one in known]


def batches(
    sized: Iterable[tuple[T, int]], most: int, most_bytes: int = MOST_BYTES
) -> Iterator[list[T]]:
    """Cut things into lists that are small enough for one request; one large thing stands alone.

    Args:
        sized: Each thing and its size in bytes.
        most: Things in one list.
        most_bytes: Of one list.

    Example:
        >>> list(batches([("a", 1), ("b", 9), ("c", 1), ("d", 1)], most=2, most_bytes=9))
        [['a'], ['b'], ['c', 'd']]
    """
    found: list[T] = []
    total = 0
    for thing, size in sized:
        if found and (len(found) == most or total + size > most_bytes):
            yield found
            found, total = [], 0
        found.append(thing)
        total += size
    if found:
        yield found


def by_payload(parcels: Sequence[Parcel], most: int) -> Iterator[list[Parcel]]:
    """Parcels in lists whose payloads are small enough for one request."""
    return batches(((parcel, len(parcel.payload or "")) for parcel in parcels), most)
