"""Which colour, shape and dash each run has, the same in every chart of a comparison.

The hues are those of Okabe and Ito (2008), "Color Universal Design". Orange and sky blue stand
out too little from white, so filled marks have a grey outline. No mark is told by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import altair as alt

from xeroml_nb.charts.words import unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BETTER, WORSE = RUNS[0], RUNS[1]
# Stands out from white and from the dark theme's background alike, 3.9:1 or more.
GREY = "#808080"
OUTLINE = "#767676"
# From low to high; from this part of the way on, white words read better than black ones.
SHADES = ("#e8f1fa", "#7fb0dc", "#08519c")
DARK_FROM = 0.75
BLACK, WHITE = "#000000", "#ffffff"

_SHAPES = ("square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


@dataclass(frozen=True, slots=True)
class RunMarks:
    """How the runs of one chart look.

    Args:
        labels: As the comparison has them.
        names: The same as charts show them: on one line, cut, still unique.
        colours: One a run.
        shapes: One a run; with the colour it is unique up to 36 runs.
        dashes: One a run.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    colours: tuple[str, ...]
    shapes: tuple[str, ...]
    dashes: tuple[list[int], ...]

    def name(self, label: str) -> str:
        """A run's label as charts show it."""
        return self.names[self.labels.index(label)]

    def colour(self, legend: alt.Legend | None = None) -> alt.Color:
        """The colour of field `run`."""
        return alt.Color("run:N", scale=self._scale(self.colours), legend=legend)

    def shape(self, legend: alt.Legend | None = None) -> alt.Shape:
        """The shape of field `run`."""
        return alt.Shape("run:N", scale=self._scale(self.shapes), legend=legend)

    def dash(self, legend: alt.Legend | None = None) -> alt.StrokeDash:
        """The dash of field `run`."""
        return alt.StrokeDash("run:N", scale=self._scale(self.dashes), legend=legend)

    def _scale(self, values: Sequence[object]) -> alt.Scale:
        return alt.Scale(domain=list(self.names), range=list(values))


def run_marks(labels: Sequence[str], *, baseline: bool) -> RunMarks:
    """Give each run its look, in the order given.

    Args:
        labels: The runs.
        baseline: The first is what the others are held against: it is a grey circle.

    Example:
        >>> run_marks(["v1 #1", "v2 #1"], baseline=True).colours
        ('#808080', '#0072B2')
    """
    first = 1 if baseline else 0
    places = range(len(labels) - first)
    return RunMarks(
        labels=tuple(labels),
        names=tuple(unique_names(labels, 44)),
        colours=(GREY,) * first + tuple(RUNS[i % 6] for i in places),
        # The second round of colours comes with other shapes than the first.
        shapes=("circle",) * first + tuple(_SHAPES[(i + i // 6) % 6] for i in places),
        dashes=(_DASHES[0],) * first + tuple(_DASHES[(i + i // 6) % 4] for i in places),
    )


def ink(colour: str) -> str:
    """Black or white, whichever reads better on a colour.

    The contrast is that of WCAG 2.1, "relative luminance".

    Args:
        colour: Written as "#rrggbb".

    Example:
        >>> ink("#0072B2"), ink("#56B4E9")
        ('#ffffff', '#000000')
    """
    return BLACK if contrast(colour, BLACK) > contrast(colour, WHITE) else WHITE


def contrast(first: str, second: str) -> float:
    """How far two colours stand apart, from 1 to 21 (WCAG 2.1, "contrast ratio")."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - WCAG
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
