"""`xeroml-nb run`: a notebook without anybody in front of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import TYPE_CHECKING, Annotated

import typer

from xeroml_nb.cli.answers import JsonOption, answer, warning_plainly
from xeroml_nb.cli.failing import FAILED, failing_plainly
from xeroml_nb.settings import store_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xeroml_nb.notebook.headless import HeadlessRun, Step

_INTERRUPTED = 130  # as shells tell of a command that was interrupted


def run(  # noqa: PLR0913 - each an option of the command
    notebook: Annotated[Path, typer.Argument(help="It is left as it is.")],
    *,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="name=value, where value may be JSON; repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="NOTEBOOK.run.ipynb by default.")
    ] = None,
    timeout: Annotated[
        int | None, typer.Option(min=1, help="Seconds that a cell may take; any by default.")
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(help="Name of a kernel; the notebook's own by default.")
    ] = None,
    as_json: JsonOption = False,
    store: Annotated[
        str | None, typer.Option(help="XEROML_STORE of the notebook; a path or a URL.")
    ] = None,
) -> None:
    """Run a notebook from top to bottom, in its folder, keeping what ran where it fails.

    Parameters are set in a cell of their own after the one tagged "parameters". Ends with status
    1 if a cell fails, takes too long or asks for input, and with 2 if there is nothing to run.
    """
    with failing_plainly(), warning_plainly():
        from xeroml_nb.notebook.headless import run_notebook
        from xeroml_nb.notebook.parameters import parse_parameters

        place = store or os.environ.get("XEROML_STORE")
        values = parse_parameters(parameter or ())
        with _progress() as begins:
            done = run_notebook(
                notebook,
                values,
                output=output,
                timeout=timeout,
                kernel=kernel,
                # The notebook runs in another folder, from where a path would lead elsewhere.
                store=None if place is None else store_place(place),
                begins=begins,
            )
        _tell(done, as_json=as_json)


def _tell(done: HeadlessRun, *, as_json: bool) -> None:
    failure = done.failure
    many = f"{done.cells:,} {'cell' if done.cells == 1 else 'cells'}"
    if as_json or failure is None:
        answer(f"Ran {many} in {done.seconds:.1f} s: {done.output}", asdict(done), as_json=as_json)
    if failure is None:
        return
    sentences = f"{failure.problem.rstrip('.')}. {failure.next_step}".strip()
    typer.echo(f"{done.notebook.name}: {sentences} What ran is in {done.output}", err=True)
    raise typer.Exit(_INTERRUPTED if failure.kind == "stopped" else FAILED)


@contextmanager
def _progress() -> Iterator[Callable[[Step], None]]:
    """A line a cell on standard error, and a bar below them where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = bar.add_task("", total=None)

    def begins(step: Step) -> None:
        console.print(str(step), markup=False, soft_wrap=True)
        bar.update(task, completed=max(0, step.number - 1), total=step.total)

    with bar:
        yield begins
