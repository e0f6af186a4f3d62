"""How a live run is shown: as text, or by a widget where there is a notebook."""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from xeroml_nb.provided import provided

if TYPE_CHECKING:
    from xeroml_nb.experiments.experiment import Experiment

_TICK = 0.2
_TEXT_SECONDS = 0.5
_LOG_SECONDS = 10.0


class Surface(Protocol):
    """Shows a live run until it ends."""

    def show(self) -> None:
        """Appear."""

    def refresh(self) -> None:
        """Show the figures of this moment; called at most five times a second."""

    def close(self) -> None:
        """Show how it ended."""


def surface_for(experiment: Experiment) -> Surface:
    """The surface of the place this runs in: a notebook's, or text."""
    surface: Surface = provided("surface")(experiment) if in_notebook() else TextSurface(experiment)
    return surface


def in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this, with the packages for widgets at hand."""
    shell = sys.modules.get("IPython")
    here = shell.get_ipython() if shell is not None else None
    if here is None or not hasattr(here, "kernel"):
        return False
    try:
        import_module("anywidget")
    except ImportError:
        return False
    return True


class Follower:
    """Keeps a surface up to date from a thread of its own, until the run has ended.

    Args:
        experiment: What is shown.
        surface: Where it is shown.
    """

    def __init__(self, experiment: Experiment, surface: Surface) -> None:
        self._experiment = experiment
        self._surface = surface
        surface.show()
        # Messages to a notebook find their cell through the context they are sent from.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._follow,), name="xeroml-follow", daemon=True
        )
        self._thread.start()

    def join(self) -> None:
        """Wait until the end is shown."""
        self._thread.join(timeout=10)

    def _follow(self) -> None:
        while not self._experiment.wait_quietly(_TICK):
            self._surface.refresh()
        self._surface.close()


class TextSurface:
    """A line on standard error: renewed in a terminal, seldom repeated in a log.

    Args:
        experiment: What is shown.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._terminal = sys.stderr.isatty()
        self._every = _TEXT_SECONDS if self._terminal else _LOG_SECONDS
        self._last = time.monotonic()

    def show(self) -> None:
        """Nothing yet: a short run needs one line only."""

    def refresh(self) -> None:
        """Show the present figures, if it is time."""
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            self._write(self._experiment.progress_line(), end="" if self._terminal else "\n")

    def close(self) -> None:
        """Show the last line."""
        self._write(self._experiment.summary_line(), end="\n")

    def _write(self, line: str, end: str) -> None:
        clear = "\r\x1b[K" if self._terminal else ""
        sys.stderr.write(f"{clear}{line}{end}")
        sys.stderr.flush()
