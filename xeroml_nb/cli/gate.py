"""`xeroml-nb gate`: whether an experiment is good enough to deploy what it tried."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from xeroml_nb.cli import completing
from xeroml_nb.cli.answers import answer
from xeroml_nb.cli.failing import FAILED
from xeroml_nb.cli.opening import StoreOption, opened
from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

_STANDARD_OUTPUT = "-"
_JSON = "--json"


class GateCommand(TyperCommand):
    """Takes `--json` without a file too, as all commands do: then it is printed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        following = [*args[1:], "--"]
        filled = [
            f"{_JSON}={_STANDARD_OUTPUT}" if word == _JSON and after.startswith("--") else word
            for word, after in zip(args, following, strict=False)
        ]
        return super().parse_args(ctx, filled)


def gate(  # noqa: PLR0913 - each an option of the command
    experiment: Annotated[
        str,
        typer.Argument(help='A name, or "name #3".', autocompletion=completing.experiments),
    ],
    *,
    least: Annotated[
        list[str] | None,
        typer.Option(
            "--min",
            metavar="NAME=NUMBER",
            help="The least that is good enough: a score, a score card, tone:polite (the share of "
            "a category), failed, latency_mean, latency_p95. May be repeated.",
            autocompletion=completing.bounds,
        ),
    ] = None,
    most: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="NAME=NUMBER",
            help="The most that is, likewise.",
            autocompletion=completing.bounds,
        ),
    ] = None,
    no_worse_than: Annotated[
        str | None,
        typer.Option(
            metavar="BASELINE",
            help="Fail where a score is worse, item by item.",
            autocompletion=completing.experiments,
        ),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(
            help="Hold only this score against the baseline; may be repeated.",
            autocompletion=completing.scores,
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="Fail unless it is shown that no score is worse by more than this."),
    ] = None,
    lower_is_better: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SCORE",
            help="Lower values of it are better; may be repeated.",
            autocompletion=completing.scores,
        ),
    ] = None,
    allow_failed: Annotated[
        str, typer.Option(metavar="N|P%", help="How many item runs may fail.")
    ] = "0",
    allow_unscored: Annotated[
        str, typer.Option(metavar="N|P%", help="How many may lack a score.")
    ] = "0",
    junit: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write JUnit's XML, too.")
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="[FILE]", help="Write JSON, too; without a file, print it instead."),
    ] = None,
    markdown: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write a summary for a pull request, too."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Hold an experiment against what a deployment demands; ends with status 1 if it fails.

    It fails also where its run is not finished, item runs failed or scores are missing. Status 2
    says that the question cannot be asked: an unknown experiment or score, a baseline that ran
    over other items.
    """
    with opened(store) as client:
        verdict = client.gate(
            experiment,
            min=_bounds("--min", least or ()),
            max=_bounds("--max", most or ()),
            no_worse_than=no_worse_than,
            scores=score,
            margin=margin,
            directions=dict.fromkeys(lower_is_better, "lower") if lower_is_better else None,
            allow_failed=allow_failed,
            allow_unscored=allow_unscored,
        )
        told = from_json(verdict.to_json())
        answer(repr(verdict), told, as_json=json == _STANDARD_OUTPUT)
        for path, text in ((junit, verdict.to_junit), (markdown, verdict.to_markdown)):
            _write(path, text())
        _write(None if json == _STANDARD_OUTPUT else json, verdict.to_json() + "\n")
    if not verdict.passed:
        raise typer.Exit(FAILED)


def _bounds(option: str, given: Sequence[str]) -> dict[str, float]:
    """Names and numbers of "accuracy=0.85"; the last of one name counts.

    Raises:
        BadInput: If one is nothing of the kind.
    """
    bounds = {}
    for one in given:
        name, _, number = one.rpartition("=")
        try:
            bounds[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise BadInput(f"{option} is {one!r}.", f"Write it as in: {option} accuracy=0.85")
    return bounds


def _write(path: str | None, text: str) -> None:
    """Write a file.

    Raises:
        BadInput: If it cannot be written.
    """
    if path is None:
        return
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written: {error.strerror}.", "Name a file in a folder that exists."
        ) from error
