"""Work that takes long: one at a time, on a thread of its own, so that the notebook stays alive."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING

from xeroml_nb.widgets.host import trouble_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.widgets.host import ShowsTrouble


class Job:
    """Does one thing at a time; what it raises is shown.

    Args:
        place: Where errors are shown.
        ended: Called on that thread when something has ended, well or not.
    """

    def __init__(self, place: ShowsTrouble, ended: Callable[[], None]) -> None:
        self._place = place
        self._ended = ended
        self._lock = threading.Lock()
        self._doing = ""

    @property
    def doing(self) -> str:
        """What is being done, in a word for people; empty if nothing is."""
        return self._doing

    def start(self, word: str, work: Callable[[], None]) -> bool:
        """Begin to do something; False, and nothing happens, while something else is being done.

        Args:
            word: What it is, such as "Sending…".
            work: Does it.
        """
        with self._lock:
            if self._doing:
                return False
            self._doing = word
        # Messages to a notebook find their cell through the context they are sent from.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._run, work), name="xeroml-export", daemon=True
        ).start()
        return True

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - it is shown, whatever it is
            self._place.show_trouble(trouble_text(error))
        finally:
            self._doing = ""
            self._ended()
