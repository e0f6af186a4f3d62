"""The commands of `xeroml-nb`."""

from __future__ import annotations

import typer

from xeroml_nb.cli import keys
from xeroml_nb.cli.doctor import doctor
from xeroml_nb.cli.serve import serve

app = typer.Typer(
    help="Evaluate LLM applications where you build them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(doctor)
app.add_typer(keys.app, name="keys")
