"""Labelling while kernels are busy, die and restart, pages are loaded again, stores fail."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .labeller import ANNOTATE, MADE, SETUP, Labelling, answers, asked_for, events

if TYPE_CHECKING:
    from .lab import Notebook

pytestmark = pytest.mark.browser

RUN = MADE.replace("COUNT", "400")
# What the surface promises is 2 s and half a second until it looks again; the rest is for a
# machine that does other things as well.
SECONDS = 3.0
BREAK = """\
from xeroml_nb.errors import StoreReadOnly
from xeroml_nb.store.store import Store
writes = Store.write
def refuse(self, work):
    raise StoreReadOnly("The store cannot be written.", "Make its file writable.")
Store.write = refuse
"""
COUNT_SENT = """() => {
    window.sent = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        window.sent += 1;
        return send.call(this, data);
    };
}"""


def begin(it: Notebook, item: str = "q0000") -> Labelling:
    """Run the cells up to the labeller's, and turn its keys on."""
    it.run(0, 1, 2) if item == "q0000" else it.run(0, 2)
    labelling = Labelling(it, 2)
    labelling.shows(item)
    labelling.focus()
    return labelling


def kill_kernel(it: Notebook, process: int) -> None:
    """End a kernel's process at once, and wait until the server has begun another."""
    os.kill(process, signal.SIGKILL)
    it.page.locator(".jp-Dialog .jp-mod-accept").click()
    it.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.kernelDisplayStatus === 'idle'"
    )


def test_labels_survive_a_killed_kernel(notebook):
    it = notebook(SETUP, RUN, ANNOTATE)
    labelling = begin(it)
    labelling.answer_as_asked(57, rate=20)
    labelling.has_saved(57)
    kill_kernel(it, it.value("os.getpid()"))
    expect(labelling.notices).to_contain_text("The kernel of this view is gone.")
    expect(labelling.notices).to_contain_text("run the cell again")

    labelling = begin(it, "q0057")
    expect(labelling.root.locator(".xn-place")).to_have_text("58 of 400")
    labelling.has_saved(57)
    assert it.value("len(labels.to_frame())") == 57


def test_decisions_that_wait_when_the_kernel_is_killed_are_handed_over(notebook):
    it = notebook(SETUP, RUN, ANNOTATE)
    labelling = begin(it)
    labelling.answer_as_asked(7, rate=20)
    labelling.has_saved(7)
    process = it.value("os.getpid()")
    os.kill(process, signal.SIGSTOP)
    seconds = labelling.seconds_until_said(
        "does not answer", "5 decisions are kept", by=lambda: labelling.answer_as_asked(5, rate=20)
    )
    assert seconds < SECONDS
    expect(labelling.root.locator(".xn-saved")).to_contain_text("saved 7 · pending 5")
    kill_kernel(it, process)
    expect(labelling.notices).to_contain_text("The kernel of this view is gone. 5 decisions are")

    labelling = begin(it, "q0012")
    expect(labelling.root.locator(".xn-echo")).to_have_text("5 kept in this browser, now saved")
    labelling.has_saved(12)
    labelling.answer_as_asked(1, rate=20)
    labelling.has_saved(13)
    assert answers(it.folder) == asked_for(range(13))
    assert it.value("len(labels.to_frame())") == 13


def test_labelling_goes_on_while_the_kernel_is_busy(notebook):
    sleeping = "time.sleep(4)"
    computing = "end = time.monotonic() + 4\nwhile time.monotonic() < end:\n    pass"
    # Nothing in the process goes on: not the thread that takes decisions either.
    holding = "import ctypes\ntime.sleep(0.2)\nctypes.PyDLL(None).sleep(5)"
    it = notebook(SETUP, RUN, ANNOTATE, sleeping, computing, holding)
    labelling = begin(it)
    given = []
    for cell in (3, 4):
        given += labelling.answer_as_asked(10, rate=10)
        running = it.start(cell)
        labelling.root.focus()
        given += labelling.answer_as_asked(40, rate=10)
        it.wait(running)
        given += labelling.answer_as_asked(10, rate=10)
        labelling.has_saved(len(given))
        assert given == answers(it.folder) == asked_for(range(len(given)))

    it.page.wait_for_timeout(1000)
    running = it.start(5)
    it.page.wait_for_timeout(1000)
    labelling.root.focus()
    seconds = labelling.seconds_until_said(
        "The kernel is busy.",
        "kept in this browser",
        by=lambda: given.extend(labelling.answer_as_asked(1, rate=10)),
    )
    assert seconds < SECONDS
    given += labelling.answer_as_asked(10, rate=10)
    it.wait(running)
    labelling.has_saved(len(given))
    expect(labelling.notices).not_to_contain_text("busy")
    assert given == answers(it.folder) == asked_for(range(131))
    log = events(it.folder)
    assert [event.sequence for event in log] == list(range(1, 132))
    assert len({event.session for event in log}) == 1


def test_undo_and_redo_go_on_after_a_kernel_restart(notebook):
    it = notebook(SETUP, RUN, ANNOTATE)
    labelling = begin(it)
    labelling.answer_as_asked(10, rate=20)
    labelling.press(*"uuuuu")
    labelling.shows("q0005")
    labelling.has_saved(15)
    it.restart()
    expect(labelling.notices).to_contain_text("The kernel of this view is gone.")

    labelling = begin(it, "q0005")
    labelling.has_saved(15)
    labelling.press("u")
    labelling.shows("q0004")
    labelling.press("u")
    labelling.shows("q0003")
    assert it.value("list(labels.to_frame()['item_id'])") == ["q0000", "q0001", "q0002"]
    for number in range(3, 10):
        labelling.press("y")
        labelling.shows(f"q{number:04}")
    labelling.has_saved(24)
    labelling.press("y")
    expect(labelling.root.locator(".xn-echo")).to_have_text("nothing to undo or redo")
    frame = "labels.to_frame()[['item_id', 'value']].values.tolist()"
    assert [tuple(row) for row in it.value(frame)] == asked_for(range(10))
    # What is decided anew takes the place of what was undone.
    labelling.press("u", "u")
    labelling.shows("q0008")
    labelling.press("3")
    labelling.press("y")
    expect(labelling.root.locator(".xn-echo")).to_have_text("nothing to undo or redo")
    expected = [*asked_for(range(8)), ("q0008", "defer")]
    assert [tuple(row) for row in it.value(frame)] == expected


def test_a_page_that_is_loaded_again_and_further_views_go_on(notebook):
    it = notebook(SETUP, RUN, ANNOTATE, "labels")
    labelling = begin(it)
    labelling.answer_as_asked(5, rate=20)
    labelling.press("f")
    labelling.has_saved(6)
    it.save()
    it.reload()
    labelling.shows("q0005")
    labelling.has_saved(6)
    expect(labelling.root.locator(".xn-place")).to_have_text("6 of 400")
    expect(labelling.root.locator(".xn-saved")).to_contain_text("pass 2 · fail 2 · defer 1")
    expect(labelling.command("flag")).to_have_class("xn-command xn-on")
    labelling.focus()
    labelling.answer_as_asked(2, rate=20)
    labelling.has_saved(8)

    it.run(3)
    other = Labelling(it, 3)
    other.shows("q0007")
    other.focus()
    other.answer_as_asked(2, rate=20)
    for view in (labelling, other):
        view.shows("q0009")
        view.has_saved(10)
    labelling.focus()
    labelling.press("ArrowLeft", "u")
    for view in (labelling, other):
        view.shows("q0008")
        expect(view.answer("verdict", "defer")).to_have_attribute("aria-pressed", "false")
        view.has_saved(11)
    for closed, left in ((other, labelling), (labelling, other)):
        expect(left.root).to_have_count(1)
        clear_output(it, 3 if closed is other else 2)
        expect(closed.root).to_have_count(0)
        left.focus()
        left.answer_as_asked(2, rate=20)
        it.run(3) if closed is other else None
    other.has_saved(15)
    assert it.value("labels.to_frame()['item_id'].tolist()") == [f"q{n:04}" for n in range(12)]
    frame = "labels.to_frame()[['item_id', 'value']].values.tolist()"
    assert [tuple(row) for row in it.value(frame)] == asked_for(range(12))


def clear_output(it: Notebook, cell: int) -> None:
    """Clear what is below a cell, as the menu does."""
    it.page.evaluate(
        """cell => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
            return window.jupyterapp.commands.execute('notebook:clear-cell-output');
        }""",
        cell,
    )


def test_a_store_that_cannot_be_written_loses_nothing(notebook):
    it = notebook(SETUP, RUN, ANNOTATE, BREAK, "Store.write = writes")
    labelling = begin(it)
    labelling.answer_as_asked(3, rate=20)
    labelling.has_saved(3)
    it.page.evaluate(COUNT_SENT)
    for saved, retried in ((7, True), (12, False)):
        it.run(3)
        labelling.root.focus()
        labelling.answer_as_asked(4, rate=10)
        expect(labelling.notices).to_contain_text("The store cannot be written.")
        expect(labelling.notices).to_contain_text("4 decisions are kept in this browser.")
        it.page.wait_for_timeout(1000)
        assert it.page.evaluate("window.sent") < 100, "the page floods the kernel"
        it.run(4)
        if retried:
            labelling.root.get_by_role("button", name="Try again").click()
        else:
            labelling.root.focus()
            labelling.answer_as_asked(1, rate=10)
        labelling.has_saved(saved)
        expect(labelling.notices).not_to_contain_text("cannot be written")
        assert answers(it.folder) == asked_for(range(saved))


def test_two_notebooks_label_one_queue_under_one_name(notebook, lab):
    it = notebook(SETUP, RUN, ANNOTATE)
    one = begin(it)
    one.answer_as_asked(3, rate=20)
    one.has_saved(3)
    path = shutil.copy(it.path, it.folder / "other.ipynb")
    beside = lab.open(path)
    beside.run(0, 2)
    other = Labelling(beside, 2)
    other.shows("q0003")
    other.focus()
    other.answer_as_asked(2, rate=20)
    other.has_saved(5)
    one.focus()
    one.press("ArrowRight", "ArrowRight")
    one.answer_as_asked(2, rate=20)
    one.has_saved(7)
    expect(one.notices).to_contain_text("under the same name in another notebook")
    assert answers(it.folder) == asked_for(range(7))

    # What a living page still waits to hand over, it hands over itself.
    process = it.value("os.getpid()")
    os.kill(process, signal.SIGSTOP)
    try:
        one.answer_as_asked(3, rate=20)
        expect(one.notices).to_contain_text("does not answer")
        beside.run(2)
        other.shows("q0007")
        other.has_saved(7)
    finally:
        os.kill(process, signal.SIGCONT)
    one.answer_as_asked(2, rate=20)
    one.has_saved(12)
    assert sorted(answers(it.folder)) == asked_for(range(12))
    log = events(it.folder)
    assert len({(event.session, event.sequence) for event in log}) == len(log) == 12
    beside.close()
