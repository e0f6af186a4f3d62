"""`xeroml-nb doctor`: what it says of each part of an environment, and how it ends."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import sys
import tomllib
from contextlib import closing
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from rich.console import Console
from server.running import running
from typer.testing import CliRunner

from xeroml_nb.cli import app
from xeroml_nb.cli.doctor import examining, file_systems, sandboxes, surroundings
from xeroml_nb.cli.doctor.examining import Topic, examined
from xeroml_nb.cli.doctor.extras import EXTRAS, extras
from xeroml_nb.cli.doctor.finding import Asked, Finding, Health, broken, fine, lacking
from xeroml_nb.cli.doctor.installation import installation
from xeroml_nb.cli.doctor.judges import judge
from xeroml_nb.cli.doctor.notebooks import notebook
from xeroml_nb.cli.doctor.servers import server
from xeroml_nb.cli.doctor.showing import show, topic_lines
from xeroml_nb.cli.doctor.stores import store
from xeroml_nb.errors import XeromlError
from xeroml_nb.store.schema import SCHEMA_VERSION
from xeroml_nb.store.store import Store
from xeroml_nb.sync.transport import checking

ROOT = Path(__file__).parents[1]
SECRET = "hunter2"


@pytest.fixture
def without(monkeypatch):
    """Makes packages be of other versions than they are, or not there (None)."""

    def change(**versions):
        true_version = metadata.version

        def version(name):
            found = versions.get(name.replace("-", "_"), "as it is")
            if found is None:
                raise metadata.PackageNotFoundError(name)
            return true_version(name) if found == "as it is" else found

        monkeypatch.setattr(metadata, "version", version)

    return change


@pytest.fixture
def made(own_folder):
    """A store that is there, and empty."""
    Store(str(own_folder / "store.db")).close()
    return own_folder / "store.db"


def found(topic, asked=None):
    """What a topic finds, by what it is about."""
    return {one.what: one for one in topic(asked or Asked())}


def asked(*words, **environment):
    done = CliRunner().invoke(app, ["doctor", *words], env=environment)
    return SimpleNamespace(status=done.exit_code, out=done.stdout, err=done.stderr)


def changed(path, *changes):
    with closing(sqlite3.connect(path)) as database, database:
        for change in changes:
            database.execute(change)


# The command.


TOPICS = [
    ("Cellar", lambda _: [fine("wine", "red, white", bottles=3)]),
    ("Attic", lambda _: [lacking("mice", "none", "Let some in.")]),
]


def test_where_nothing_failed_it_ends_well_and_counts_what_it_found(monkeypatch):
    monkeypatch.setattr(examining, "TOPICS", TOPICS)
    done = asked()
    assert done.status == 0
    assert done.out.splitlines() == [
        "Cellar",
        "  ✓ wine            red, white",
        "",
        "Attic",
        "  ! mice            none",
        "                  → Let some in.",
        "",
        "! 1 ok · 1 warning · 0 failed",
    ]


def test_programs_read_one_object(monkeypatch):
    bad = ("Roof", lambda _: [broken("hole", "rain", "Mend it.")])
    monkeypatch.setattr(examining, "TOPICS", [*TOPICS, bad])
    done = asked("--json")
    told = json.loads(done.out)
    assert done.status == 1
    assert (told["ok"], told["counts"]) == (False, {"ok": 1, "warning": 1, "failed": 1})
    assert [(one["topic"], one["health"]) for one in told["findings"]] == [
        ("Cellar", "ok"),
        ("Attic", "warning"),
        ("Roof", "failed"),
    ]
    assert told["findings"][0]["facts"] == {"bottles": 3}
    assert told["findings"][2]["next_step"] == "Mend it."


def test_a_check_that_breaks_hides_no_other(monkeypatch):
    def breaks(_):
        yield fine("first", "well")
        raise ZeroDivisionError("by\n\x1b[2Jzero")

    monkeypatch.setattr(examining, "TOPICS", [("Odd", breaks), *TOPICS])
    first, wine, mice = (topic.findings for topic in examined(Asked()))
    assert [one.health for one in first] == [Health.OK, Health.FAILED]
    assert first[1].text == "failed unexpectedly: ZeroDivisionError: by [2Jzero"
    assert (wine[0].what, mice[0].what) == ("wine", "mice")
    assert "Traceback" not in asked().err
    assert "ZeroDivisionError" in asked("--traceback").err


def test_every_topic_has_its_place():
    titles = ["Installation", "Extras", "Store", "Notebook", "Sandbox", "Server", "Judge"]
    assert [title for title, _ in examining.TOPICS] == [*titles, "Surroundings"]


def test_a_terminal_is_never_too_narrow_and_has_colours():
    path = "/a/long/path/of-more/than-fifty/characters/that-is-not/to-be-broken/store.db"
    topic = Topic("Store", (broken("place", f"It is in {path} and nowhere else.", "Move it."),))
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system="standard")
    assert show([topic], console) == [topic]
    lines = [line.plain for line in topic_lines(topic, 60)]
    assert lines[1:] == [
        "  ✗ place           It is in",
        f"                    {path}",
        "                    and nowhere else.",
        "                  → Move it.",
        "",
    ]


@given(st.text("ab /-", max_size=300), st.text("ab ", max_size=100), st.integers(40, 120))
def test_lines_are_as_wide_as_the_terminal_unless_a_word_is_wider(text, step, width):
    finding = lacking("what", text, step)
    lines = [line.plain for line in topic_lines(Topic("T", (finding,)), width)]
    longest = max(map(len, [*text.split(), *step.split()]), default=0)
    assert all(len(line) <= max(width, 50, longest + 20) for line in lines)
    words = " ".join(lines).replace("→", "").split()
    assert words == ["T", "!", "what", *text.split(), *step.split()]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_where_the_encoding_lacks_the_marks_others_stand_for_them(monkeypatch, encoding):
    monkeypatch.setattr(examining, "TOPICS", TOPICS)
    done = CliRunner(charset=encoding).invoke(app, ["doctor"])
    assert done.exit_code == 0
    lines = done.stdout_bytes.decode(encoding, errors="replace").splitlines()
    assert lines[1] == "  + wine            red, white"


# What is installed.


def test_all_that_is_needed_is_here():
    told = found(installation)
    assert told["Python"].facts["executable"] == sys.executable
    assert told["xeroml_nb"].health is Health.OK
    assert told["xeroml_nb"].facts["versions"]["pandas"]


def test_what_is_missing_or_too_old_is_named(without):
    without(pandas="1.0", scipy=None)
    told = found(installation)["xeroml_nb"]
    assert told.health is Health.FAILED
    assert "pandas 1.0 is not >=2.2, scipy is not installed" in told.text
    assert told.next_step == "pip install -U xeroml_nb"


def test_a_source_tree_that_was_never_installed_is_told(without):
    without(xeroml_nb=None)
    assert found(installation)["xeroml_nb"].health is Health.WARNING
    assert found(extras) == {}


def test_every_extra_is_told_but_that_of_the_tests():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {*EXTRAS, "test"} == project["optional-dependencies"].keys()
    assert found(extras).keys() == EXTRAS.keys()


def test_an_extra_that_is_missing_comes_with_the_line_that_adds_it(without):
    without(openai=None)
    told = found(extras)
    assert told["judge"].health is Health.WARNING
    assert told["judge"].text == "not for evaluators that ask a model: openai is not installed"
    assert told["judge"].next_step == "pip install 'xeroml_nb[judge]'"
    assert told["lab"].health is Health.WARNING
    assert told["server"].health is Health.OK


# The store.


def test_a_store_is_told_and_left_as_it_is(made, own_folder):
    before = made.read_bytes()
    told = found(store)
    assert told["place"].text == f"{made}, from XEROML_STORE"
    assert told["schema"].text == f"{SCHEMA_VERSION}, that of this version"
    assert told["writing"].health is Health.OK
    assert told["disk"].facts["free"] > 0
    assert (made.read_bytes(), list(own_folder.iterdir())) == (before, [made])


def test_where_there_is_no_store_yet_none_is_made(own_folder):
    told = found(store, Asked(store="deeper/new.db"))
    assert told["place"].text == f"{own_folder / 'deeper' / 'new.db'}, from --store"
    assert told["schema"].health is Health.OK
    assert list(own_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("there", "whence"),
    [
        ([], "in the working folder"),
        (["setup.py"], "in the project's root"),
        ([".xeroml"], "the nearest .xeroml"),
    ],
)
def test_who_says_where_the_store_is(own_folder, monkeypatch, there, whence):
    monkeypatch.delenv("XEROML_STORE")
    for name in there:
        (own_folder / name).mkdir()
    assert found(store)["place"].text.endswith(f"store.db, {whence}")


def test_an_older_store_is_told_and_not_upgraded(made):
    changed(made, "UPDATE store_meta SET value = '1'")
    told = found(store)["schema"]
    assert (told.health, told.facts["upgrades_to"]) == (Health.WARNING, SCHEMA_VERSION)
    assert "xeroml-nb store backup" in told.next_step
    assert found(store)["schema"].facts["version"] == 1


@pytest.mark.parametrize(
    ("change", "what", "said"),
    [
        ("UPDATE store_meta SET value = '999'", "reading", "has schema 999"),
        ("DROP TABLE store_meta", "reading", "no store of this package"),
        ("ALTER TABLE scores DROP COLUMN comment", "schema", "Column scores.comment is missing."),
    ],
)
def test_a_store_that_cannot_be_used_is_told(made, change, what, said):
    changed(made, change)
    told = found(store)[what]
    assert told.health is Health.FAILED
    assert said in told.text
    assert told.next_step


def test_a_file_that_is_no_database_is_told(own_folder):
    (own_folder / "store.db").write_text("no database at all, " * 100)
    assert "is damaged or is no store" in found(store)["reading"].text


@pytest.mark.parametrize(
    ("address", "what", "said"),
    [
        (f"mysql://bob:{SECRET}@host/d", "place", "cannot live in mysql"),
        (f"{SECRET}://host/{SECRET}d", "place", "is not understood"),
        (f"postgresql://bob:{SECRET}@127.0.0.1:1/d", "reading", "cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(address, what, said):
    told = found(store, Asked(store=address))
    assert told[what].health is Health.FAILED
    assert said in told[what].text
    if address.startswith("postgresql"):
        assert SECRET not in str(told)


def test_a_store_that_cannot_be_written_is_told(made, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != made.parent)
    told = found(store)["writing"]
    assert told.text == "the folder of the file cannot be written: all is read-only"
    made.unlink()
    assert found(store)["writing"].text == f"nothing can be made in {made.parent}"


@pytest.mark.parametrize(
    ("free", "health"), [(5e9, Health.OK), (5e8, Health.WARNING), (1e6, Health.FAILED)]
)
def test_the_room_of_the_disk_is_told(made, monkeypatch, free, health):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert found(store)["disk"].health is health


MOUNTS = "disk / ext4 rw 0 0\nhost:/a {place} {kind} rw 0 0\nproc /proc proc rw 0 0\n"


@pytest.mark.parametrize(("kind", "warned"), [("nfs4", True), ("ext4", False), ("cifs", True)])
def test_a_network_file_system_is_warned_of(made, monkeypatch, kind, warned):
    listed = made.parent / "mounts"
    place = str(made.parent.resolve()).replace(" ", r"\040")
    listed.write_text(MOUNTS.format(place=place, kind=kind))
    monkeypatch.setattr(file_systems, "_MOUNTS", listed)
    told = found(store)
    assert ("file system" in told) is warned
    if warned:
        assert kind in told["file system"].text
    listed.unlink()
    assert "file system" not in found(store)


# Notebooks.


def test_the_notebook_side_is_whole_here():
    told = found(notebook)
    assert {one.health for one in told.values()} == {Health.OK}
    assert told["front end"].facts["versions"]["jupyterlab"]
    assert told["widgets"].facts["versions"]["anywidget"]
    assert told["kernel"].facts["kernels"]


def test_without_a_kernel_no_more_is_looked_at(without):
    without(ipykernel=None)
    [told] = found(notebook).values()
    assert told.health is Health.WARNING
    assert told.next_step == "pip install 'xeroml_nb[lab]'"


@pytest.mark.parametrize(
    ("version", "warned"), [("6.30.1", False), ("7.1.0", True), ("7.4.0", False)]
)
def test_a_kernel_that_loses_requests_is_warned_of(without, version, warned):
    without(ipykernel=version)
    told = found(notebook)["kernel"]
    assert (told.health is Health.WARNING) is warned
    assert version in told.text


def test_what_notebooks_lack_is_told(without, monkeypatch, own_folder):
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_core import paths

    from xeroml_nb.notebook import magics

    without(jupyterlab=None, notebook=None)
    other = {"theirs": {"spec": {"argv": ["/other/python", "-m", "ipykernel_launcher"]}}}
    monkeypatch.setattr(KernelSpecManager, "get_all_specs", lambda _: other)
    monkeypatch.setattr(paths, "jupyter_path", lambda *_: [str(own_folder)])
    monkeypatch.setattr(magics, "load_ipython_extension", lambda _: 1 / 0)
    told = found(notebook)
    assert told["front end"].health is told["widgets"].health is Health.WARNING
    assert told["kernel"].text == "none of theirs runs this Python"
    assert told["kernel"].next_step.startswith(f"{sys.executable} -m ipykernel install")
    assert told["magics"].health is Health.FAILED
    assert "ZeroDivisionError" in told["magics"].text


# The sandbox; that it works is tried where its tests are.


def test_a_sandbox_that_fails_is_told(monkeypatch):
    def fails(*_):
        raise XeromlError("It broke.", "Mend it.")

    monkeypatch.setattr("xeroml_nb.scoring.sandbox.running.run_code", fails)
    monkeypatch.setattr("xeroml_nb.scoring.sandbox.python.preparing.prepared", fails)
    monkeypatch.setattr("xeroml_nb.scoring.sandbox.confinement.layers", list)
    told = found(sandboxes.sandbox, Asked(prepare=True))
    assert told["confinement"].health is Health.WARNING
    for what in ("interpreter", "JavaScript card"):
        assert told[what] == Finding(what, Health.FAILED, "It broke.", "Mend it.")


# The server, and keys, which are never shown.


def test_without_a_server_all_is_well():
    told = found(server)
    assert {one.health for one in told.values()} == {Health.OK}
    assert told["keys"].text == "XEROML_PUBLIC_KEY not set, XEROML_SECRET_KEY not set"
    assert "none is set" in told["server"].text


def test_a_server_is_asked_and_no_key_is_shown(monkeypatch, own_folder):
    with running(own_folder / "there.db") as there:
        monkeypatch.setenv("XEROML_HOST", there.url)
        monkeypatch.setenv("XEROML_PUBLIC_KEY", there.public)
        monkeypatch.setenv("XEROML_SECRET_KEY", there.secret)
        told = found(server)
        assert told["server"].health is Health.OK
        assert told["server"].text.endswith("read and write")
        assert told["keys"].facts == {"XEROML_PUBLIC_KEY": True, "XEROML_SECRET_KEY": True}
        assert there.secret not in str(told)
        monkeypatch.setenv("XEROML_SECRET_KEY", SECRET)
        refused = found(server)
        assert refused["server"].health is Health.FAILED
        assert SECRET not in str(refused)


def test_a_server_that_does_not_answer_has_failed(monkeypatch):
    monkeypatch.setattr(checking, "_PATIENCE", 0)
    for name, value in {"HOST": "http://127.0.0.1:9", "PUBLIC_KEY": "p", "SECRET_KEY": "s"}.items():
        monkeypatch.setenv(f"XEROML_{name}", value)
    told = found(server)["server"]
    assert told.health is Health.FAILED
    assert "Nothing answers" in told.text


def test_settings_that_cannot_be_are_told(monkeypatch):
    monkeypatch.setenv("XEROML_HOST", "http://127.0.0.1:9")
    told = found(server)["settings"]
    assert told.health is Health.FAILED
    assert "XEROML_SECRET_KEY" in told.next_step


# Judges.


def test_a_judge_without_a_model_is_no_fault():
    assert found(judge)["model"].health is Health.OK


@pytest.mark.parametrize(
    ("environment", "health", "said"),
    [
        ({"JUDGE_API_KEY": SECRET}, Health.OK, "small at api.openai.com, a key is set"),
        ({}, Health.FAILED, "no key is set"),
        ({"JUDGE_BASE_URL": "http://localhost:11434/v1"}, Health.OK, "at localhost:11434, no key"),
        ({"JUDGE_BASE_URL": "nonsense"}, Health.FAILED, "'nonsense'"),
    ],
)
def test_what_is_set_for_judges_is_told_without_the_key(monkeypatch, environment, health, said):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"JUDGE_MODEL": "small", **environment}.items():
        monkeypatch.setenv(f"XEROML_{name}", value)
    told = found(judge)["model"]
    assert told.health is health
    assert said in told.text
    assert SECRET not in str(told)


def test_a_judge_without_its_client_is_told(monkeypatch):
    monkeypatch.setenv("XEROML_JUDGE_MODEL", "small")
    monkeypatch.setenv("XEROML_JUDGE_API_KEY", SECRET)
    monkeypatch.setattr("xeroml_nb.cli.doctor.judges.find_spec", lambda _: None)
    told = found(judge)["model"]
    assert (told.health, told.next_step) == (Health.WARNING, "pip install 'xeroml_nb[judge]'")


# What is around.


@pytest.mark.parametrize(
    ("variables", "provider", "health", "said"),
    [
        ({}, trace.ProxyTracerProvider(), Health.OK, "spans go into the store"),
        ({}, TracerProvider(shutdown_on_exit=False), Health.OK, "that is there (opentelemetry"),
        ({}, trace.NoOpTracerProvider(), Health.FAILED, "another tracer provider"),
        ({"OTEL_SDK_DISABLED": "True "}, None, Health.FAILED, "no trace is kept"),
        (
            {"OTEL_TRACES_SAMPLER": "always_off"},
            trace.ProxyTracerProvider(),
            Health.WARNING,
            "OTEL_TRACES_SAMPLER=always_off leaves traces out",
        ),
    ],
)
def test_where_spans_go_is_told(monkeypatch, variables, provider, health, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    told = surroundings.tracing()
    assert told.health is health
    assert said in told.text


def test_git_and_its_repository_are_told(monkeypatch, own_folder):
    assert "no repository here" in surroundings.git().text
    monkeypatch.chdir(ROOT)
    assert surroundings.git().facts.get("commit") or "no repository" in surroundings.git().text
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert surroundings.git().health is Health.WARNING


def test_the_terminal_is_told(monkeypatch):
    class Terminal(io.TextIOWrapper):
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", "93")
    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO(), encoding="utf-8"))
    assert surroundings.terminal().text == "93 columns, utf-8"
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    told = surroundings.terminal()
    assert (told.health, told.next_step) == (Health.WARNING, "Set PYTHONUTF8=1.")
