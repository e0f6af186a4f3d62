"""Every error this package raises on purpose.

XeromlError
├── BadInput            (also ValueError)   something handed in cannot be accepted
│   ├── BadRow                              one row of a dataset
│   └── BadScore                            one score
├── NotFound            (also LookupError)  no dataset, experiment or evaluator of that name
├── MissingScore        (also LookupError)  an item run has no score of that name
├── MissingExtra        (also ImportError)  an optional package is not installed
├── CardFailed                              a score card gave no score
├── JudgeFailed                             a judge gave no verdict on one item
├── NoModel                                 no model is set for a judge to ask
├── GateFailed                              an experiment does not meet what a gate demands
├── StoreError                              the store cannot do what it was asked
│   ├── StoreReadOnly
│   ├── StoreCorrupt
│   ├── StoreFull
│   ├── StoreBusy
│   └── StoreTooNew
└── ServerError                             a server cannot be used, or does not do as asked
    ├── NoServer                            none is set
    ├── NotReachable                        nothing answers there, or not safely
    ├── AccessDenied                        the keys are wrong, or may not do this
    ├── ServerBusy                          it asks to come back later, and did so too often
    ├── ServerFault                         it fails, or answers what no such server would
    ├── Refused                             it refuses this request; says why
    └── NotAllSent                          something is left that was to be sent
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class XeromlError(Exception):
    """The root of the tree: says what is wrong with which object, then what to do next.

    Args:
        problem: What is wrong, naming the object.
        next_step: What the reader can do about it.
    """

    def __init__(self, problem: str, next_step: str = "") -> None:
        super().__init__(f"{problem} {next_step}".strip())
        self.problem = problem
        self.next_step = next_step


class BadInput(XeromlError, ValueError):  # noqa: N818 - the names say what happened, see above
    """Something handed in cannot be accepted; nothing of the call was stored."""


class BadRow(BadInput):
    """A row of a dataset cannot be accepted; `row` counts from 1."""

    def __init__(self, row: int, reason: str, source: str) -> None:
        super().__init__(
            f"Row {row} of {source}: {reason.rstrip('.')}.",
            "Nothing of this call was stored; correct the row and call again.",
        )
        self.row = row


class BadScore(BadInput):
    """A score's name, value or type cannot be accepted."""


class NotFound(XeromlError, LookupError):  # noqa: N818
    """Nothing of that name exists.

    Args:
        kind: What was looked for, such as "dataset".
        name: The name that was asked for.
        known: The names that exist, for near matches.
        hint: How to make one, when nothing comes near.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        if near:
            step = f"Did you mean {' or '.join(repr(n) for n in near)}?"
        elif names:
            step = f"There are: {', '.join(repr(n) for n in names[:8])}. {hint}"
        else:
            step = f"There are none yet. {hint}"
        super().__init__(f"There is no {kind} {name!r}.", step.strip())
        self.name = name


class MissingScore(XeromlError, LookupError):  # noqa: N818
    """An item run has no score of the name asked for."""


class MissingExtra(XeromlError, ImportError):  # noqa: N818
    """A feature needs a package that is installed with an extra."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs packages that are not installed.",
            f"Install them with: pip install 'xeroml_nb[{extra}]'",
        )


class CardFailed(XeromlError):  # noqa: N818
    """A score card's code failed, ran into a limit, or returned no score from 0 to 100.

    Args:
        problem: Which card, on which line, and what happened.
        next_step: What to do.
        line: Of the user's own code, counted from 1; None where no line is to blame.
        printed: What the code had printed until then, at most 20,000 characters.
    """

    def __init__(
        self, problem: str, next_step: str = "", *, line: int | None = None, printed: str = ""
    ) -> None:
        super().__init__(problem, next_step)
        self.line = line
        self.printed = printed


class JudgeFailed(XeromlError):  # noqa: N818
    """A judge gave no verdict on one item; says why in its own words."""


class NoModel(XeromlError):  # noqa: N818
    """A judge is to be asked, and no model is set."""

    def __init__(self, judge: str) -> None:
        super().__init__(
            f"Judge {judge!r} has no model to ask.",
            "Set XEROML_JUDGE_MODEL (with XEROML_JUDGE_BASE_URL and XEROML_JUDGE_API_KEY where "
            "the endpoint is not OpenAI's), or pass model=... to xn.Judge.",
        )


class GateFailed(XeromlError):  # noqa: N818
    """An experiment does not meet what a gate demands; says rule by rule what was found."""


class StoreError(XeromlError):
    """The store cannot do what it was asked; what was stored before is untouched."""


class StoreReadOnly(StoreError):  # noqa: N818
    """The store's file or folder cannot be written."""


class StoreCorrupt(StoreError):  # noqa: N818
    """The store's file is damaged or is no store at all."""


class StoreFull(StoreError):  # noqa: N818
    """The disk that holds the store is full."""


class StoreBusy(StoreError):  # noqa: N818
    """Another process holds the store's lock for too long."""


class StoreTooNew(StoreError):  # noqa: N818
    """The store was written by a newer version of this package."""


class ServerError(XeromlError):
    """A server cannot be used, or does not do as asked; nothing stored here is lost."""


class NoServer(ServerError):  # noqa: N818
    """No server is set."""

    def __init__(self) -> None:
        super().__init__(
            "No server is set.",
            "Set XEROML_HOST, XEROML_PUBLIC_KEY and XEROML_SECRET_KEY, or start one of your own "
            "with: xeroml-nb serve",
        )


class NotReachable(ServerError):  # noqa: N818
    """Nothing answers at the address, or not over a connection that can be trusted."""


class AccessDenied(ServerError):  # noqa: N818
    """The keys are wrong, or may not do this."""


class ServerBusy(ServerError):  # noqa: N818
    """The server asked to come back later, more often than was worth waiting for.

    Args:
        problem: Which request, and the server's own words.
        next_step: What to do.
        wait: Seconds it asked to wait; None where it did not say.
    """

    def __init__(self, problem: str, next_step: str, *, wait: float | None = None) -> None:
        super().__init__(problem, next_step)
        self.wait = wait


class ServerFault(ServerError):  # noqa: N818
    """The server fails, or answers what no such server would."""


class Refused(ServerError):  # noqa: N818
    """The server refuses one request.

    Args:
        problem: Which request, and the server's own words.
        next_step: What to do.
        status: Of HTTP.
        said: The server's own words alone.
    """

    def __init__(self, problem: str, next_step: str, *, status: int, said: str) -> None:
        super().__init__(problem, next_step)
        self.status = status
        self.said = said


class NotAllSent(ServerError):  # noqa: N818
    """Something is left that was to be sent; it stays in the outbox or the dead-letter list."""
