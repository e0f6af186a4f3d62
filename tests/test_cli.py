"""The commands around experiments: what they print, what they refuse, and how they end."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from labelling import VERDICT, Page, session_of
from server.running import running
from typer.testing import CliRunner

import xeroml_nb as xn
from xeroml_nb.analysis.comparison import Comparison
from xeroml_nb.cli import app
from xeroml_nb.cli.opening import opened
from xeroml_nb.settings import Settings


@pytest.fixture
def command(own_folder):
    """Runs `xeroml-nb` with some words; gives its status, and what it printed on both ways."""

    def run(*words, **environment):
        done = CliRunner().invoke(app, list(map(str, words)), env={"COLUMNS": "200"} | environment)
        return SimpleNamespace(status=done.exit_code, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A store with two runs over 40 items: `two` knows most answers, and fails on one item."""
    client = xn.Client(Settings(str(tmp_path_factory.mktemp("kept") / "store.db")))
    items = [{"input": n, "expected_output": n % 3, "topic": "ab"[n % 2]} for n in range(40)]
    dataset = client.create_dataset(name="d", items=items, expected_output="expected_output")

    def one(n):
        return 0

    def two(n):
        if n == 5:
            raise ValueError("no\nway")
        return n % 3

    def right(output, expected_output):
        return output == expected_output

    def kind(output):
        return "some" if output else "none"

    for task in (one, two):
        client.run(task, dataset, evaluators=[right, kind])
    client.close()
    return Path(client.settings.store)


@pytest.fixture
def runs(kept, own_folder):
    """These runs in the store of the test."""
    shutil.copyfile(kept, own_folder / "store.db")
    client = xn.get_client()
    yield [client.get_experiment(name) for name in ("one", "two")]
    client.close()


def test_experiments_are_listed_newest_first(command, runs):
    listed = command("experiments")
    assert listed.status == 0
    assert [line.split()[:3] for line in listed.out.splitlines()[2:]] == [
        ["two", "#1", "finished"],
        ["one", "#1", "finished"],
    ]
    told = json.loads(command("experiments", "--json").out)
    assert [one["experiment"] for one in told] == ["two #1", "one #1"]
    assert (told[0]["dataset_name"], told[0]["planned"]) == ("d", 40)
    assert told[0]["created_at"].endswith("+00:00")


def test_experiments_over_one_dataset_are_listed(command, runs):
    xn.run(lambda n: n, xn.get_client().create_dataset(name="e", items=[{"input": 1}]), name="e")
    told = json.loads(command("experiments", "--dataset", "d", "--json").out)
    assert [one["experiment"] for one in told] == ["two #1", "one #1"]
    assert command("experiments", "--dataset", "e").out.startswith("1 run, newest first")
    refused = command("experiments", "--dataset", "f")
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("There is no dataset 'f'.")


def test_one_experiment_is_told_with_its_failures_beside_every_mean(command, runs):
    shown = command("experiments", "two").out
    assert shown.startswith("✓ two #1 · 40 attempted · 39 ok · 1 failed")
    [row] = [line.split() for line in shown.splitlines() if line.startswith("right ")]
    assert row == ["right", "1", "39", "40", "39", "1", "0", "0.975", "…", "1"]
    told = json.loads(command("experiments", "two #1", "--json").out)
    assert (told["attempted"], told["succeeded"], told["failed"]) == (40, 39, 1)
    scores = {one["name"]: one for one in told["scores"]}
    assert scores["right"]["mean"] == 1
    assert scores["kind"]["categories"] == {"some": 26 - 1, "none": 14}
    assert told["own_scores"] == []


def test_a_score_of_the_whole_run_is_told(command, runs):
    def spread(results):
        return len({result.output for result in results})

    xn.score("two", evaluators=[spread])
    assert "whole run: spread 4" in command("experiments", "two").out
    [own] = json.loads(command("experiments", "two", "--json").out)["own_scores"]
    assert (own["name"], own["value"]) == ("spread", 4)


def test_two_experiments_are_compared_item_by_item(command, runs):
    compared = command("compare", "one", "two", "--by", "topic")
    assert compared.status == 0
    first, *lines = compared.out.splitlines()
    assert first == "two #1 against one #1"
    verdict = str(xn.compare("one", "two").verdict("right"))
    assert verdict.startswith("Better: +0.64 ")
    assert f"right: {verdict}" in lines
    assert any(line.startswith("right of two #1: 25 improved · 0 regressed") for line in lines)
    assert any(line.split()[:3] == ["a", "right", "two"] for line in lines)
    assert "Item runs that failed and are in no mean: two #1 1." in lines


def test_a_comparison_writes_its_report_where_it_is_told(command, runs, monkeypatch):
    written = []
    monkeypatch.setattr(
        Comparison, "to_notebook", lambda of, path: written.append((of.title, path))
    )
    assert command("compare", "one", "two", "--report", "report.ipynb").status == 0
    assert written == [("two #1 against one #1", Path("report.ipynb"))]


def test_a_comparison_for_programs_holds_the_figures(command, runs):
    done = command("compare", "one", "two", "--score", "right", "--by", "topic", "--json")
    told = json.loads(done.out)
    assert (told["baseline"], told["candidates"]) == ("one #1", ["two #1"])
    [difference] = told["differences"]
    assert (difference["verdict"], difference["wins"], difference["n"]) == ("better", 25, 39)
    assert 0 < difference["low"] < difference["difference"] < difference["high"]
    assert [one["slice"] for one in told["slices"]] == ["a", "b"]
    assert told["distributions"] == []


def test_an_experiment_goes_into_a_file_and_comes_out_of_it(command, runs, own_folder):
    written = command("export", "two #1", "two.csv")
    assert written.out.strip() == str(own_folder / "two.csv")
    done = command("import", "two.csv", "--store", "new.db")
    assert done.out.startswith("✓ two #1 · 40 attempted")
    told = json.loads(command("experiments", "--store", "new.db", "--json").out)
    assert [one["experiment"] for one in told] == ["two #1"]


def test_labels_go_into_a_file_and_come_out_of_it(command, runs):
    page = Page(session_of(runs[1], VERDICT, "ann"))
    page.set_all(["pass", "fail"])
    told = json.loads(command("export", "two #1", "labels.jsonl", "--labels", "--json").out)
    assert told["labels"] is True
    assert command("import", "labels.jsonl").out == "Labels by ann\n"
    refused = command("export", "two #2", "labels.jsonl", "--labels")
    assert refused.status == 2
    assert refused.err == "There is no annotation queue 'two #2'. Did you mean 'two #1'?\n"


def test_what_an_import_changes_is_noted_in_a_line(command, runs):
    command("export", "two", "two.csv")
    command("import", "two.csv", "--store", "new.db")
    other = xn.Client(Settings("other.db"))
    dataset = other.create_dataset(name="d", items=[{"input": 1}])
    other.run(lambda n: n, dataset, name="two")
    other.close()
    noted = command("import", "two.csv", "--store", "other.db")
    assert noted.status == 0
    assert "Note: " in noted.err
    assert "two #2" in noted.out
    assert ".py" not in noted.err


def test_a_push_is_foreseen_and_then_done(command, runs, own_folder):
    with running(own_folder / "there.db") as there:
        keys = {"XEROML_PUBLIC_KEY": there.public, "XEROML_SECRET_KEY": there.secret}
        server = keys | {"XEROML_HOST": there.url}
        foreseen = json.loads(command("push", "two", "--preview", "--json", **server).out)
        assert foreseen["title"] == "two #1"
        assert foreseen["counts"]["experiment"]["creates"] == 1
        done = command("push", "two", "--json", **server)
        assert done.status == 0
        assert json.loads(done.out)["refused"] == []
        again = command("push", "two", **server)
        assert again.out.startswith(f"Pushed two #1 to {there.url}: 0 created, 0 updated")
        refused = command("push", "one", **server | {"XEROML_SECRET_KEY": "sk-xm-wrong"})
        assert (refused.status, refused.out) == (1, "")
        assert refused.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["compare", "one", "twoo"], 2, "There is no experiment 'twoo'. Did you mean 'two'?"),
        (["compare", "one", "one"], 2, "one #1 was given twice. Compare it with another one."),
        (["compare", "one", "two", "--score", "rihgt"], 2, "Did you mean 'right'?"),
        (["experiments", "three"], 2, "There is no experiment 'three'."),
        (["experiments", "two", "--dataset", "d"], 2, "--dataset lists some. Leave one out."),
        (["experiments", "--store", "typo.db"], 2, "There is no store "),
        (["experiments", "--store", "sqlite:///typo.db"], 2, "There is no store typo.db."),
        (["keys", "list", "--store", "typo.db"], 2, "There is no store "),
        (["keys", "revoke", "pk", "--store", "typo.db"], 2, "There is no store "),
        (["gate", "two", "--no-worse-than", "one", "--lower-is-better", "kin"], 2, "'kind'?"),
        (["export", "two", "two.doc"], 2, "two.doc"),
        (["import", "nothing.csv"], 2, "There is no file nothing.csv."),
        (["push"], 1, "No server is set."),
    ],
)
@pytest.mark.usefixtures("runs")
def test_bad_input_is_one_line_and_a_status(command, words, status, said):
    ended = command(*words)
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert not Path("typo.db").exists()


def test_a_file_that_is_no_store_is_an_error_in_one_line(command, own_folder):
    (own_folder / "odd.db").write_text("no store at all, whatever it is called" * 200)
    ended = command("experiments", "--store", "odd.db")
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "is damaged or is no store" in ended.err


@pytest.mark.parametrize("words", [["--traceback", "experiments", "x"], ["experiments", "x"]])
def test_a_traceback_is_shown_where_it_is_asked_for_in_any_place(command, runs, words):
    asked = words if "--traceback" in words else [*words, "--traceback"]
    ended = command(*asked)
    assert ended.status == 2
    assert ended.err.startswith("Traceback (most recent call last):\n")
    assert ended.err.endswith("\nThere is no experiment 'x'. There are: 'one', 'two'.\n")


def test_what_nobody_foresaw_is_one_line_too(capsys, own_folder):
    with pytest.raises(typer.Exit) as ended, opened("new.db", may_be_new=True):
        raise ZeroDivisionError("by\nzero")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == (
        "Failed unexpectedly: ZeroDivisionError: by zero. To see where, add --traceback.\n"
    )


def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(monkeypatch, command, runs):
    def closed(*_, **__):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("typer.echo", closed)
    ended = command("experiments")
    assert (ended.status, ended.err) == (1, "")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_sign_that_the_encoding_lacks_makes_no_command_fail(runs, encoding):
    def printed(*words):
        done = CliRunner(charset=encoding).invoke(app, words)
        assert done.exit_code == 0, done.stderr
        return done.stdout_bytes

    assert b" one #1 passes all 4 rules" in printed("gate", "one")
    xn.run(lambda n: n, "d", name="λ")
    told = json.loads(printed("experiments", "--json").decode("ascii"))
    assert told[0]["experiment"] == "λ #1"


ALONE = ("run", "experiments", "compare", "gate", "export", "import", "push", "serve", "doctor")
GROUPED = {"keys": ("add", "list", "revoke"), "store": ("check", "backup", "compact")}
COMMANDS = [*((name,) for name in ALONE), *((g, name) for g in GROUPED for name in GROUPED[g])]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_speaks_to_programs(command, words):
    *group, name = words
    assert f" {name} " in command(*group, "--help").out
    assert "--json" in command(*words, "--help").out


# What a shell completes.


def completed(*words):
    """What bash is offered for the last of some words."""
    typed = {"COMP_WORDS": "\n".join(["xeroml-nb", *words]), "COMP_CWORD": str(len(words))}
    asked = {"_XEROML_NB_COMPLETE": "complete_bash"} | typed
    done = CliRunner().invoke(app, [], prog_name="xeroml-nb", env=asked)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.split()


def test_a_shell_can_complete_a_command():
    assert completed("exp") == ["experiments", "export"]


def test_a_shell_completes_names_in_the_store(runs):
    xn.run(lambda n: n, "d", name="it's $(mine)")  # in no shell would it be one plain word
    assert completed("gate", "") == ["two", "one"]
    assert completed("compare", "one", "t") == ["two"]
    assert completed("export", "o") == completed("push", "o") == ["one"]
    assert completed("experiments", "--dataset", "") == ["d"]
    assert completed("gate", "two", "--no-worse-than", "o") == ["one"]


def test_a_shell_completes_names_of_scores(runs):
    assert completed("gate", "two", "--min", "r") == ["right="]
    figures = ["failed=", "latency_mean=", "latency_p95="]
    assert sorted(completed("gate", "two", "--max", "")) == [
        *figures[:1],
        "kind=",
        *figures[1:],
        "right=",
    ]
    assert completed("compare", "one", "two", "--score", "k") == ["kind"]
    assert completed("gate", "--score", "k") == ["kind"], "of the newest, where none is typed"
    assert completed("gate", "three", "--score", "k") == []


def test_a_shell_completes_keys_that_are_open(command, runs):
    pairs = [json.loads(command("keys", "add", "--json").out) for _ in range(2)]
    command("keys", "revoke", pairs[0]["public_key"])
    assert completed("keys", "revoke", "pk") == [pairs[1]["public_key"]]


@pytest.mark.parametrize(
    "place", ["none.db", "postgresql://u:p@127.0.0.1:1/d", "odd://place", "text.db"]
)
def test_where_no_store_can_be_read_a_shell_completes_nothing(own_folder, monkeypatch, place):
    (own_folder / "text.db").write_text("no database at all, " * 100)
    monkeypatch.setenv("XEROML_STORE", place)
    assert completed("gate", "") == []
    assert not (own_folder / "none.db").exists()
