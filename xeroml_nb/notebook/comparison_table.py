"""A comparison in figures: its verdicts, notes and tables, as text and as HTML."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from xeroml_nb.analysis.verdicts import counted, shown, shown_p, signed
from xeroml_nb.experiments.markup import Markup, join, table, tag
from xeroml_nb.notebook.listings import Listing
from xeroml_nb.notebook.words import interval, one_line
from xeroml_nb.widgets.host import Static

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.verdicts import Distribution, Estimate, ScoreDifference

    Pair = tuple[Estimate, ScoreDifference | None]

# Verdict to its glyph, and the glyph's colour where one is good or bad: blue and vermillion, as
# in the charts, which stand out from light and dark grounds alike.
GLYPHS = {
    "better": ("▲", "#0072B2"),
    "worse": ("▼", "#D55E00"),
    "higher": ("▲", None),
    "lower": ("▼", None),
    "differs": ("≠", None),
    "not distinguishable": ("–", None),
    "cannot tell": ("?", None),
}
_NAME = 80
_ANSWERS = 5
_NOWRAP = "white-space:nowrap"


def figures(compared: Comparison) -> Static:
    """The verdict on every score, the notes, and a table of the means and differences."""
    listings = [found for found in (_numbers(compared), _categories(compared)) if found.rows]
    head = "\n".join([compared.title, *map(_line, _findings(compared)), *compared.notes])
    text = "\n".join([head, *map(repr, listings)])
    html = join([_heading(compared), *map(_table, listings)])
    return Static(text, html)


def _heading(compared: Comparison) -> Markup:
    title = tag("p", tag("strong", compared.title), style="font-size:115%;margin:0 0 .4em")
    verdicts = [tag("div", glyph_of(verdict), " ", words) for verdict, words in _findings(compared)]
    notes = [tag("div", tag("em", note)) for note in compared.notes]
    return join([title, *verdicts, *notes])


def _findings(compared: Comparison) -> list[tuple[str, str]]:
    """A verdict and the sentence that tells it, for each score and candidate."""
    found: list[ScoreDifference | Distribution] = [*compared.differences, *compared.distributions]
    sentences = zip(found, compared.sentences(), strict=True)
    return [(one.verdict, f"{said}{_missed(one)}") for one, said in sentences]


def _missed(found: ScoreDifference | Distribution) -> str:
    detectable = getattr(found, "detectable", None)
    if found.verdict != "not distinguishable" or detectable is None:
        return ""
    return f" · could have seen ±{shown(detectable)}"


def _line(finding: tuple[str, str]) -> str:
    verdict, words = finding
    return f"{GLYPHS[verdict][0]} {words}"


def glyph_of(verdict: str) -> Markup:
    """The glyph of a verdict, in its colour where it is good or bad."""
    glyph, colour = GLYPHS[verdict]
    return tag("span", glyph, style=None if colour is None else f"color:{colour}")


def _table(listing: Listing) -> Markup:
    last = len(listing.headings) - 1
    rows = [
        [_verdict(cell) if i == last else _cell(cell) for i, cell in enumerate(row)]
        for row in listing.rows
    ]
    shown_table = table(listing.headings, rows, numeric=set(listing.numeric))
    return tag("div", shown_table, style="overflow-x:auto;margin-top:.8em")


def _cell(text: str) -> str:
    return tag("span", text, style=_NOWRAP if len(text) <= _NAME // 2 else None)


def _verdict(text: str) -> str:
    word = text[2:]
    if word not in GLYPHS:
        return _cell(text)
    return tag("span", glyph_of(word), " ", word, style=_NOWRAP)


# Numeric scores.

_NOTHING = {"", "0", "baseline"}
_WORDS = ("score", "run", "verdict")


def _numbers(compared: Comparison) -> Listing:
    """One row a score and run; columns that tell nothing are left out."""
    found = {(d.score, d.run): d for d in compared.differences}
    pairs = [(e, found.get((e.score, e.run))) for e in compared.estimates]
    told = {name: cells for name, cells in _columns(pairs) if set(cells) - _NOTHING}
    numeric = frozenset(i for i, name in enumerate(told) if name not in _WORDS)
    return Listing("", tuple(told), list(zip(*told.values(), strict=True)), numeric)


def _columns(pairs: list[Pair]) -> Iterator[tuple[str, list[str]]]:
    yield "score", _once(one_line(e.score, _NAME) for e, _ in pairs)
    yield "run", [one_line(e.run, _NAME) for e, _ in pairs]
    yield "mean [95 % interval]", [_mean(e) for e, _ in pairs]
    yield "n", [f"{e.n:,}" for e, _ in pairs]
    yield "failed", [f"{e.failed:,}" for e, _ in pairs]
    yield "not scored", [f"{e.unscored:,}" for e, _ in pairs]
    yield "difference [95 % interval]", ["" if d is None else _difference(d) for _, d in pairs]
    yield "p", ["" if d is None else _p(d.p_value, d.p_adjusted) for _, d in pairs]
    items = ["" if d is None else f"{d.wins:,} / {d.ties:,} / {d.losses:,}" for _, d in pairs]
    yield _sides({d.direction for _, d in pairs if d is not None}), items
    yield "verdict", ["baseline" if d is None else _said(d.verdict) for _, d in pairs]


def _once(names: Iterable[str]) -> list[str]:
    """Names, each only where it differs from the one before."""
    every = list(names)
    return [
        "" if i and name == before else name
        for i, (before, name) in enumerate(zip(["", *every], every, strict=False))
    ]


def _mean(estimate: Estimate) -> str:
    if estimate.mean is None:
        return "–"
    return f"{shown(estimate.mean)}{interval(estimate.low, estimate.high)}"


def _difference(found: ScoreDifference) -> str:
    if found.difference is None:
        return "–"
    return f"{signed(found.difference)}{interval(found.low, found.high, signed)}"


def _p(value: float | None, adjusted: float | None) -> str:
    """A p, and what Holm's correction makes of it where that differs."""
    if value is None or adjusted is None:
        return "–"
    first, second = shown_p(value), shown_p(adjusted)
    return first if first == second else f"{first} (Holm {second})"


def _sides(directions: set[str]) -> str:
    """What the counts of items are of: a score may have no good direction."""
    if "none" not in directions:
        return "better / same / worse"
    others = directions != {"none"}
    return "better or higher / same / worse or lower" if others else "higher / same / lower"


def _said(verdict: str) -> str:
    return f"{GLYPHS[verdict][0]} {verdict}"


# Categories.

_CATEGORY_HEADINGS = ("score", "run", "answers", "n", "moved", "p", "verdict")


def _categories(compared: Comparison) -> Listing:
    """One row a categorical score and run, with the share of each answer."""
    found = {(d.score, d.run): d for d in compared.distributions}
    rows = []
    for score in compared.categorical:
        answers = compared.values(score)
        for run in map(str, answers):
            given = list(answers[run].dropna())
            rows.append(_category_row(score, run, given, found.get((score, run))))
    told = len(_CATEGORY_HEADINGS) if compared.candidates else 4
    rows = [row[:told] for row in rows]
    return Listing("", _CATEGORY_HEADINGS[:told], rows, frozenset({3, 4, 5}))


def _category_row(
    score: str, run: str, answers: list[str], found: Distribution | None
) -> tuple[str, ...]:
    own = (one_line(score, _NAME), one_line(run, _NAME), _shares(answers), f"{len(answers):,}")
    if found is None:
        return (*own, "", "", "baseline")
    moved = "–" if found.distance is None else f"{found.distance:.0%}"
    return (*own, moved, _p(found.p_value, found.p_adjusted), _said(found.verdict))


def _shares(answers: list[str]) -> str:
    counts = Counter(sorted(answers))
    most = counts.most_common(_ANSWERS)
    told = [f"{one_line(name, 30)} {n / len(answers):.0%}" for name, n in most]
    rest = len(counts) - len(told)
    more = [f"and {counted(rest, 'other')}"] if rest else []
    return " · ".join([*told, *more]) or "–"
