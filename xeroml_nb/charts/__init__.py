"""Charts of experiments and comparisons: plain Altair objects that show without a network.

Each function gives an Altair chart to layer, change and save. As the result of a cell it shows
in JupyterLab and Notebook without asking any server, in light and dark; a picture and a text
stand beside it for all other readers.

Example:
    >>> import xeroml_nb as xn
    >>> chart = xn.charts.differences(comparison)  # doctest: +SKIP
    >>> chart.save("differences.svg")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib.util import find_spec

from xeroml_nb.errors import MissingExtra

if find_spec("altair") is None:
    raise MissingExtra("Charts", "lab")

from xeroml_nb.charts.against import against
from xeroml_nb.charts.categories import categories
from xeroml_nb.charts.changes import changes
from xeroml_nb.charts.confusion import confusion
from xeroml_nb.charts.differences import differences
from xeroml_nb.charts.distribution import distribution
from xeroml_nb.charts.heat_map import heat_map
from xeroml_nb.charts.showing import bundle, offline, shown, svg
from xeroml_nb.charts.summary import summary
from xeroml_nb.charts.trend import trend

__all__ = [
    "against",
    "bundle",
    "categories",
    "changes",
    "confusion",
    "differences",
    "distribution",
    "heat_map",
    "offline",
    "shown",
    "summary",
    "svg",
    "trend",
]
