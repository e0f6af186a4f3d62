"""What a reader of a comparison must know, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.verdicts import counted, signed
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.records.experiment import ExperimentStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.alignment import Alignment
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.kinds import ScoreKinds


def notes_of(compared: Comparison, aligned: Alignment, kinds: ScoreKinds) -> Iterator[str]:
    """The sentences, the weightiest first."""
    yield from _about_items(compared, aligned)
    yield from _about_status(aligned)
    yield from _about_failures(compared, aligned)
    for name in kinds.mixed:
        yield f"Score {name!r} holds numbers in one place and categories in another: left out."


def _about_items(compared: Comparison, aligned: Alignment) -> Iterator[str]:
    changed = int(np.count_nonzero(aligned.changed))
    names = {run.record.dataset_id for run in aligned.runs}
    versions = {run.record.dataset_version for run in aligned.runs}
    if len(names) > 1:
        yield "The runs used different datasets; items with the same id and content are compared."
    elif len(versions) > 1:
        yield "The runs used different versions of the dataset."
    if changed:
        yield f"{counted(changed, 'item')} changed in content between the runs: left out."
    others = {label: count for label, count in compared.unshared.items() if count}
    if others:
        parts = ", ".join(f"{label} {count:,}" for label, count in others.items())
        yield f"Items that are not shared: {parts}; {compared.shared:,} are."


def _about_status(aligned: Alignment) -> Iterator[str]:
    ended = (ExperimentStatus.FINISHED, ExperimentStatus.OPEN)
    for run in aligned.runs:
        record, done = run.record, int(run.attempted.sum())
        if present_status(record) not in ended and done < record.planned:
            yield f"{record.label} is unfinished: {done:,} of {record.planned:,} item runs ended."


def _about_failures(compared: Comparison, aligned: Alignment) -> Iterator[str]:
    shared = aligned.shared
    failed = {
        run.record.label: int((run.attempted - run.succeeded)[shared].sum()) for run in aligned.runs
    }
    if not any(failed.values()):
        return
    parts = ", ".join(f"{label} {count:,}" for label, count in failed.items() if count)
    yield f"Item runs that failed and are in no mean: {parts}."
    for one in compared.differences:
        if one.if_failed is not None and one.difference is not None:
            yield (
                f"{one.score} of {one.run}: {signed(one.difference)}, or {signed(one.if_failed)} "
                "if every failed item had counted as the worst value."
            )
