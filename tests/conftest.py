"""What all tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import xeroml_nb as xn
from tests.postgresql import new_database, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder, and so in a store, of its own."""
    for name in [n for n in os.environ if n.startswith("XEROML_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XEROML_STORE", str(tmp_path / "store.db"))
    return tmp_path


@pytest.fixture
def client(own_folder: Path) -> Iterator[xn.Client]:
    """A client over a fresh store, which is also the one that `get_client()` gives."""
    made = xn.get_client()
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[str], str]]:
    """A function that gives the URL of a new, empty database on a real PostgreSQL."""
    with running_server() as server:
        yield lambda name: new_database(server, name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Where CI=true, a skipped test is a failure: nothing may go untested there."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
