"""The notebooks that come with the package run, and are kept without what running leaves."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import nbformat
import pytest
from nbclient import NotebookClient

import xeroml_nb as xn
from xeroml_nb.scoring.sandbox.python.preparing import prepared

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).parents[1] / "notebooks"
VEGA_LITE = "application/vnd.vegalite.v5+json"
BETTER = r"Better: \+0\.\d\d \[\+0\.\d\d, \+0\.\d\d\], p .* · 72 shared items"
CHARTS = ("summary", "differences", "changes", "distribution", "categories", "against", "trend")
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture
def run(own_folder, monkeypatch):
    """Run cells from top to bottom, in the test's folder; gives the notebook with its outputs."""
    for name in [n for n in os.environ if n.startswith("OPENAI_")]:
        monkeypatch.delenv(name)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(own_folder / name))

    def executed(cells: list[NotebookNode]) -> NotebookNode:
        notebook = nbformat.v4.new_notebook(cells=cells)
        place = {"metadata": {"path": str(own_folder)}}
        client = NotebookClient(notebook, timeout=90, kernel_name="python3", resources=place)
        return client.execute()

    return executed


class Endpoint(BaseHTTPRequestHandler):
    """Answers as an OpenAI-compatible endpoint does; the first question only at a second try."""

    asked: ClassVar[list[dict]] = []
    lock: ClassVar[threading.Lock] = threading.Lock()

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.lock:
            self.asked.append(question | {"path": self.path, "key": self.headers["Authorization"]})
            busy = len(self.asked) == 1
        text = question["messages"][-1]["content"]
        category = "billing" if "charge" in text or "refund" in text else "technical"
        content = json.dumps({"category": category, "urgency": "normal"})
        body = json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]})
        self.send_response(429 if busy else 200)
        if busy:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def endpoint():
    """The address of such an endpoint on this machine."""
    Endpoint.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text(output: NotebookNode) -> str:
    return str(output.text if output.output_type == "stream" else output.data["text/plain"])


def shown_last(notebook: NotebookNode, line: str) -> str:
    """What the cell with a line shows at its end, as text."""
    [found] = [cell for cell in code(notebook) if line in cell.source.splitlines()]
    return text(found.outputs[-1])


def table(shown: str) -> dict[str, dict[str, str]]:
    """A frame's rows by name, from its text, which has several parts where it is wide."""
    rows: dict[str, dict[str, str]] = {}
    for part in shown.split("\n\n"):
        heading, _, *lines = part.splitlines()
        for name, *values in map(str.split, lines):
            rows.setdefault(name, {}).update(zip(heading.split(), values, strict=False))
    return rows


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in code(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
        assert cell.source.strip()


def shown_by(notebook: NotebookNode, line: str) -> list[NotebookNode]:
    """All that the cell with a line shows."""
    [found] = [cell for cell in code(notebook) if line in cell.source.splitlines()]
    return list(found.outputs)


def charts(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Those that are charts, each as the front ends draw it and as a picture."""
    found = [output.data for output in outputs if VEGA_LITE in output.get("data", {})]
    for data in found:
        assert data[VEGA_LITE]["$schema"].endswith("/vega-lite/v5.json")
        assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    return found


def test_the_quickstart_runs_from_top_to_bottom_and_version_2_is_better(run, own_folder):
    done = run(read(FOLDER / "quickstart.ipynb").cells)
    widget, remainder = shown_by(done, "bench")
    assert "application/vnd.jupyter.widget-view+json" in widget.data
    assert text(widget).startswith("Workbench (Dataset support/triage · Run · Label · Compare)")
    assert text(remainder) == "Dataset support/triage · 72 items"
    first, second = (table(shown_last(done, f"{name}.summary()")) for name in ("v1", "v2"))
    for score in ("category", "urgency"):
        for row in (first[score], second[score]):
            assert (row["attempted"], row["scored"], row["failed"]) == ("72", "72", "0")
            assert float(row["worst"]) == float(row["best"]) == float(row["mean"])
        assert float(second[score]["mean"]) > float(first[score]["mean"])
    printed = shown_by(done, "results = loop.get_results()")
    by_hand, address = "".join(map(text, printed)).split()
    assert float(by_hand) == pytest.approx(float(second["category"]["mean"]), abs=0.005)
    assert Path(address.removeprefix("file://")).read_text().startswith("<!doctype html>")
    assert code(done)[-1].outputs == []
    errors = [o for cell in code(done) for o in cell.outputs if o.output_type == "error"]
    assert errors == []

    compared = shown_by(done, "comparison")
    assert text(compared[0]).startswith("triage_v2 #1 against triage_v1 #1")
    assert len(charts(compared)) == 2
    verdict, changed = shown_by(done, 'print(comparison.verdict("category"))')
    assert re.match(BETTER, text(verdict))
    gained = xn.compare("triage_v1", "triage_v2").difference("category")
    assert gained.wins > 5 * gained.losses > 0
    assert len(text(changed).splitlines()) > 8
    report = read(own_folder / "v2-against-v1.ipynb")
    assert "Better" in "".join(
        text(o) for cell in code(report) for o in cell.outputs if "data" in o
    )
    xn.get_client().close()


def test_the_comparison_notebook_runs_from_top_to_bottom(run, own_folder):
    done = run(read(FOLDER / "comparison.ipynb").cells)
    errors = [o for cell in code(done) for o in cell.outputs if o.output_type == "error"]
    assert errors == []
    verdict, counts = shown_last(done, 'print(comparison.verdict("category"))').splitlines()
    assert re.match(BETTER, verdict)
    better, worse = map(int, re.match(r"(\d+) improved · (\d+) regressed", counts).groups())
    changes = dict(
        line.split()
        for line in shown_last(done, 'items = comparison.items("category")').splitlines()[1:-1]
    )
    assert changes == {
        "improved": str(better),
        "regressed": str(worse),
        "same": str(72 - better - worse),
    }
    slices = shown_last(done, "by_language.slices()")
    assert [line.split()[1] for line in slices.splitlines()[1:5]] == ["en", "fr", "de", "es"]
    code_shown = shown_last(done, "comparison.code()")
    assert "-def triage_v1(input):" in code_shown
    assert "+def triage_v2(input):" in code_shown
    trace = shown_last(done, 'xeroml.get_trace(wrong["trace_id"].iloc[0])')
    assert "score category: false" in trace
    assert "● hits" in trace
    report = read(own_folder / "v2-against-v1.ipynb")
    assert "triage_v2 #1 against triage_v1 #1" in nbformat.writes(report)
    drawn = {
        cell.source.split("(")[0].removeprefix("xn.charts."): charts(cell.outputs)
        for cell in code(done)
        if cell.source.startswith("xn.charts.")
    }
    assert {name: len(found) for name, found in drawn.items()} == dict.fromkeys(CHARTS, 1)
    [differences] = drawn["differences"]
    assert "better" in differences["text/plain"]


def test_the_labelling_notebook_runs_from_top_to_bottom(run):
    done = run(read(FOLDER / "labelling.ipynb").cells)
    errors = [o for cell in code(done) for o in cell.outputs if o.output_type == "error"]
    assert errors == []
    # Nobody pressed a key: what is there was recorded, or carried over from what was.
    assert "Empty DataFrame" in shown_last(done, "labels.to_frame()")
    agreed = shown_last(done, "labels.agreement()")
    assert re.search(r"verdict +nominal +\(bea, carl\) +8 +0\.75 ", agreed)
    assert re.search(r"tone +ordinal +\(bea, carl\) +8 +0\.25 ", agreed)
    settled = shown_last(done, "settled")
    assert re.search(r"by you: 0 of 6 ", settled)
    assert re.search(r"by bea: 6 of 72 .* carried 6", shown_last(done, "second"))
    assert "by you: 0 of 72" in shown_last(done, "duel")
    assert "by you: 0 of 1" in shown_last(done, 'xn.annotate(queue, annotator="you")')


def test_the_quickstarts_last_cell_asks_the_model_that_is_configured(run, endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint)
    monkeypatch.setenv("OPENAI_MODEL", "small-one")
    monkeypatch.setenv("OPENAI_API_KEY", "a-key")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    prepare, dataset, evaluators, *_, last = code(read(FOLDER / "quickstart.ipynb"))
    done = run([prepare, dataset, evaluators, last])
    assert list(table(text(done.cells[-1].outputs[-1]))) == ["category", "urgency"]
    results = xn.get_client().get_experiment("triage_model").get_results()
    assert [result.status.value for result in results] == ["ok"] * 72
    assert {result.output["category"] for result in results} == {"billing", "technical"}
    assert sum(result.run.attempts for result in results) == 73 == len(Endpoint.asked)
    for question in Endpoint.asked:
        assert question["path"] == "/v1/chat/completions"
        assert (question["model"], question["key"]) == ("small-one", "Bearer a-key")
    [asked] = {
        question["messages"][0]["content"]
        for question in Endpoint.asked
        if results[0].item.input["message"] in question["messages"][0]["content"]
    }
    assert asked.startswith("Sort this support message.")
    xn.get_client().close()


def test_the_notebook_on_feedback_runs_from_top_to_bottom(run):
    done = run(read(FOLDER / "feedback.ipynb").cells)
    errors = [o for cell in code(done) for o in cell.outputs if o.output_type == "error"]
    assert errors == []
    assert shown_last(done, "is_up()") == "True"
    assert shown_last(done, "urllib.request.urlopen(request).status") == "200"
    trace = shown_last(done, 'xeroml.get_trace(second["trace_id"])')
    assert "score user-feedback: 0" in trace
    assert "sk-xm-" not in nbformat.writes(done)


def test_the_notebook_on_clusters_runs_from_top_to_bottom(run):
    done = run(read(FOLDER / "cluster.ipynb").cells)
    errors = [o for cell in code(done) for o in cell.outputs if o.output_type == "error"]
    assert errors == []
    assert shown_last(done, "len(set(processes)), os.getpid() in processes") == "(2, False)"
    trace = shown_last(done, "xeroml.get_trace(experiment.get_results()[0].trace_id)")
    assert "ask_model" in trace
    statuses = shown_last(done, 'running.wait().to_frame()["status"].value_counts()')
    assert statuses.split()[:3] == ["status", "ok", "72"]
    slowest = shown_last(done, "print(f\"{limited.to_frame()['latency_s'].max():.1f} s\")")
    assert float(slowest.removesuffix(" s\n")) < 1
    xn.get_client().close()


def test_the_notebook_on_scoring_runs_from_top_to_bottom(run):
    prepared()  # or a cell would have to wait for it
    done = run(read(FOLDER / "scoring.ipynb").cells)
    errors = [o for cell in code(done) for o in cell.outputs if o.output_type == "error"]
    assert errors == []
    first = table(shown_last(done, "v1.summary()"))
    assert list(first) == ["category", "form", "urgency", "usable"]
    assert {row["scored"] for row in first.values()} == {"72"}
    assert "weakest_category" in shown_last(done, "v1.own_scores()")
    calibrated = shown_last(done, "calibration")
    assert calibrated.startswith("helps against labels in desk #1")
    assert "corrected by 30 labels" in calibrated
    category, urgency = (100 * float(first[name]["mean"]) for name in ("category", "urgency"))
    [shown] = shown_by(done, "%%xeroml score quality -c category -c urgency -x report")
    score = float(re.search(r">([\d.]+)</span><span[^>]*> of 100", shown.data["text/html"])[1])
    assert score == pytest.approx(0.7 * category + 0.3 * urgency, abs=0.06)
    assert "12 rows: topic is account" in shown.data["text/html"]
    assert "are short" in shown_by(done, "brevity.score(report)")[0].data["text/html"]
    widget, _ = shown_by(done, "card = xn.score_card(report)")
    assert "application/vnd.jupyter.widget-view+json" in widget.data
    assert "desk quality" in [score.name for score in own_scores("desk again")]
    before, now = map(float, re.findall(r"[\d.]+", shown_last(done, "before = report.score")))
    assert before == score < now
    xn.get_client().close()


def own_scores(experiment: str) -> list:
    return list(xn.get_client().get_experiment(experiment).own_scores().itertuples())
