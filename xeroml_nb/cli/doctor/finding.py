"""What a check finds: how something is, in one line, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xeroml_nb.errors import XeromlError


class Health(StrEnum):
    """How something is: it works, all else works without it, or it does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for.

    Args:
        store: Path or URL of the store; that of the environment by default.
        prepare: What is built at first use is built now.
    """

    store: str | None = None
    prepare: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        what: It was about, in a word or two.
        health: How it is.
        text: The same in one line, for people; it holds no secret.
        next_step: What to do, where that is not well.
        facts: Figures and versions, for programs.
    """

    what: str
    health: Health
    text: str
    next_step: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Some of it is what servers and packages say: it stays one line, and steers no terminal.
        for name in ("text", "next_step"):
            object.__setattr__(self, name, _one_line(getattr(self, name)))


def fine(what: str, text: str, **facts: Any) -> Finding:
    """Something works, or is not meant to be there."""
    return Finding(what, Health.OK, text, facts=facts)


def lacking(what: str, text: str, next_step: str, **facts: Any) -> Finding:
    """Something is not there, or not as it should be; the rest works without it."""
    return Finding(what, Health.WARNING, text, next_step, facts)


def broken(what: str, text: str, next_step: str, **facts: Any) -> Finding:
    """Something that is meant to work does not."""
    return Finding(what, Health.FAILED, text, next_step, facts)


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def broken_by(what: str, error: XeromlError) -> Finding:
    """Something does not work, in the words of the error that tells so."""
    return broken(what, error.problem, error.next_step)
