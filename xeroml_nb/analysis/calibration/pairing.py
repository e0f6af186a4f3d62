"""A judge's verdicts and people's labels, item by item."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.analysis.calibration.said import read_said
from xeroml_nb.analysis.calibration.scale import Meeting, scale_of
from xeroml_nb.analysis.statistics.samples import is_binary
from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.frames import read_table
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.json_text import preview
from xeroml_nb.store import experiments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.analysis.calibration.said import LabelSource, Said
    from xeroml_nb.analysis.calibration.scale import Scale
    from xeroml_nb.experiments.frames import RunTable
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store

_FEWEST = 2
_NAMED = 3


@dataclass(frozen=True, slots=True)
class JudgeScore:
    """The score that a judge gives.

    Args:
        name: Of the score.
        author: The judge's own name, under which its failures are kept.
    """

    name: str
    author: str


@dataclass(frozen=True)
class Pairing:
    """One judge and people's labels over one experiment.

    Args:
        record: The experiment.
        judge: The name of the judge's score.
        said: What people said.
        scale: On which they meet.
        runs: Every item run: `item_id, repetition, trace_id, ok, label, verdict, drawn`; label and
            verdict are on the scale, None where there is none; `given` is the verdict as it was.
        failed: Item to why the judge gave it no verdict.
        unknown: Labelled items that the experiment does not have.
    """

    record: ExperimentRecord
    judge: str
    said: Said
    scale: Scale
    runs: pd.DataFrame = field(repr=False)
    failed: dict[str, str] = field(repr=False)
    unknown: tuple[str, ...] = ()

    @cached_property
    def both(self) -> pd.DataFrame:
        """The item runs that have a label and a verdict."""
        return self.runs.dropna(subset=["label", "verdict"])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One of them an item, the first repetition: those of one item are no new evidence."""
        found = self.both.drop_duplicates("item_id").reset_index(drop=True)
        kind = "float64" if self.scale.numeric else "object"
        return found.astype({"label": kind, "verdict": kind})

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The item runs that have a verdict."""
        return self.runs.dropna(subset=["verdict"])

    @cached_property
    def ranked(self) -> int:
        """How many labelled items came early in their queue for what is known of them."""
        return int((self.pairs["drawn"] == "ranked").sum())

    @cached_property
    def sampled(self) -> pd.DataFrame:
        """The labelled item runs that can stand for all: without those that rank chose."""
        return self.both[self.both["drawn"] != "ranked"]

    @cached_property
    def meeting(self) -> Meeting:
        """What is held against what."""
        if not self.scale.numeric:
            return Meeting.CATEGORIES
        if not is_binary(self.both["label"].to_numpy(np.float64)):
            return Meeting.NUMBERS
        judged = is_binary(self.judged["verdict"].to_numpy(np.float64))
        return Meeting.YES_OR_NO if judged else Meeting.CUT

    @property
    def everyone_labelled(self) -> bool:
        """Whether each item that the judge judged is labelled."""
        return len(self.pairs) == self.judged["item_id"].nunique()


def pair(
    store: Store, record: ExperimentRecord, by: JudgeScore, source: LabelSource, label: str | None
) -> Pairing:
    """Read a judge's verdicts and people's labels, and put them side by side.

    Args:
        store: Where the experiment lives.
        record: The experiment.
        by: The judge's score.
        source: Where labels come from.
        label: The question or column, where there are several.

    Raises:
        NotFound: If there is no such score, question or column.
        BadInput: If fewer than two items have a label and a verdict, or the two cannot be compared.
    """
    judge, author = by.name, by.author
    if isinstance(source, str) and judge == source:
        raise BadInput(f"{judge!r} is compared with itself.", "Name the score that people gave.")
    with store.reading() as connection:
        table = read_table(connection, record)
        troubled = experiments.troubled(connection, record.id)
    failed = {
        r.item_id: r.evaluator_errors[author] for r in troubled if author in r.evaluator_errors
    }
    _check(table, judge, failed)
    said = read_said(store, table, source, label)
    verdicts = table.scores[judge].values()
    scale = scale_of(said, judge, [v for v in verdicts if v is not None])
    found = Pairing(
        record=record,
        judge=judge,
        said=said,
        scale=scale,
        runs=_runs(table, said, verdicts, scale),
        failed=failed,
        unknown=_unknown(table, said),
    )
    _check_enough(found)
    return found


def _check(table: RunTable, judge: str, failed: dict[str, str]) -> None:
    if judge in table.scores:
        return
    if failed:
        raise BadInput(
            f"{judge!r} failed on all {_failures(failed)}.", "Mend the judge, and calibrate again."
        )
    raise NotFound("score", judge, table.scores, "Pass the judge itself to have it asked.")


def _failures(failed: dict[str, str]) -> str:
    item, said = next(iter(failed.items()))
    return f"{counted(len(failed), 'item')}, first on {item!r} ({preview(said, 200)})"


def _runs(table: RunTable, said: Said, verdicts: Sequence[Any], scale: Scale) -> pd.DataFrame:
    columns = table.columns
    keys = list(zip(columns["item_id"], columns["repetition"], strict=True))
    return pd.DataFrame(
        {
            "item_id": columns["item_id"],
            "repetition": columns["repetition"],
            "trace_id": columns["trace_id"],
            "ok": [status == ItemStatus.OK for status in columns["status"]],
            "label": pd.Series([scale.placed(said.given.get(key)) for key in keys], dtype=object),
            "verdict": pd.Series([scale.placed(value) for value in verdicts], dtype=object),
            "given": pd.Series(verdicts, dtype=object),
            "drawn": pd.Series([said.drawn.get(key) for key in keys], dtype=object),
        }
    )


def _unknown(table: RunTable, said: Said) -> tuple[str, ...]:
    known = set(zip(table.columns["item_id"], table.columns["repetition"], strict=True))
    return tuple(dict.fromkeys(item for item, n in said.given if (item, n) not in known))


def _check_enough(found: Pairing) -> None:
    n = len(found.pairs)
    if n >= _FEWEST:
        return
    many = f"{counted(n, 'item')} of" if n else "No item of"
    problem = f"{many} {found.record.label} has both {found.said.name!r} and {found.judge!r}"
    if found.unknown:
        problem += f"; it has no {_named(found.unknown)}"
    if found.failed:
        problem += f"; the judge failed on {_failures(found.failed)}"
    raise BadInput(f"{problem}.", f"Label at least {_FEWEST} items that the judge judged.")


def _named(items: Sequence[str]) -> str:
    more = len(items) - _NAMED
    listed = ", ".join(map(repr, items[:_NAMED]))
    return f"{listed} and {more:,} more" if more > 0 else listed
