"""The comparison, used as people use it: by keyboard, by mouse, on odd data, on many items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .lab import write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .lab import Notebook

pytestmark = pytest.mark.browser

SETUP = """\
%%capture
import xeroml_nb as xn
client = xn.get_client()
rows = [
    {"id": f"q{n:03}", "input": f"question {n} " + "word " * 200, "expected_output": 1}
    for n in range(COUNT)
]
client.create_dataset(name="questions", items=rows)

def quality(output):
    return float(output.split()[0])

def words(output):
    return float(len(output.split()))

def first(item):
    return f"{1 if int(item.id[1:]) % 3 else 0} a small red cat"

def second(item):
    return f"{0 if int(item.id[1:]) % 5 == 1 else 1} a small blue cat indeed"

for task in (first, second):
    client.start(task, "questions", evaluators=[quality, words]).wait()
"""
FEW = SETUP.replace("COUNT", "30")
COMPARE = "shown = xn.comparison('first', 'second', score='quality')\nshown"
# Of 30 items every third is wrong at first; later the 1st, 6th, 11th and so on are.
REGRESSED = [f"q{n:03}" for n in range(30) if n % 3 and n % 5 == 1]
LEAKS = ("d", "d", "a", "b", "z", "m", "y", "0", "0", "Shift+Enter", "Control+Enter", "1")
UNWANTED = "script, iframe, form, img, style, svg, object, embed, link, [onerror], [onload]"
HOSTILE = """\
%%capture
import xeroml_nb as xn
client = xn.get_client()
hack = "window.hacked=1"
texts = [
    f"<script>{hack}</script>", f"<img src=x onerror='{hack}'>", f"[press](javascript:{hack})",
    f"<svg onload='{hack}'></svg>", f"</script></style><iframe srcdoc='<script>parent.{hack}'>",
]
rows = [
    {"id": f"{n} {text}", "input": {text: text}, "expected_output": text, "metadata": {text: text}}
    for n, text in enumerate(texts)
]
client.create_dataset(name=texts[1], items=rows)

@xn.evaluator(name=texts[0])
def odd(output):
    return len(output)

for number in range(2):
    client.start(
        lambda item: item.expected_output + texts[1] * number, texts[1],
        name=f"{number} {texts[1]}", evaluators=[odd],
    ).wait()
"""


class Comparing:
    """A comparison in a notebook.

    Args:
        notebook: Where it is shown.
        cell: Below which cell.
    """

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.output = notebook.output(cell)
        self.root = self.output.locator(".xn-compare")
        self.rows = self.root.locator(".xn-row")
        self.pane = self.root.locator(".xn-pane")

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.notebook.page.keyboard.press(key)

    def button(self, name: str) -> Locator:
        """A button by what stands on it."""
        return self.root.locator("button:not(.xn-dot)", has_text=name)

    def shows(self, *items: str) -> None:
        """Wait until exactly these items are listed."""
        expect(self.rows.locator(".xn-id")).to_have_text(list(items))

    def tab_to(self, selector: str) -> None:
        """Press Tab until something has the focus."""
        page = self.notebook.page
        for _ in range(60):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not come to {selector}")


@pytest.fixture
def few(notebook) -> tuple[Notebook, Comparing]:
    """Two runs of thirty items side by side."""
    it = notebook(FEW, COMPARE)
    it.run(0, 1)
    return it, Comparing(it, 1)


def test_a_change_is_found_and_read_with_the_keyboard_alone(few):
    it, comparing = few
    it.page.locator(".jp-Notebook-cell").nth(1).locator(".jp-InputPrompt").click()
    comparing.tab_to(".xn-compare")
    comparing.press(*LEAKS)
    assert it.cell_count == 2

    comparing.tab_to(".xn-difference")
    comparing.press("ArrowDown", "Enter")
    expect(comparing.root.locator(".xn-by")).to_have_value("1")
    assert it.value("shown.score") == "words"
    comparing.press(*LEAKS, "ArrowUp", "Enter")
    expect(comparing.root.locator(".xn-by")).to_have_value("0")

    comparing.tab_to(".xn-chip[aria-pressed=false]")
    expect(comparing.button("improved")).to_be_focused()
    comparing.press("Tab")
    expect(comparing.button("regressed")).to_be_focused()
    comparing.press("Enter")
    comparing.shows(*REGRESSED)
    assert it.value("shown.selection") == REGRESSED

    comparing.press("/")
    expect(comparing.root.get_by_label("search words")).to_be_focused()
    it.page.keyboard.type("add 21")
    comparing.press("Enter")
    expect(comparing.rows).to_have_count(0)
    comparing.press("Control+a")
    it.page.keyboard.type("BLUE")
    comparing.press("Enter")
    comparing.shows(*REGRESSED)

    comparing.press("Escape", "j", "Enter")
    expect(comparing.pane).to_contain_text(REGRESSED[0])
    expect(comparing.pane.locator("del.xn-del")).to_have_text(["1", "red cat"])
    expect(comparing.pane.locator("ins.xn-ins").first).to_have_text("0")
    comparing.press("j")
    expect(comparing.pane).to_contain_text(REGRESSED[1])
    comparing.press("x", *LEAKS)
    expect(comparing.pane).to_contain_text(REGRESSED[1])
    expect(comparing.button("Label 1 checked")).to_be_visible()
    comparing.press("Escape")
    expect(comparing.pane).to_be_hidden()
    assert it.value("shown.selection") == REGRESSED[1:2]
    assert it.cell_count == 2


def test_what_is_checked_is_labelled_below_with_the_keyboard(few):
    it, comparing = few
    expect(comparing.rows).to_have_count(30)
    comparing.rows.first.focus()
    comparing.press("j", "x", "l")
    name = comparing.output.get_by_placeholder("your name")
    name.fill("ann")
    name.press("Enter")
    labelling = comparing.output.locator(".xn-label")
    expect(labelling.locator(".xn-output").first).to_contain_text("a small blue cat")
    labelling.focus()
    comparing.press("2")
    expect(labelling).to_contain_text("saved 1 · pending 0")
    assert it.cell_count == 2
    assert it.value("shown.labeller.to_frame()['value'].tolist()") == ["fail"]


def test_everything_is_done_with_the_mouse(few):
    it, comparing = few
    expect(comparing.root.locator(".xn-verdict")).to_contain_text("30 shared items")
    dots = comparing.root.locator(".xn-side").first.locator(".xn-dot")
    expect(dots).to_have_count(len(REGRESSED))
    dots.nth(2).click()
    expect(comparing.pane).to_contain_text(REGRESSED[2])
    # All of a long input can be read.
    wraps = "node => node.scrollWidth <= node.clientWidth && node.clientHeight > 60"
    assert comparing.pane.locator(".xn-content .xn-text").first.evaluate(wraps)
    comparing.pane.get_by_role("button", name="trace").last.click()
    expect(comparing.pane.locator(".xn-trace").last).to_contain_text("1 observation")
    comparing.rows.nth(2).click()
    expect(comparing.pane).to_be_hidden()

    comparing.root.get_by_label("conditions").fill("baseline == 0")
    comparing.root.get_by_label("conditions").press("Enter")
    comparing.button("same").click()
    comparing.shows("q006", "q021")
    comparing.root.get_by_label("conditions").fill("nonsense")
    comparing.root.get_by_label("conditions").press("Enter")
    expect(comparing.root.get_by_role("alert")).to_contain_text("'nonsense' cannot be read")
    comparing.button("Clear").click()
    expect(comparing.root.get_by_role("alert")).to_be_hidden()
    expect(comparing.rows).to_have_count(30)

    comparing.button("Runs").click()
    comparing.root.get_by_label("baseline second #1").check()
    comparing.root.get_by_label("compare first #1").check()
    comparing.root.get_by_role("button", name="Compare", exact=True).click()
    expect(comparing.root.locator(".xn-title")).to_have_text("first #1 against second #1")
    assert it.value("shown.comparison.title") == "first #1 against second #1"


def test_what_models_wrote_is_only_ever_text(notebook):
    it = notebook(HOSTILE, "shown = xn.comparison(directions={texts[0]: 'none'})\nshown")
    it.run(0, 1)
    comparing = Comparing(it, 1)
    expect(comparing.rows).to_have_count(5)
    texts = it.value("texts")
    expect(comparing.root.locator(".xn-title")).to_contain_text(texts[1])
    comparing.rows.first.click()
    for number in range(5):
        expect(comparing.pane.locator(".xn-ins").first).to_contain_text("onerror")
        comparing.pane.get_by_role("button", name="trace").last.click()
        expect(comparing.pane.locator(".xn-trace").last).to_contain_text("1 observation")
        assert comparing.root.locator(UNWANTED).count() == 0
        expect(comparing.root.locator("a[href^=javascript]")).to_have_count(0)
        if number < 4:
            title = comparing.pane.get_attribute("aria-label")
            comparing.press("j")
            expect(comparing.pane).not_to_have_attribute("aria-label", title)
    saved = it.save().cells[1].outputs
    static = [output for output in saved if "text/html" in output.get("data", {})]
    assert "<img" not in static[-1].data["text/html"]
    assert texts[1] in static[-1].data["text/plain"]
    assert it.page.evaluate("window.hacked") is None


def test_many_items_come_by_pages_and_leave_the_notebook_small(notebook):
    it = notebook(SETUP.replace("COUNT", "1000"), COMPARE)
    it.run(0)
    before = it.path.stat().st_size
    it.run(1)
    comparing = Comparing(it, 1)
    expect(comparing.root.locator(".xn-where")).to_have_text("1–50 of 1,000")
    comparing.rows.first.click()
    comparing.rows.last.click()
    expect(comparing.pane).to_be_visible()
    comparing.press("j")
    expect(comparing.root.locator(".xn-where")).to_have_text("51–100 of 1,000")
    expect(comparing.rows.first).to_be_focused()
    first = comparing.rows.first.locator(".xn-id").inner_text()
    expect(comparing.pane).to_contain_text(first)
    comparing.press("k")
    expect(comparing.root.locator(".xn-where")).to_have_text("1–50 of 1,000")
    expect(comparing.rows.last).to_be_focused()
    it.save()
    assert it.path.stat().st_size - before < 100_000


@pytest.mark.parametrize("anywhere", ["Notebook 7"], indirect=True)
def test_no_key_reaches_a_notebook_that_listens_before_the_widget(anywhere):
    path = write_notebook(anywhere.root / "compared" / "test.ipynb", (FEW, COMPARE, "'below'"))
    it = anywhere.open(path)
    it.run(0, 1)
    comparing = Comparing(it, 1)
    expect(comparing.rows).to_have_count(30)
    for place in ("", ".xn-difference", ".xn-dot", ".xn-chip", ".xn-row", ".xn-made-by summary"):
        spot = comparing.root.locator(place).first if place else comparing.root
        spot.focus()
        comparing.press(*LEAKS)
        assert it.cell_count == 3, place
    it.close()
    assert anywhere.outside == []
    assert anywhere.errors == []
