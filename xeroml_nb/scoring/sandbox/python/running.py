"""Run a card's Python in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.scoring.sandbox.child import run_child
from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.envelope import opened
from xeroml_nb.scoring.sandbox.python.preparing import prepared

if TYPE_CHECKING:
    from xeroml_nb.scoring.sandbox.ended import Ended
    from xeroml_nb.scoring.sandbox.envelope import Answer
    from xeroml_nb.scoring.sandbox.limits import Limits

_WORKER = "xeroml_nb.scoring.sandbox.python.worker"


def run_python(code: str, data: str, limits: Limits, name: str) -> Answer:
    """What a function body in Python returns for data; arguments and errors as `run_code`."""
    payload = [text.encode(errors="surrogatepass") for text in (code, data)]
    ended = _run(payload, limits)
    if ended.status == Status.UNUSABLE:
        # Its file is damaged, or was built on another kind of processor: the second is new.
        ended = _run(payload, limits)
    return opened(ended, code, limits, name)


def _run(payload: list[bytes], limits: Limits) -> Ended:
    interpreter = prepared()
    ended = run_child(_WORKER, [str(interpreter.file), str(limits.memory_mb)], payload, limits)
    if ended.status == Status.UNUSABLE:
        interpreter.discard()
    return ended
