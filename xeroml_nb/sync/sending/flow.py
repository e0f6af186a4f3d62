"""Send new scores and traces by themselves, from a thread of its own."""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING

from xeroml_nb.errors import AccessDenied, NotAllSent, ServerBusy, XeromlError
from xeroml_nb.records import clock
from xeroml_nb.records.json_text import said
from xeroml_nb.store import deliveries, outbox
from xeroml_nb.sync.sending.beside import MANY, beside
from xeroml_nb.sync.sending.leasing import Lease

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from xeroml_nb.sync.sending.remotes import Remote

_log = logging.getLogger(__name__)

_TICK = 1.0
_LONGEST_PAUSE = 60.0
_LOOK_AGAIN = 0.02
_STOP_SECONDS = 0.9
# One request is not tried for long: the flow itself comes back, and can be stopped meanwhile.
_PATIENCE = 0.5


class Flow:
    """Sends what a store notes as changed, as long as the process lives.

    What cannot be sent now stays noted and is tried again after 1 s, 2 s and so on up to 60 s;
    what the server refuses is a dead letter. Nothing of it reaches the code of the user, but for
    `flush`.

    Args:
        remote: The server.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._store = remote.store
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._trouble: Exception | None = None
        self._pause = _TICK
        self._not_before = 0.0
        self._attempts = 0
        self._flushed_at = clock.now()
        self._helper: subprocess.Popen[str] | None = None
        self._at_exit = _stop_at_exit(self)
        self._thread = self._begun()

    def __repr__(self) -> str:
        return f"Flow({self._remote.record.host})"

    def start(self) -> None:
        """Begin to look for what is noted; a forked process has no thread yet."""
        with self._starting:
            if not self._thread.is_alive():
                self._thread = self._begun()

    def stop(self) -> None:
        """End within a second; what is not sent stays noted."""
        atexit.unregister(self._at_exit)
        self._stopping.set()
        self._wake.set()
        if self._helper is not None:
            self._helper.terminate()
        self._thread.join(_STOP_SECONDS)

    def flush(self, timeout: float) -> None:
        """Wait until all that is noted by now is dealt with.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            NotAllSent: If something is left then, or the server refused something since the last
                flush.
        """
        with self._store.reading() as connection:
            upto = outbox.newest(connection, self._remote.id)
        self._wait(upto, time.monotonic() + timeout)
        since, self._flushed_at = self._flushed_at, clock.now()
        with self._store.reading() as connection:
            left = outbox.count(connection, self._remote.id, upto)
            refused = deliveries.refused(connection, self._remote.id)
        new = [one for one in refused if one.at >= since]
        if left:
            raise self._not_all_sent(left)
        if new:
            raise NotAllSent(
                f"{self._remote.record.host} refused {_counted({'object': len(new)})}, the first "
                f"with: {new[0].said}.",
                "client.dead_letters() lists them with the next step of each.",
            )

    def _wait(self, upto: int, until: float) -> None:
        self.start()
        attempts, woken = self._attempts, 0.0
        while self._is_waiting(upto) and (now := time.monotonic()) < until:
            denied = isinstance(self._trouble, AccessDenied) and self._attempts > attempts
            if denied or self._stopping.is_set():
                return
            if now - woken >= _TICK:
                self._wake.set()
                woken = now
            time.sleep(_LOOK_AGAIN)

    def _is_waiting(self, upto: int) -> bool:
        with self._store.reading() as connection:
            oldest = outbox.waiting(connection, self._remote.id, 1)
        return bool(oldest) and oldest[0].id <= upto

    def _not_all_sent(self, left: dict[str, int]) -> NotAllSent:
        trouble = self._trouble
        if trouble is None:
            why, step = "Time was up.", "Wait longer with flush(timeout=...)."
        elif isinstance(trouble, XeromlError):
            why, step = trouble.problem, trouble.next_step
        else:
            why, step = said(trouble), ""
        return NotAllSent(
            f"{_counted(left)} could not be sent to {self._remote.record.host} yet. {why}",
            f"{step} They stay in the outbox and are sent as soon as it can be done.".strip(),
        )

    def _begun(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="xeroml-flow", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            if not self._attempt():
                self._wake.wait(max(self._pause, self._not_before - time.monotonic()))

    def _attempt(self) -> bool:
        """Deal with a batch; tell whether to go on at once."""
        if time.monotonic() < self._not_before:
            return False
        try:
            done = self._send()
        except Exception as error:  # noqa: BLE001 - a thread of ours must not end by what happens
            self._back_off(error)
            return False
        finally:
            self._attempts += 1
        if done:
            self._trouble, self._pause = None, _TICK
        return done > 0

    def _send(self) -> int:
        if not self._is_anything_noted():
            return 0
        if self._is_much_noted():
            told = beside(self._remote, "noted", started=self._note_helper)
            return int(told["done"])
        lease = Lease(self._store, self._remote.record)
        if not lease.take(patience=0):
            return 0
        try:
            from xeroml_nb.sync.sending.noted import send_noted  # loads httpx, here in this thread

            return send_noted(self._remote.link(_PATIENCE))
        finally:
            lease.give_up()

    def _is_much_noted(self) -> bool:
        with self._store.reading() as connection:
            return len(outbox.waiting(connection, self._remote.id, MANY)) == MANY

    def _note_helper(self, process: subprocess.Popen[str]) -> None:
        """Keep the process that sends much, to end it when the flow ends."""
        self._helper = process
        if self._stopping.is_set():
            process.terminate()

    def _is_anything_noted(self) -> bool:
        with self._store.reading() as connection:
            return bool(outbox.waiting(connection, self._remote.id, 1))

    def _back_off(self, error: Exception) -> None:
        if not isinstance(error, XeromlError) and not self._stopping.is_set():
            _log.exception("Sending to %s failed", self._remote.record.host)
        self._trouble = error
        wait = error.wait if isinstance(error, ServerBusy) else None
        if wait is not None:
            self._not_before = time.monotonic() + min(wait, _LONGEST_PAUSE)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def _counted(numbers: dict[str, int]) -> str:
    """Such as "2 scores and 1 trace"."""
    parts = [f"{n:,} {kind}{'' if n == 1 else 's'}" for kind, n in sorted(numbers.items())]
    return " and ".join(parts)


def _stop_at_exit(flow: Flow) -> Callable[[], None]:
    """Stop a flow when the interpreter ends, if it still lives then."""
    alive = weakref.ref(flow)

    def stop() -> None:
        if (flow := alive()) is not None:
            flow.stop()

    return atexit.register(stop)
