"""What a reader of a calibration must know, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.calibration.scale import Meeting
from xeroml_nb.analysis.verdicts import counted, shown
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.calibration.calibration import Calibration
    from xeroml_nb.analysis.calibration.pairing import Pairing

_NAMED = 3
_AT_RANDOM = frozenset({"shuffled", "random"})
_QUEUED = {
    "given": "in the order given",
    "stratified": "in turns between groups",
    "changed": "first, as their output had changed",
    "carried": "by carrying them over from an earlier run",
}


def notes_of(found: Calibration) -> Iterator[str]:
    """The sentences, the weightiest first."""
    pairing = found.pairing
    yield from _about_the_sample(pairing)
    yield from _about_the_cut(found)
    yield from _about_the_judge(pairing)
    yield from _about_the_labels(pairing)


def _about_the_sample(pairing: Pairing) -> Iterator[str]:
    """What the corrected mean takes for granted."""
    if pairing.everyone_labelled:
        return
    if pairing.ranked:
        rest = counted(pairing.sampled["item_id"].nunique(), "item")
        yield (
            f"{counted(pairing.ranked, 'label')} came first for their rank: the corrected mean "
            f"uses only the other {rest}, and the agreement says little of items not labelled."
        )
    ways = set(pairing.pairs["drawn"].dropna())
    if ways - {"ranked"} and ways <= _AT_RANDOM | {"ranked"}:
        return
    n = pairing.sampled["item_id"].nunique()
    judged = pairing.judged["item_id"].nunique()
    queued = " and ".join(_QUEUED[way] for way in sorted(ways & _QUEUED.keys()))
    why = f" They were labelled {queued}: see that this is as good as at random." if queued else ""
    yield (
        f"The corrected mean takes the {n:,} labelled items for a random sample of all "
        f"{judged:,}.{why}"
    )


def _about_the_cut(found: Calibration) -> Iterator[str]:
    if found.pairing.meeting is not Meeting.CUT:
        return
    if found.cut is None:
        yield "People gave one and the same label: there is no cut to choose."
    elif found.is_cut_chosen:
        yield (
            f"The cut at {shown(found.cut)} is the best for these same labels: expect less "
            f"agreement on others, and check it there with at({found.cut!r})."
        )
    yield "The judge's own mean is in the judge's unit; the corrected one is the share of yes."
    pairs = found.pairing.pairs
    if np.ptp(pairs["verdict"]) and np.ptp(pairs["label"]):
        slope = float(np.corrcoef(pairs["verdict"], pairs["label"])[0, 1])
        if slope < 0:
            yield "The judge runs against people: its higher values go with their lower ones."


def _about_the_judge(pairing: Pairing) -> Iterator[str]:
    if pairing.failed:
        items = list(pairing.failed)
        first = f"first on {items[0]!r} ({preview(pairing.failed[items[0]], 120)})"
        yield f"The judge failed on {counted(len(items), 'item')}, {first}: left out."
    runs = pairing.runs
    silent = int((runs["ok"] & runs["verdict"].isna()).sum()) - len(pairing.failed)
    if silent > 0:
        yield f"The judge left {counted(silent, 'item run')} unscored."
    failed = int((~runs["ok"]).sum())
    if failed:
        yield f"{counted(failed, 'item run')} failed and has no output to judge."
    if (pairing.both.groupby("item_id").size() > 1).any():
        yield "Of repeated items the first labelled repetition counts for agreement."


def _about_the_labels(pairing: Pairing) -> Iterator[str]:
    said = pairing.said
    runs = pairing.runs
    without = int((runs["label"].notna() & runs["verdict"].isna()).sum())
    if without:
        yield f"{counted(without, 'label')} without a verdict of the judge: left out."
    placeless = len(said.given) - int(runs["label"].notna().sum()) - len(pairing.unknown)
    if placeless > 0:
        yield f"{counted(placeless, 'label')} that count as no number: left out."
    if pairing.unknown:
        named = ", ".join(map(repr, pairing.unknown[:_NAMED]))
        more = f" and {len(pairing.unknown) - _NAMED:,} more" * (len(pairing.unknown) > _NAMED)
        yield f"Labels of items that are not in the experiment: {named}{more}."
    if said.split:
        yield (
            f"People disagree on {counted(said.split, 'item')}: the settled label counts, else "
            "the latest."
        )
