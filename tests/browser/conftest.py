"""A JupyterLab for the tests of this folder."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING

import pytest

from .lab import Lab, write_notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
