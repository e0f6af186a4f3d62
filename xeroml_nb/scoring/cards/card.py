"""The score card: columns, or code of the user's own, that become one score from 0 to 100."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name
from xeroml_nb.records.report import CardRecord
from xeroml_nb.scoring.cards.answer import checked_answer
from xeroml_nb.scoring.cards.result import CardResult
from xeroml_nb.scoring.cards.rows import json_rows, rows_of
from xeroml_nb.scoring.cards.unknown import unknown_name
from xeroml_nb.scoring.cards.usual_score import usual_score
from xeroml_nb.scoring.sandbox.limits import LONGEST_CODE, Limits
from xeroml_nb.scoring.sandbox.running import LANGUAGES, run_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.task import Task
    from xeroml_nb.scoring.cards.rows import NamedRows
    from xeroml_nb.scoring.reports.report import Report

    Rows: TypeAlias = Iterable[Mapping[str, Any]] | pd.DataFrame | Report | Experiment
    TaskLike = Task | Callable[..., Any]


@dataclass(frozen=True, slots=True)
class ScoreCard(CardRecord):
    """How rows of named columns become one score from 0 to 100.

    Without code the score is the mean of the chosen columns: a column of truth values counts the
    share of True in percent, a column of numbers its mean, any other nothing; where none is chosen
    the last column is the score. With code, the code is the body of a function of `data`, a list of
    dicts, one per row, with all columns; it returns `{"score": 0..100}`, and with it a
    `"score_matrix"` if it likes: a list of tables, each a list of rows, each a list of cells; a
    cell is a plain value or `{"value": ..., "positive_metric": True or False}`. It runs in a
    sandbox, where it reaches no file, no network and no installed package.

    Args:
        column_names: The columns that count in the usual score; each must be there.
        code: The body; none, or only white space, for the usual score. At most 100 kB.
        code_language: "PYTHON" or "JAVASCRIPT".
        name: What the score is called, such as on the experiment.
        timeout: Seconds the code may run, 1 to 120.
        memory_mb: Megabytes of 2^20 bytes it may use, 64 to 2048.

    Raises:
        BadInput: If one of these cannot be accepted.

    Example:
        >>> card = ScoreCard(["polite"])
        >>> card.score([{"polite": True}, {"polite": False}]).score
        50.0
    """

    def __post_init__(self) -> None:
        checked_name("score card", self.name)
        _set(self, "column_names", _checked_columns(self.name, self.column_names))
        _set(self, "code", _checked_code(self.name, self.code))
        if self.code_language not in LANGUAGES:
            raise BadInput(
                f"Score card {self.name!r} is written in {self.code_language!r}.",
                f"Use one of {', '.join(map(repr, LANGUAGES))}.",
            )
        self.limits  # noqa: B018 - raises where one is out of range

    @classmethod
    def of(cls, record: CardRecord) -> ScoreCard:
        """The card that a record is of."""
        return cls(**{part.name: getattr(record, part.name) for part in fields(CardRecord)})

    @property
    def limits(self) -> Limits:
        """What one run of its code may take."""
        return Limits(self.timeout, self.memory_mb)

    def score(self, rows: Rows) -> CardResult:
        """Score rows.

        Args:
            rows: A list of dicts, a DataFrame, a report, or an experiment, whose usual columns
                are taken.

        Raises:
            CardFailed: If there is no score from 0 to 100; names the card and the code's line.
            BadInput: If a column is unknown or the rows are none.
            MissingExtra: If the card has code and the extra `sandbox` is not installed.
        """
        named = rows_of(rows)
        self.check_columns(named.names, rows=len(named.rows))
        return self.score_named(named)

    def score_named(self, named: NamedRows) -> CardResult:
        """As `score`, for rows whose columns are known; a column that is not there has no value."""
        if self.code is None:
            return usual_score(self.name, self.column_names, named)
        data = json_rows(self.name, named.rows)
        answer = run_code(self.code, data, self.code_language, self.limits, self.name)
        score, matrix = checked_answer(self.name, answer.value, answer.printed)
        return CardResult(score, matrix, answer.printed)

    def check_columns(self, names: Sequence[str], *, rows: int = 1) -> None:
        """See that every chosen column is there; where there are no rows nothing is known of that.

        Raises:
            BadInput: If one is not; names those that come near.
        """
        for name in self.column_names:
            if rows and name not in names:
                raise BadInput(
                    *unknown_name(f"Score card {self.name!r} counts column", name, names)
                )

    def attach(self, target: Experiment | Report | TaskLike | str) -> Report:
        """Let the card make the score of an experiment, a report, or all later runs of a task.

        Args:
            target: An experiment, which gets a report if it has none; a report; or a task (the
                function, or its name): every later experiment of it gets a report of its own.

        Returns:
            The report, or the blueprint of those to come.

        Raises:
            BadInput: If a column is unknown, or the target is something else.
        """
        from xeroml_nb.scoring.reports.attaching import attached

        return attached(self, target)


def _set(card: ScoreCard, name: str, value: Any) -> None:
    object.__setattr__(card, name, value)


def _checked_columns(card: str, names: Any) -> tuple[str, ...]:
    listed = isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
    if not listed:
        raise BadInput(
            f"The column names of score card {card!r} are {names!r:.80}.",
            'Pass a list of texts, such as ["accuracy"].',
        )
    for name in names:
        checked_name("column", name)
    return tuple(dict.fromkeys(names))


def _checked_code(card: str, code: Any) -> str | None:
    if code is None:
        return None
    if not isinstance(code, str):
        raise BadInput(
            f"The code of score card {card!r} is a {type(code).__name__}.",
            "Pass the body of the function as a text.",
        )
    try:
        size = len(code.encode())
    except UnicodeEncodeError:
        raise BadInput(
            f"The code of score card {card!r} holds half a surrogate pair.", "Remove it."
        ) from None
    if "\x00" in code or size > LONGEST_CODE:
        said = f"is {size:,} bytes long" if size > LONGEST_CODE else "holds a NUL character"
        raise BadInput(
            f"The code of score card {card!r} {said}.", f"Use plain text of {LONGEST_CODE:,} bytes."
        )
    return code if code.strip() else None
