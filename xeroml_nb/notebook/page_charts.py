"""Charts inside the HTML page: drawn twice, for light and for dark, out of nothing but shapes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from xeroml_nb.errors import BadInput, MissingExtra
from xeroml_nb.experiments.markup import Markup, join, tag
from xeroml_nb.notebook.words import MOST_CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.comparison import Comparison

# What a drawing of ours consists of. Whatever is not here, such as a link, is left out.
_TAGS = frozenset({"svg", "g", "path", "line", "rect", "circle", "text", "tspan"})
_ATTRIBUTES = frozenset(
    [
        *("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "dx", "dy", "r", "d"),
        *("width", "height", "viewBox", "transform"),
        *("fill", "fill-opacity", "opacity", "stroke", "stroke-opacity", "stroke-width"),
        *("stroke-dasharray", "stroke-linecap", "stroke-miterlimit"),
        *("font-family", "font-size", "font-style", "font-weight", "text-anchor"),
    ]
)


def chart_figures(scored: Comparison) -> Markup:
    """The means, how each numeric score is spread, and the shares of each category.

    Where the packages for charts are missing, a line says how to install them.

    Args:
        scored: One experiment, or several.
    """
    try:
        return join(_figure(title, chart) for title, chart in _charts(scored))
    except MissingExtra as error:
        return tag("p", str(error), class_="dim")


def inline(drawing: str) -> Markup:
    """An SVG file as markup for the inside of a page, on the page's own ground.

    Args:
        drawing: The text of the file.

    Example:
        >>> inline('<svg xmlns="http://www.w3.org/2000/svg"><a href="x"/><text>&lt;b></text></svg>')
        '<svg><text>&lt;b&gt;</text></svg>'
    """
    root = ET.fromstring(drawing)  # noqa: S314 - vl-convert wrote it
    for ground in [part for part in root if _name(part) == "rect"]:
        root.remove(ground)
    return _copied(root)


def _charts(scored: Comparison) -> Iterator[tuple[str, Any]]:
    from xeroml_nb import charts

    with suppress(BadInput):  # there is nothing to draw, and the table says why
        yield "Mean scores", charts.summary(scored)
    for score in scored.numeric[:MOST_CHARTS]:
        with suppress(BadInput):
            yield f"How {score} is spread", charts.distribution(scored, score)
    for score in scored.categorical[:MOST_CHARTS]:
        with suppress(BadInput):
            yield f"Categories of {score}", charts.categories(scored, score)


def _figure(title: str, chart: Any) -> Markup:
    from xeroml_nb import charts

    drawings = [
        tag("div", inline(charts.svg(chart, dark=theme == "dark")), class_=theme)
        for theme in ("light", "dark")
    ]
    return tag("figure", *drawings, role="img", aria_label=title)


def _copied(part: ET.Element) -> Markup:
    known = {key: value for key, value in part.attrib.items() if key in _ATTRIBUTES}
    inside: list[Any] = [part.text or ""]
    for child in part:
        inside += [_copied(child) if _name(child) in _TAGS else "", child.tail or ""]
    return tag(_name(part), *inside, **known)


def _name(part: ET.Element) -> str:
    return part.tag.rpartition("}")[2]
