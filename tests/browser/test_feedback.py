"""What a user presses on a page stands in the trace: the notebook on feedback, by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "feedback.ipynb"


@pytest.fixture
def opened(lab):
    """The notebook, open in JupyterLab, and the places of its code cells."""
    lab.forget()
    path = lab.root / "feedback" / NOTEBOOK.name
    path.parent.mkdir()
    shutil.copy(NOTEBOOK, path)
    notebook = lab.open(path)
    places = notebook.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets"
        ".flatMap((cell, n) => cell.model.type === 'code' ? [n] : [])"
    )
    yield notebook, places
    notebook.close()
    assert lab.outside == []


def test_a_thumb_pressed_in_the_page_is_a_score_in_the_trace(opened):
    notebook, places = opened
    shown = notebook.value  # what an expression is in the kernel
    page_cell = next(n for n in places if "IFrame" in notebook.source(n))
    notebook.run(*(n for n in places if n <= page_cell))
    page = notebook.output(page_cell).frame_locator("iframe")
    page.get_by_role("button", name="👍 helpful", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Thank you.")
    frame = "xeroml.get_scores(name='user-feedback')"
    assert shown(f"{frame}['value'].tolist()") == [1.0]
    assert shown(f"{frame}['trace_id'].tolist() == [reply['trace_id']]")
    assert shown(f"{frame}['comment'].tolist()") == ["pressed 👍 helpful"]

    # Another answer of the same user changes the score; its past is kept.
    page.get_by_role("button", name="👎 not helpful", exact=True).click()
    expect(page.get_by_role("button", name="👎 not helpful")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert shown(f"{frame}['value'].tolist()") == [0.0]
    notebook.run(*(n for n in places if n > page_cell))
    assert "user-feedback: 0" in shown("str(xeroml.get_trace(reply['trace_id']))")
    assert shown("server.returncode is not None")
