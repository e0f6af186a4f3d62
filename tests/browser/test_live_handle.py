"""Runs that a cell starts: live below the cell, static in the saved notebook."""

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
%load_ext xeroml_nb
client = xn.get_client()
rows = [{"id": f"n{n}", "input": n, "expected_output": n} for n in range(COUNT)]
client.create_dataset(name="numbers", items=rows)

@xn.evaluator
def exact(output, expected_output):
    return output == expected_output

def slow(input):
    time.sleep(0.1)
    return input
"""


def reaches(notebook: Notebook, output: Locator, count: int) -> None:
    """Wait until a view has counted so many items."""
    counter = output.locator(".xn-count")
    counter.wait_for()
    notebook.page.wait_for_function(
        "([node, count]) => parseInt(node.textContent) >= count",
        arg=[counter.element_handle(), count],
    )


def test_a_task_cell_returns_at_once_and_leaves_its_summary(notebook, lab):
    cell = "%%xeroml task waited -d numbers -e exact -c 2\ntime.sleep(0.1)\ninput\n"
    it = notebook(SETUP.replace("COUNT", "80"), cell, "1 + 1")
    before = it.path.stat().st_size
    it.run(0, 1)
    output = it.output(1)
    reaches(it, output, 2)
    it.run(2)
    expect(it.output(2).locator(".jp-OutputArea-output")).to_have_text("2")
    expect(output.locator(".xn-status")).to_have_text("running")
    reaches(it, output, 10)

    line = "✓ waited #1 · 80 attempted · 80 ok · 0 failed · exact 1 (n 80)"
    expect(output.locator(".xeroml-summary")).to_contain_text(line)
    expect(output.locator(".xn-run")).to_have_count(0)
    expect(output.get_by_role("row", name="exact")).to_contain_text("80")
    saved = it.save()
    [left] = saved.cells[1].outputs
    assert line in left.data["text/plain"]
    assert line in left.data["text/html"]
    assert "<script" not in left.data["text/html"]
    assert it.path.stat().st_size - before < 20_000

    it.close()
    again = lab.open(it.path)
    expect(again.output(1).locator(".xeroml-summary")).to_contain_text(line)
    again.close()


def test_a_page_that_is_loaded_again_shows_the_run_to_its_end(notebook):
    cell = "%%xeroml task waited -d numbers -c 2\ntime.sleep(0.1)\ninput\n"
    it = notebook(SETUP.replace("COUNT", "300"), cell)
    it.run(0, 1)
    output = it.output(1)
    reaches(it, output, 4)
    it.save()
    it.reload()
    reaches(it, output, 20)
    output.get_by_role("button", name="Stop").click()
    expect(output).to_contain_text("stopped")
    following = "[t.name for t in __import__('threading').enumerate() if 'follow' in t.name]"
    while it.value(following):
        it.page.wait_for_timeout(100)
    done = it.value("client.get_experiment('waited').progress.done")
    assert 20 <= done < 300
    expect(output).to_contain_text("stopped")
    expect(output).to_contain_text(f"{done} ok")


def test_the_saved_notebook_stays_small_whatever_the_data(notebook):
    big = """\
client.create_dataset(name="many", items=[{"input": n} for n in range(20_000)])
heavy = [{"id": f"h{n}", "input": "word " * 1_000_000} for n in range(2)]
client.create_dataset(name="heavy", items=heavy)
"""
    task = "%%xeroml task echo -d {}\n[input, 'é' * 100]\n"
    it = notebook(
        SETUP.replace("COUNT", "3"),
        big,
        "picker = xn.pick_dataset('heavy')\npicker",
        "panel = xn.run_panel('many')\npanel",
        task.format("many"),
        task.format("heavy --name heavy"),
        "client.get_dataset('heavy')",
        "client.get_experiment('heavy').wait()",
    )
    before = it.path.stat().st_size
    it.run(0, 1, 2, 3, 4, 5)
    expect(it.output(2)).to_contain_text("item 1 of 2")
    summary = it.output(4).locator(".xeroml-summary")
    expect(summary).to_contain_text("20000 attempted", timeout=60_000)
    expect(it.output(5).locator(".xeroml-summary")).to_contain_text("2 attempted")
    it.run(6, 7)
    it.save()
    assert it.path.stat().st_size - before < 200_000


def test_interrupting_a_blocking_run_keeps_what_is_done(notebook):
    it = notebook(
        SETUP.replace("COUNT", "300"),
        "run = xn.run(slow, 'numbers', evaluators=['exact'], concurrency=2)\nrun.summary()",
    )
    it.run(0)
    cell = it.start(1)
    reaches(it, it.output(1), 4)
    it.interrupt()
    it.wait(cell)
    expect(it.output(1).locator(".xeroml-summary")).to_contain_text("■ slow #1 · stopped")
    status, done, readable = it.value(
        "(run.status.value, run.progress.done, int(run.to_frame()['output'].notna().sum()))"
    )
    assert status == "stopped"
    assert 4 <= done == readable < 300
    expect(it.output(1).get_by_role("row", name="exact").first).to_contain_text(str(done))
    expect(it.output(1)).not_to_contain_text("KeyboardInterrupt")


def test_stop_works_while_a_cell_awaits_its_run(notebook):
    it = notebook(
        SETUP.replace("COUNT", "300"),
        "run = await xn.arun(slow, 'numbers', concurrency=2)",
    )
    it.run(0)
    cell = it.start(1)
    reaches(it, it.output(1), 4)
    assert not it.has_ended(cell)
    it.output(1).get_by_role("button", name="Stop").click()
    it.wait(cell)
    expect(it.output(1).locator(".xeroml-summary")).to_contain_text("■ slow #1 · stopped")
    status, done = it.value("(run.status.value, run.progress.done)")
    assert status == "stopped"
    assert 4 <= done < 300
