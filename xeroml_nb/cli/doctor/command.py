"""`xeroml-nb doctor`: what works in this environment, and what to do about what does not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.cli.answers import JsonOption, print_json
from xeroml_nb.cli.doctor.finding import Asked, Health
from xeroml_nb.cli.failing import FAILED, failing_plainly
from xeroml_nb.cli.opening import StoreOption  # noqa: TC001 - typer looks at it

if TYPE_CHECKING:
    from xeroml_nb.cli.doctor.examining import Topic


def diagnose(
    *,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Build the scoring sandbox now, not at first use.")
    ] = False,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Tell what works here, and what to do about what does not.

    Nothing is written to the store, and no key is printed. A server or a database that is set is
    asked whether it can be used; nothing else goes over the network. Ends with status 1 if
    something failed; what is marked "!" is lacking, and the rest works without it.
    """
    with failing_plainly():
        from xeroml_nb.cli.doctor.examining import counts, examined
        from xeroml_nb.cli.doctor.showing import show

        coming = examined(Asked(store, prepare=prepare))
        topics = list(coming) if as_json else show(coming)
        found = counts(topics)
        if as_json:
            print_json(_told(topics, found))
        if found[Health.FAILED]:
            raise typer.Exit(FAILED)


def _told(topics: list[Topic], found: dict[Health, int]) -> dict[str, Any]:
    findings = [{"topic": t.title} | asdict(one) for t in topics for one in t.findings]
    return {"ok": not found[Health.FAILED], "counts": found, "findings": findings}
