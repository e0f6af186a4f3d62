"""The dataset picker and the run panel, used as people use them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .lab import Notebook

pytestmark = pytest.mark.browser

SETUP = """\
import pathlib
import time
import xeroml_nb as xn
%load_ext xeroml_nb
client = xn.get_client()
"""
DATASETS = """\
client.create_dataset(name="evaluation/qa", items=[{"input": n} for n in range(3)])
client.create_dataset(name="evaluation/qa", items=[{"input": n} for n in range(4)])
client.create_dataset(
    name="support/triage",
    items=xn.example("support_triage"),
    input="message",
    expected_output=["category", "urgency"],
)
"""
PICKER = "picker = xn.pick_dataset()\npicker"
PANEL = "panel = xn.run_panel()\npanel"
NUMBERS = """\
numbers = [{"id": f"n{n:03}", "input": n, "expected_output": n} for n in range(COUNT)]
client.create_dataset(name="numbers", items=numbers)

@xn.evaluator
def exact(output, expected_output):
    return output == expected_output
"""
# Every call leaves a line behind.
CALLED = "with open('called.txt', 'a') as file:\n    file.write(item.id + '\\n')\n"
COUNTED = f"%%xeroml task counted\n{CALLED}time.sleep(0.2)\ninput\n"
ANSWER = "the model said <b>no</b> <img src=x onerror='document.title=1'>"
FAILING = f"""\
%%xeroml task failing
{CALLED}
if input % 2 and not pathlib.Path("mended").exists():
    raise ValueError("{ANSWER}")
input
"""


class Picker:
    """The parts of a dataset picker."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.output = notebook.output(cell)
        self.list = self.output.locator("select[size]")
        self.search = self.output.get_by_placeholder("search")

    def dataset(self, name: str) -> Locator:
        return self.list.locator("option", has_text=name)

    @property
    def value(self):
        """Name and size of what is chosen."""
        return self.notebook.value("picker.value and (picker.value.name, len(picker.value))")

    def shows(self, text: str) -> None:
        expect(self.output.get_by_text(text).first).to_be_visible()


class Panel:
    """The parts of a run panel."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.output = notebook.output(cell)

    def field(self, name: str) -> Locator:
        return self.output.get_by_label(name, exact=True)

    def button(self, name: str) -> Locator:
        return self.output.get_by_role("button", name=name)

    def fill(self, name: str, value: int) -> None:
        self.field(name).fill(str(value))
        self.field(name).press("Tab")

    def is_at(self, status: str) -> None:
        expect(self.output.locator(".xn-status")).to_have_text(status)

    @property
    def done(self) -> int:
        return int(self.output.locator(".xn-count").inner_text().split("/")[0])

    def reaches(self, count: int) -> None:
        """Wait until so many items are done."""
        self.notebook.page.wait_for_function(
            "([node, count]) => parseInt(node.textContent) >= count",
            arg=[self.output.locator(".xn-count").element_handle(), count],
        )


def called(notebook: Notebook) -> list[str]:
    """The ids of the items whose task was called, once for each call."""
    path = notebook.folder / "called.txt"
    return path.read_text().split() if path.exists() else []


def test_a_dataset_is_picked_and_looked_through_with_the_mouse(notebook):
    it = notebook(SETUP, DATASETS, PICKER)
    it.run(0, 1, 2)
    picker = Picker(it, 2)
    assert picker.value is None

    picker.dataset("triage").click()
    picker.shows("item 1 of 72")
    assert picker.value == ("support/triage", 72)
    first = it.value("picker.value.items[0].input[:40]")
    picker.shows(first)
    picker.output.get_by_role("button", name="next").click()
    picker.shows("item 2 of 72")
    expect(picker.output.get_by_text(first)).to_be_hidden()
    for place in ("item 1 of 72", "item 72 of 72"):
        picker.output.get_by_role("button", name="prev").click()
        picker.shows(place)

    picker.dataset("support/").click()
    expect(picker.dataset("triage")).to_have_count(0)
    expect(picker.dataset("qa")).to_have_count(1)
    assert picker.value == ("support/triage", 72)
    picker.dataset("evaluation/").click()
    expect(picker.dataset("qa")).to_have_count(0)
    picker.dataset("support/").click()
    expect(picker.dataset("triage")).to_have_count(1)

    # What narrows a choice goes on working on it, whatever was folded meanwhile.
    picker.output.get_by_label("filter").fill("language=de")
    picker.output.get_by_label("filter").press("Enter")
    german = it.value(
        "sum(i.metadata['language'] == 'de' for i in picker._client.get_dataset('support/triage'))"
    )
    picker.shows(f"item 1 of {german}")
    picker.output.get_by_label("sample").fill("2")
    picker.output.get_by_label("sample").press("Tab")
    picker.shows("item 1 of 2")
    assert picker.value == ("support/triage", 2)
    picker.output.get_by_label("filter").fill("<b>nothing</b> like this")
    picker.output.get_by_label("filter").press("Enter")
    picker.shows("No item of 'support/triage' matches the filter.")
    picker.output.get_by_label("filter").fill("")
    picker.output.get_by_label("filter").press("Enter")
    expect(picker.output.get_by_text("matches the filter")).to_be_hidden()

    picker.search.fill("q")
    expect(picker.list.locator("option")).to_have_count(2)
    picker.dataset("qa").click()
    picker.shows("item 1 of 2")
    picker.output.get_by_label("sample").fill("0")
    picker.output.get_by_label("sample").press("Tab")
    picker.shows("item 1 of 4")
    picker.output.get_by_label("version").select_option(index=2)
    picker.shows("item 1 of 3")
    assert picker.value == ("evaluation/qa", 3)


def test_a_dataset_is_picked_with_the_keyboard_alone(notebook):
    it = notebook(SETUP, DATASETS, PICKER)
    it.run(0, 1, 2)
    picker = Picker(it, 2)
    keys = it.page.keyboard

    picker.search.focus()
    keys.type("triage")
    expect(picker.list.locator("option")).to_have_count(2)
    for _ in ("version", "filter", "sample", "list"):
        keys.press("Tab")
    expect(picker.list).to_be_focused()
    keys.press("ArrowDown")  # the folder
    keys.press("ArrowDown")
    picker.shows("item 1 of 72")
    assert picker.value == ("support/triage", 72)
    expect(picker.list).to_be_focused()

    keys.press("Tab")
    keys.press("Tab")
    expect(picker.output.get_by_role("button", name="next")).to_be_focused()
    keys.press("Enter")
    picker.shows("item 2 of 72")
    keys.press("Shift+Tab")
    keys.press("Space")
    picker.shows("item 1 of 72")

    picker.search.focus()
    keys.press("Control+a")
    keys.press("Backspace")
    expect(picker.list.locator("option")).to_have_count(4)
    picker.list.focus()
    keys.press("ArrowUp")  # the folder, which is not folded by passing over it
    keys.press("ArrowUp")
    picker.shows("item 1 of 4")
    assert picker.value == ("evaluation/qa", 4)
    expect(picker.list.locator("option")).to_have_count(4)
    keys.press("ArrowDown")
    for count in (3, 4):
        keys.press("Enter")
        expect(picker.list.locator("option")).to_have_count(count)
    assert it.cell_count == 3


def test_a_run_is_watched_paused_and_stopped_while_another_cell_blocks(notebook):
    it = notebook(
        SETUP, NUMBERS.replace("COUNT", "300"), PANEL, COUNTED, "time.sleep(0.6)", "time.sleep(4)"
    )
    it.run(0, 1, 2)
    panel = Panel(it, 2)
    panel.button("Run").click()
    expect(panel.output.get_by_role("alert")).to_contain_text("The notebook defines no task yet.")

    it.run(3)
    expect(panel.field("task")).to_have_value("counted")
    expect(panel.field("on")).to_have_value("numbers")
    panel.field("evaluators").locator("option", has_text="exact").click()
    panel.fill("concurrency", 4)
    panel.button("Run").click()
    expect(panel.output.get_by_role("alert")).to_be_hidden()
    panel.is_at("running")
    panel.reaches(4)
    before = panel.done
    panel.reaches(before + 8)
    expect(panel.output.locator(".xn-count")).to_contain_text("/ 300")
    expect(panel.output.locator(".xn-score")).to_contain_text("exact")
    for figure in ("ok", "failed", "running", "items/s", "ETA", "p50", "p95"):
        expect(panel.output.locator(".xn-figures")).to_contain_text(figure)
    expect(panel.output.locator(".xn-table tbody tr")).to_have_count(8)

    panel.button("Pause").click()
    panel.is_at("paused")
    expect(panel.output.locator(".xn-figures")).not_to_contain_text("running")
    paused = len(called(it))
    it.run(4)
    assert len(called(it)) == panel.done == paused
    panel.button("Resume").click()
    panel.is_at("running")
    panel.reaches(paused + 4)

    blocking = it.start(5)
    panel.button("Stop").click()
    panel.is_at("stopped")
    stopped = len(called(it))
    assert not it.has_ended(blocking)
    it.wait(blocking)
    assert len(called(it)) == panel.done == stopped < 300
    assert it.value("panel.experiment.status.value") == "stopped"


def test_a_stopped_run_is_resumed_after_a_kernel_restart(notebook):
    it = notebook(SETUP, NUMBERS.replace("COUNT", "120"), COUNTED, PANEL)
    it.run(0, 1, 2, 3)
    panel = Panel(it, 3)
    panel.field("evaluators").locator("option", has_text="exact").click()
    panel.fill("concurrency", 2)
    panel.button("Run").click()
    panel.reaches(4)
    panel.button("Stop").click()
    panel.is_at("stopped")
    done = set(called(it))
    assert it.value("panel.experiment.progress.done") == len(done) < 120

    it.restart()
    it.run(0, 1, 3)
    panel.is_at("stopped")
    assert panel.done == len(done)
    panel.button("Resume").click()
    expect(panel.output.get_by_role("alert")).to_contain_text("Run the cell that defines it")
    it.run(2)
    panel.fill("concurrency", 60)
    panel.button("Resume").focus()
    it.page.keyboard.press("Enter")
    panel.is_at("finished")
    expect(panel.output.locator(".xn-count")).to_have_text("120 / 120")
    expect(panel.output.locator(".xn-value")).to_have_text("1")
    expect(panel.output.locator(".xn-note")).to_have_text("(n 120)")
    assert set(Counter(called(it)).values()) == {1}
    assert len(called(it)) == 120
    assert it.value("[(r.label, r.planned) for r in client.experiments()]") == [("counted #1", 120)]
    left = it.save().cells[3].outputs[-1].data
    assert "✓ counted #1 · 120 attempted · 120 ok · 0 failed" in left["text/plain"]
    assert "120 attempted" in left["text/html"]


def test_failures_are_shown_as_text_and_run_again_on_request(notebook):
    it = notebook(SETUP, NUMBERS.replace("COUNT", "20"), FAILING, PANEL)
    it.run(0, 1, 2, 3)
    panel = Panel(it, 3)
    panel.button("Run").click()
    panel.is_at("finished")
    group = panel.output.locator(".xn-errors details")
    expect(group.locator("summary")).to_have_text("10 × ValueError")
    group.locator("summary").click()
    expect(group.locator(".xn-message")).to_be_visible()
    expect(group.locator(".xn-message")).to_contain_text(ANSWER)
    expect(panel.output.locator("td", has_text="<b>no</b>").first).to_be_visible()
    expect(panel.output.locator(".xeroml-summary")).to_contain_text("10 failed")
    expect(panel.output.locator(".xeroml-summary details")).to_contain_text(ANSWER)
    expect(panel.output.locator("b, img")).to_have_count(0)
    assert it.page.title() != "1"

    (it.folder / "mended").touch()
    panel.button("Retry failed").click()
    expect(panel.output.locator(".xn-figures")).to_contain_text("20 ok · 0 failed")
    panel.is_at("finished")
    expect(group).to_have_count(0)
    expect(panel.button("Retry failed")).to_be_hidden()
    expect(panel.output.locator(".xeroml-summary")).to_contain_text("20 ok · 0 failed")
    assert Counter(called(it)) == {f"n{n:03}": 1 + n % 2 for n in range(20)}


def test_the_notebooks_shortcuts_do_not_fire_from_picker_and_panel(notebook):
    it = notebook(
        SETUP,
        DATASETS,
        COUNTED,
        "picker = xn.pick_dataset('support/triage')\npicker",
        "panel = xn.run_panel(picker)\npanel",
    )
    it.run(0, 1, 2, 3, 4)
    picker, panel = Picker(it, 3), Panel(it, 4)
    panel.fill("concurrency", 1)
    panel.button("Run").click()
    panel.is_at("running")
    parts = [
        picker.search,
        picker.list,
        picker.output.get_by_role("button", name="next"),
        panel.field("task"),
        panel.field("concurrency"),
        panel.button("Run"),
        panel.button("Pause"),
        panel.button("Stop"),
    ]
    for part in parts:
        part.focus()
        for key in ("a", "b", "d", "d", "x", "m", "z", "Shift+L"):
            it.page.keyboard.press(key)
        expect(part).to_be_focused()
    assert it.cell_count == 5
    panel.button("Stop").click()
    panel.is_at("stopped")
    # Outside of them the same key does what it always does.
    it.page.locator(".jp-Notebook-cell .jp-InputPrompt").first.click()
    it.page.keyboard.press("b")
    assert it.cell_count == 6
