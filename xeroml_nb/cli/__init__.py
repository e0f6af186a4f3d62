"""The commands of `xeroml-nb`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from xeroml_nb.cli import keys, store
from xeroml_nb.cli.answers import print_what_can_be
from xeroml_nb.cli.compare import compare
from xeroml_nb.cli.doctor.command import diagnose
from xeroml_nb.cli.experiments import experiments
from xeroml_nb.cli.export import export
from xeroml_nb.cli.failing import tracebacks
from xeroml_nb.cli.gate import GateCommand, gate
from xeroml_nb.cli.import_ import import_file
from xeroml_nb.cli.push import push
from xeroml_nb.cli.run import run
from xeroml_nb.cli.serve import serve

_TRACEBACK = "--traceback"


class _Commands(TyperGroup):
    """Takes `--traceback` at any place, since people add it once a command has failed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        end = args.index("--") if "--" in args else len(args)
        if _TRACEBACK in args[:end]:
            args = [_TRACEBACK, *(a for a in args[:end] if a != _TRACEBACK), *args[end:]]
        return super().parse_args(ctx, args)


app = typer.Typer(
    help="Evaluate LLM applications where you build them.",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # which flows a paragraph anew to the width of the terminal
)


@app.callback()
def _every_command(
    context: typer.Context,
    *,
    traceback: Annotated[
        bool, typer.Option(_TRACEBACK, help="Show where in the code an error came from.")
    ] = False,
) -> None:
    print_what_can_be()
    context.with_resource(tracebacks(shown=traceback))


app.command()(run)
app.command()(experiments)
app.command()(compare)
app.command(cls=GateCommand)(gate)
app.command()(export)
app.command("import")(import_file)
app.command()(push)
app.command()(serve)
app.command("doctor")(diagnose)
app.add_typer(keys.app, name="keys")
app.add_typer(store.app, name="store")
