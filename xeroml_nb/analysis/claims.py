"""All that a comparison claims, each p corrected for that there are several claims."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.statistics.multiplicity import benjamini_hochberg, holm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from xeroml_nb.analysis.measuring import Measuring
    from xeroml_nb.analysis.verdicts import Distribution, Estimate, ScoreDifference

    Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Claims:
    """What a comparison says of its scores.

    Args:
        estimates: The mean of each numeric score in each run.
        differences: How each numeric score differs between each candidate and the baseline.
        distributions: How each categorical score does.
    """

    estimates: list[Estimate]
    differences: list[ScoreDifference]
    distributions: list[Distribution]


def claims_of(measuring: Measuring, numeric: Sequence[str], categorical: Sequence[str]) -> Claims:
    """Measure all scores; differences and distributions are corrected together, by Holm."""
    runs = measuring.aligned.runs
    differences = [measuring.difference(score, run) for score in numeric for run in runs[1:]]
    distributions = [measuring.distribution(s, run) for s in categorical for run in runs[1:]]
    corrected = _corrected([*differences, *distributions], holm)
    return Claims(
        estimates=[measuring.estimate(score, run) for score in numeric for run in runs],
        differences=corrected[: len(differences)],
        distributions=corrected[len(differences) :],
    )


def slice_claims(
    measuring: Measuring, groups: Mapping[str, Flags], numeric: Sequence[str]
) -> list[tuple[str, ScoreDifference]]:
    """Measure numeric scores in each group of items; corrected by Benjamini and Hochberg."""
    found = [
        (group, measuring.difference(score, run, within))
        for group, within in groups.items()
        for score in numeric
        for run in measuring.aligned.runs[1:]
    ]
    corrected = _corrected([claim for _, claim in found], benjamini_hochberg)
    return [(group, claim) for (group, _), claim in zip(found, corrected, strict=True)]


def _corrected(claims: list[Any], correct: Callable[[list[float]], list[float]]) -> list[Any]:
    """Claims with their corrected p, for those that have one."""
    told = [place for place, claim in enumerate(claims) if claim.p_value is not None]
    p_values = correct([claims[place].p_value for place in told])
    given = dict(zip(told, p_values, strict=True))
    return [replace(claim, p_adjusted=given.get(place)) for place, claim in enumerate(claims)]
