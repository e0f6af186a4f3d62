"""What a store does when it is crowded, being closed, forked, raced or not to be had."""

from __future__ import annotations

import atexit
import sqlite3
import sys
import threading
from collections import deque
from contextlib import closing

import pytest
import sqlalchemy as sa

from xeroml_nb.errors import MissingExtra, StoreCorrupt, StoreError, StoreReadOnly
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import connect, engines, scores
from xeroml_nb.store import store as stores
from xeroml_nb.store.engines import WAITS, WRITES, engine_for, make_folder, shown_place
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.store import Store


@pytest.fixture
def path(own_folder):
    return str(own_folder / "store.db")


@pytest.fixture
def store(path):
    with closing(Store(path)) as opened:
        yield opened


def a_row(value):
    return Rows(scores=[new_score(ScoreTarget(f"t{value}"), "accuracy", value)])


def values(store):
    with store.reading() as connection:
        return sorted(score.value for score in scores.find(connection))


# The writer.


def test_who_writes_to_a_crowded_store_waits_and_loses_nothing(store, monkeypatch):
    monkeypatch.setattr("xeroml_nb.store.writer._CROWDED", 2)
    monkeypatch.setattr("xeroml_nb.store.writer._CROWDED_PAUSE", 0.005)
    held, begun = threading.Event(), threading.Event()

    def hold(_connection):
        begun.set()
        held.wait(20)

    busy = threading.Thread(target=store.write, args=(hold,))
    busy.start()
    assert begun.wait(20)
    store.submit_quietly(a_row(1.0))
    store.submit_quietly(a_row(2.0))
    third = threading.Thread(target=store.submit_quietly, args=(a_row(3.0),))
    third.start()
    third.join(0.05)
    assert third.is_alive()
    assert store.crowded
    held.set()
    for thread in (busy, third):
        thread.join(20)
    store.flush()
    assert not store.crowded
    assert values(store) == [1.0, 2.0, 3.0]


class ClosesIt(deque):
    """What waits for a writer, which is closed at the worst moment: as something comes in."""

    def __init__(self, writer, *, first):
        super().__init__()
        self._writer = writer
        self._first = first

    def append(self, task):
        if self._first:
            self._writer.close()
        super().append(task)
        if not self._first:
            self._writer.close()


def test_what_comes_in_after_the_last_write_is_refused(store):
    store.write_rows(a_row(1.0))
    store._writer._queue = ClosesIt(store._writer, first=True)
    with pytest.raises(StoreError, match="is closed"):
        store.write_rows(a_row(2.0))
    assert not store._writer._queue


def test_what_comes_in_just_before_the_last_write_is_written(store):
    store.flush()
    store._writer._queue = ClosesIt(store._writer, first=False)
    store.write_rows(a_row(2.0))
    assert values(store) == [2.0]


def test_after_a_fork_nothing_of_the_other_process_is_written_again(store):
    store.write_rows(a_row(1.0))
    store.flush()
    writer = store._writer
    # As a fork leaves it: the thread is gone, its connection and what was waiting are still there.
    writer.close()
    writer._closing = False
    parents = writer._connection
    writer._queue.append(object())
    store.write_rows(a_row(2.0))
    store.flush()
    assert values(store) == [1.0, 2.0]
    assert writer._parents is parents
    assert writer._connection is not parents


def test_a_store_that_nobody_closed_is_closed_when_the_interpreter_ends(path):
    left = Store(path)
    left.write_rows(a_row(1.0))
    hook = stores._close_at_exit(left)
    hook()
    atexit.unregister(hook)
    with closing(Store(path)) as again:
        assert values(again) == [1.0]
    with pytest.raises(StoreError, match="is closed"):
        left.write_rows(a_row(2.0))


# Opening.


def test_a_store_that_another_process_made_at_this_moment_is_left_as_it_is(store, path):
    store.write_rows(a_row(1.0))
    store.flush()
    engine = engine_for(path)
    connect._create(engine, path)
    engine.dispose()
    assert values(store) == [1.0]


@pytest.mark.parametrize("change", ["DELETE FROM store_meta", "UPDATE store_meta SET value = 'x'"])
def test_a_store_that_does_not_say_its_version_is_refused(path, change):
    Store(path).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(change)
    with pytest.raises(StoreCorrupt, match="does not say its version"):
        Store(path)


def test_a_folder_that_cannot_be_made_is_named(own_folder):
    (own_folder / "file").write_text("")
    with pytest.raises(StoreReadOnly, match=r"The folder .*file/\.xeroml cannot be made \(Not a"):
        make_folder(own_folder / "file" / ".xeroml")


def test_a_store_on_postgresql_without_its_driver_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"xeroml[-_]nb\[postgres\]"):
        Store("postgresql://ann@nowhere/db")


def test_the_place_of_a_url_is_the_file():
    assert shown_place("sqlite:///folder/store.db") == "folder/store.db"
    assert shown_place("sqlite://") == "in memory"


# Locks of others.


@pytest.fixture
def engine(path):
    """A database that is no store yet, with one connection open."""
    made = engine_for(path)
    with made.connect() as connection:
        connection.execute(sa.text("CREATE TABLE t (x)"))
        connection.commit()
    yield made
    made.dispose()


@pytest.fixture
def locked(path, engine, monkeypatch):
    """Another program holds the file, just after we opened a connection to it."""
    mine = engine.raw_connection()
    # In the race that this is about SQLite does not wait by itself.
    mine.cursor().execute("PRAGMA busy_timeout=0").close()
    monkeypatch.setattr(engine, "raw_connection", lambda: mine)
    raw = sqlite3.connect(path, check_same_thread=False)
    raw.execute("BEGIN EXCLUSIVE")
    yield raw
    raw.close()


def test_a_file_that_is_being_made_by_another_is_waited_for(path, engine, locked):
    later = threading.Timer(0.05, locked.rollback)
    later.start()
    engines.switch_to_wal(engine)
    later.join()
    with closing(sqlite3.connect(path)) as fresh:
        assert fresh.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_stays_locked_is_told_of(engine, locked, monkeypatch):
    monkeypatch.setattr(engines, "_LOCK_WAIT_MS", 0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        engines.switch_to_wal(engine)
    assert locked.in_transaction


def test_who_may_not_wait_for_the_right_to_write_is_told_at_once(path, engine):
    with (
        engine.connect().execution_options(**{WRITES: True, WAITS: 0.0}) as connection,
        closing(sqlite3.connect(path)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises((sqlite3.OperationalError, sa.exc.OperationalError), match="locked"):
            connection.begin()
