"""Run a card's code, in whichever language, in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput
from xeroml_nb.scoring.sandbox.limits import LONGEST_CODE, MOST_DATA

if TYPE_CHECKING:
    from xeroml_nb.scoring.sandbox.envelope import Answer
    from xeroml_nb.scoring.sandbox.limits import Limits

LANGUAGES = ("PYTHON", "JAVASCRIPT")


def run_code(code: str, data: str, language: str, limits: Limits, name: str) -> Answer:
    """What a function body returns for data, run where it can reach nothing else.

    Args:
        code: The body of a function whose only parameter is `data`, at most 100 kB.
        data: JSON text that the code sees as `data`, at most 64 MB.
        language: "PYTHON" or "JAVASCRIPT".
        limits: Of the run.
        name: Of the score card, for messages.

    Returns:
        The value, as JSON says it and otherwise unchecked, and what the code printed.

    Raises:
        BadInput: If the code or the data is too long, or the language is unknown.
        CardFailed: If the code fails or runs into a limit; names the card, and the user's own
            line where one is to blame.
        MissingExtra: If the extra `sandbox` is not installed.
    """
    _check_sizes(code, data, name)
    if language == "PYTHON":
        from xeroml_nb.scoring.sandbox.python.running import run_python

        return run_python(code, data, limits, name)
    if language == "JAVASCRIPT":
        from xeroml_nb.scoring.sandbox.javascript.running import run_javascript

        return run_javascript(code, data, limits, name)
    raise BadInput(
        f"Score card {name!r} is written in {language!r}.", f"Use one of {', '.join(LANGUAGES)}."
    )


def _check_sizes(code: str, data: str, name: str) -> None:
    if (size := len(code.encode(errors="surrogatepass"))) > LONGEST_CODE:
        raise BadInput(
            f"The code of score card {name!r} is {size:,} bytes long.",
            f"Keep it to {LONGEST_CODE:,} bytes.",
        )
    if len(data) > MOST_DATA:
        raise BadInput(
            f"The rows for score card {name!r} are {len(data):,} characters of JSON.",
            f"Keep them to {MOST_DATA:,}: leave out columns that the code does not need.",
        )
