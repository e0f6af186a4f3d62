"""An error of a task on its way from another process, whatever its class does to travel badly."""

from __future__ import annotations

import builtins
import pickle
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self

from xeroml_nb.experiments.retries import retry_after, status_of
from xeroml_nb.experiments.tracebacks import keep_traceback, users_traceback
from xeroml_nb.records.json_text import said


@dataclass(frozen=True, slots=True)
class Failure:
    """What a process tells of an error.

    Args:
        kinds: Names of its class and of what that inherits from, down to `Exception`.
        said: Its type and its message.
        traceback: The user's lines that led to it.
        status: Of HTTP, if it has one.
        retry_after: Seconds that a server asked to wait, or None.
        packed: The error itself, if it arrives as what it was.
    """

    kinds: tuple[str, ...]
    said: str
    traceback: str
    status: int | None
    retry_after: float | None
    packed: bytes | None

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """Describe an error in the process that it happened in."""
        kinds = [k.__name__ for k in type(error).__mro__ if issubclass(k, BaseException)]
        return cls(
            kinds=tuple(kinds),
            said=said(error),
            traceback=users_traceback(error),
            status=status_of(error),
            retry_after=retry_after(error),
            packed=_packed(error),
        )

    def error(self) -> BaseException:
        """The error, or one that is named, reads and is retried like it."""
        if self.packed is None:
            return keep_traceback(self._stand_in(), self.traceback)
        error: BaseException = pickle.loads(self.packed)  # noqa: S301 - from a worker of our own
        return keep_traceback(error, self.traceback)

    def _stand_in(self) -> BaseException:
        kind: Any = Exception
        for name in reversed(self.kinds):
            known = getattr(builtins, name, None)
            is_error = isinstance(known, type) and issubclass(known, Exception)
            if known is BaseException:
                continue
            kind = known if is_error else type(name, (kind,), {"__str__": Exception.__str__})
        message = self.said.removeprefix(self.kinds[0]).removeprefix(": ")
        error: BaseException = kind.__new__(kind, message)
        error.args = (message,)
        add_response(error, self.status, self.retry_after)
        return error


def add_response(error: Any, status: int | None, wait: float | None) -> None:
    """Let an error answer what is asked of those of HTTP clients.

    Args:
        error: It gets a `response`.
        status: Of HTTP, or None.
        wait: Seconds that the server asked to wait, or None.
    """
    headers = {} if wait is None else {"Retry-After": str(wait)}
    error.response = SimpleNamespace(status_code=status, headers=headers)


def _packed(error: BaseException) -> bytes | None:
    """The error as bytes that are known to give it back; None where it cannot be had again."""
    import cloudpickle

    # Many classes want more of their constructor than pickle hands it: that shows when reading.
    with suppress(Exception):
        packed: bytes = cloudpickle.dumps(error)
        again = pickle.loads(packed)  # noqa: S301 - written in the line above
        if type(again) is type(error) and said(again) == said(error):
            return packed
    return None
