"""The export panel with a real server, used as people use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from server.running import running

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .lab import Notebook

pytestmark = pytest.mark.browser

# The keys stand in a file beside the notebook, as they would in the environment.
SETUP = """\
import json, os
os.environ.update(json.load(open("server.json")))
import xeroml_nb as xn
client = xn.get_client()
numbers = [{"id": f"n{n:02}", "input": n, "expected_output": n} for n in range(30)]
client.create_dataset(name="numbers", items=numbers)

@xn.evaluator
def exact(output, expected_output):
    return output == expected_output

ran = client.run(lambda input: input, "numbers", name="triage", evaluators=["exact"])
client.flush()
"""
PANEL = "panel = xn.export_panel()\npanel"
# The lowest contrast of a text with what is behind it, and which text that is.
LOWEST_CONTRAST = """\
root => {
    const parts = color => color.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
    const behind = node => {
        const found = [];
        for (let at = node; at; at = at.parentElement)
            found.unshift(getComputedStyle(at).backgroundColor);
        return found.reduce((under, color) => over(parts(color), under), [255, 255, 255]);
    };
    const light = color => color.map(c => c / 255)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const shown = [...root.querySelectorAll('*:not(option)')].filter(node =>
        node.checkVisibility() && !node.closest(':disabled') && [...node.childNodes].some(
            child => child.nodeType === 3 && child.textContent.trim()));
    return shown.map(node => {
        const back = behind(node);
        const [a, b] = [over(parts(getComputedStyle(node).color), back), back].map(light);
        return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.textContent];
    }).sort((one, other) => one[0] - other[0])[0];
}
"""


@pytest.fixture
def server(tmp_path):
    """A server with a store of its own."""
    with running(tmp_path / "server.db") as there:
        yield there


@pytest.fixture
def opened(notebook, server):
    """A notebook whose kernel knows the server, with an export panel in its second cell."""
    it = notebook(SETUP, PANEL)
    keys = {"HOST": server.url, "PUBLIC_KEY": server.public, "SECRET_KEY": server.secret}
    told = {f"XEROML_{name}": value for name, value in keys.items()}
    (it.folder / "server.json").write_text(json.dumps(told))
    it.run(0, 1)
    return Panel(it, 1)


class Panel:
    """The parts of an export panel."""

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.keys = notebook.page.keyboard
        self.output = notebook.output(cell)
        self.primary = self.output.locator("button.mod-primary")
        self.outcome = self.output.locator(".xn-outcome").first

    def button(self, name: str) -> Locator:
        return self.output.get_by_role("button", name=name)

    def row(self, kind: str) -> Locator:
        """What is said of a kind of objects."""
        return self.output.locator(".xn-kind").filter(
            has=self.output.page.get_by_text(kind, exact=True)
        )

    def tab_to(self, wanted: Locator) -> None:
        """Press Tab until something has the focus."""
        for _ in range(30):
            if wanted.evaluate("node => node === document.activeElement"):
                return
            self.keys.press("Tab")
        expect(wanted).to_be_focused()


def experiments_of(server):
    """The names of the experiments that a server has."""
    return [one["name"] for one in server.http().get("/experiments").json()["data"]]


def test_a_push_is_looked_at_sent_and_taken_back_with_the_mouse(opened, server):
    panel, it = opened, opened.notebook
    expect(panel.output.locator(".xn-server")).to_contain_text(f"reached {server.url}")
    expect(panel.row("item runs")).to_contain_text("30 + new")
    panel.row("items").locator("summary").click()
    expect(panel.row("items").locator("li")).to_have_count(6)
    expect(panel.row("items")).to_contain_text("… and 25 more changes")
    expect(panel.primary).to_have_text("Send 62 changes")

    panel.primary.dblclick()
    expect(panel.outcome).to_contain_text(f"✓ everything · 62 sent to {server.url} (62 new)")
    expect(panel.outcome).to_contain_text("62 read back · 0 not seen · 0 refused")
    expect(panel.primary).to_have_text("Everything is there already")
    expect(panel.primary).to_be_disabled()
    assert it.value("len(client.pushes())") == 1
    assert experiments_of(server) == ["triage"]

    # What stays in the notebook is one line, without a key in it, and not shown twice.
    saved = it.save()
    shown, remainder = saved.cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in shown.data
    assert remainder.data["text/plain"].startswith(f"everything · 62 sent to {server.url}")
    expect(panel.output.locator(".xn-remainder")).to_be_hidden()
    text = it.path.read_text()
    assert server.url in text
    assert server.secret not in text
    assert server.public not in text

    panel.button("Undo this push").click()
    expect(panel.outcome).to_contain_text("push undone")
    expect(panel.button("Undo this push")).to_have_count(0)
    expect(panel.primary).to_contain_text("Send ")
    assert experiments_of(server) == []


def test_everything_is_done_with_the_keyboard_alone(opened, server):
    panel, it, keys = opened, opened.notebook, opened.keys
    expect(panel.primary).to_have_text("Send 62 changes")
    panel.button("Look again").focus()
    kind = panel.output.get_by_label("what", exact=True)
    panel.tab_to(kind)
    keys.type("ex")
    offered = panel.output.get_by_label("experiments, one or several")
    panel.tab_to(offered)
    expect(panel.primary).to_have_text("Choose what to send")
    keys.press("ArrowDown")
    expect(panel.primary).to_have_text("Send 62 changes")

    panel.tab_to(panel.row("experiments").locator("summary"))
    keys.press("Enter")
    expect(panel.row("experiments").locator("li")).to_be_visible()
    panel.tab_to(panel.primary)
    keys.press("Enter")
    expect(panel.outcome).to_contain_text("triage #1 · 62 sent")
    expect(panel.primary).to_have_text("Everything is there already")
    for key in ("d", "d", "b", "x"):  # the button that was pressed is grey: nobody gets these
        keys.press(key)
    panel.tab_to(panel.button("Undo this push"))
    keys.press("Enter")
    expect(panel.outcome).to_contain_text("push undone")

    panel.output.get_by_label("format").focus()
    keys.press("j")
    panel.tab_to(panel.output.get_by_label("path"))
    expect(panel.output.get_by_label("path")).to_have_value("triage-1.jsonl")
    panel.tab_to(panel.button("Write a file"))
    keys.press("Enter")
    expect(panel.output.locator(".xn-files .xn-outcome")).to_contain_text("triage-1.jsonl")
    assert (it.folder / "triage-1.jsonl").exists()
    assert it.cell_count == 2


@pytest.fixture
def in_the_dark(opened):
    """A function that makes the page dark, until the end of the test."""
    page = opened.notebook.page

    def choose(theme, is_light):
        change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
        page.evaluate(change, f"JupyterLab {theme}")
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)

    yield lambda: choose("Dark", "false")
    choose("Light", "true")


def test_it_is_read_in_the_dark_and_on_a_narrow_page(opened, in_the_dark):
    panel, page = opened, opened.notebook.page
    frame = panel.output.locator(".xn-export")
    expect(panel.primary).to_have_text("Send 62 changes")
    panel.row("items").locator("summary").click()
    figure = panel.row("items").get_by_text("30", exact=True)
    for make in (lambda: None, in_the_dark):
        make()
        lowest, text = frame.evaluate(LOWEST_CONTRAST)
        assert lowest >= 4.5, text

    heads, word = panel.output.locator(".xn-kinds-head"), panel.row("items").get_by_text("+ new")
    expect(heads).to_be_visible()
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    page.set_viewport_size({"width": 668, "height": 1400})
    expect(heads).to_be_hidden()
    expect(figure).to_be_visible()
    assert word.first.evaluate("node => node.offsetWidth") > 20
    width, inner, content = frame.evaluate("n => [n.offsetWidth, n.clientWidth, n.scrollWidth]")
    assert 540 <= width <= 580
    assert content <= inner
