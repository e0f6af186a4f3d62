"""Reports and pages as a reader opens them: nothing runs, and nothing leaves the machine."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

EVIL = "<img src=http://evil.example/x onerror=\"document.title='evil'\">"
# What the templates of nbconvert ask for themselves, whatever stands in the notebook.
_OF_THE_TEMPLATE = re.compile(r"https://cdnjs\.cloudflare\.com/ajax/libs/(mathjax|require\.js)/")


@pytest.fixture
def compared(client):
    """Two runs over 40 items, whose names and outputs would like to be more than text."""

    def judge(output, expected_output):
        right = output.startswith(expected_output)
        return {"right": right, "length": float(len(output)), EVIL: EVIL if right else "no"}

    items = [{"input": n, "expected_output": str(n)} for n in range(40)]
    dataset = client.create_dataset(name="numbers", items=items)
    for name, wrong in ((f"first {EVIL}", 2), ("second", 9)):
        task = {2: lambda n: f"{-n if n % 2 else n} {EVIL}", 9: lambda n: f"{n if n % 9 else -n}"}
        client.start(task[wrong], dataset, name=name, evaluators=[judge]).wait()
    return client.compare(f"first {EVIL}", "second")


@pytest.fixture
def opened(lab) -> Iterator[Page]:
    """A page of the browser, with all that it asks for in `asked`."""
    page = lab._context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    page.close()


def test_a_report_reads_in_jupyterlab_though_nothing_ran(lab, compared):
    lab.forget()
    path = lab.root / "a report" / "report.ipynb"
    path.parent.mkdir()
    shutil.copy(compared.to_notebook("report.ipynb"), path)
    it = lab.open(path)
    result = it.page.locator(".jp-Notebook-cell", has_text="comparison = client.compare")
    expect(result.get_by_text(f"right: {compared.verdict('right')}")).to_be_visible()
    expect(result.get_by_role("cell", name="▲ better")).to_be_visible()
    charts = result.locator(".vega-embed")
    expect(charts).to_have_count(3)
    expect(charts.first.locator(".marks")).to_be_visible()
    it.page.get_by_role("heading", name="What produced the runs").scroll_into_view_if_needed()
    assert it.page.locator(".jp-RenderedHTMLCommon img").count() == 0
    assert it.page.locator(".jp-OutputArea-executeResult .jp-InputPrompt").count() == 0
    it.close()
    assert lab.outside == []
    assert lab.errors == []


def test_the_page_of_an_experiment_asks_for_nothing_and_follows_the_theme(opened, compared, client):
    url = client.get_experiment(compared.baseline.name).url
    for scheme, shown, hidden in (("light", ".light", ".dark"), ("dark", ".dark", ".light")):
        opened.emulate_media(color_scheme=scheme)
        opened.goto(url)
        expect(opened.locator(f"figure {shown} svg").first).to_be_visible()
        expect(opened.locator(f"figure {hidden} svg").first).to_be_hidden()
        ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 17)"}[scheme]
    assert opened.asked == [url, url]
    assert opened.title() == compared.baseline.label


def test_a_narrow_page_scrolls_its_tables_and_not_itself(opened, compared, client):
    opened.set_viewport_size({"width": 600, "height": 900})
    opened.goto(client.get_experiment("second").url)
    assert opened.evaluate("document.documentElement.scrollWidth") == 600
    assert opened.evaluate("document.querySelector('figure svg').clientWidth") < 600
    scrolls = "(box => box.scrollWidth > box.clientWidth)(document.querySelector('.items'))"
    assert opened.evaluate(scrolls)


def test_an_exported_report_asks_for_nothing_of_its_own(opened, compared, own_folder):
    notebook = nbformat.read(compared.to_notebook("report.ipynb"), as_version=4)
    exporter = HTMLExporter(template_name="lab", exclude_input=True)
    exported = own_folder / "report.html"
    exported.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
    opened.goto(exported.as_uri(), wait_until="load")
    pictures = opened.locator("img")
    sizes = pictures.evaluate_all("every => every.map(one => one.naturalWidth)")
    assert len(sizes) >= 6
    assert min(sizes) > 300
    asked = [url for url in opened.asked if not url.startswith(("file:", "data:", "blob:"))]
    assert [url for url in asked if not _OF_THE_TEMPLATE.match(url)] == []
    assert opened.title() == "Notebook"
