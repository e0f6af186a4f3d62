"""The datasets of a server, each kept in the store once it was asked for."""

from __future__ import annotations

import sys
import time
import warnings
from contextlib import closing
from typing import TYPE_CHECKING

from xeroml_nb.errors import AccessDenied, NotReachable, ServerBusy, ServerError
from xeroml_nb.experiments import dataset as datasets
from xeroml_nb.experiments.dataset import Dataset, aware
from xeroml_nb.store import datasets as stored
from xeroml_nb.store import deliveries
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels.base import Link
from xeroml_nb.sync.parcels.making import in_two, joined
from xeroml_nb.sync.pull import keeping, versions
from xeroml_nb.sync.pull.fetching import fetch_dataset, fetch_state
from xeroml_nb.sync.pull.standing import as_sent
from xeroml_nb.sync.transport.connection import Connection
from xeroml_nb.sync.wire import langfuse

if TYPE_CHECKING:
    from datetime import datetime

    from xeroml_nb.settings import ServerAddress
    from xeroml_nb.sync.pull.fetching import Shown, State
    from xeroml_nb.sync.pull.versions import Version
    from xeroml_nb.sync.sending.remotes import Remote

_CONNECT_SECONDS = 2.0
_READ_SECONDS = 5.0
_REST_SECONDS = 30.0
# What will be no better at the next dataset.
_LASTING = (AccessDenied, NotReachable, ServerBusy)
_PACKAGE = __name__.partition(".")[0] + "."


class KeptVersionWarning(UserWarning):
    """The version of a dataset that is kept here is used, and not what the server has."""


class Datasets:
    """The datasets of a server.

    Args:
        remote: The server, and the store that keeps them.
        server: Its address and the keys.
    """

    def __init__(self, remote: Remote, server: ServerAddress) -> None:
        self._remote = remote
        self._server = server
        self._store = remote.store
        self._trouble: ServerError | None = None
        self._rest_until = 0.0

    def get(self, name: str, version: datetime | None = None) -> Dataset:
        """The dataset of a name: the server's, unless that has none or the one here has changes.

        What is kept here is used, with a warning, where the server cannot be asked. One that
        cannot be reached, is busy or lets nobody in is not asked again for half a minute.

        Args:
            name: Its whole name.
            version: The dataset as it was then; None for the newest version.

        Raises:
            NotFound: If there is none, neither here nor there.
            ServerError: If the server cannot be asked, and nothing is kept here.
        """
        if version is not None and (exact := self.version_here(name, aware(version))) is not None:
            return exact
        kept = self._kept(name, version)
        if kept is None:
            return self._asked(self._remote.link(), name, version)
        if self._trouble is None or time.monotonic() > self._rest_until:
            try:
                return self._asked_quickly(name, version)
            except _LASTING as error:
                self._trouble, self._rest_until = error, time.monotonic() + _REST_SECONDS
            except ServerError as error:
                return self._offline(kept, error)
        return self._offline(kept, self._trouble)

    def keep(self, link: Link, shown: Shown, state: State, *, is_newest: bool) -> Dataset:
        """Keep a state that was fetched, as the newest version unless there are changes here.

        Args:
            link: The way to the server.
            shown: The dataset there.
            state: The dataset as it was at some moment.
            is_newest: It is the newest version there.
        """
        here = self.newest_here(shown.record.name)
        if here is None or is_newest or state.there > here.version:
            if here is not None and state.content_hash == here.content_hash:
                return keeping.note_same(link, here, shown, state)
            if here is None or self._is_sent(here):
                kept = keeping.keep_newest(link, shown, state, here)
                if kept is not None:
                    return kept
        return keeping.keep_past(link, shown, state)

    def newest_here(self, name: str) -> Dataset | None:
        """The dataset of a name as it is here, or None."""
        with self._store.reading() as connection:
            record = stored.by_name(connection, name)
        return None if record is None else Dataset(self._store, record, record.updated_at)

    def version_here(self, name: str, version: datetime) -> Dataset | None:
        """The version of exactly that moment, here or on the server, if it is here."""
        with self._store.reading() as connection:
            record = stored.by_name(connection, name)
            if record is None:
                return None
            seen = versions.known(connection, self._remote.id, record.id).get(version)
            own = [record.updated_at, *stored.versions(connection, record.id)]
        if seen is not None and seen.here is not None:
            return Dataset(self._store, record, seen.here)
        return Dataset(self._store, record, version) if version in own else None

    def own_ids(self, link: Link, name: str) -> dict[str, str]:
        """What the items of a dataset are called here, by their ids on a server with other ids."""
        here = self.newest_here(name)
        if here is None or link.connection.api.name != langfuse.NAME:
            return {}
        with self._store.reading() as connection:
            found = deliveries.renamed(connection, link.remote_id, "item", here.id)
        return {there: in_two(key)[1] for there, key in found.items()}

    def _asked_quickly(self, name: str, version: datetime | None) -> Dataset:
        quick = Connection(
            self._server,
            patience=0,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
        )
        with closing(quick):
            found = self._asked(Link(quick, self._store, self._remote.id), name, version)
        self._trouble = None
        return found

    def _asked(self, link: Link, name: str, version: datetime | None) -> Dataset:
        shown = fetch_dataset(link.connection, name)
        if shown is None or (version is not None and version < shown.record.created_at):
            return datasets.get(self._store, name, version)
        if version is None:
            return self._newest(link, shown)
        at = version if version < shown.newest else None
        state = fetch_state(link, shown, at, self.own_ids(link, name))
        return self.keep(link, shown, state, is_newest=at is None)

    def _newest(self, link: Link, shown: Shown) -> Dataset:
        here = self.newest_here(shown.record.name)
        seen = None
        if here is not None and shown.says_version:
            seen = self._seen(here).get(shown.newest)
        if here is not None and seen is not None:
            # The server has nothing that was not seen before: one request was enough.
            if seen.here == here.version or seen.content_hash == here.content_hash:
                return here
            if not self._is_sent(here):
                return self._ahead(here, seen)
        state = fetch_state(link, shown, None, self.own_ids(link, shown.record.name))
        if here is None or state.content_hash == here.content_hash or self._is_sent(here):
            return self.keep(link, shown, state, is_newest=True)
        return self._ahead(here, keeping.note_other(link, here, state))

    def _kept(self, name: str, version: datetime | None) -> Dataset | None:
        """What to use where the server cannot be asked; None where nothing here is sure."""
        here = self.newest_here(name)
        if here is None or version is None:
            return here
        if version < here.created_at:
            return None
        # Of a dataset that the server has too, only the versions that were fetched are known.
        return None if self._seen(here) else datasets.get(self._store, name, version)

    def _seen(self, here: Dataset) -> dict[datetime, Version]:
        with self._store.reading() as connection:
            return versions.known(connection, self._remote.id, here.id)

    def _is_sent(self, here: Dataset) -> bool:
        """Tell whether the version here came from the server, or was sent there as a whole."""
        if any(version.here == here.version for version in self._seen(here).values()):
            return True
        keys = [joined(here.id, item.id) for item in here.items]
        remote_id = self._remote.id
        with self._store.reading() as connection:
            known = deliveries.keys_under(connection, remote_id, "item", here.id)
            sent = (as_sent(connection, remote_id, "item", part) for part in chunks(keys))
            return set(known) <= set(keys) and sum(map(len, sent)) == len(keys)

    def _offline(self, kept: Dataset, trouble: ServerError | None) -> Dataset:
        _warn(
            f"The dataset {kept.name!r} is the version of {kept.version.isoformat()} that is kept "
            f"here: {trouble}"
        )
        return kept

    def _ahead(self, here: Dataset, there: Version) -> Dataset:
        _warn(
            f"The dataset {here.name!r} is the version of {here.version.isoformat()} as it was "
            f"changed here; {self._remote.record.host} has another one, of "
            f"{there.there.isoformat()}. Send yours with push(), or read the other with "
            f"get_dataset({here.name!r}, version={there.there.isoformat()!r})."
        )
        return here


def _warn(text: str) -> None:
    """Warn at the line outside this package that led here."""
    depth, frame = 1, sys._getframe()  # noqa: SLF001 - the way to know one's caller
    while frame.f_back is not None and frame.f_globals["__name__"].startswith(_PACKAGE):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(text, KeptVersionWarning, stacklevel=depth)
