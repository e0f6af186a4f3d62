"""Runs that go on behind the cells of a notebook."""

from __future__ import annotations

_TICK = 0.5  # seconds


def wait_for_runs() -> None:
    """Wait for the end of every run of this process, but for one that is paused.

    Example:
        >>> wait_for_runs()
    """
    from xeroml_nb.client import usual

    for client in list(usual._clients.values()):  # noqa: SLF001 - only they know all of them
        for experiment in list(client._live.values()):  # noqa: SLF001
            while experiment.is_running and not experiment.paused:
                experiment.wait_quietly(_TICK)
