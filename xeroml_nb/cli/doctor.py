"""`xeroml-nb doctor`: whether what scoring code runs in is there, and works."""

from __future__ import annotations

import time
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated

import typer

from xeroml_nb.cli.failing import failing_plainly

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGES = ("wasmtime", "componentize-py", "quickjs-ng")
_CARDS = {"PYTHON": "return {'score': 100}", "JAVASCRIPT": "return {score: 100}"}


def doctor(
    *,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Build the scoring sandbox now, not at first use.")
    ] = False,
) -> None:
    """Say whether the scoring sandbox is ready; ends with status 1 if it cannot be used."""
    with failing_plainly():
        for what, found in _findings(prepare=prepare):
            typer.echo(f"{what:<16} {found}")


def _findings(*, prepare: bool) -> Iterator[tuple[str, str]]:
    from xeroml_nb.scoring.sandbox.confinement import layers
    from xeroml_nb.scoring.sandbox.python.preparing import interpreter_file, prepared, tell

    yield from ((package, _version(package)) for package in _PACKAGES)
    yield "kernel layers", ", ".join(layers()) or "none"
    file = interpreter_file()
    if prepare:
        prepared(tell)
    is_built = file.exists()
    yield "interpreter", str(file) if is_built else "not built; build it with --prepare"
    if is_built:
        yield "Python card", _tried("PYTHON")
    yield "JavaScript card", _tried("JAVASCRIPT")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _tried(language: str) -> str:
    from xeroml_nb.scoring.sandbox.limits import Limits
    from xeroml_nb.scoring.sandbox.running import run_code

    began = time.monotonic()
    run_code(_CARDS[language], "[]", language, Limits(), "doctor")
    return f"scores, in {time.monotonic() - began:.2f} s"
