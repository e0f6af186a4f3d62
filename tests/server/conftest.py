"""What the tests of the server share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from xeroml_nb.store.schema import api_keys, metadata, store_meta

from .running import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(own_folder) -> Iterator[Running]:
    """A server over the test's own store."""
    with running(own_folder / "store.db") as there:
        yield there


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Running]:
    """A server that the tests of a file share: for those that need no empty store."""
    with running(tmp_path_factory.mktemp("shared") / "store.db") as there:
        yield there


@pytest.fixture
def emptied(shared):
    """The server that the tests of a file share, with nothing in its store but the keys."""
    shared.store.write(_empty)
    return shared


def _empty(connection):
    for table in reversed(metadata.sorted_tables):
        if table not in (store_meta, api_keys):
            connection.execute(sa.delete(table))


@pytest.fixture
def api(server):
    """An HTTP client under `/api/public/v2` with keys that read and write."""
    return server.http()
