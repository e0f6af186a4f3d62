"""Charts are drawn where nothing can be fetched."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .lab import write_notebook

pytestmark = pytest.mark.browser

SETUP = """\
import altair as alt
import pandas as pd
import xeroml_nb as xn

client = xn.get_client()
items = [{"input": n, "expected_output": n} for n in range(40)]
client.create_dataset(name="numbers", items=items)

@xn.evaluator
def right(output, expected_output):
    return {"right": output == expected_output, "size": float(output), "kind": str(output % 3)}

runs = [
    client.start(lambda n, wrong=wrong: n if n % wrong else -n, "numbers", name=name,
                 evaluators=["right"]).wait()
    for name, wrong in (("first", 2), ("second", 7))
]
for n, result in enumerate(runs[0].get_results()):
    client.score(trace_id=result.trace_id, name="right", value=n % 3 > 0, source="human")
comparison = xn.compare(*runs)
renderer = alt.renderers.active
"""
CHARTS = (
    "summary(comparison)",
    "differences(comparison)",
    'changes(comparison, "size")',
    'distribution(comparison, "size")',
    'categories(comparison, "kind")',
    'heat_map(comparison, "right", limit=20)',
    'against(comparison, "right")',
    'confusion(runs[0], "right (human)", "right")',
    'trend("right", over="experiments")',
)
OWN = """\
data = pd.DataFrame({"x": [1, 2, 3], "y": [2, 1, 3]})
alt.Chart(data).mark_bar().encode(x="x:O", y="y:Q")"""


@pytest.mark.parametrize("anywhere", ["JupyterLab", "Notebook 7"], indirect=True)
def test_every_chart_is_drawn_without_a_network(anywhere):
    cells = (SETUP, "comparison", *(f"xn.charts.{chart}" for chart in CHARTS))
    offline = ("assert alt.renderers.active == renderer", f"xn.charts.offline()\n{OWN}")
    path = write_notebook(anywhere.root / "charts" / "test.ipynb", (*cells, *offline))
    it = anywhere.open(path)
    it.run(0, 1)
    shown = it.output(1)
    expect(shown.get_by_text("right: Better:")).to_be_visible()
    for drawn in shown.locator(".vega-embed").all():
        expect(drawn.locator("canvas, svg").first).to_be_visible()
    assert shown.locator(".vega-embed").count() >= 2
    last = it.cell_count - 1
    for cell in range(2, last + 1):
        it.run(cell)
        if cell == last - 1:
            expect(it.output(cell)).to_have_text("")
            continue
        drawn = it.output(cell).locator(".vega-embed").locator("canvas, svg").first
        expect(drawn).to_be_visible()
        box = drawn.bounding_box()
        assert box["width"] > 100
        assert box["height"] > 60
    kept = it.save()
    for cell in kept.cells[2 : 2 + len(CHARTS)]:
        kinds = set(cell.outputs[0].data)
        assert {"application/vnd.vegalite.v5+json", "image/png", "text/plain"} == kinds
    assert "widgets" not in kept.metadata
    it.close()
    assert anywhere.outside == []
    assert anywhere.errors == []
