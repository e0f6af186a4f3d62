"""What a person who labels waits for, measured in a real JupyterLab in a headless Chromium."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import in_fresh_process
from xeroml_nb.widgets.label_view import MODULE

if TYPE_CHECKING:
    from tests.browser.lab import Notebook

_SETUP = """\
import anywidget
import xeroml_nb as xn

client = xn.get_client()

def answer(input):
    return f"The answer to question {input} is {input * 2}, because twice {input} is {input * 2}."

def experiment_of(count):
    items = [{"id": f"q{n}", "input": n, "expected_output": str(n * 2)} for n in range(count)]
    dataset = client.create_dataset(name=f"numbers/{count}", items=items)
    return xn.start(answer, dataset, name=f"answers/{count}").wait()

class Bare(anywidget.AnyWidget):
    '''The least that shows an item on a key press and hears that Python knows of it.'''
    _esm = '''
    export default { render({ model, el }) {
      const item = document.createElement("div"), saved = document.createElement("div");
      item.className = "bare-item"; saved.className = "bare-saved"; item.tabIndex = 0;
      item.dataset.lmSuppressShortcuts = "true";
      let n = 0;
      item.textContent = "item 0";
      item.addEventListener("keydown", (event) => {
        event.preventDefault(); n += 1; item.textContent = `item ${n}`; model.send({ n });
      });
      model.on("msg:custom", (message) => { saved.textContent = `saved ${message.n}`; });
      el.append(item, saved);
    } };
    '''
    def __init__(self):
        super().__init__()
        self.on_msg(lambda widget, message, buffers: self.send(message))

small = experiment_of(50)
middle = experiment_of(MIDDLE)
large = experiment_of(LARGE)
"""
_LABEL = "xn.annotate({}, annotator='ann')"
_AREAS = {
    "labeller": (".xn-label", ".xn-paper", ".xn-saved"),
    "bare": (".bare-item", ".bare-item", ".bare-saved"),
}
# From the key press to the first change of one area, then of another.
_ARM = """([item, saved]) => {
    const read = (node) => node.textContent;
    const state = (window.measured = { item: null, saved: null });
    let began = null;
    window.addEventListener("keydown", () => { began ??= performance.now(); },
        { capture: true, once: true });
    for (const [name, node] of [["item", item], ["saved", saved]]) {
        const before = read(node), count = /saved (\\d+)/.exec(before)?.[1];
        const watch = new MutationObserver(() => {
            if (began === null || state[name] !== null) return;
            const now = read(node);
            const changed = name === "item" ? now !== before
                : /saved (\\d+)/.exec(now)?.[1] !== count;
            if (!changed) return;
            state[name] = performance.now() - began;
            watch.disconnect();
        });
        watch.observe(node, { subtree: true, childList: true, characterData: true });
    }
}"""
# From asking for a cell to be run to the first item below it.
_FIRST = """k => new Promise((done) => {
    const cell = window.jupyterapp.shell.currentWidget.content.widgets[k];
    cell.outputArea.model.clear();
    const began = performance.now();
    const look = () => {
        if (cell.node.querySelector(".xn-item-title")) done(performance.now() - began);
        else setTimeout(look, 1);
    };
    look();
    window.jupyterapp.commands.execute("notebook:run-cell");
})"""


def figures(*, quick: bool) -> list[Figure]:
    """All figures about labelling."""
    found = in_fresh_process("labelling", "measure", quick=quick)
    return [*_steps(found), *_sizes(found), *_weights(found)]


def _steps(found: dict[str, Any]) -> list[Figure]:
    step, bare = found["labeller"], found["bare"]
    return [
        _figure("ms from a key press to the next item, median", step["item"], Target("<", 1)),
        _figure("ms from a key press to the next item, p95", step["item_p95"], Target("<", 3)),
        _figure("the same of a bare anywidget, median", bare["item"]),
        _figure("the same of a bare anywidget, p95", bare["item_p95"]),
        Figure(
            "labelling",
            "ms from a key press to “saved”, median",
            step["saved"],
            floor=Floor("bare anywidget, round trip", bare["saved"]),
        ),
        _figure(
            "“saved” / a bare anywidget's round trip",
            step["saved"] / bare["saved"],
            Target("<=", 1.5),
        ),
    ]


def _sizes(found: dict[str, Any]) -> list[Figure]:
    size = f"{found['large_count']:,}"
    return [
        Figure(
            "labelling",
            f"ms to the first item of {size}, first time",
            found["first_large"],
            floor=Floor("of 50", found["first_small"]),
        ),
        Figure(
            "labelling",
            f"ms to the first item of {size}, again",
            found["again_large"],
            floor=Floor("of 50", found["again_small"]),
        ),
        Figure(
            "labelling",
            f"ms from a key press to the next item of {size}, median",
            found["step_large"],
            floor=Floor("of 50", found["step_small"]),
        ),
    ]


def _weights(found: dict[str, Any]) -> list[Figure]:
    return [
        _figure("bytes of the front-end module", len(MODULE.encode()), Target("<", 40_000)),
        _figure(
            f"kB the notebook has grown after {found['labelled']:,} items",
            found["growth"],
            Target("<", 200),
        ),
        _figure("messages to Python a decision", found["sent"], Target("<=", 1)),
        _figure("messages to the page a decision", found["received"], Target("<=", 1)),
    ]


def _figure(what: str, value: float, target: Target | None = None) -> Figure:
    return Figure("labelling", what, value, target)


def measure(*, quick: bool) -> dict[str, Any]:
    """All measurements, in one browser and one kernel."""
    from tests.browser.lab import Lab, write_notebook

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium; name one with CHROMIUM=path.")
    middle, large, presses = (400, 2_000, 8) if quick else (5_400, 50_000, 80)
    setup = _SETUP.replace("MIDDLE", str(middle)).replace("LARGE", str(large))
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder), chromium) as lab:
        cells = (setup, "Bare()", *(_LABEL.format(n) for n in ("middle", "small", "large")))
        notebook = lab.open(write_notebook(lab.root / "n" / "test.ipynb", cells))
        notebook.run(0, 1, 2)
        found: dict[str, Any] = {"large_count": large}
        found |= _compared_steps(notebook, presses)
        found |= _first_items(notebook, *((1, 5) if quick else (5, 25)))
        found |= _weighed(notebook, middle - presses - 10, quick=quick)
        notebook.close()
    return found


def _compared_steps(notebook: Notebook, presses: int) -> dict[str, Any]:
    """The labeller and the bare widget by turns, so that a busy machine hits both."""
    cells = {"bare": 1, "labeller": 2}
    times: dict[str, list[dict[str, float]]] = {name: [] for name in cells}
    for _ in range(presses):
        for name, cell in cells.items():
            times[name].append(_press(notebook, name, cell))
    return {name: _summary(each[3:]) for name, each in times.items()}


def _press(notebook: Notebook, name: str, cell: int) -> dict[str, float]:
    """Milliseconds of one key press: to the next item, and to "saved"."""
    focus, item, saved = (notebook.output(cell).locator(s).first for s in _AREAS[name])
    focus.evaluate("node => node.focus({ preventScroll: true })")
    page = notebook.page
    page.evaluate(_ARM, [item.element_handle(), saved.element_handle()])
    page.keyboard.press("1")
    page.wait_for_function("window.measured.item !== null && window.measured.saved !== null")
    page.wait_for_timeout(60)
    return dict(page.evaluate("window.measured"))


def _summary(each: list[dict[str, float]]) -> dict[str, float]:
    items = sorted(one["item"] for one in each)
    return {
        "item": statistics.median(items),
        "item_p95": items[round(0.95 * (len(items) - 1))],
        "saved": statistics.median(one["saved"] for one in each),
    }


def _first_items(notebook: Notebook, rounds: int, steps_each: int) -> dict[str, Any]:
    """Ms to the first item of few and of many: the first time, then again; and of a step."""
    small, large = 3, 4
    found = {"first_small": _first(notebook, small), "first_large": _first(notebook, large)}
    again: dict[int, list[float]] = {small: [], large: []}
    for _ in range(rounds):
        for cell, times in again.items():
            times.append(_first(notebook, cell))
    found["again_small"] = statistics.median(again[small])
    found["again_large"] = statistics.median(again[large])
    steps: dict[int, list[float]] = {small: [], large: []}
    for _ in range(steps_each):
        for cell, times in steps.items():
            times.append(_press(notebook, "labeller", cell)["item"])
    found["step_small"] = statistics.median(steps[small][3:])
    found["step_large"] = statistics.median(steps[large][3:])
    return found


def _first(notebook: Notebook, cell: int) -> float:
    page = notebook.page
    page.evaluate(
        "k => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = k; }", cell
    )
    taken = float(page.evaluate(_FIRST, cell))
    # What joins in the background is not part of what the next one waits for.
    page.wait_for_timeout(1_500)
    return taken


def _weighed(notebook: Notebook, count: int, *, quick: bool) -> dict[str, Any]:
    """Messages of every decision over many items, and what the notebook has grown by."""
    before = notebook.path.stat().st_size
    frames = {"sent": 0, "received": 0}
    page = notebook.page
    root = notebook.output(2).locator(".xn-label")
    page.evaluate(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            window.passed = { sent: 0, received: 0 };
            kernel.anyMessage.connect((_, { msg, direction }) => {
                if (msg.header.msg_type === "comm_msg")
                    window.passed[direction === "send" ? "sent" : "received"] += 1;
            });
        }"""
    )
    root.evaluate("node => node.focus({ preventScroll: true })")
    saved = notebook.output(2).locator(".xn-saved")
    done = int(saved.inner_text().split()[1])
    for start in range(0, count, 100):
        for _ in range(min(100, count - start)):
            page.keyboard.press("1")
        done += min(100, count - start)
        page.wait_for_function(
            "([node, text]) => node.textContent.startsWith(text)",
            arg=[saved.element_handle(), f"saved {done} "],
        )
    frames = dict(page.evaluate("window.passed"))
    notebook.save()
    return {
        "labelled": count,
        "sent": frames["sent"] / count,
        "received": frames["received"] / count,
        "growth": (notebook.path.stat().st_size - before) / 1e3,
    }


if __name__ == "__main__":
    print(json.dumps(measure(quick=True)))
