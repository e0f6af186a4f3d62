"""Run a card's JavaScript in a child process, from the process that wants its answer."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput, MissingExtra
from xeroml_nb.scoring.sandbox.child import run_child
from xeroml_nb.scoring.sandbox.envelope import opened

if TYPE_CHECKING:
    from xeroml_nb.scoring.sandbox.envelope import Answer
    from xeroml_nb.scoring.sandbox.limits import Limits

_WORKER = "xeroml_nb.scoring.sandbox.javascript.worker"


def run_javascript(code: str, data: str, limits: Limits, name: str) -> Answer:
    """What a JavaScript function body returns for data.

    Args:
        code: The body of a function whose only parameter is `data`.
        data: JSON text that the code sees as `data`.
        limits: Of the run.
        name: Of the score card, for messages.

    Raises:
        BadInput: If the code holds a character that no JavaScript can.
        CardFailed: If the code fails or runs into a limit.
        MissingExtra: If the extra `sandbox` is not installed.
    """
    if find_spec("quickjs") is None:
        raise MissingExtra("Score cards with code", "sandbox")
    if "\0" in code:  # the engine would take it for the end, and run the half before it
        raise BadInput(
            f"The code of score card {name!r} holds a character of number zero.",
            r"Write it as \0 inside a text.",
        )
    # Half of a character outside the basic plane, which UTF-8 cannot say, becomes a question mark.
    payload = [code.encode(errors="replace"), data.encode(errors="replace")]
    ended = run_child(_WORKER, [str(limits.memory_mb)], payload, limits)
    return opened(ended, code, limits, name)
