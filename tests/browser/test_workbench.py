"""The workbench, used as people use it: from the dataset to the labels of what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .lab import Notebook

pytestmark = pytest.mark.browser

SETUP = """\
import time
import xeroml_nb as xn
client = xn.get_client()
numbers = [{"id": f"n{n:02}", "input": n, "expected_output": n} for n in range(40)]
client.create_dataset(name="numbers", items=numbers)

@xn.evaluator
def exact(output, expected_output):
    return output == expected_output

def first(input):
    time.sleep(0.2)
    return input if input % 2 else -1

def second(input):
    time.sleep(0.2)
    return input if input > 1 else -1
"""
BENCH = "bench = xn.workbench('numbers')\nbench"
CODE = "ran = client.start(lambda input: -1, 'numbers', name='third', evaluators=['exact']).wait()"


class Bench:
    """The parts of a workbench."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.keys = notebook.page.keyboard
        self.output = notebook.output(cell)
        self.tabs = self.output.get_by_role("tab")
        expect(self.tabs).to_have_count(4)

    def tab(self, name: str) -> Locator:
        return self.tabs.filter(has_text=name)

    def says(self, name: str, title: str) -> None:
        expect(self.tab(name)).to_have_text(title)

    def field(self, name: str) -> Locator:
        return self.output.get_by_label(name, exact=True)

    def tab_to(self, wanted: Locator) -> None:
        """Press Tab until something has the focus."""
        for _ in range(30):
            if wanted.evaluate("node => node.contains(document.activeElement)"):
                return
            self.keys.press("Tab")
        expect(wanted).to_be_focused()


def test_the_whole_work_is_done_with_the_mouse(notebook):
    it = notebook(SETUP, BENCH, CODE)
    it.run(0, 1)
    bench = Bench(it, 1)
    for name, title in zip(("Dataset", "Run", "Label", "Compare"), bench.tabs.all(), strict=True):
        expect(title).to_have_text("Dataset numbers" if name == "Dataset" else name)
    bench.tab("Compare").click()
    expect(bench.output.get_by_text("Nothing to compare yet")).to_be_visible()

    bench.tab("Run").click()
    for task in ("first", "second"):
        bench.field("task").select_option(task)
        bench.field("concurrency").fill("4")
        bench.output.get_by_role("button", name="Run").click()
        expect(bench.tab("Run")).to_contain_text("/40")
        bench.says("Run", f"Run ✓ {task} #1")

    bench.tab("Label").click()
    bench.output.get_by_placeholder("your name").fill("ann")
    bench.output.get_by_role("button", name="Start").click()
    labeller = bench.output.get_by_role("application")
    labeller.focus()
    for place, answer in enumerate("121", start=1):
        expect(labeller).to_contain_text(f"{place} of 40")
        expect(labeller).not_to_contain_text("loading")
        bench.keys.press(answer)
    bench.says("Label", "Label 3/40")

    bench.tab("Compare").click()
    bench.says("Compare", "Compare second #1 ▲")
    bench.output.get_by_role("button", name="regressed 1").click()
    bench.output.get_by_role("button", name="Label these 1").click()
    expect(bench.tab("Label")).to_have_attribute("aria-selected", "true")
    bench.says("Label", "Label 0/1")
    bench.output.get_by_role("button", name="Label all of second #1").click()
    bench.says("Label", "Label 3/40")

    # A run by code is taken up, and what stays in the notebook is there once.
    it.run(2)
    bench.says("Run", "Run ✓ third #1")
    bench.tab("Compare").click()
    bench.says("Compare", "Compare third #1 ▼")
    assert it.value("bench.comparison.title") == "third #1 against second #1"
    shown, remainder = it.save().cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in shown.data
    for line in ("Dataset numbers · 40 items", "third #1 against second #1", "exact: Worse"):
        assert remainder.data["text/plain"].count(line) == 1
        assert remainder.data["text/html"].count(line) == 1
    expect(bench.output.get_by_text("Dataset numbers · 40 items")).to_be_hidden()


def test_every_tab_is_reached_and_used_with_the_keyboard_alone(notebook):
    it = notebook(SETUP, BENCH)
    it.run(0, 1)
    bench = Bench(it, 1)
    bench.tab("Dataset").focus()
    bench.keys.press("ArrowRight")
    expect(bench.tab("Run")).to_be_focused()
    bench.keys.press("Enter")
    expect(bench.tab("Run")).to_have_attribute("aria-selected", "true")
    for letter in ("f", "s"):
        bench.tab_to(bench.field("task"))
        bench.keys.press(letter)
        bench.tab_to(bench.output.get_by_role("button", name="Run"))
        bench.keys.press("Enter")
        bench.says("Run", f"Run ✓ {'first' if letter == 'f' else 'second'} #1")
        bench.tab("Run").focus()

    bench.keys.press("ArrowRight")
    bench.keys.press("Enter")
    bench.tab_to(bench.output.get_by_placeholder("your name"))
    bench.keys.type("ann")
    bench.keys.press("Enter")
    # The field is gone: the tab has the focus, and no key goes to the notebook.
    expect(bench.tab("Label")).to_be_focused()
    labeller = bench.output.get_by_role("application")
    expect(labeller).to_be_visible()
    bench.tab_to(labeller)
    bench.keys.press("1")
    bench.says("Label", "Label 1/40")

    bench.tab("Label").focus()
    bench.keys.press("ArrowRight")
    bench.keys.press("Enter")
    bench.says("Compare", "Compare second #1 ▲")
    bench.tab_to(bench.output.locator(".xn-compare"))
    bench.keys.press("l")
    expect(bench.tab("Label")).to_have_attribute("aria-selected", "true")
    expect(bench.tab("Label")).to_be_focused()
    assert it.cell_count == 2


def test_the_notebooks_shortcuts_do_not_fire_from_the_tabs(notebook):
    it = notebook(SETUP, BENCH)
    it.run(0, 1)
    bench = Bench(it, 1)
    for name in ("Run", "Label", "Compare", "Dataset"):
        bench.tab(name).click()
        expect(bench.tab(name)).to_be_focused()
        for key in ("a", "b", "d", "d", "x", "m", "z", "Shift+L", "ArrowUp", "ArrowDown"):
            bench.keys.press(key)
        expect(bench.tab(name)).to_be_focused()
    assert it.cell_count == 2
    # Outside of it the same key does what it always does.
    it.page.locator(".jp-Notebook-cell .jp-InputPrompt").first.click()
    bench.keys.press("b")
    assert it.cell_count == 3
