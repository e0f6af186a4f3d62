"""No key that is pressed in a labeller reaches the notebook, whatever shows the notebook."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from .lab import Lab, write_notebook
from .labeller import SETUP, Labelling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .lab import Notebook

pytestmark = pytest.mark.browser

# The link leads nowhere: browsers refuse that port.
RICH = """\
chat = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
rows = [
    {"id": f"q{n:04}", "input": {"messages": chat}, "expected_output": "no", "metadata": {"n": n}}
    for n in range(500)
]
client.create_dataset(name="rich", items=rows)
exp = xn.run(lambda item: "see [there](http://127.0.0.1:9/)", "rich")
"""
ANNOTATE = """\
rubric = Rubric([
    Dimension("verdict", options=[Option("pass", "p"), Option("fail", "x")]),
    Dimension("size", "number", minimum=0),
    Dimension("why", "text", required=False),
])
labels = xn.annotate(exp, rubric, annotator="ann")"""
KEYS = (
    *("a", "b", "c", "d", "d", "x", "y", "m", "r", "z", "0", "0", "i", "i", *"123456789"),
    *("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Enter", "Shift+Enter", "Control+Enter"),
    *("Escape", "Space", "Backspace", "Delete"),
)
# What has to be pressed or clicked before an element is there.
OPENERS = ("", "button=comment", "button=correct", "key=g", "typed=0", "typed=1", "button=help")
FOCUSABLE = "a, button, input, textarea, summary, select, [tabindex]"
PREPARE = f"""() => {{
window.prepared = (root, opener) => {{
    root.focus();
    root.querySelector('.xn-sheet:not([hidden]) .xn-close')?.click();
    root.focus();
    const [kind, name] = opener.split('=');
    if (kind === 'button') root.querySelector(`[data-command=${{name}}]`).click();
    if (kind === 'typed')
        [...root.querySelectorAll('.xn-answer')].filter(
            e => !e.hasAttribute('aria-pressed'))[name].click();
    if (kind === 'key')
        root.dispatchEvent(new KeyboardEvent('keydown', {{key: name, bubbles: true}}));
    const inside = [...root.querySelectorAll({FOCUSABLE!r})].filter(e => e.checkVisibility());
    return [root, ...inside];
}};
window.focused = ([root, opener, place]) => {{
    const found = window.prepared(root, opener)[place];
    found?.focus();
    return document.activeElement === found;
}};
window.described = ([root, opener]) => window.prepared(root, opener).map(
    e => `${{e.tagName}} ${{e.className}} ${{e.textContent.slice(0, 20)}}`);
}}"""
STATE = """
() => {
    const content = window.jupyterapp.shell.currentWidget.content;
    const cells = content.widgets.map(cell => ({
        id: cell.model.id,
        type: cell.model.type,
        source: cell.model.sharedModel.getSource(),
        count: cell.model.sharedModel.execution_count,
        selected: content.isSelected(cell),
    }));
    const dialogs = document.querySelectorAll('.jp-Dialog').length;
    return {cells, dialogs, active: content.activeCellIndex, mode: content.mode};
}
"""


@pytest.fixture(params=["JupyterLab", "Notebook 7", "JupyterLab 4.4"])
def anywhere(
    request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A Lab of each application that is supported."""
    lab.forget()
    if request.param == "JupyterLab":
        yield lab
        return
    python, app = sys.executable, "notebook"
    if request.param == "JupyterLab 4.4":
        app = "jupyterlab"
        python = os.environ.get("LAB_44_PYTHON", "")
        if not python:
            pytest.skip("LAB_44_PYTHON names no Python with JupyterLab 4.4 and xeroml_nb")
    home = tmp_path_factory.mktemp("elsewhere")
    with Lab(home, lab.chromium, app=app, python=python, beside=lab) as other:
        yield other


def test_no_key_pressed_in_a_labeller_reaches_the_notebook(anywhere):
    path = write_notebook(
        anywhere.root / "keys" / "test.ipynb",
        (SETUP, RICH, ANNOTATE, "'first below'", "'second below'", "'third below'"),
    )
    it = anywhere.open(path)
    asked: list[str] = []
    it.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    it.page.context.on("page", lambda page: page.close())  # what a link opened
    it.run(0, 1, 2)
    labelling = Labelling(it, 2)
    labelling.shows("q0000")
    it.page.evaluate(PREPARE)
    labelling.focus()

    before = it.page.evaluate(STATE)
    assert (before["active"], before["mode"], before["dialogs"]) == (2, "command", 0)
    tried = [
        element for opener in OPENERS for element in press_everywhere(it, labelling, opener, before)
    ]
    for expected in ("TEXTAREA", "INPUT", "A ", "SUMMARY", "close", "raw", "verdict", "skip"):
        assert any(expected in element for element in tried), tried
    assert [a for a in asked if "/interrupt" in a or "/restart" in a] == []

    # Outside of it the same key does what it always does.
    it.page.locator(".jp-Notebook-cell").nth(3).locator(".jp-InputPrompt").click()
    it.page.keyboard.press("b")
    assert it.cell_count == 7
    it.close()
    assert (anywhere.outside, anywhere.errors) == ([], [])


def press_everywhere(
    it: Notebook, labelling: Labelling, opener: str, before: Any
) -> list[str]:
    """Press all keys on each element that there is, and see that nothing happened outside."""
    root = labelling.root.element_handle()
    found = it.page.evaluate("window.described", [root, opener])
    for place, element in enumerate(found):
        for key in KEYS:
            assert it.page.evaluate("window.focused", [root, opener, place]), element
            it.page.keyboard.press(key)
        assert it.page.evaluate(STATE) == before, f"{element!r} of {opener!r}"
    return found
