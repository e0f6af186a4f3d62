"""No key that is pressed in a labeller reaches the notebook, whatever shows the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .lab import write_notebook
from .labeller import SETUP, Labelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page

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
# What is done before an element is there, and which elements that brings. The last is in the sheet.
GROUPS = {
    "": (".xn-label", ".xn-answer", ".xn-command", ".xn-part-name .xn-quiet", "summary", "a"),
    "comment": (".xn-field .xn-input",),
    "correct": (".xn-field .xn-input",),
    "g": (".xn-field .xn-input",),
    "typed 0": (".xn-field .xn-input",),
    "typed 1": (".xn-field .xn-input",),
    "help": (".xn-sheet", ".xn-sheet .xn-close"),
}
HELPERS = """
root => {
    const every = (...groups) => [root, ...root.querySelectorAll('*')].filter(
        e => e.matches(groups.join()) && e.checkVisibility());
    const send = key => root.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
    const typed = root.querySelectorAll('.xn-answer:not([aria-pressed])');
    const open = opener => {
        root.focus();
        root.querySelector('.xn-sheet:not([hidden]) .xn-close')?.click();
        root.focus();
        if (opener === 'g') send(opener);
        else if (opener.startsWith('typed')) typed[opener.at(-1)].click();
        else if (opener) root.querySelector(`[data-command=${opener}]`).click();
    };
    const focusable = 'a, button, input, textarea, summary, select, [tabindex]';
    // All that can have the focus, less what the groups name.
    window.unnamed = groups => {
        open('');
        const known = new Set(every(...groups));
        return every(focusable).filter(e => !known.has(e)).map(e => e.outerHTML);
    };
    // Where an item shows raw text or is decided, the next one has the element.
    window.counted = ([opener, group]) => {
        for (let tries = 0; tries < 5; tries++) {
            open(opener);
            const count = every(group).length;
            if (count) return count;
            send('ArrowRight');
        }
        return 0;
    };
    window.focused = ([opener, group, place]) => {
        for (let tries = 0; tries < 5; tries++) {
            open(opener);
            const found = every(group)[place];
            found?.focus();
            if (found && document.activeElement === found) {
                window.wanted = found;
                return true;
            }
            send('ArrowRight');
        }
        return false;
    };
    // Every key goes to the same element: once a press is over, that gets the focus again.
    window.begin = where => {
        Object.assign(window, {where, elsewhere: []});
        return window.focused(where);
    };
    addEventListener('keydown', event => {
        if (event.isTrusted && document.activeElement !== window.wanted) elsewhere.push(event.key);
    }, true);
    addEventListener('keyup', event => {
        if (event.key !== ' ') window.focused(window.where);  // that clicks after its keyup
    }, true);
}
"""
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


@pytest.fixture
def closing() -> Iterator[Callable[[BrowserContext], None]]:
    """A function that has a browser close what links open, until the test is over."""
    contexts: list[BrowserContext] = []

    def close(page: Page) -> None:
        page.close()

    def begin(context: BrowserContext) -> None:
        context.on("page", close)
        contexts.append(context)

    yield begin
    for context in contexts:
        context.remove_listener("page", close)


def test_no_key_pressed_in_a_labeller_reaches_the_notebook(anywhere, lab, closing):
    path = write_notebook(
        anywhere.root / "keys" / "test.ipynb",
        (SETUP, RICH, ANNOTATE, "'first below'", "'second below'", "'third below'"),
    )
    it = anywhere.open(path)
    closing(it.page.context)
    asked: list[str] = []
    it.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    it.run(0, 1, 2)
    labelling = Labelling(it, 2)
    labelling.shows("q0000")
    labelling.focus()
    it.page.evaluate(HELPERS, labelling.root.element_handle())
    assert it.page.evaluate("groups => window.unnamed(groups)", GROUPS[""]) == []

    before = it.page.evaluate(STATE)
    assert (before["active"], before["mode"], before["dialogs"]) == (2, "command", 0)
    tried = 0
    for opener, groups in GROUPS.items():
        for group in groups:
            # What is far away in the queue may still be on its way to the page.
            found = it.page.wait_for_function("which => window.counted(which)", arg=[opener, group])
            count = found.json_value()
            # All of a kind in one application; in the others the last of them.
            places = range(count) if anywhere is lab else [count - 1]
            for place in places:
                press_all_keys(it, [opener, group, place])
                assert it.page.evaluate(STATE) == before, (opener, group, place)
            tried += len(places)
    assert tried >= (25 if anywhere is lab else sum(map(len, GROUPS.values())))
    assert [a for a in asked if "/interrupt" in a or "/restart" in a] == []

    # Outside of it the same key does what it always does.
    it.page.locator(".jp-Notebook-cell").nth(3).locator(".jp-InputPrompt").click()
    it.page.keyboard.press("b")
    assert it.cell_count == 7
    it.close()
    assert (anywhere.outside, anywhere.errors) == ([], [])


def press_all_keys(it: Notebook, where: list[Any]) -> None:
    """Press each key with the focus on an element."""
    assert it.page.evaluate("where => window.begin(where)", where), where
    for key in KEYS:
        it.page.keyboard.press(key)
        if key == "Space":
            assert it.page.evaluate("window.focused(window.where)"), (where, key)
    # An answer of the kernel may have drawn a part anew in between: then the labeller has it.
    assert len(it.page.evaluate("window.elsewhere")) < 10, where
