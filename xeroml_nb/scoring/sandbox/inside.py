"""What every worker of the sandbox does, whatever language it runs; this runs in the child.

A worker is a module with a function `work(parts, arguments) -> (Status, bytes)`. The parent hands
it its parts through standard input, each after its length, and keeps that pipe open: when the
pipe closes, the parent is gone, and the child ends as well.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
from importlib import import_module
from typing import BinaryIO

from xeroml_nb.scoring.sandbox.ended import Status

LENGTH = struct.Struct(">Q")
"""Stands before each part, and once, before all, as their number."""


def main(worker: str, seconds: str, *arguments: str) -> None:
    """Do a worker's work, hand its answer to the parent, and end.

    Args:
        worker: The worker's module.
        seconds: After which this process ends, come what may.
        arguments: The worker's own.
    """
    _end_after(float(seconds))
    source = sys.stdin.buffer
    parts = [_exactly(source, _number(source)) for _ in range(_number(source))]
    threading.Thread(target=_end_with_parent, args=(source,), daemon=True).start()
    try:
        status, answer = import_module(worker).work(parts, list(arguments))
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    except BaseException:  # noqa: BLE001 - a fault of ours, told in whole
        sys.excepthook(*sys.exc_info())
        status = 1
    # Nothing is torn down, which would only take time.
    os._exit(status)


def _end_after(seconds: float) -> None:
    """End this process at its time, whatever it does then, sleep included."""
    if hasattr(signal, "setitimer"):
        # Left to the kernel, for no Python may run by then.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    else:
        ending = threading.Timer(seconds, os._exit, [Status.OUT_OF_TIME])
        ending.daemon = True
        ending.start()


def _end_with_parent(source: BinaryIO) -> None:
    os.read(source.fileno(), 1)
    os._exit(1)


def _number(source: BinaryIO) -> int:
    found: int = LENGTH.unpack(_exactly(source, LENGTH.size))[0]
    return found


def _exactly(source: BinaryIO, size: int) -> bytes:
    found = source.read(size)
    if len(found) < size:  # the parent went away before it had said all
        os._exit(1)
    return found
