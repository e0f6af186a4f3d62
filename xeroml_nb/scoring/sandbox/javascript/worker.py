"""Runs a card's JavaScript, where nothing else can be done any more; this runs in the child.

QuickJS hands its code neither files nor a network, so that nothing is left for the confinement
to forbid unless the engine itself has a fault.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

from xeroml_nb.scoring.sandbox.confinement import confine, limit_memory
from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.limits import LONGEST_ANSWER, MOST_PRINTED

_GUEST = Path(__file__).with_name("guest.js")
# Holds some 7,000 calls inside one another; Python's own limit is 1,000.
_STACK = 12 * 1024 * 1024
_SPARE_STACK = 4 * 1024 * 1024
_MEGABYTE = 1024 * 1024
_PLACE = re.compile(r"^\s*at (?:(?P<function>.+) \()?<input>:(?P<line>\d+):\d+\)?$", re.MULTILINE)


def work(parts: list[bytes], arguments: list[str]) -> tuple[Status, bytes]:
    """Run code on data.

    Args:
        parts: The code, and the data as JSON text.
        arguments: Megabytes.

    Returns:
        The envelope, or how the run ended without one.
    """
    code, data = (part.decode() for part in parts)
    memory = int(arguments[0]) * _MEGABYTE
    found: list[tuple[Status, bytes]] = []
    # The stack of a thread of one's own is as large on every system.
    threading.stack_size(_STACK + _SPARE_STACK)
    running = threading.Thread(target=lambda: found.append(_run(code, data, memory)))
    running.start()
    running.join()
    return found[0]


def _run(code: str, data: str, memory: int) -> tuple[Status, bytes]:
    from quickjs import Context, JSException  # while files can still be read

    guest = _GUEST.read_text(encoding="utf-8")
    limit_memory(memory)
    confine()
    context = Context()
    context.set_memory_limit(memory)
    context.set_max_stack_size(_STACK)
    run = context.eval(guest)(MOST_PRINTED, LONGEST_ANSWER)
    try:
        envelope: str = run(code, context.parse_json(data))
    except JSException as error:
        # The guest could not even say what went wrong; these words may be the code's own.
        out_of_memory = "out of memory" in str(error)
        return Status.OUT_OF_MEMORY if out_of_memory else Status.CRASHED, b""
    except MemoryError:
        return Status.OUT_OF_MEMORY, b""
    if envelope.startswith('{"error"'):
        return Status.FAILED, _with_line(envelope, code)
    return Status.ANSWERED, envelope.encode()


def _with_line(envelope: str, code: str) -> bytes:
    """The envelope with the innermost place of the code's that the engine's stack names.

    What the engine finds missing at the end of the code, it finds one line later.
    """
    failed = json.loads(envelope)
    place = _PLACE.search(failed["error"].pop("stack"))
    if place:
        failed["error"]["line"] = min(int(place["line"]), code.count("\n") + 1)
        failed["error"]["function"] = _function(place["function"])
    return json.dumps(failed).encode()


def _function(said: str | None) -> str | None:
    return None if said is None or said.startswith("<") else said
