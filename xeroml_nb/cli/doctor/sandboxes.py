"""The sandboxes that the code of score cards runs in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.finding import Finding, broken_by, fine, lacking
from xeroml_nb.errors import MissingExtra, XeromlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.cli.doctor.finding import Asked

_CARDS = {"Python": "return {'score': 100}", "JavaScript": "return {score: 100}"}


def sandbox(asked: Asked) -> Iterator[Finding]:
    """What holds a stranger's code, and whether it runs in there."""
    yield confinement()
    is_built = interpreter(prepare=asked.prepare)
    yield is_built
    if is_built.facts.get("built"):
        yield card("Python")
    yield card("JavaScript")


def confinement() -> Finding:
    """What the system takes from a process before it runs a card."""
    from xeroml_nb.scoring.sandbox.confinement import layers

    found = layers()
    if found:
        return fine("confinement", f"{', '.join(found)} confine what runs a card", layers=found)
    text = "this system confines no process; the engines alone hold the code of a card"
    return lacking("confinement", text, "Run cards of strangers on Linux.", layers=found)


def interpreter(*, prepare: bool) -> Finding:
    """The interpreter of cards in Python: whether it is built.

    Args:
        prepare: It is built now, where it is not.
    """
    from xeroml_nb.scoring.sandbox.python.preparing import interpreter_file, prepared, tell

    try:
        file = interpreter_file()
        if prepare:
            prepared(tell)
    except MissingExtra as error:
        return broken_by("interpreter", error) if prepare else _without("interpreter", error)
    except XeromlError as error:
        return broken_by("interpreter", error)
    if file.exists():
        return fine("interpreter", str(file), built=True)
    text = "not built yet; the first card in Python waits up to a minute for that"
    return lacking("interpreter", text, "Build it now: xeroml-nb doctor --prepare", built=False)


def card(language: str) -> Finding:
    """Whether a card in a language scores."""
    from xeroml_nb.scoring.sandbox.limits import Limits
    from xeroml_nb.scoring.sandbox.running import run_code

    what, began = f"{language} card", time.monotonic()
    try:
        run_code(_CARDS[language], "[]", language.upper(), Limits(), "doctor")
    except MissingExtra as error:
        return _without(what, error)
    except XeromlError as error:
        return broken_by(what, error)
    seconds = time.monotonic() - began
    return fine(what, f"scores, in {seconds:.2f} s", seconds=seconds)


def _without(what: str, error: XeromlError) -> Finding:
    return lacking(what, error.problem, error.next_step)
