"""The score card used as people use it: written, corrected, unfolded, put to use."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .test_export_panel import LOWEST_CONTRAST

pytestmark = pytest.mark.browser

SETUP = """\
import xeroml_nb as xn
from xeroml_nb.widgets.score_card.panel import score_card
client = xn.get_client()
kinds = ["even", "<b>odd</b>"]
items = [
    {"id": f"n{n:02}", "input": n, "expected_output": n, "metadata": {"kind": kinds[n % 2]}}
    for n in range(30)
]
client.create_dataset(name="numbers", items=items)

def exact(output, expected_output):
    return output == expected_output

ran = client.run(lambda n: n if n % 3 else -1, "numbers", name="triage", evaluators=[exact])
columns = {"item": "item_id", "kind": "metadata.kind", "exact": "exact"}
report = ran.report(columns)
"""
PANEL = "panel = score_card(report)\npanel"
BROKEN = "const all = data.length;\nreturn {score: 100 * rows.length / all};"
CODE = """\
const right = data.filter(row => row.exact).length;
const kinds = [...new Set(data.map(row => row.kind))];
const table = kinds.map(kind => [kind, data.filter(row => row.kind === kind).length]);
return {score: 100 * right / data.length, score_matrix: [[["kind", "rows"], ...table]]};
"""


def test_a_card_is_written_corrected_and_put_to_use(notebook):
    it = notebook(SETUP, PANEL)
    it.run(0, 1)
    page, keys, output = it.page, it.page.keyboard, it.output(1)
    frame = output.locator(".xn-card").first
    score, code = output.locator(".xn-card-score"), output.get_by_label("code", exact=True)
    failure = output.locator(".xn-card-failure")
    use = output.get_by_role("button", name="Use this card")
    expect(score).to_contain_text("66.7 of 100")  # the last column's

    # The language by the keyboard; the notebook's shortcuts get none of these keys.
    output.get_by_role("button", name="JavaScript").focus()
    keys.press("Enter")
    code.focus()
    keys.insert_text(BROKEN)
    keys.press("x")
    expect(failure).to_contain_text("rows")
    expect(failure.locator("[aria-current=true]")).to_contain_text("2  return {score: 100 * rows")
    expect(use).to_be_disabled()
    keys.press("Control+a")
    keys.insert_text(CODE)
    expect(score).to_contain_text("66.7 of 100")
    expect(failure).to_have_count(0)
    assert it.cell_count == 2

    # Texts of the data stay texts; a row unfolds to the rows behind it.
    row = frame.locator(".xn-matrix summary").filter(has_text="<b>odd</b>")
    row.focus()
    keys.press("Enter")
    expect(frame.locator(".xn-matrix")).to_contain_text("15 rows: kind is <b>odd</b>")
    expect(frame.locator(".xn-matrix details[open] tbody tr")).to_have_count(5)

    use.click()
    expect(output.get_by_role("button", name="In use")).to_be_disabled()
    assert it.value("(report.card.code_language, round(report.score))") == ("JAVASCRIPT", 67)
    it.value("client.score(trace_id=ran.get_results()[0].trace_id, name='exact', value=True,"
             " author='exact') and 1")  # fmt: skip
    expect(score).to_contain_text("70 of 100")

    # It reads in light and dark, and on a narrow page.
    theme = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    try:
        for name, is_light in (("Light", "true"), ("Dark", "false")):
            page.evaluate(theme, f"JupyterLab {name}")
            expect(page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)
            lowest, text = frame.evaluate(LOWEST_CONTRAST)
            assert lowest >= 4.5, text
    finally:
        page.evaluate(theme, "JupyterLab Light")
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 668, "height": 1400})
    width, inner, content = frame.evaluate("n => [n.offsetWidth, n.clientWidth, n.scrollWidth]")
    assert 540 <= width <= 580
    assert content <= inner
    assert code.evaluate("node => node.offsetWidth") > 0.9 * inner

    widget, remainder = it.save().cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in widget.data
    assert remainder.data["text/plain"].startswith("triage · report 1 · 70 of 100 · in use")
    expect(output.locator(".xn-remainder")).to_be_hidden()
