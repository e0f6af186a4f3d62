"""Reports as notebooks, and the page of an experiment: whole without a kernel or a network."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

import xeroml_nb as xn
from xeroml_nb.errors import BadInput
from xeroml_nb.notebook.page_charts import inline
from xeroml_nb.notebook.report_cells import plain_words

VEGA = "application/vnd.vegalite.v5+json"
PNG = b"\x89PNG\r\n\x1a\n"
# Quotes, a backslash, a formula, markup of all kinds, right to left.
EVIL = 'it\'s "x" \\ <script>alert(1)</script> $a$ **b** [c](http://d.example) \u202eb'
DATA = f"{EVIL} \x01"  # names hold no control signs, texts may


@xn.evaluator
def right(output, expected_output):
    return output["answer"] == expected_output


@xn.evaluator
def words(output):
    return {"length": float(len(output["text"])), "tone": "warm" if output["answer"] % 3 else "dry"}


def task_of(wrong, fails=()):
    def answer(question):
        number = int(question.split()[-1])
        if number in fails:
            raise ValueError(f"no answer to {number}")
        return {"answer": -number if number % wrong == 0 else number, "text": "long " * number}

    return answer


def dataset_of(client, count):
    items = [
        {"id": f"q{n}", "input": f"What is {n}", "expected_output": n, "metadata": {"part": n % 4}}
        for n in range(1, count + 1)
    ]
    return client.create_dataset(name="sums", items=items)


@pytest.fixture
def compared(client):
    dataset = dataset_of(client, 60)
    for name, task in (("first", task_of(2)), ("second", task_of(7, fails={5, 10}))):
        client.start(task, dataset, name=name, evaluators=[right, words]).wait()
    return client.compare("first", "second", by="part", directions={"length": "lower"})


def read(path):
    return nbformat.read(path, as_version=4)


def cell_of(notebook, role):
    [cell] = [cell for cell in notebook.cells if cell.id == role]
    return cell


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def executed(path, folder, monkeypatch):
    """A report after its cells have run from top to bottom, in a folder."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(folder / name))
    notebook = read(path)
    place = {"metadata": {"path": str(folder)}}
    return NotebookClient(notebook, timeout=90, kernel_name="python3", resources=place).execute()


def outputs(notebook):
    """What stands below the cells of code, by cell, without what counts the runs."""
    found = {}
    for cell in code(notebook):
        found[cell.id] = [dict(output) for output in cell.outputs]
        for output in found[cell.id]:
            output.pop("execution_count", None)
    return found


# The notebook.


def test_a_report_is_a_valid_notebook_whose_outputs_stand_though_nothing_ran(compared):
    path = compared.to_notebook("report.ipynb")
    assert path == Path.cwd() / "report.ipynb"
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.xeroml_nb.runs == ["first #1", "second #1"]
    for cell in code(notebook):
        assert cell.execution_count is None
        assert bool(cell.outputs) == (cell.id not in ("setup", "parameters"))
    [parameters] = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", ())]
    assert parameters.id == "parameters"
    assert "options = {'by': 'part', 'directions': {'length': 'lower'}}" in parameters.source


def test_running_a_report_beside_its_store_changes_nothing_but_the_counts(
    compared, client, own_folder, monkeypatch
):
    path = compared.to_notebook("report.ipynb")
    client.close()
    beside = own_folder / "elsewhere"
    beside.mkdir()
    for name in ("store.db", "report.ipynb"):
        shutil.copy(own_folder / name, beside / name)
    monkeypatch.delenv("XEROML_STORE")
    done = executed(beside / "report.ipynb", beside, monkeypatch)
    assert outputs(done) == outputs(read(path))
    assert all(cell.execution_count for cell in code(done))


def test_running_a_report_on_one_experiment_changes_nothing_either(
    compared, client, own_folder, monkeypatch
):
    path = client.get_experiment("second").to_notebook("second.ipynb")
    stored = read(path)
    assert outputs(executed(path, own_folder, monkeypatch)) == outputs(stored)
    assert "ValueError: no answer to 5" in str(cell_of(stored, "failed").outputs)
    assert "20 of 60 items" in str(cell_of(stored, "items").outputs)


def test_a_report_holds_figures_charts_changes_code_and_origin(compared):
    notebook = read(compared.to_notebook("report.ipynb"))
    figures, *charts = cell_of(notebook, "comparison").outputs
    assert compared.verdict("right") in figures.data["text/plain"]
    assert [chart.data[VEGA]["title"]["text"] for chart in charts] == [
        "Difference from first #1",
        "Mean scores by run",
        "Categories of tone",
    ]
    mean = f"{compared.estimates[0].mean:.4g}"
    assert mean in cell_of(notebook, "table").outputs[0].data["text/html"]
    assert "p_adjusted" in cell_of(notebook, "slices").outputs[0].data["text/html"]
    changed = cell_of(notebook, "items-1").outputs[0].data
    counts = compared.changes("right").counts
    every = counts["improved"] + counts["regressed"]
    assert changed["text/plain"].startswith(f"{min(20, every)} of {every} items")
    assert "▲</span> improved" in changed["text/html"]
    failed = cell_of(notebook, "failed-1").outputs[0].data["text/html"]
    assert "ValueError: no answer to 5" in failed
    assert compared.code().source == []
    assert "a value that it uses" in cell_of(notebook, "code-1").outputs[0].data["text/plain"]
    origin = cell_of(notebook, "provenance").outputs[0].data["text/plain"]
    for record in compared.runs:
        assert record.id in origin
        assert record.content_hash[:12] in origin
        assert f"{record.dataset_version:%Y-%m-%d %H:%M:%S.%f} UTC" in origin
        assert f"{record.created_at:%Y-%m-%d %H:%M:%S} UTC" in origin
    assert "60 attempted · 58 ok · 2 failed" in origin
    assert "def answer(question):" in origin


def test_cells_keep_their_ids_when_a_report_is_written_again(compared):
    path = compared.to_notebook("report.ipynb")
    before = read(path)
    again = read(compared.to_notebook(path))
    assert [cell.id for cell in again.cells] == [cell.id for cell in before.cells]
    assert outputs(again) == outputs(before)


def test_a_report_of_a_thousand_items_is_small(client):
    dataset = dataset_of(client, 1_000)
    for name, task in (("first", task_of(2)), ("second", task_of(7))):
        client.start(task, dataset, name=name, evaluators=[right, words]).wait()
    path = client.compare("first", "second").to_notebook("report.ipynb")
    assert path.stat().st_size < 600_000
    assert client.get_experiment("second").to_notebook("one.ipynb").stat().st_size < 400_000


def test_three_runs_are_told_one_by_one(compared, client):
    client.start(task_of(3), client.get_dataset("sums"), name="third", evaluators=[right]).wait()
    three = client.compare("first", "second", "third", scores=["right"])
    roles = [cell.id for cell in read(three.to_notebook("three.ipynb")).cells]
    assert {"changes-1", "items-1", "code-1", "changes-2", "items-2", "code-2"} <= set(roles)
    alone = client.compare("first")
    roles = [cell.id for cell in read(alone.to_notebook("alone.ipynb")).cells]
    assert not [role for role in roles if role.startswith(("changed", "code-"))]


def test_an_experiment_without_scores_has_a_report_too(client):
    client.start(len, dataset_of(client, 3), name="bare").wait()
    notebook = read(client.get_experiment("bare").to_notebook("bare.ipynb"))
    assert [cell.id for cell in code(notebook)] == [
        *("setup", "parameters", "experiment", "items", "provenance")
    ]


# What is refused.


@pytest.mark.parametrize("word", ["by", "cluster"])
def test_a_function_cannot_be_repeated_so_nothing_is_written(compared, client, word):
    def part(item):
        return item.metadata["part"]

    found = client.compare("first", "second", **{word: part})
    with pytest.raises(BadInput, match=rf"^{word} is a function.*metadata field"):
        found.to_notebook("report.ipynb")
    assert not Path("report.ipynb").exists()


def test_somebody_elses_notebook_is_never_overwritten(compared):
    other = Path("mine.ipynb")
    nbformat.write(nbformat.v4.new_notebook(), other)
    text = other.read_text()
    with pytest.raises(BadInput, match=r"mine\.ipynb.*is no report.*another path"):
        compared.to_notebook(other)
    assert other.read_text() == text
    Path("torn.ipynb").write_text("{")
    with pytest.raises(BadInput, match="is no report"):
        compared.to_notebook("torn.ipynb")


def test_a_path_that_cannot_be_a_reports_is_refused(compared):
    with pytest.raises(BadInput, match=r"End it in \.ipynb"):
        compared.to_notebook("report.html")
    with pytest.raises(BadInput, match=r"There is no folder .*missing"):
        compared.to_notebook("missing/report.ipynb")


def test_a_failing_write_leaves_the_earlier_report(compared, monkeypatch):
    path = compared.to_notebook("report.ipynb")
    before = path.read_bytes()

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        compared.to_notebook("report.ipynb")
    assert path.read_bytes() == before
    assert [p for p in Path().iterdir() if "report.ipynb" in p.name] == [Path("report.ipynb")]


def test_a_run_that_goes_on_has_no_report_yet(client):
    go = threading.Event()
    running = client.start(lambda _: go.wait(30), dataset_of(client, 2), name="slow")
    with pytest.raises(BadInput, match="slow #1 is still running"):
        running.to_notebook("slow.ipynb")
    go.set()
    assert running.wait().to_notebook("slow.ipynb").exists()


# Untrusted data.


@pytest.fixture
def hostile(client):
    def judge(output):
        return {EVIL: float(len(output) % 2), f"kind {EVIL}": DATA}

    items = [{"id": f"<b>'{n}'", "input": DATA * 2_000, "expected_output": DATA} for n in range(9)]
    dataset = client.create_dataset(name=EVIL, items=items)
    client.start(lambda _: DATA, dataset, name=EVIL, evaluators=[judge]).wait()
    half = f"{DATA} half \ud800"
    client.start(lambda _: half, dataset, name=f"{EVIL}2", evaluators=[judge]).wait()
    return client.compare(EVIL, f"{EVIL}2")


def test_names_and_texts_never_become_markup_code_or_markdown(hostile, own_folder, monkeypatch):
    path = hostile.to_notebook("report.ipynb")
    assert path.stat().st_size < 600_000
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            marks = ("<script", "**", "$", "[c]", "\\")
            assert not [mark for mark in marks if mark in cell.source]
        for output in cell.get("outputs", ()):
            assert "<script" not in output.data.get("text/html", "")
    done = executed(path, own_folder, monkeypatch)
    assert [len(cell.outputs) for cell in code(done)] == [len(c.outputs) for c in code(notebook)]


def test_words_for_markdown_stay_words():
    assert plain_words("a_b\n# c") == (
        '<span class="tex2jax_ignore mathjax_ignore">a&#95;b &#35; c</span>'
    )


def test_a_run_named_like_another_runs_label_is_named_by_its_id(client):
    dataset = dataset_of(client, 6)
    for name in ("a", "a #1"):
        client.start(task_of(2), dataset, name=name, evaluators=[right]).wait()
    wanted = client.get_experiment("a", 1)
    report = read(wanted.to_notebook("report.ipynb"))
    assert f"run = '{wanted.id}'" in cell_of(report, "parameters").source


def test_a_stores_password_is_in_no_report(compared, monkeypatch):
    monkeypatch.setattr(compared.store, "place", "postgresql://me:***@db.example/evals")
    source = cell_of(read(compared.to_notebook("report.ipynb")), "parameters").source
    assert source.startswith('store = os.environ.get("XEROML_STORE")\n')
    assert "db.example" not in Path("report.ipynb").read_text()


# The page and the export.


class Page(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self.images = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "img":
            self.images.append(dict(attrs)["src"])

    def handle_data(self, data):
        self.texts.append(data)


def page_of(experiment):
    return Path(unquote(urlsplit(experiment.url).path)).read_text(encoding="utf-8")


def test_the_page_draws_its_charts_for_light_and_for_dark(compared, client):
    html = page_of(client.get_experiment("second"))
    page = Page(html)
    assert page.tags.count("figure") == 4
    assert page.tags.count("svg") == 8
    assert [v for k, v in page.attributes if k == "class" and v in ("light", "dark")] == [
        "light",
        "dark",
    ] * 4
    for text in ("Mean scores by run", "Distribution of length", "Categories of tone"):
        assert page.texts.count(text) == 2
    assert "url(" not in html
    assert not re.search(r"https?:", html)
    assert not [k for k, _ in page.attributes if k in ("src", "href", "xlink:href", "id")]
    alone = client.compare("second", scores=["right"]).estimates[0]
    assert f"{alone.mean:.2f} [{alone.low:.2f}, {alone.high:.2f}]" in page.texts
    assert "2 × ValueError" in page.texts
    assert "def answer(question):" in html


def test_a_hostile_name_is_a_text_of_the_drawing(hostile, client):
    page = Page(page_of(client.get_experiment(EVIL)))
    assert {"script", "img", "a"}.isdisjoint(page.tags)
    drawn = "".join(page.texts)
    assert "<script>alert(1)</script>" in drawn
    assert page.tags.count("svg") >= 4


def test_a_drawing_keeps_shapes_and_nothing_else():
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<script>alert(1)</script><a xlink:href="http://x.example"><text>link</text></a>'
        '<image href="http://x.example/a.png"/>'
        '<g onclick="alert(1)" clip-path="url(#a)" fill="red">'
        '<text x="1">&lt;b&gt; a</text></g></svg>'
    )
    assert inline(drawing) == '<svg><g fill="red"><text x="1">&lt;b&gt; a</text></g></svg>'


WITHOUT = """
import sys
for name in ("altair", "IPython", "ipywidgets", "anywidget", "nbformat"):
    sys.modules[name] = None
import xeroml_nb as xn
client = xn.get_client()
dataset = client.create_dataset(name="d", items=[{"input": 1}, {"input": 2}])
experiment = xn.start(lambda n: n, dataset, name="plain", evaluators=[lambda output: 1.0]).wait()
print(experiment.url)
try:
    experiment.to_notebook("report.ipynb")
except xn.XeromlError as error:
    print(error)
"""


def test_without_the_packages_for_charts_the_page_says_what_to_install(own_folder):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "XEROML_STORE": str(own_folder / "bare.db")},
    )
    assert done.returncode == 0, done.stderr
    address, refused = done.stdout.splitlines()
    page = Page(Path(unquote(urlsplit(address).path)).read_text(encoding="utf-8"))
    assert "svg" not in page.tags
    needed = "packages that are not installed. Install them with: pip install 'xeroml_nb[lab]'"
    assert f"Charts needs {needed}" in page.texts
    assert refused == f"A report needs {needed}"


def test_an_exported_report_shows_pictures_that_it_holds_itself(compared):
    path = compared.to_notebook("report.ipynb")
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(read(path))
    page = Page(html)
    pictures = [
        output.data["image/png"].strip()
        for cell in code(read(path))
        for output in cell.outputs
        if "image/png" in output.data
    ]
    assert len(pictures) == 6
    assert [src.removeprefix("data:image/png;base64,") for src in page.images] == pictures
    assert all(base64.b64decode(picture).startswith(PNG) for picture in pictures)
    assert f"right: {compared.verdict('right')}" in "".join(page.texts)
