"""`xeroml-nb compare`: is one experiment better than another."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.cli import completing
from xeroml_nb.cli.answers import JsonOption, answer
from xeroml_nb.cli.opening import StoreOption, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.verdicts import Estimate


def compare(  # noqa: PLR0913 - each an option of the command
    baseline: Annotated[
        str,
        typer.Argument(help='A name, or "name #3".', autocompletion=completing.experiments),
    ],
    candidates: Annotated[
        list[str],
        typer.Argument(help="What is compared with it.", autocompletion=completing.experiments),
    ],
    *,
    score: Annotated[
        list[str] | None,
        typer.Option(help="Only this score; may be repeated.", autocompletion=completing.scores),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="A metadata field: tell of each of its values too.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="A metadata field: items of one value belong together.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report too, into this .ipynb file.")
    ] = None,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Compare experiments item by item: which is better, by how much, how sure is that."""
    with opened(store) as client:
        found = client.compare(baseline, *candidates, scores=score, by=by, cluster=cluster)
        if report is not None:
            found.to_notebook(report)
        answer("\n".join(_lines(found)), _told(found), as_json=as_json)


def _lines(found: Comparison) -> Iterator[str]:
    from xeroml_nb.notebook.listings import Listing

    heads = ("score", "run", "mean", "95 % interval", "n", "failed", "unscored")
    rows = [_row(estimate) for estimate in found.estimates]
    yield repr(Listing(found.title, heads, rows, frozenset({2, 4, 5, 6})))
    yield from found.sentences()
    yield from (f"{d.score} of {d.run}: {d.counts}" for d in found.differences)
    if found.options["by"] is not None:
        yield found.slices().to_string(index=False)
    yield from found.notes


def _row(estimate: Estimate) -> tuple[str, ...]:
    from xeroml_nb.analysis.verdicts import shown

    mean = "–" if estimate.mean is None else shown(estimate.mean)
    low, high = estimate.low, estimate.high
    interval = estimate.method
    if low is not None and high is not None:
        interval = f"{shown(low)} … {shown(high)}"
    counts = (f"{n:,}" for n in (estimate.n, estimate.failed, estimate.unscored))
    return estimate.score, estimate.run, mean, interval, *counts


def _told(found: Comparison) -> dict[str, Any]:
    told = {
        "baseline": found.baseline.label,
        "candidates": [record.label for record in found.candidates],
        "shared": found.shared,
        "unshared": found.unshared,
        "estimates": [asdict(estimate) for estimate in found.estimates],
        "differences": [asdict(d) | _verdict(d) for d in found.differences],
        "distributions": [asdict(d) | _verdict(d) for d in found.distributions],
        "notes": found.notes,
    }
    if found.options["by"] is not None:
        frame = found.slices().astype(object)
        told["slices"] = frame.where(frame.notna(), None).to_dict("records")
    return told


def _verdict(difference: Any) -> dict[str, str]:
    return {"verdict": difference.verdict, "sentence": difference.sentence}
