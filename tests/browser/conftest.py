"""A JupyterLab for the tests of this folder, and a page with nothing but the label module."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING

import pytest

import xeroml_nb as xn

from .lab import Lab, write_notebook
from .label_page import PASS_FAIL, Desk, Surface, begin_session, open_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from .lab import Notebook

_numbers = count(1)


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One server and one browser for the tests of this folder.

    They end before other tests begin: while Playwright is up, its loop counts as running.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium; name one with CHROMIUM=path")
    if find_spec("jupyterlab") is None:
        pytest.skip("JupyterLab is not installed")
    with Lab(tmp_path_factory.mktemp("lab"), chromium) as started:
        yield started


@pytest.fixture
def notebook(lab: Lab) -> Iterator[Callable[..., Notebook]]:
    """A function that opens a notebook of some cells.

    Whatever the test did, nothing may have left the machine and no error the browser's console.
    """
    opened: list[Notebook] = []
    lab.forget()

    def make(*cells: str) -> Notebook:
        path = write_notebook(lab.root / f"n{next(_numbers)}" / "test.ipynb", cells)
        opened.append(lab.open(path))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
    assert lab.outside == []
    assert lab.errors == []


@pytest.fixture(params=["JupyterLab", "Notebook 7", "JupyterLab 4.4"])
def anywhere(
    request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A Lab of each application that is supported; a test may ask for some of them."""
    lab.forget()
    if request.param == "JupyterLab":
        yield lab
        return
    python, app = sys.executable, "notebook"
    if request.param == "JupyterLab 4.4":
        app = "jupyterlab"
        python = os.environ.get("LAB_44_PYTHON", "")
        if not python:
            pytest.skip("LAB_44_PYTHON names no Python with JupyterLab 4.4 and xeroml_nb")
    home = tmp_path_factory.mktemp("elsewhere")
    with Lab(home, lab.chromium, app=app, python=python, beside=lab) as other:
        yield other


@pytest.fixture(scope="package")
def blank(lab: Lab) -> Iterator[tuple[Page, list[str]]]:
    """One blank page that has imported the label module, and what went wrong on it."""
    made, errors = open_blank(lab._context)
    yield made, errors
    made.close()


@pytest.fixture
def page(blank: tuple[Page, list[str]]) -> Iterator[Page]:
    """The blank page, emptied; nothing may go wrong on it."""
    made, errors = blank
    made.evaluate("begin()")
    errors.clear()
    yield made
    assert errors == []


@pytest.fixture
def desk(page: Page) -> Desk:
    """A desk in the blank page."""
    return Desk(page)


@pytest.fixture(scope="module")
def experiments(tmp_path_factory):
    """A function that gives a finished experiment with some outputs; the same only once."""
    client = xn.get_client(tmp_path_factory.mktemp("label") / "store.db")
    made = {}

    def make(outputs):
        name = json.dumps(outputs)
        if name not in made:
            items = [
                {"id": f"i{n}", "input": n, "expected_output": "a", "metadata": {"lang": "de"}}
                for n in range(len(outputs))
            ]
            dataset = client.create_dataset(name=f"items {len(made)}", items=items)
            made[name] = client.start(lambda number: outputs[number], dataset, name="run").wait()
        return client, made[name]

    yield make
    client.close()


@pytest.fixture
def labeller(experiments, page: Page):
    """A function that opens a labeller; in one test, each goes on where the last one ended."""
    made = []
    queue = f"queue {next(_numbers)}"

    def begin(rubric=PASS_FAIL, outputs=("a", "b", "c", "d")):
        session = begin_session(*experiments(list(outputs)), rubric, queue)
        made.append(Surface(page, session))
        return made[-1]

    yield begin
    for surface in made:
        surface.view.close()
