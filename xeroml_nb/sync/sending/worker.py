"""The process that sends much: is told what to do on its input, tells what came of it.

It ends when its input does, since whoever started it is then gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, TextIO

from xeroml_nb.errors import XeromlError
from xeroml_nb.records.access import Secret
from xeroml_nb.settings import ServerAddress
from xeroml_nb.store.store import Store
from xeroml_nb.sync.parcels.base import Scope
from xeroml_nb.sync.sending.beside import error_told
from xeroml_nb.sync.sending.leasing import leased
from xeroml_nb.sync.sending.noted import send_noted
from xeroml_nb.sync.sending.push import push_here
from xeroml_nb.sync.sending.remotes import Remote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NICE = 10
_EVERY = 0.2  # seconds between two words on the progress


def main() -> None:
    """Do what is asked for."""
    if hasattr(os, "nice"):
        os.nice(_NICE)  # who sits at the notebook comes first
    # Whatever else is printed goes elsewhere, so that what is told stays readable.
    answers, sys.stdout = sys.stdout, sys.stderr
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        _tell(answers, {"result": _done(asked, _Progress(answers))})
    except XeromlError as error:
        _tell(answers, {"error": error_told(error)})


def _done(asked: Mapping[str, Any], progress: Callable[[int, int], None]) -> dict[str, Any]:
    server = _address(asked["server"])
    with closing(Store(asked["store"])) as store, closing(Remote(server, store)) as remote:
        if asked["job"] == "noted":
            return {"done": _send_all_noted(remote)}
        parts = asked["scope"]
        lists = {n: tuple(parts[n]) for n in ("experiment_ids", "queue_ids")}
        return push_here(remote, Scope(**parts | lists), progress).told()


def _address(given: dict[str, Any]) -> ServerAddress:
    paths = tuple((word, path) for word, path in given["paths"])
    return ServerAddress(**given | {"secret_key": Secret(given["secret_key"]), "paths": paths})


def _send_all_noted(remote: Remote) -> int:
    """Deal with batch after batch, until none is left or none can be dealt with."""
    done = 0
    with leased(remote.store, remote.record) as lease:
        while more := send_noted(remote.link()):
            done += more
            lease.renew()
    return done


class _Progress:
    """Tells how far a push is, not more often than people can read.

    Args:
        answers: Where to.
    """

    def __init__(self, answers: TextIO) -> None:
        self._answers = answers
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Tell it, if it is time."""
        now = time.monotonic()
        if now - self._last >= _EVERY or done == total:
            self._last = now
            _tell(self._answers, {"progress": [done, total]})


def _tell(answers: TextIO, what: Mapping[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
