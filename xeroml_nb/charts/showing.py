"""How charts show without a network, in JupyterLab, in a file opened again and in a terminal.

JupyterLab and Notebook draw Vega-Lite 5 by themselves. A bundle therefore holds the chart under
that type, and beside it a picture and a text. It holds no HTML: that would win, and needs a
network. The colours of text and grid are left to the host, which knows its theme.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import altair as alt

from xeroml_nb.charts.compact_png import compact
from xeroml_nb.charts.drawable import drawable
from xeroml_nb.charts.plain_text import spoken
from xeroml_nb.errors import BadInput, MissingExtra

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ChartT = TypeVar("ChartT", bound=alt.TopLevelMixin)

MIME = "application/vnd.vegalite.v5+json"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_RENDERER = "xeroml_nb"
_SCALE = 1.6
_LIGHT = ("#ffffff", "#1a1a1a", "#dddddd", "#888888")
_DARK = ("#111111", "#eeeeee", "#3a3a3a", "#999999")


def shown(chart: ChartT) -> ChartT:
    """The same chart, which shows without a network when it is a cell's result.

    It stays what it was: an `alt.Chart`, an `alt.LayerChart` and so on, equal as a dictionary, to
    layer, change and save like any other.

    Args:
        chart: Any Altair chart.
    """
    # Altair takes a plain assignment for a property of the chart.
    kind: type = type(chart)
    object.__setattr__(chart, "__class__", _showing(kind))
    return chart


@cache
def _showing(kind: type) -> type:
    if "_repr_mimebundle_" in vars(kind):
        return kind
    body = {"_repr_mimebundle_": _repr_mimebundle, "__module__": kind.__module__}
    return type(kind.__name__, (kind,), {**body, "__doc__": kind.__doc__})


def _repr_mimebundle(self: Any, *_: Any, **__: Any) -> dict[str, Any]:
    return bundle(self)


def bundle(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """What a cell shows of a chart: Vega-Lite 5, a PNG picture and a text.

    Args:
        chart: Any Altair chart.

    Returns:
        MIME type to content. The picture, in base64, is left out where vl-convert is missing.
    """
    return _bundle_of(_spec(chart))


def svg(chart: alt.TopLevelMixin, *, dark: bool = False) -> str:
    """A chart as the text of an SVG file.

    Args:
        chart: Any Altair chart.
        dark: Light words on a dark ground.

    Raises:
        MissingExtra: If vl-convert is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtra("Charts as pictures", "lab") from error
    return vl_convert.vegalite_to_svg(_themed(_spec(chart), _DARK if dark else _LIGHT))


def offline() -> AbstractContextManager[object]:
    """Show all Altair charts of this notebook without a network, your own included.

    It becomes Altair's renderer until another is enabled. In a `with` block it is so only there.

    Example:
        >>> with offline():
        ...     alt.renderers.active
        'xeroml_nb'
    """
    alt.renderers.register(_RENDERER, _render)
    enabled: AbstractContextManager[object] = alt.renderers.enable(_RENDERER)
    return enabled


def _render(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    if alt.data_transformers.active.startswith("vegafusion"):
        raise BadInput(
            "The offline renderer cannot draw a chart whose data VegaFusion holds back.",
            "Use alt.data_transformers.enable('default'), or alt.renderers.enable('png').",
        )
    return _bundle_of(spec)


def _spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    # Otherwise a user's VegaFusion would refuse to give Vega-Lite.
    spec: dict[str, Any] = chart.to_dict(context={"pre_transform": False})
    return spec


def _bundle_of(spec: dict[str, Any]) -> dict[str, Any]:
    picture = _png(spec)
    content: dict[str, Any] = {
        MIME: {"background": "transparent", **spec, "$schema": _SCHEMA},
        "text/plain": spoken(spec),
    }
    return content if picture is None else {**content, "image/png": picture}


def _png(spec: dict[str, Any]) -> str | None:
    try:
        import vl_convert
    except ImportError:
        return None
    picture = vl_convert.vegalite_to_png(_themed(spec, _LIGHT), scale=_SCALE)
    return base64.b64encode(compact(picture)).decode("ascii")


def _themed(spec: dict[str, Any], colours: tuple[str, str, str, str]) -> dict[str, Any]:
    """The chart with a ground and colours of words that read on it, whatever theme is on."""
    ground, words, grid, frame = colours
    guide = {"labelColor": words, "titleColor": words}
    own = {
        "axis": {**guide, "gridColor": grid, "domainColor": frame, "tickColor": frame},
        "header": guide,
        "legend": guide,
        "title": {"color": words, "subtitleColor": words},
        "view": {"stroke": grid},
    }
    config = dict(spec.get("config", {}))
    for part, colour in own.items():
        config[part] = {**config.get(part, {}), **colour}
    themed: dict[str, Any] = drawable({**spec, "background": ground, "config": config})
    return themed
