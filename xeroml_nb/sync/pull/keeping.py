"""Keep versions of a server's datasets in the store."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb.experiments.dataset import Dataset
from xeroml_nb.records.ids import random_id
from xeroml_nb.store import dataset_states, deliveries
from xeroml_nb.store import datasets as stored
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels.making import joined
from xeroml_nb.sync.pull import versions
from xeroml_nb.sync.pull.standing import note_delivered
from xeroml_nb.sync.pull.versions import Version

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from xeroml_nb.records.dataset import DatasetRecord
    from xeroml_nb.sync.parcels.base import Link
    from xeroml_nb.sync.pull.fetching import Shown, State

# So few that a label given meanwhile does not wait.
_AT_ONCE = 250


def keep_newest(link: Link, shown: Shown, state: State, here: Dataset | None) -> Dataset | None:
    """Make what a server has the newest version here.

    Args:
        link: The way to the server.
        shown: The dataset there.
        state: Its newest version.
        here: The newest version here until now.

    Returns:
        None if the dataset was changed here meanwhile; nothing is written then.
    """

    def write(connection: sa.Connection) -> Dataset | None:
        found = stored.by_name(connection, shown.record.name)
        if (found and found.updated_at) != (here and here.version):
            return None
        record = _described(connection, shown.record, state.there)
        moment = dataset_states.put_newest(connection, record.id, state.items, state.there)
        seen = Version(state.there, moment, state.content_hash)
        versions.note(connection, link.remote_id, record.id, seen)
        return Dataset(link.store, replace(record, updated_at=moment), moment)

    kept = link.store.write(write)
    if kept is not None:
        _note_delivered(link, kept.id, shown, state)
    return kept


def keep_past(link: Link, shown: Shown, state: State) -> Dataset:
    """Keep what a dataset was on a server at a moment; the newest version here stays that."""

    def write(connection: sa.Connection) -> Dataset:
        record = stored.by_name(connection, shown.record.name)
        assert record is not None  # noqa: S101 - a dataset that was here is never deleted
        seen = versions.known(connection, link.remote_id, record.id).values()
        kept = [version.here for version in seen if version.here is not None]
        dataset_states.put_past(connection, record.id, state.items, state.there, kept)
        found = Version(state.there, state.there, state.content_hash)
        versions.note(connection, link.remote_id, record.id, found)
        return Dataset(link.store, record, state.there)

    return link.store.write(write)


def note_same(link: Link, here: Dataset, shown: Shown, state: State) -> Dataset:
    """Note that the version here is what the server has."""
    seen = Version(state.there, here.version, state.content_hash)
    link.store.write(lambda c: versions.note(c, link.remote_id, here.id, seen))
    _note_delivered(link, here.id, shown, state)
    return here


def note_other(link: Link, here: Dataset, state: State) -> Version:
    """Note that the server has another version than is here."""
    seen = Version(state.there, None, state.content_hash)
    link.store.write(lambda c: versions.note(c, link.remote_id, here.id, seen))
    return seen


def _described(connection: sa.Connection, shown: DatasetRecord, at: datetime) -> DatasetRecord:
    """The dataset here, with the server's description and schemas; made if there is none."""
    made_at = min(shown.created_at, at)
    free = stored.by_id(connection, shown.id) is None
    new = replace(
        shown, id=shown.id if free else random_id(), created_at=made_at, updated_at=made_at
    )
    found = stored.by_name(connection, shown.name)
    record = new if found is None else replace(new, id=found.id)
    stored.create(connection, record)
    return record if found is None else replace(record, created_at=found.created_at)


def _note_delivered(link: Link, dataset_id: str, shown: Shown, state: State) -> None:
    """Note that the server has the dataset and its items, a few at a time."""
    remote_id, write = link.remote_id, link.store.write
    its_id = {} if shown.remote_id in (None, dataset_id) else {dataset_id: shown.remote_id}
    note = partial(note_delivered, remote_id=remote_id, kind="dataset", keys=[dataset_id])
    write(partial(note, remote_keys=its_id))
    ids = {joined(dataset_id, own): there for own, there in state.remote_ids.items()}
    keys = [joined(dataset_id, item.id) for item in state.items]
    for part in chunks(keys, _AT_ONCE):
        note = partial(note_delivered, remote_id=remote_id, kind="item", keys=part)
        write(partial(note, remote_keys=ids))
    with link.store.reading() as connection:
        known = deliveries.keys_under(connection, remote_id, "item", dataset_id)
    gone = sorted(set(known) - set(keys))
    if gone:
        write(partial(deliveries.forget, remote_id=remote_id, kind="item", keys=gone))
