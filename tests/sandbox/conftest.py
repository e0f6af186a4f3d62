"""What the tests of the sandbox share."""

from __future__ import annotations

import time
from contextlib import contextmanager

import psutil
import pytest

from xeroml_nb.scoring.sandbox.limits import GRACE
from xeroml_nb.scoring.sandbox.python.preparing import prepared


@pytest.fixture(scope="session")
def interpreter():
    """The sandbox's Python; it is built once for each user, and outlives the tests."""
    return prepared()


@contextmanager
def contained(seconds):
    """What is done within ends within its limit and the grace, and leaves no process."""
    before = set(psutil.Process().children(recursive=True))
    began = time.monotonic()
    yield
    # One more second, for a machine that has other things to do as well.
    assert time.monotonic() - began < seconds + GRACE + 1
    assert not set(psutil.Process().children(recursive=True)) - before
