"""What the tests of judges share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.judging.stub import Chat

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may ask a model that somebody pays for."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def chat() -> Iterator[Chat]:
    """A chat endpoint on a port of its own."""
    with Chat() as made:
        yield made
