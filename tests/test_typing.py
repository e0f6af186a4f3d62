"""What type checkers make of the front page: in the file `typing/usage.py`, which never runs."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import xeroml_nb as xn

ROOT = Path(__file__).parents[1]
USAGE = ROOT / "tests" / "typing" / "usage.py"


def checked_by(*command):
    """See that a type checker has nothing to say of the usage file."""
    done = subprocess.run(
        [*command, USAGE.relative_to(ROOT)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_usage_file_uses_every_name_of_the_front_page():
    tree = ast.parse(USAGE.read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "xn"
    }
    assert set(xn.__all__) <= used


def test_mypy_accepts_the_usage_file_and_finds_its_mistakes():
    checked_by(sys.executable, "-m", "mypy")


PYRIGHT = os.environ.get("PYRIGHT")


@pytest.mark.skipif(PYRIGHT is None, reason="PYRIGHT=path of pyright is not set")
def test_pyright_accepts_the_usage_file_and_finds_its_mistakes():
    checked_by(PYRIGHT, "--pythonpath", sys.executable)


@pytest.mark.parametrize(
    ("function", "method"),
    [
        ("start", "start"),
        ("run", "start"),
        ("arun", "start"),
        ("score", "score_experiment"),
        ("compare", "compare"),
        ("calibrate", "calibrate"),
        ("gate", "gate"),
    ],
)
def test_a_function_of_the_front_page_shows_the_parameters_of_the_method(function, method):
    shown = inspect.signature(getattr(xn, function))
    there = inspect.signature(getattr(xn.Client, method))
    assert list(shown.parameters.values()) == list(there.parameters.values())[1:]
    assert shown.return_annotation == there.return_annotation


@pytest.mark.parametrize("method", [xn.Client.run, xn.Client.arun])
def test_both_ways_to_run_show_the_options_of_start(method):
    assert inspect.signature(method) == inspect.signature(xn.Client.start)
