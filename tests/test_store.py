"""Where things live: one SQLite file that threads and processes share."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.errors import (
    MissingExtra,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
    XeromlError,
)
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ItemRun, ItemStatus
from xeroml_nb.records.ids import random_id
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.settings import Settings, default_store_path, store_place
from xeroml_nb.store import experiments, scores
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.schema import SCHEMA_VERSION
from xeroml_nb.store.store import Store

SECRET = "hunter2"


@pytest.fixture
def path(own_folder):
    return own_folder / "store.db"


@pytest.fixture
def store(path):
    with closing(Store(store_place(path))) as opened:
        yield opened


def a_score(value, *, trace_id="trace_abc123", name="accuracy", **details):
    return new_score(ScoreTarget(trace_id=trace_id), name, value, **details)


def past_of(store, score):
    with store.reading() as connection:
        return scores.history(connection, score.id)


def stored_scores(store, **columns):
    with store.reading() as connection:
        return scores.find(connection, **columns)


def an_item_run(status, *, experiment_id="e", item_id="a", output=None, trace_id="t", **known):
    return ItemRun(
        experiment_id=experiment_id,
        item_id=item_id,
        repetition=0,
        status=status,
        trace_id=trace_id,
        started_at=clock.now(),
        output_json=output,
        **known,
    )


def item_runs_of(store, experiment_id="e"):
    with store.reading() as connection:
        return experiments.item_runs(connection, experiment_id)


def content_of(path):
    """Every row that an SQLite file holds, read without this package."""
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump())


# Scores.


def test_a_score_written_again_keeps_its_past(store):
    first = a_score(0.5, comment="so so")
    store.write_rows(Rows(scores=[first]))
    store.write_rows(Rows(scores=[a_score(1.0, comment="better")]))
    store.write_rows(Rows(scores=[a_score("great", comment=None)]))

    [now] = stored_scores(store)
    assert (now.value, now.data_type, now.comment) == ("great", "CATEGORICAL", None)
    assert now.created_at == first.created_at
    assert past_of(store, first) == [(0.5, "so so"), (1.0, "better")]


@pytest.mark.parametrize("details", [None, {"seen": True}, {"pair": (1, 2)}], ids=str)
def test_the_same_score_written_twice_has_no_past(store, details):
    score = a_score(0.5, comment="so so", metadata=details)
    for _ in range(3):
        store.write_rows(Rows(scores=[score]))

    assert len(stored_scores(store)) == 1
    assert past_of(store, score) == []


def test_a_score_changed_twice_in_one_transaction_keeps_both_pasts(store):
    store.write_rows(Rows(scores=[a_score(1), a_score(2), a_score(2), a_score(3)]))

    assert [s.value for s in stored_scores(store)] == [3.0]
    assert past_of(store, a_score(0)) == [(1.0, None), (2.0, None)]


def test_a_score_changed_back_keeps_what_it_was_in_between(store):
    for value in (True, False, True):
        store.write_rows(Rows(scores=[a_score(value)]))

    assert [s.value for s in stored_scores(store)] == [True]
    assert past_of(store, a_score(0)) == [(True, None), (False, None)]


def test_scores_of_different_authors_stand_beside_each_other(store):
    store.write_rows(Rows(scores=[a_score(1, author="ann"), a_score(0, author="bob")]))

    assert {s.author: s.value for s in stored_scores(store)} == {"ann": 1.0, "bob": 0.0}


@settings(
    deadline=None,
    database=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from([0.0, 1.0, True, "a", "b"]), min_size=1, max_size=8))
def test_the_past_of_a_score_is_every_value_that_was_replaced(store, values):
    trace_id = random_id()
    for value in values:
        store.write_rows(Rows(scores=[a_score(value, trace_id=trace_id)]))

    def shown(value):
        return type(value).__name__, value

    changes = [v for i, v in enumerate(values) if i == 0 or shown(v) != shown(values[i - 1])]
    [now] = stored_scores(store, trace_id=trace_id)
    past = [value for value, _ in past_of(store, now)]
    assert list(map(shown, [*past, now.value])) == list(map(shown, changes))


# Item runs.


def test_a_success_is_immutable(store):
    store.write_rows(Rows([an_item_run(ItemStatus.OK, output='"first"')]))
    store.write_rows(Rows([an_item_run(ItemStatus.OK, output='"second"')]))
    store.write_rows(Rows([an_item_run(ItemStatus.FAILED, error="late")]))

    [run] = item_runs_of(store)
    assert (run.status, run.output, run.error, run.attempts) == (ItemStatus.OK, "first", None, 1)


@pytest.mark.parametrize("failure", [ItemStatus.FAILED, ItemStatus.TIMEOUT, ItemStatus.STOPPED])
def test_a_failure_is_replaced_and_its_attempts_are_kept(store, failure):
    store.write_rows(Rows([an_item_run(failure, error="away", attempts=3)]))
    store.write_rows(Rows([an_item_run(ItemStatus.OK, output='"here"', trace_id="t2")]))

    [run] = item_runs_of(store)
    assert (run.status, run.output, run.error) == (ItemStatus.OK, "here", None)
    assert (run.trace_id, run.attempts) == ("t2", 4)


@settings(
    deadline=None,
    database=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(["ok", "failed", "timeout", "stopped"]), min_size=1, max_size=6))
def test_the_first_success_stays_and_else_the_last_try(store, statuses):
    experiment = random_id()
    for number, status in enumerate(statuses):
        run = an_item_run(ItemStatus(status), experiment_id=experiment, output=str(number))
        store.write_rows(Rows([run]))

    expected = statuses.index("ok") if "ok" in statuses else len(statuses) - 1
    [run] = item_runs_of(store, experiment)
    assert (run.status, run.output) == (statuses[expected], expected)


# Writing in groups.


def test_one_bad_write_in_a_group_fails_alone(store):
    told = {}
    good, bad, last = (an_item_run(ItemStatus.OK, item_id=name) for name in ("a", "b", "c"))
    bad = replace(bad, trace_id=None)
    with holding(store):
        for run in (good, bad, last):
            store.submit(Rows([run]), lambda error, name=run.item_id: told.update({name: error}))
    store.flush()

    assert (told["a"], told["c"]) == (None, None)
    assert isinstance(told["b"], StoreError)
    assert sorted(run.item_id for run in item_runs_of(store)) == ["a", "c"]


@contextmanager
def holding(store):
    """Keep the writing thread busy, so that what is handed in meanwhile makes one group."""
    begun, go = threading.Event(), threading.Event()

    def work(_):
        begun.set()
        assert go.wait(10)

    busy = threading.Thread(target=store.write, args=(work,))
    busy.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        go.set()
        busy.join()


def test_a_write_that_raises_leaves_nothing_and_spoils_no_other(store):
    def write_and_fail(connection):
        scores.put(connection, [a_score(1, name="half done")])
        raise KeyError("on purpose")

    with ThreadPoolExecutor(1) as pool:
        with holding(store):
            store.submit_quietly(Rows(scores=[a_score(1, name="before")]))
            failing = pool.submit(store.write, write_and_fail)
            store.submit_quietly(Rows(scores=[a_score(1, name="after")]))
        assert isinstance(failing.exception(), KeyError)

    store.flush()
    assert sorted(s.name for s in stored_scores(store)) == ["after", "before"]


def test_who_hears_of_a_write_finds_it_in_the_store(store):
    found = []
    score = a_score(1)
    store.submit(Rows(scores=[score]), lambda _: found.extend(stored_scores(store)))
    store.flush()

    assert [s.id for s in found] == [score.id]


def test_a_listener_that_raises_does_not_stop_the_writing(store):
    def listen(_):
        raise KeyError("in the listener")

    store.submit(Rows(scores=[a_score(1)]), listen)
    after = threading.Thread(target=store.flush, daemon=True)
    after.start()
    after.join(5)
    assert not after.is_alive()
    assert len(stored_scores(store)) == 1


def test_an_error_nobody_waited_for_is_raised_by_the_next_flush_only(store):
    store.submit_quietly(Rows([an_item_run(ItemStatus.OK, trace_id=None)]))
    store.submit_quietly(Rows(scores=[a_score(1)]))

    with pytest.raises(StoreError):
        store.flush()
    store.flush()
    assert len(stored_scores(store)) == 1


def test_many_threads_write_and_read_at_once(store):
    def work(number):
        for step in range(20):
            store.write_rows(Rows(scores=[a_score(step, trace_id=f"t{number}", name=f"n{step}")]))
            assert len(stored_scores(store, trace_id=f"t{number}")) == step + 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored_scores(store)) == 80


def test_a_closed_store_refuses_and_has_kept_what_was_waiting(path):
    store = Store(store_place(path))
    store.submit_quietly(Rows(scores=[a_score(1)]))
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.write_rows(Rows(scores=[a_score(2)]))
    with closing(Store(store_place(path))) as again:
        assert [s.value for s in stored_scores(again)] == [1.0]


# Several processes.


@contextmanager
def processes(code, count, *words):
    """Python processes that have said they are ready."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(number), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(count)
    ]
    try:
        for process in started:
            assert process.stdout.readline() == "ready\n", process.communicate()[1]
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def tell(started, line):
    for process in started:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


WRITES = """
import sys
import xeroml_nb as xn
client = xn.get_client()
print("ready", flush=True)
sys.stdin.readline()
me = sys.argv[1]
experiment = client.create_experiment(name="shared")
for step in range(100):
    with experiment.run_item_raw(input=[me, step]) as run:
        run.set_output(me)
        run.score("step", step)
print(experiment.number, flush=True)
sys.stdin.readline()
"""


def test_two_processes_write_to_one_file_at_once(client):
    with processes(WRITES, 2) as started:
        tell(started, "go")
        numbers = {process.stdout.readline().strip() for process in started}

        assert numbers == {"1", "2"}
        writers = set()
        for number in (1, 2):
            results = client.get_experiment("shared", number).get_results()
            assert sorted(r.score("step") for r in results) == list(range(100))
            assert all(client.get_trace(r.trace_id) for r in results[:3])
            writers |= {r.output for r in results}
        assert writers == {"0", "1"}


OPENS = """
import sys
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.settings import store_place
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.store import Store
print("ready", flush=True)
for path in map(str.strip, sys.stdin):
    store = Store(store_place(path))
    store.write_rows(Rows(scores=[new_score(ScoreTarget(trace_id="t" + sys.argv[1]), "n", 1)]))
    store.close()
    print("opened", flush=True)
"""


def test_processes_open_an_empty_file_at_once(own_folder):
    with processes(OPENS, 4) as started:
        for attempt in range(20):
            path = own_folder / f"new-{attempt}" / "store.db"
            tell(started, path)
            for process in started:
                assert process.stdout.readline() == "opened\n", process.communicate()[1]
            with closing(Store(store_place(path))) as store:
                found = {s.target.trace_id for s in stored_scores(store)}
            assert found == {"t0", "t1", "t2", "t3"}


# Files that cannot be used.


def test_a_store_of_a_newer_version_is_refused_and_left_alone(path):
    with closing(Store(store_place(path))) as store:
        store.write_rows(Rows(scores=[a_score(1)]))
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE store_meta SET value = ?", (str(SCHEMA_VERSION + 1),))
    before = content_of(path)

    with pytest.raises(StoreTooNew, match="pip install -U xeroml_nb") as refused:
        Store(store_place(path))
    assert str(path) in str(refused.value)
    assert content_of(path) == before


def make_foreign_database(path):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE theirs (a)")
        database.execute("INSERT INTO theirs VALUES (1)")


@pytest.mark.parametrize(
    "make",
    [
        make_foreign_database,
        lambda path: path.write_bytes(b"this is no database\n" * 1_000),
        lambda path: path.write_bytes(b"short"),
    ],
    ids=["another program's database", "garbage", "a short text"],
)
def test_a_file_that_is_no_store_is_refused_and_left_alone(path, make):
    make(path)
    before = path.read_bytes()

    with pytest.raises(StoreCorrupt, match="XEROML_STORE") as refused:
        Store(store_place(path))
    assert str(path) in str(refused.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_store_is_told_from_an_empty_one(path):
    with closing(Store(store_place(path))) as store:
        store.write_rows(Rows(scores=[a_score(1, name=f"n{n}") for n in range(500)]))
    damaged = path.read_bytes()
    path.write_bytes(damaged[:4096] + b"\xff" * (len(damaged) - 4096))

    with pytest.raises(StoreCorrupt, match="backup"), closing(Store(store_place(path))) as store:
        stored_scores(store)


TRIES_TO_WRITE = """
import sys
import xeroml_nb as xn
try:
    xn.get_client().score(trace_id="t", name="late", value=1)
except xn.XeromlError as error:
    print(type(error).__name__, error)
"""


def as_user_without_privileges(code):
    """What a process prints that no file's permissions are waived for, even if root runs this."""
    drop = "-dac_override,-dac_read_search"
    prefix = [f"--bounding-set={drop}", f"--inh-caps={drop}"]
    setpriv = [shutil.which("setpriv") or "setpriv", *prefix] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*setpriv, sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


@contextmanager
def read_only(*paths):
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    for path in paths:
        path.chmod(modes[path] & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.parametrize("folder_too", [False, True], ids=["the file", "its folder too"])
def test_a_read_only_store_is_named_as_such(own_folder, path, folder_too):
    with closing(Store(store_place(path))) as store:
        store.write_rows(Rows(scores=[a_score(1)]))

    with read_only(path, *([own_folder] if folder_too else [])):
        said = as_user_without_privileges(TRIES_TO_WRITE)

    assert said.startswith(StoreReadOnly.__name__)
    assert str(path) in said
    with closing(Store(store_place(path))) as store:
        assert [s.name for s in stored_scores(store)] == ["accuracy"]


def test_a_read_only_folder_without_a_store_is_named_as_such(own_folder, monkeypatch):
    for place in ("store.db", "deeper/store.db"):
        monkeypatch.setenv("XEROML_STORE", str(own_folder / place))
        with read_only(own_folder):
            said = as_user_without_privileges(TRIES_TO_WRITE)

        assert said.startswith(StoreReadOnly.__name__)
        assert str(own_folder) in said
        assert list(own_folder.iterdir()) == []


@contextmanager
def disk_of(pages):
    """Every SQLite file opened meanwhile can grow to so many pages of 4 kB."""

    def limit(connection, _):
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    sa.event.listen(sa.Engine, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "connect", limit)


def test_a_full_disk_loses_nothing_that_was_stored(path):
    acknowledged = []

    def fill(store):
        for number in range(1_000):
            score = a_score(number, name=f"n{number}", comment="x" * 4_000)
            store.write_rows(Rows(scores=[score]))
            acknowledged.append(score.name)

    with disk_of(100), closing(Store(store_place(path))) as store:
        with pytest.raises(StoreFull, match="Free some space") as refused:
            fill(store)

        assert str(path) in str(refused.value)
        assert len(acknowledged) > 10
        assert sorted(s.name for s in stored_scores(store)) == sorted(acknowledged)

    with closing(Store(store_place(path))) as store:
        store.write_rows(Rows(scores=[a_score(1, name="with space again")]))
        assert len(stored_scores(store)) == len(acknowledged) + 1


def test_a_full_disk_refuses_a_dataset_whole(own_folder):
    with disk_of(100):
        client = xn.get_client(own_folder / "small.db")
        client.create_dataset(name="fits", items=[{"input": "a"}])
        with pytest.raises(StoreFull):
            client.create_dataset(name="too big", items=[{"input": "x" * 5_000_000}])

        assert [d.name for d in client.datasets()] == ["fits"]
        assert [i.input for i in client.get_dataset("fits").items] == ["a"]
        client.close()


# Secrets and places.


def urls_with_a_secret():
    at = f"ann:{SECRET}@127.0.0.1"
    return [
        f"postgresql://{at}:1/db",
        f"postgresql://{at}:no-port/db",
        f"postgresql://127.0.0.1:1/db?user=ann&password={SECRET}",
        f"nosuchdatabase://{at}/db",
        f"://{at}/db",
    ]


@pytest.mark.parametrize("number", range(len(urls_with_a_secret())))
def test_a_password_is_in_no_error(number):
    with pytest.raises(XeromlError) as refused:
        xn.get_client(urls_with_a_secret()[number])

    assert SECRET not in repr(refused.value)
    assert SECRET not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("number", [0, 2])
def test_a_password_is_in_no_repr(number):
    made = Settings.from_environment(urls_with_a_secret()[number])
    assert SECRET not in repr(made)


def test_an_extra_that_an_error_names_exists():
    with pytest.raises(XeromlError) as refused:
        xn.get_client("postgresql://127.0.0.1:1/db")
    if isinstance(refused.value, MissingExtra):
        extras = metadata.metadata("xeroml_nb").get_all("Provides-Extra")
        assert any(f"xeroml_nb[{extra}]" in refused.value.next_step for extra in extras)


@pytest.mark.parametrize(
    "name", ["with space", "what?x=1", "100%25", "a#b", "größe", "ann:pw@home"]
)
def test_a_store_may_live_in_a_folder_of_any_name(own_folder, name):
    path = own_folder / name / "store.db"
    with closing(Store(store_place(path))) as store:
        store.write_rows(Rows(scores=[a_score(1)]))
        assert len(stored_scores(store)) == 1

    assert path.is_file()
    assert store.place == str(path)
    assert list(own_folder.iterdir()) == [path.parent]


def test_the_store_of_a_project_is_found_from_its_folders(own_folder):
    inner = own_folder / "project" / "notebooks"
    inner.mkdir(parents=True)
    assert default_store_path(inner) == inner / ".xeroml" / "store.db"

    (own_folder / "project" / "pyproject.toml").touch()
    assert default_store_path(inner) == own_folder / "project" / ".xeroml" / "store.db"

    (own_folder / ".xeroml").mkdir()
    assert default_store_path(inner) == own_folder / ".xeroml" / "store.db"


def test_a_store_of_its_own_folder_stays_out_of_git(own_folder, monkeypatch):
    monkeypatch.delenv("XEROML_STORE")
    client = xn.get_client()
    client.score(trace_id="t", name="n", value=1)
    client.close()

    folder = Path(".xeroml")
    assert (folder / "store.db").is_file()
    assert (folder / ".gitignore").read_text() == "*\n"
