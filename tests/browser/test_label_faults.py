"""The labeller on a blank page where kernels are late or gone, messages lost and stores full."""

from __future__ import annotations

import random

import pytest

from xeroml_nb.errors import StoreError

from .label_page import TWO

pytestmark = pytest.mark.browser


def test_a_kernel_that_does_not_answer_is_told_and_labelling_goes_on(labeller, page):
    surface = labeller().open().press("1", "2")
    page.evaluate("() => { const at = Date.now() + 2_600; Date.now = () => at; }")
    page.wait_for_function("document.querySelector('.xn-notices').textContent !== ''")
    assert "does not answer. 2 decisions are kept in this browser" in surface.text("notices")
    page.evaluate("model.widget_manager.kernel.status = 'busy'")
    surface.press("1")
    assert "The kernel is busy. 3 decisions" in surface.text("notices")
    assert surface.title == "i3"
    surface.answer()
    assert surface.text("notices") == ""


def test_a_kernel_that_is_gone_is_told_and_nothing_is_lost(labeller, page):
    surface = labeller().open()
    page.evaluate("model.broken = true")
    surface.press("1", "2")
    page.wait_for_function("document.querySelector('.xn-notices').textContent.includes('is gone')")
    kept = page.evaluate("Object.values(localStorage).map((text) => JSON.parse(text).kept.length)")
    assert kept == [2]


def test_what_a_dead_page_kept_is_saved_by_the_next(labeller, page):
    surface = labeller().open()
    page.evaluate("model.broken = true")
    surface.press("1", "2", "c").type("why").press("Escape")
    page.evaluate("""() => {
        closers.pop()();
        for (const [name, text] of Object.entries(localStorage))
            localStorage.setItem(name, JSON.stringify({ ...JSON.parse(text), at: 1 }));
    }""")
    surface = labeller().open()
    assert surface.title == "i2"
    assert surface.answers() == [{"verdict": "pass"}, {"verdict": "fail"}, {}, {}]
    assert surface.labels()[2]["comment"] == "why"
    assert page.evaluate("localStorage.length") == 0


def test_the_labeller_appears_where_the_browser_allows_no_storage(labeller, page):
    surface = labeller()
    page.evaluate("""() => {
        const get = () => { throw new DOMException("denied", "SecurityError"); };
        Object.defineProperty(window, "localStorage", { get, configurable: true });
    }""")
    surface.open().press("1")
    assert surface.answers()[0] == {"verdict": "pass"}


def test_a_lost_message_is_sent_again(labeller):
    surface = labeller().open().press("1")
    surface.heard()  # it is lost
    surface.press("2", "1")
    surface.answer()
    assert surface.answers()[:3] == [{"verdict": "pass"}, {"verdict": "fail"}, {"verdict": "pass"}]


def test_a_lost_receipt_doubles_nothing(labeller, page):
    surface = labeller().open().press("1")
    for message in surface.heard():
        surface.view._received(surface.view, message, [])
    surface.told.clear()  # the receipt is lost
    surface.press("2")
    surface.answer()
    assert surface.answers()[:2] == [{"verdict": "pass"}, {"verdict": "fail"}]
    assert surface.session.saved == 2


def test_a_store_that_fails_is_told_once_and_both_sides_fall_silent(labeller, monkeypatch):
    """Each unsent decision must not set off all the others again, or messages never end."""
    surface = labeller().open()

    with monkeypatch.context() as patch:
        patch.setattr(surface.session, "decide", _failing_store(surface.session))
        surface.press("1", "2", "1")
        assert surface.answer(rounds=7) <= 20
        assert "Not saved: The disk is full." in surface.text("notices")
    surface.part("notices").get_by_role("button", name="Try again").click()
    surface.answer()
    assert surface.answers()[:3] == [{"verdict": "pass"}, {"verdict": "fail"}, {"verdict": "pass"}]
    assert surface.text("notices") == ""


def _failing_store(session):
    """A session's `decide` whose store does not take the decision that comes next."""
    decide = session.decide

    def failing(decision):
        if decision.sequence <= session.expected(decision.session):
            raise StoreError("The disk is full.", "Make room.")
        return decide(decision)

    return failing


def test_whatever_python_cannot_take_both_sides_fall_silent(labeller, monkeypatch):
    surface = labeller().open()
    decide = surface.session.decide

    def odd(decision):
        if decision.sequence == 1:
            raise ZeroDivisionError
        return decide(decision)

    monkeypatch.setattr(surface.session, "decide", odd)
    surface.press("1", "2", "1")
    assert surface.answer(rounds=7) <= 20


@pytest.mark.parametrize("seed", range(2))
def test_page_and_store_agree_in_the_end_however_late_python_answers(labeller, page, seed):
    surface = labeller(TWO, outputs=["a"] * 6).open()
    _label_at_random(surface, page, random.Random(seed))


@pytest.mark.parametrize("seed", [0, 5])
def test_page_and_store_agree_in_the_end_where_there_were_labels_before(labeller, page, seed):
    chance = random.Random(100 + seed)
    labeller(TWO, outputs=["a"] * 6).open().press("1", "5", "2", "1", "1", "f").answer()
    page.evaluate("closers.pop()()")
    _label_at_random(labeller(TWO, outputs=["a"] * 6).open(), page, chance)


def _label_at_random(surface, page, chance):
    """Do this and that while messages wait in both directions; compare when all have come."""
    keys = ["1", "2", "5", " ", "f", "u", "u", "y", "ArrowLeft", "ArrowRight", "ArrowDown", "p"]
    said: list[dict] = []
    for _ in range(70):
        surface.press(chance.choice(keys))
        said += surface.heard()
        for message in _some(said, chance):
            surface.view._received(surface.view, message, [])
        surface.tell(*_some(surface.told, chance))
    for message in said:
        surface.view._received(surface.view, message, [])
    surface.answer(rounds=30)
    stored = surface.labels()
    shown = []
    surface.press("Escape")
    for number in range(len(stored)):
        surface.press("g").type(str(number + 1)).press("Enter").answer()
        shown.append(
            surface.chosen
            | {"flagged": _is_on(surface, "flag"), "skipped": _is_on(surface, "skip")}
        )
    expected = [
        {
            name: [str(label["answers"][name])] if name in label["answers"] else []
            for name in ("verdict", "tone")
        }
        | {"flagged": label["flagged"], "skipped": label["skipped"]}
        for label in stored
    ]
    assert shown == expected


def _some(waiting, chance):
    """Take some of the messages that wait, the oldest first."""
    count = chance.choice([0, 0, 1, len(waiting)])
    taken = waiting[:count]
    del waiting[:count]
    return taken


def _is_on(surface, command):
    button = surface.root.locator(f"[data-command={command}]")
    return "xn-on" in button.get_attribute("class")
