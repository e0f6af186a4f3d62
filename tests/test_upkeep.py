"""A store is looked after: checked, copied while it is in use, made compact; and what is said."""

from __future__ import annotations

import json
import shlex
import shutil
import sqlite3
import subprocess
import threading
from contextlib import closing

import psycopg
import pytest
from typer.testing import CliRunner

from tests.benchmarks import history
from xeroml_nb.cli import app
from xeroml_nb.cli.doctor.finding import Asked, Health
from xeroml_nb.cli.doctor.stores import store as store_findings
from xeroml_nb.errors import BadInput, StoreBusy, StoreCorrupt, StoreError, StoreTooNew, XeromlError
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import scores
from xeroml_nb.store.engines import engine_for
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.schema import SCHEMA_VERSION
from xeroml_nb.store.store import Store
from xeroml_nb.store.upkeep import backup_store, check_store, compact_store

SECRET = "hunter2"


@pytest.fixture
def path(own_folder):
    return own_folder / "store.db"


@pytest.fixture
def filled(path):
    """A store with two runs of 200 items."""
    history.fill(path, runs=2, items=200)
    return path


@pytest.fixture(scope="module")
def server_store(postgresql):
    """The same on PostgreSQL; tests leave it as it is."""
    address = postgresql("upkeep")
    history.fill(address, runs=2, items=20)
    return address


def run(*words, store=None):
    """The status that a command ends with, and what it prints: for people, and as errors."""
    named = [] if store is None else ["--store", str(store)]
    done = CliRunner().invoke(app, ["store", *map(str, words), *named])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout, done.stderr


def changed(path, *changes):
    with closing(sqlite3.connect(path)) as database, database:
        for change in changes:
            database.execute(change)


def a_score(number):
    return new_score(ScoreTarget(trace_id=f"t{number}"), "n", number)


# Check.


def test_a_sound_store_is_counted(filled, server_store):
    for place, items in ((str(filled), 200), (server_store, 20)):
        found = check_store(place)
        assert found.problems == ()
        assert (found.schema, found.upgrades_to) == (SCHEMA_VERSION, None)
        assert found.counts["item_runs"] == 2 * items
        assert found.counts["scores"] == 6 * items
        assert found.size > 50_000

    status, printed, _ = run("check")
    assert status == 0
    assert "item_runs                  400" in printed
    assert "No fault was found." in printed


def test_programs_read_a_check_as_json(filled):
    status, printed, _ = run("check", "--json", store=filled)
    told = json.loads(printed)
    assert status == 0
    assert told["place"] == str(filled)
    assert told["counts"]["experiments"] == 2
    assert told["problems"] == []


def test_a_half_migrated_store_is_told_by_what_it_lacks(filled):
    changed(
        filled,
        "DROP TABLE report_cards",
        "DROP INDEX scores_by_trace",
        "ALTER TABLE score_history DROP COLUMN comment",
        "ALTER TABLE experiments RENAME TO kept",
        "CREATE TABLE experiments AS SELECT * FROM kept",
        "DROP TABLE kept",
    )
    status, printed, _ = run("check", store=filled)

    assert status == 1
    assert "Table report_cards is missing." in printed
    assert "Index scores_by_trace is missing." in printed
    assert "Column score_history.comment is missing." in printed
    assert "experiments(name, number) is missing." in printed
    changed(filled, "DROP TABLE scores")
    with closing(Store(str(filled))) as store, pytest.raises(StoreCorrupt, match="store check"):
        store.write_rows(Rows(scores=[a_score(1)]))


def test_a_damaged_store_is_told_so(filled):
    content = bytearray(filled.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    filled.write_bytes(content)

    status, printed, said = run("check", store=filled)
    assert status == 1
    assert "damaged" in printed + said
    assert "No fault" not in printed


def test_a_check_leaves_an_older_store_as_it_is(filled):
    changed(filled, "DROP INDEX observations_by_start", "UPDATE store_meta SET value = '3'")
    found = check_store(str(filled))

    assert (found.schema, found.upgrades_to, found.problems) == (3, SCHEMA_VERSION, ())
    assert "which its next use brings to" in run("check", store=filled)[1]
    assert check_store(str(filled)).schema == 3


@pytest.mark.parametrize("words", [("check",), ("backup", "copy.db"), ("compact",)], ids=str)
def test_where_no_store_is_none_is_made(own_folder, words):
    status, printed, said = run(*words, store=own_folder / "deeper" / "none.db")
    assert (status, printed) == (2, "")
    assert said.startswith("There is no store")
    assert said.count("\n") == 1
    assert list(own_folder.iterdir()) == []


def test_a_newer_store_is_left_to_newer_versions(filled):
    changed(filled, f"UPDATE store_meta SET value = '{SCHEMA_VERSION + 1}'")
    for look in (check_store, compact_store):
        with pytest.raises(StoreTooNew):
            look(str(filled))


# Backup.


def test_a_copy_made_while_others_write_is_whole(filled, own_folder):
    acknowledged, stop = [], threading.Event()

    def work(store):
        while not stop.is_set():
            store.write_rows(Rows(scores=[a_score(len(acknowledged))]))
            acknowledged.append(len(acknowledged))

    with closing(Store(str(filled))) as store:
        writing = threading.Thread(target=work, args=(store,))
        writing.start()
        kept = []
        for number in range(5):
            before = len(acknowledged)
            copy = backup_store(str(filled), own_folder / f"copy{number}.db")
            kept.append((copy, before, len(acknowledged) + 1))
        stop.set()
        writing.join()

    for copy, least, most in kept:
        found = check_store(str(copy))
        assert found.problems == ()
        assert least <= found.counts["scores"] - 1_200 <= most
        assert found.counts["item_runs"] == 400


def test_a_copy_in_a_folder_gets_a_name_and_never_replaces_anything(filled, own_folder):
    folder = own_folder / "copies"
    folder.mkdir()
    filled.chmod(0o600)
    status, printed, _ = run("backup", folder, "--json", store=filled)
    assert status == 0
    [copy] = folder.iterdir()
    assert json.loads(printed) == {"path": str(copy), "size": copy.stat().st_size}
    assert copy.name.startswith(f"store.schema-{SCHEMA_VERSION}-")
    assert copy.stat().st_mode & 0o777 == 0o600

    before = copy.read_bytes()
    status, _, said = run("backup", copy, store=filled)
    assert (status, said.count("\n")) == (2, 1)
    assert "already" in said
    assert copy.read_bytes() == before
    assert run("backup", own_folder / "none" / "copy.db", store=filled)[0] == 2


def test_a_server_is_copied_with_its_own_tool(server_store, own_folder):
    with_password = server_store.replace("ann@", f"ann:{SECRET}@")
    with pytest.raises(BadInput) as refused:
        backup_store(with_password, own_folder / "it's.dump")
    assert SECRET not in str(refused.value)

    command = shlex.split(refused.value.next_step.removeprefix("Run: "))
    assert command[0] == "pg_dump"
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    subprocess.run(command, check=True, capture_output=True)
    assert (own_folder / "it's.dump").read_bytes().startswith(b"PGDMP")


# Compact.


def test_the_room_of_what_was_deleted_is_given_back(filled):
    changed(filled, "DELETE FROM scores WHERE name <> 'f1'", "DELETE FROM item_runs")
    status, printed, _ = run("compact", "--json", store=filled)
    told = json.loads(printed)
    assert status == 0
    assert told["after"] == filled.stat().st_size < told["before"]
    assert "MB now" in run("compact", store=filled)[1]

    with closing(Store(str(filled))) as store, store.reading() as connection:
        assert len(scores.find(connection, name="f1")) == 400
    assert check_store(str(filled)).problems == ()


def test_a_server_is_made_compact_too(server_store):
    assert compact_store(server_store).after > 0


def test_a_store_that_is_written_to_for_too_long_is_busy(filled, monkeypatch):
    monkeypatch.setattr("xeroml_nb.store.engines._PRAGMAS", ("PRAGMA busy_timeout=50",))
    engine = engine_for(str(filled))
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE store_meta SET value = value")
        with pytest.raises(StoreBusy, match="Wait"):
            compact_store(str(filled))


# A database that cannot be used: one line, no password.


def test_a_wrong_password_is_told_as_such(server_store):
    address = server_store.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE ROLE bob LOGIN PASSWORD 'right'")
        rules = connection.execute("SHOW hba_file").fetchone()[0]
        with open(rules, "r+", encoding="utf-8") as file:  # noqa: PTH123 - changed where it is
            others = file.read()
            file.seek(0)
            file.write(f"host all bob 127.0.0.1/32 scram-sha-256\n{others}")
        connection.execute("SELECT pg_reload_conf()")

    said = refusal(server_store.replace("ann@", f"bob:{SECRET}@"))
    assert "refuses the user or the password" in said


def test_the_doctor_looks_into_a_database_and_tells_who_may_only_read(server_store):
    told = {one.what: one for one in store_findings(Asked(store=server_store))}
    assert {one.health for one in told.values()} == {Health.OK}
    assert told["schema"].facts == {"version": SCHEMA_VERSION}

    address = server_store.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE ROLE eve LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO eve")
    reader = server_store.replace("ann@", f"eve:{SECRET}@")
    told = {one.what: one for one in store_findings(Asked(store=reader))}
    assert told["writing"].health is Health.FAILED
    assert SECRET not in str(told)


def test_the_doctor_finds_an_empty_database_fit(postgresql):
    told = [(one.what, one.health) for one in store_findings(Asked(store=postgresql("empty")))]
    assert told == [(what, Health.OK) for what in ("place", "schema", "writing")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda url: url.rpartition("/")[0] + "/nothere", "Make the database"),
        (lambda url: "postgresql://bob:hunter2@127.0.0.1:1/db", "cannot be reached"),
        (lambda url: "postgresql://bob:hunter2@no.such.host.invalid/db", "cannot be reached"),
        (lambda url: "mysql://bob:hunter2@localhost/db", "cannot live in mysql"),
    ],
    ids=["no such database", "nothing listens", "no such host", "another database"],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(server_store, change, expected):
    assert expected in refusal(change(server_store))


def refusal(address):
    """What is said of a store, by the command line and in Python."""
    with pytest.raises(XeromlError) as refused:
        Store(address)
    status, _, said = run("check", store=address)
    assert status in {1, 2}
    assert said.strip() == str(refused.value)
    assert said.count("\n") == 1
    assert SECRET not in said
    return said


def test_a_half_migrated_database_is_told_as_such(postgresql):
    address = postgresql("half")
    with closing(Store(address)) as store:
        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("ALTER TABLE scores DROP COLUMN comment")
        with pytest.raises(StoreCorrupt, match="store check"):
            store.write_rows(Rows(scores=[a_score(1)]))
    assert check_store(address).problems == ("Column scores.comment is missing.",)


def test_a_store_survives_a_database_that_goes_away_for_a_moment(postgresql):
    address = postgresql("away")
    with closing(Store(address)) as store:
        store.write_rows(Rows(scores=[a_score(1)]))
        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = 'away' AND pid <> pg_backend_pid()"
            )
        with pytest.raises(StoreError, match="cannot be reached"):
            store.write_rows(Rows(scores=[a_score(2)]))
        store.write_rows(Rows(scores=[a_score(2)]))
        with store.reading() as connection:
            assert len(scores.find(connection)) == 2
