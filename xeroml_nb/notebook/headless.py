"""Run a notebook without anybody in front of it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import MissingExtra, NotFound
from xeroml_nb.notebook.headless_file import checked_target, clear_outputs, read_notebook, save
from xeroml_nb.notebook.parameters import inject, is_injected, is_python
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_client.manager import KernelManager
    from nbclient import NotebookClient
    from nbformat import NotebookNode

    Begins = Callable[["Step"], None]

_LONGEST_ERROR = 300  # characters
_LONGEST_LINE = 100
_SKIPPED = "skip-execution"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"Cell In\s?\[\d+\], line (\d+)")
_FINISH = """
import sys
if "xeroml_nb.client" in sys.modules:
    from xeroml_nb.notebook.background import wait_for_runs
    wait_for_runs()
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A cell that is about to run.

    Args:
        number: 1 for the first cell with code, as Jupyter numbers them from top to bottom; 0 for
            the one with the parameters.
        total: The number of the last one.
        source: Its text.
    """

    number: int
    total: int
    source: str

    @property
    def title(self) -> str:
        """What people call the cell."""
        return f"cell {self.number}" if self.number else "the cell of parameters"

    def __str__(self) -> str:
        where = f"{self.title} of {self.total}" if self.number else self.title
        first, *_ = self.source.strip().splitlines()
        return f"{where}: {preview(first, _LONGEST_LINE)}"


@dataclass(frozen=True, slots=True)
class CellFailure:
    """Why a notebook did not run to its end.

    Args:
        cell: The number of the cell; 0 for the one with the parameters.
        kind: "error", "timeout", "died" (the kernel) or "stopped" (by a signal).
        problem: What happened to which cell, in one line.
        next_step: What to do.
        line: Of the cell, where that is known.
    """

    cell: int
    kind: str
    problem: str
    next_step: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class HeadlessRun:
    """How a notebook ran.

    Args:
        notebook: The notebook; it is left as it was.
        output: What it became, with outputs as far as it ran.
        cells: Cells with code that ran to their end.
        seconds: From the start of the kernel to its end.
        failure: Why it did not run to its end; None if it did.
    """

    notebook: Path
    output: Path
    cells: int
    seconds: float
    failure: CellFailure | None


def run_notebook(  # noqa: PLR0913 - each a choice of its own
    path: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    output: str | Path | None = None,
    timeout: int | None = None,
    kernel: str | None = None,
    store: str | None = None,
    begins: Begins | None = None,
) -> HeadlessRun:
    """Run a notebook in its own folder, from top to bottom or to its first error.

    The file of outputs is written after every cell. It holds no widget state. Runs that cells have
    left going in the background are waited for at the end.

    Args:
        path: The notebook.
        parameters: By name; they are set as papermill does it.
        output: Where the notebook with its outputs goes; `NAME.run.ipynb` beside it by default.
        timeout: Whole seconds a cell may take; any number by default.
        kernel: Name of a kernel; by default the one that the notebook names.
        store: `XEROML_STORE` for the notebook; what is set in the environment by default.
        begins: Told of every cell before it runs.

    Raises:
        NotFound: If there is no such notebook or kernel.
        BadInput: If it is no valid notebook, or the output cannot be written there.
        MissingExtra: If the packages that run notebooks are not installed.
    """
    source = Path(path).expanduser().absolute()
    notebook = read_notebook(source)
    target = checked_target(source, output)
    for notice in inject(notebook, parameters or {}):
        warnings.warn(notice, stacklevel=2)
    clear_outputs(notebook)
    client = _client(notebook, timeout, kernel)
    save(notebook, target)
    surroundings = os.environ | ({} if store is None else {"XEROML_STORE": store})
    run = _Run(client, target, begins or (lambda _step: None))
    began = time.monotonic()
    failure = asyncio.run(run.go(cwd=str(source.parent), env=surroundings))
    seconds = time.monotonic() - began
    return HeadlessRun(source, target, run.done, seconds, failure)


def _client(notebook: NotebookNode, timeout: int | None, kernel: str | None) -> NotebookClient:
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
        from nbclient import NotebookClient
    except ImportError as error:
        raise MissingExtra("Running a notebook", "lab") from error
    name = kernel or notebook.metadata.get("kernelspec", {}).get("name") or "python3"
    known = KernelSpecManager()
    try:
        known.get_kernel_spec(name)
    except NoSuchKernel:
        hint = "Name one with --kernel, or install it."
        raise NotFound("kernel", name, known.find_kernel_specs(), hint) from None
    client = NotebookClient(notebook, timeout=timeout, kernel_name=name, store_widget_state=False)
    _encrypt(client.create_kernel_manager())
    return client


def _encrypt(manager: KernelManager) -> None:
    """Let others on this machine not listen, where this version of Jupyter can see to it."""
    from traitlets import TraitError

    if manager.has_trait("transport_encryption"):
        with suppress(TraitError):  # built without encryption
            manager.transport_encryption = "auto"


class _Run:
    """A notebook while it runs.

    Args:
        client: Holds the notebook and its kernel.
        target: Where it is saved after every cell.
        begins: Told of every cell before it runs.
    """

    def __init__(self, client: NotebookClient, target: Path, begins: Begins) -> None:
        self.done = 0
        self._client = client
        self._target = target
        self._begins = begins
        self._step = Step(0, 0, "")
        self._stopped = False

    async def go(self, **place: Any) -> CellFailure | None:
        """Run every cell; the kernel is started in a place and has ended at the end."""
        from nbclient.exceptions import CellExecutionError, CellTimeoutError

        try:
            async with self._client.async_setup_kernel(**place):
                self._listen_for_signals()
                await self._run_cells()
        except CellExecutionError as error:
            return self._failed(error)
        except CellTimeoutError:
            what = f"{self._step.title} took longer than {self._client.timeout} s."
            return self._failure("timeout", what, "Allow more with --timeout, or see why.")
        except (RuntimeError, OSError, asyncio.CancelledError) as error:
            return self._ended(error)
        return None

    async def _run_cells(self) -> None:
        from nbclient.exceptions import CellTimeoutError

        for index, step in _steps(self._client.nb):
            self._step = step
            self._begins(step)
            try:
                await self._client.async_execute_cell(self._client.nb.cells[index], index)
                self.done += 1
            except CellTimeoutError:
                self._client.shutdown_kernel = "immediate"  # it would not hear a request
                raise
            finally:
                save(self._client.nb, self._target)
        if is_python(self._client.nb):
            await self._finish_runs()

    async def _finish_runs(self) -> None:
        """Wait for what cells have started: it would be cut off with the kernel."""
        self._client.timeout = None  # every item of a run has its own
        assert self._client.kc is not None  # noqa: S101 - cells have just run on it
        request = self._client.kc.execute(_FINISH, silent=True)
        await self._client.async_wait_for_reply(request)

    def _listen_for_signals(self) -> None:
        """Stop at an interrupt, keeping what ran; nbclient's own handlers tell nobody."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def stop() -> None:
            self._stopped = True
            self._client.shutdown_kernel = "immediate"
            if task is not None:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(RuntimeError, NotImplementedError):  # not everywhere possible
                loop.add_signal_handler(number, stop)

    def _failed(self, error: Any) -> CellFailure:
        if error.ename == "StdinNotImplementedError":
            what = f"{self._step.title} asks for input, which nobody can give here."
            return self._failure("error", what, "Make it a parameter, and set that with -p.")
        line = _line_of(str(error.traceback))
        where = self._step.title if line is None else f"{self._step.title}, line {line}"
        said = preview(f"{error.ename}: {error.evalue}", _LONGEST_ERROR)
        return self._failure("error", f"{where}: {said}", line=line)

    def _ended(self, error: BaseException) -> CellFailure:
        """What happened to the kernel."""
        if self._stopped:
            return self._failure("stopped", f"{self._step.title} was stopped.")
        if not self._step.source:
            said = preview(str(error), _LONGEST_ERROR)
            return self._failure("died", f"the kernel did not start: {said}", "Try --kernel.")
        what = f"the kernel died in {self._step.title}."
        return self._failure("died", what, "Often the memory was not enough.")

    def _failure(
        self, kind: str, problem: str, next_step: str = "", line: int | None = None
    ) -> CellFailure:
        return CellFailure(self._step.number, kind, problem, next_step, line)


def _steps(notebook: NotebookNode) -> list[tuple[int, Step]]:
    """The cells that run, with their place in the notebook."""
    places = [i for i, cell in enumerate(notebook.cells) if _runs(cell)]
    total = sum(not is_injected(notebook.cells[i]) for i in places)
    found, number = [], 0
    for i in places:
        cell = notebook.cells[i]
        number += not is_injected(cell)
        found.append((i, Step(0 if is_injected(cell) else number, total, cell.source)))
    return found


def _runs(cell: NotebookNode) -> bool:
    has_code = cell.cell_type == "code" and bool(cell.source.strip())
    return has_code and _SKIPPED not in cell.metadata.get("tags", [])


def _line_of(traceback: str) -> int | None:
    """The line of the cell that led to an error, from IPython's traceback."""
    found = _LINE.search(_COLOURS.sub("", traceback))
    return None if found is None else int(found[1])
