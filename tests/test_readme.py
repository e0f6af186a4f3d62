"""What the README shows works as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

import xeroml_nb as xn

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# Runs the cells it is given as a notebook does, and then prints one more value.
SHELL = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

*cells, value = json.load(sys.stdin)
shell = InteractiveShell.instance()
for cell in cells:
    shell.run_cell(cell, store_history=True).raise_error()
print()
print(json.dumps(shell.ev(value)))
"""


def blocks(kind: str) -> list[str]:
    return [text for language, text in BLOCKS if language == kind]


def python(code: str, given: str = "", **environment: str) -> str:
    """What some code prints in a process of its own, in the test's folder."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=given,
        env=os.environ | environment | {"COLUMNS": "200"},  # a table is printed as one
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_of_labelling_runs_as_it_is_and_gives_a_table():
    said = "\nlabels.record('triage-003', {'verdict': 'fail'}, annotator='ann')"
    shown = "\nprint(labels.to_frame()[['item_id', 'annotator', 'dimension', 'value']])"
    last = python("\n".join(blocks("python")[:2]) + said + shown).splitlines()[-1]
    assert last.split() == ["0", "triage-003", "ann", "verdict", "fail"]


def test_the_example_runs_as_it_is_and_prints_figures():
    example, *_ = blocks("python")
    heading, _, figures, verdict = python(example).splitlines()
    counts = ["scored", "attempted", "succeeded", "failed", "unscored"]
    assert heading.split() == ["mean", *counts, "worst", "best"]
    name, mean, *counted = figures.split()
    assert name == "category"
    assert 0 < float(mean) < 1
    assert counted[:5] == ["72", "72", "72", "0", "0"]
    assert re.fullmatch(
        r"Better: \+0\.\d+ \[\+0\.\d+, \+0\.\d+\], p [<0-9. ]+ · 72 shared items", verdict
    )
    assert nbformat.read("report.ipynb", as_version=4).cells[0].cell_type == "markdown"


def test_the_example_of_a_score_card_runs_as_it_is_and_weighs_topics_alike():
    example, _, scoring, _ = blocks("python")
    ours = """
rows = second.to_frame()
topics = rows["expected_output"].map(lambda wanted: wanted["category"])
print(100 * rows["category"].astype(float).groupby(topics).mean().mean())"""
    printed = python(f"{example}\n{scoring}{ours}").splitlines()
    score, by_hand = map(float, printed[-2:])
    assert score == pytest.approx(by_hand)
    assert 0 < score < 100


def test_the_task_cell_runs_where_a_model_is_defined():
    example, *_ = blocks("python")
    extension, cell = blocks("")
    assert cell.startswith("%%xeroml task triage_v3 ")
    model = "async def model(message): return 'billing' if 'charge' in message else 'other'"
    value = "xeroml.get_experiment('triage_v3').wait().to_frame()['output'].tolist()"
    printed = python(SHELL, json.dumps([example, extension, model, cell, value]))
    outputs = json.loads(printed.splitlines()[-1])
    assert len(outputs) == 72
    assert {output["category"] for output in outputs} == {"billing", "other"}


@pytest.fixture
def served():
    """What a client has to know of a server that was started as the README shows."""
    [command] = blocks("console")
    keys = {"XEROML_PUBLIC_KEY": "pk-xm-readme", "XEROML_SECRET_KEY": "sk-xm-readme"}
    words = command.replace("3000", "0").split()[1:]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "xeroml_nb.cli", *words, "--store", "there.db"],
        env=os.environ | keys,
        stdout=subprocess.PIPE,
        text=True,
    )
    address = re.search(r"http://\S+", process.stdout.readline())[0]
    yield keys | {"XEROML_HOST": address}
    process.terminate()
    process.communicate()


def test_what_is_pushed_as_shown_is_on_the_server(served):
    example, *_, sending = blocks("python")
    *_, printed = python(f"{example}\nprint('---')\n{sending}", **served).split("---\n")
    reached, *foreseen, pushed = printed.splitlines()
    assert reached.startswith(f"reached {served['XEROML_HOST']} (XeroML API, own server ")
    assert reached.endswith(": read and write")
    assert len(foreseen) > 3
    assert re.fullmatch(r"Pushed triage_v2 #1 to \S+: [1-9]\d+ created, .* unchanged\.", pushed)
    there = xn.get_client("there.db")
    assert len(there.get_experiment("triage_v2").to_frame()) == 72
    assert len(there.get_scores(name="category", experiment="triage_v2 #1")) == 72
    there.close()


def test_the_two_commands_are_there_and_name_what_exists():
    start, test = blocks("bash")
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for command in (start, test):
        assert command.startswith("python -m venv .venv && .venv/bin/pip install -e ")
        assert command.count("\n") == 1
        [extra] = re.findall(r'"\.\[(\w+)\]"', command)
        assert extra in declared["optional-dependencies"]
    [notebook] = re.findall(r"jupyter lab (\S+)", start)
    assert (ROOT / notebook).is_file()
    assert test.endswith(".venv/bin/pytest\n")
    assert f"<!-- test -->\n```bash\n{test}```" in README


def test_every_linked_file_exists():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    files = [link for link in links if "://" not in link]
    assert files
    assert [link for link in files if not (ROOT / link).is_file()] == []
