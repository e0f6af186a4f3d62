"""`%%xeroml score NAME`: the cell's body becomes the code of a score card."""

from __future__ import annotations

import ast
import keyword
import shlex
import textwrap
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument, magic_arguments

from xeroml_nb.client import get_client
from xeroml_nb.errors import BadInput, CardFailed
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.scoring.cards.card import ScoreCard
from xeroml_nb.scoring.reports.report import Report
from xeroml_nb.widgets.score_card.outcome import excerpt

if TYPE_CHECKING:
    from argparse import Namespace

_REMARKS = {"PYTHON": "#", "JAVASCRIPT": "//"}


def make_score_card(shell: Any, line: str, body: str) -> Report | None:
    """Make a score card of a cell, keep it under its name, and attach it if the line says to what.

    Args:
        shell: The IPython shell.
        line: What stands behind `%%xeroml score`.
        body: The lines below the magic's own.

    Returns:
        The report that now has the card; None where there was none to attach it to.

    Raises:
        UsageError: If the line is not understood.
        BadInput: If the body is empty or the name is none.
        SyntaxError: If the body is not Python, pointing at the cell's line.
        CardFailed: If the card fails; nothing is attached then.
    """
    given = _read(line)
    card = _card(given, _code(shell, line, body, is_python=not given.js))
    if given.on is None:
        shell.user_ns[given.name] = card
        return None
    on = _scored(shell, given.on)
    _try(shell, card, on)
    shell.user_ns[given.name] = card
    return card.attach(on)


@magic_arguments("%%xeroml score")
@argument("name", help="the variable that holds the card, and what the score is called")
@argument("--js", action="store_true", help="the body is JavaScript")
@argument("-c", "--column", action="append", default=[], help="a column that counts")
@argument("-x", "--on", help="attach it: a variable with a report or experiment, or a name")
@argument("--timeout", type=float, default=10.0, help="seconds the code may run")
@argument("--memory", type=int, default=256, help="megabytes it may use")
def _score_line(line: str) -> None:
    """Make a score card of the cell's body."""


def _read(line: str) -> Namespace:
    try:
        # Names of columns have spaces in them: quotes are taken away here.
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%%xeroml score {line}: {error}.") from None
    given: Namespace = _score_line.parser.parse_args(words)
    if not given.name.isidentifier() or keyword.iskeyword(given.name):
        raise BadInput(
            f"{given.name!r} cannot name a score card.", "Use letters, digits and underscores."
        )
    return given


def _code(shell: Any, line: str, body: str, *, is_python: bool) -> str:
    """The body below a remark in place of the magic's line, so that lines count as in the cell."""
    if not body.strip():
        raise BadInput(
            "The cell of the score card is empty.", 'Write code that ends in return {"score": ...}.'
        )
    remark = f"{_REMARKS['PYTHON' if is_python else 'JAVASCRIPT']} %%xeroml score {line.strip()}"
    code = f"{remark}\n{textwrap.dedent(body)}"
    if is_python:
        ast.parse(code, filename=_cached(shell, code))
    return code


def _cached(shell: Any, code: str) -> str:
    """Give IPython the text it shows for a syntax error; returns the name it knows it by."""
    file: str = shell.compile.cache(code, _number(shell), raw_code=code)
    return file


def _number(shell: Any) -> int:
    """The number of the cell that is being run."""
    return len(shell.history_manager.input_hist_parsed) - 1


def _card(given: Namespace, code: str) -> ScoreCard:
    return ScoreCard(
        given.column,
        code,
        "JAVASCRIPT" if given.js else "PYTHON",
        name=given.name,
        timeout=given.timeout,
        memory_mb=given.memory,
    )


def _scored(shell: Any, word: str) -> Report | Experiment:
    """The report or experiment that a variable holds, or the experiment of that name."""
    held = shell.user_ns.get(word)
    return held if isinstance(held, Report | Experiment) else get_client().get_experiment(word)


def _try(shell: Any, card: ScoreCard, on: Report | Experiment) -> None:
    """Score once before anything is attached; a blueprint has nothing to score yet."""
    if isinstance(on, Report) and on.is_blueprint:
        return
    try:
        card.score(on)
    except CardFailed as error:
        _show_only_the_cell(shell, card, error)
        raise


def _show_only_the_cell(shell: Any, card: ScoreCard, error: CardFailed) -> None:
    """Make IPython show a card's failure with the cell's own line instead of our frames."""
    said = [f"{type(error).__name__}: {error}"]
    if error.line is not None and card.code is not None:
        lines = excerpt(card.code, error.line)
        said.append(f"Cell In[{_number(shell)}], line {error.line}")
        said += [f"{_head(number, error.line)} {text}" for number, text in lines]
    if error.printed:
        said += ["printed:", error.printed]
    error._render_traceback_ = lambda: said  # type: ignore[attr-defined]


def _head(number: int, to_blame: int) -> str:
    return f"{'---->' if number == to_blame else '     '} {number}"
