"""The labeller on a blank page, with real keys and with Python behind it."""

from __future__ import annotations

import re

import pytest

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.keymap import COMMANDS
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.widgets.label_view import MODULE

from .label_page import EVERY_KIND, FAIL, HACK, PASS_FAIL, TWO, Surface

pytestmark = pytest.mark.browser


def test_the_first_item_is_there_before_python_answers(labeller, page):
    surface = labeller()
    page.evaluate("() => { show(model); }")
    assert (surface.title, surface.text("place")) == ("i0", "1 of 4")
    assert "a" in surface.text("output")
    assert [said["kind"] for said in surface.heard()] == ["hello"]


def test_single_keys_label_item_after_item(labeller):
    surface = labeller().open().press("1", "x", "3")
    assert (surface.title, surface.text("place")) == ("i3", "4 of 4")
    assert "pending 3" in surface.text("saved")
    assert surface.answers() == [{"verdict": "pass"}, {"verdict": "fail"}, {"verdict": "defer"}, {}]
    assert "saved 3 · pending 0 · pass 1 · fail 1 · defer 1" in surface.text("saved")


def test_what_was_chosen_is_seen_when_one_comes_back(labeller):
    surface = labeller().open()
    assert surface.chosen == {"verdict": []}
    surface.press("2", "ArrowLeft")
    assert (surface.title, surface.chosen) == ("i0", {"verdict": ["fail"]})
    surface.press("ArrowRight")
    assert (surface.title, surface.chosen) == ("i1", {"verdict": []})


def test_answers_are_buttons_that_say_whether_they_are_pressed(labeller):
    surface = labeller().open().press("1", "ArrowLeft")
    buttons = surface.root.locator(".xn-question button.xn-answer")
    assert [one.get_attribute("aria-pressed") for one in buttons.all()] == [
        "true",
        "false",
        "false",
    ]
    buttons.nth(1).click()
    assert (surface.title, surface.active) == ("i1", "root")
    assert surface.answers()[0] == {"verdict": "fail"}


def test_the_labeller_tells_what_it_is_to_who_cannot_see_it(labeller):
    surface = labeller(EVERY_KIND).open()
    assert surface.root.get_attribute("role") == "application"
    assert surface.root.get_attribute("aria-label").endswith("press ? for all keys")
    assert surface.root.get_attribute("tabindex") == "0"
    groups = surface.root.get_by_role("group").all()
    assert [one.get_attribute("aria-label") for one in groups] == [
        d.name for d in EVERY_KIND.dimensions
    ]
    assert surface.part("notices").get_attribute("role") == "status"
    assert surface.root.get_by_role("button", name="fail").count() == 1
    surface.press("c")
    assert surface.field.get_attribute("aria-label") == "Comment"


def test_the_question_in_focus_is_marked_and_moves_with_the_arrows(labeller):
    surface = labeller(TWO).open()
    arrows = ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp")
    seen = [surface.focus, *(surface.press(arrow).focus for arrow in arrows)]
    assert seen == ["verdict", "tone", "verdict", "tone", "verdict"]
    assert surface.press("p").focus == "tone"
    assert surface.press("4").title == "i1"
    assert surface.answers()[0] == {"verdict": "pass", "tone": 4}


def test_a_key_held_down_decides_once(labeller, page):
    surface = labeller().open()
    for _ in range(4):
        page.keyboard.down("1")
    page.keyboard.up("1")
    assert surface.answers() == [{"verdict": "pass"}, {}, {}, {}]


def test_two_rapid_presses_label_two_items_that_were_both_seen(labeller, page):
    surface = labeller().open()
    seen = page.evaluate("""() => {
        const root = document.querySelector(".xn-label");
        const title = () => root.querySelector(".xn-item-title").textContent;
        return ["1", "2"].map((key) => [title(), press(root, { key }), title()]);
    }""")
    assert seen == [["i0", True, "i1"], ["i1", True, "i2"]]
    assert surface.answers() == [{"verdict": "pass"}, {"verdict": "fail"}, {}, {}]


def test_skip_flag_undo_and_redo_work_by_key(labeller):
    surface = labeller().open().press(" ", "f", "1")
    assert surface.title == "i2"
    labels = surface.labels()
    assert (labels[0]["skipped"], labels[1]["flagged"]) == (True, True)
    assert labels[1]["answers"] == {"verdict": "pass"}
    surface.press("u", "Control+z")
    labels = surface.labels()
    assert (surface.title, labels[1]["answers"], labels[1]["flagged"]) == ("i1", {}, False)
    surface.press("y", "Control+Shift+Z")
    labels = surface.labels()
    assert (labels[1]["answers"], labels[1]["flagged"]) == ({"verdict": "pass"}, True)
    surface.press("Backspace")
    assert surface.answers()[1] == {}


def test_the_flag_button_shows_that_there_is_a_flag(labeller):
    surface = labeller().open()
    flag = surface.root.locator("[data-command=flag]")
    assert "xn-on" not in flag.get_attribute("class")
    surface.press("f")
    assert "xn-on" in flag.get_attribute("class")
    flag.click()
    assert "xn-on" not in flag.get_attribute("class")
    assert surface.active == "root"


def test_labelling_goes_on_where_an_earlier_page_left_off(labeller, page):
    labeller().open().press("1", "2").answer()
    page.evaluate("closers.pop()()")
    surface = labeller().open()
    assert (surface.title, surface.text("place")) == ("i2", "3 of 4")
    surface.press("u").answer()
    assert (surface.title, surface.chosen) == ("i1", {"verdict": []})
    surface.press("y").answer()
    assert surface.chosen == {"verdict": ["fail"]}


def test_a_comment_is_kept_by_escape_and_nothing_in_it_is_a_command(labeller):
    surface = labeller().open().press("c")
    assert (surface.is_field_open, surface.active) == (True, "textarea")
    surface.type("d d b 1 p x ? u").press("Enter").type("f").press("Escape")
    assert (surface.is_field_open, surface.active, surface.title) == (False, "root", "i0")
    [first, *others] = surface.labels()
    blank = {"answers": {}, "skipped": False, "flagged": False, "correction": None}
    assert first.items() >= (blank | {"comment": "d d b 1 p x ? u\nf"}).items()
    assert all(label["comment"] == "" for label in others)
    assert surface.press("c").field.input_value() == "d d b 1 p x ? u\nf"


def test_no_key_of_the_labeller_reaches_the_notebook(labeller, page):
    surface = labeller().open()
    page.evaluate("reached.length = 0")
    surface.press("d", "d", "b", "a", "Enter", "Escape", "ArrowUp", "0", "0", "Shift+Enter")
    surface.press("c").type("ddba00").press("Enter", "Control+b", "Escape")
    assert [one for one in page.evaluate("reached") if one not in ("Shift", "Control")] == []
    marked = page.evaluate("document.activeElement.dataset.lmSuppressShortcuts")
    assert (marked, surface.active) == ("true", "root")


def test_what_has_the_focus_is_marked_for_the_notebook(labeller, page):
    surface = labeller().open()
    for one in ("c", "Escape", "g", "Escape", "Tab"):
        surface.press(one)
        assert page.evaluate("document.activeElement.dataset.lmSuppressShortcuts") == "true"


def test_ctrl_enter_keeps_a_comment_and_goes_on_once_the_item_is_decided(labeller):
    surface = labeller().open().press("c").type("first").press("Control+Enter")
    assert (surface.title, surface.is_field_open) == ("i0", False)
    surface.press("1", "ArrowLeft", "c").type(", then more").press("Control+Enter")
    assert surface.title == "i1"
    assert surface.labels()[0]["comment"] == "first, then more"


def test_a_comment_left_as_it_was_is_no_decision(labeller):
    surface = labeller().open().press("c", "Escape", "c").type("  ").press("Escape")
    surface.answer()
    assert surface.session.saved == 0


def test_an_emptied_comment_is_gone(labeller):
    surface = labeller().open().press("c").type("x").press("Escape", "c", "Backspace", "Escape")
    assert surface.labels()[0]["comment"] == ""
    assert surface.session.saved == 2


def test_a_corrected_output_is_kept(labeller):
    surface = labeller().open().press("o").type("better").press("Escape")
    assert surface.labels()[0]["correction"] == "better"
    assert "xn-on" in surface.root.locator("[data-command=correct]").get_attribute("class")


def test_a_field_left_by_a_click_keeps_its_text(labeller):
    surface = labeller().open().press("c").type("clicked away")
    surface.part("title").click()
    assert (surface.is_field_open, surface.active) == (False, "root")
    assert surface.labels()[0]["comment"] == "clicked away"


def test_a_field_of_a_view_that_is_closed_keeps_its_text(labeller, page):
    """Running the cell again closes the view; nothing that was typed may be lost."""
    surface = labeller().open().press("c").type("half a thought")
    page.evaluate("closers.pop()()")
    assert surface.labels()[0]["comment"] == "half a thought"


def test_text_typed_while_the_screen_moves_on_is_kept_where_it_was_typed(labeller, page):
    """An undo that waits for Python brings another item while the field is open."""
    labeller().open().press("1").answer()
    page.evaluate("closers.pop()()")
    surface = labeller().open().press("u", "c")
    assert surface.title == "i1"
    surface.type("about i1").answer()
    surface.press("Escape")
    comments = [label["comment"] for label in surface.labels()]
    assert comments[1] == "about i1"


def test_text_that_could_not_be_taken_is_not_said_to_be_kept(labeller, page):
    surface = labeller().open()
    page.evaluate("""() => {
        const root = document.querySelector(".xn-label");
        for (let n = 0; n < 500; n++) press(root, { key: "f" });
    }""")
    surface.press("c").type("text").press("Escape")
    assert "500 decisions wait" in surface.text("notices")
    assert surface.text("echo") != "comment kept"


def test_a_number_is_typed_and_goes_on(labeller):
    surface = labeller(EVERY_KIND).open().press("1", "1")
    assert surface.focus == "cost"
    surface.press("7")
    assert (surface.active, surface.field.input_value()) == ("input", "7")
    assert surface.field.get_attribute("placeholder") == "from 0 to 10, steps of 0.5"
    surface.type(",5").press("Enter")
    assert (surface.focus, surface.is_field_open) == ("topic", False)
    surface.press("t")
    assert surface.title == "i1"
    expected = {"verdict": "pass", "safe": True, "cost": 7.5, "topic": "other"}
    assert surface.answers()[0] == expected
    assert "7.5" in surface.press("ArrowLeft").root.get_by_role("group", name="cost").inner_text()


@pytest.mark.parametrize(
    ("typed", "problem"),
    [("11", "at most 10"), ("-1", "at least 0"), ("0.3", "a step of 0.5"), ("3x", "a number")],
)
def test_a_number_that_does_not_fit_is_told_and_not_stored(labeller, typed, problem):
    surface = labeller(EVERY_KIND).open().press("1", "1", typed[0]).type(typed[1:]).press("Enter")
    assert f"cost: {typed} is not {problem}." in surface.text("notices")
    assert (surface.title, surface.focus) == ("i0", "cost")
    assert surface.answers()[0] == {"verdict": "pass", "safe": True}


NUMBER_LAST = Rubric([Dimension("verdict", options=["pass", "fail"]), Dimension("cost", "number")])


def test_a_click_that_ends_a_number_still_means_the_item_it_was_made_on(labeller):
    """Leaving the field must not bring the next item below the pointer."""
    surface = labeller(NUMBER_LAST).open().press("1", "3")
    surface.root.get_by_role("button", name="fail").click()
    assert surface.answers()[:2] == [{"verdict": "fail", "cost": 3}, {}]


def test_escape_keeps_a_number_and_stays(labeller):
    surface = labeller(NUMBER_LAST).open().press("1", "3", "Escape")
    assert (surface.title, surface.answers()[0]) == ("i0", {"verdict": "pass", "cost": 3})


TEXT_LAST = Rubric([Dimension("verdict", options=["pass", "fail"]), Dimension("why", "text")])
TEXT_MAYBE = Rubric(
    [Dimension("verdict", options=["pass", "fail"]), Dimension("why", "text", required=False)]
)


def test_a_text_is_opened_by_enter_kept_by_escape_and_gone_on_from_by_ctrl_enter(labeller):
    surface = labeller(TEXT_LAST).open().press("1", "Enter")
    assert surface.active == "textarea"
    surface.type("because").press("Escape")
    assert (surface.title, surface.active) == ("i0", "root")
    assert surface.answers()[0] == {"verdict": "pass", "why": "because"}
    assert surface.press("Enter").title == "i1"
    surface.press("2", "Enter").type("so\nthere").press("Control+Enter")
    assert (surface.title, surface.active) == ("i2", "root")
    assert surface.answers()[1] == {"verdict": "fail", "why": "so\nthere"}


def test_one_goes_on_from_an_optional_text_without_writing(labeller):
    surface = labeller(TEXT_MAYBE).open().press("v", "1", "ArrowDown", "Enter", "Control+Enter")
    assert (surface.title, surface.is_field_open) == ("i1", False)


def test_an_emptied_text_is_cleared(labeller):
    surface = labeller(TEXT_MAYBE).open().press("ArrowDown", "Enter").type("x").press("Escape")
    assert surface.answers()[0] == {"why": "x"}
    surface.press("ArrowDown", "Enter", "Backspace", "Escape")
    assert surface.answers()[0] == {}


def test_one_goes_to_an_item_by_its_number(labeller):
    surface = labeller().open().press("g")
    assert surface.field.get_attribute("aria-label") == "Go to item"
    surface.type("3").press("Enter")
    assert (surface.title, surface.active) == ("i2", "root")
    assert surface.press("g").type("99").press("Enter").title == "i3"
    for odd in ("0", "-2", "x", ""):
        assert surface.press("g").type(odd).press("Enter").title == "i3"
    surface.answer()
    assert surface.session.saved == 0


def test_an_item_far_away_is_loaded_and_then_decided(labeller):
    surface = labeller(outputs=[f"out {n}" for n in range(320)]).open()
    surface.press("g").type("311").press("Enter")
    assert "loading" in surface.text("paper")
    surface.press("1").answer()
    assert (surface.title, surface.session.saved) == ("i310", 0)
    assert surface.press("1").title == "i311"
    surface.answer()
    assert surface.session.label(310).answers == {"verdict": "pass"}


def test_items_ahead_arrive_with_the_receipts(labeller):
    surface = labeller(outputs=["a"] * 60).open()
    for _ in range(55):
        surface.press("1")
        surface.answer()
    assert (surface.text("place"), surface.title) == ("56 of 60", "i55")


def test_the_help_sheet_lists_every_command(labeller):
    surface = labeller().open().press("?")
    text = surface.part("sheet").inner_text()
    for command in COMMANDS:
        assert command.text in text
    for option in ("pass", "fail", "defer"):
        assert f"verdict: {option}" in text
    assert surface.press("?").part("sheet").is_hidden()
    surface.press("?", "1")
    assert (surface.part("sheet").is_hidden(), surface.title) == (True, "i0")


def test_keys_that_do_nothing_leave_a_sheet_open(labeller):
    surface = labeller().open().press("?", "Shift", "Control", "PageDown", "PageUp")
    assert surface.part("sheet").is_visible()
    assert surface.press("Escape").part("sheet").is_hidden()


def test_every_command_of_the_table_has_a_handler_and_every_handler_a_command(labeller, page):
    surface = labeller().open()
    steps = MODULE.split("const steps = {")[1].split("};")[0]
    assert re.findall(r"^\s*(\w+): \(\)", steps, re.MULTILINE) == [one.name for one in COMMANDS]
    missing = page.evaluate("""() => {
        stand({ ...model.get("setup") }, { total: 3 });
        const el = document.createElement("div");
        const view = new m.View(desk, el);
        const failed = [];
        for (const { name } of desk.setup.commands)
            try {
                view.act(name);
            } catch (error) {
                failed.push([name, String(error)]);
            }
        view.remove();
        return failed;
    }""")
    assert missing == []
    assert surface.title == "i0"


def test_the_buttons_do_what_their_keys_do(labeller):
    surface = labeller().open()
    names = surface.part("commands").evaluate("n => [...n.children].map((c) => c.dataset.command)")
    alone = [command.name for command in COMMANDS if command.button and command.name != "agreement"]
    assert names == alone
    surface.root.locator("[data-command=skip]").click()
    surface.root.locator("[data-command=flag]").click()
    surface.root.locator("[data-command=undo]").click()
    labels = surface.labels()
    assert (labels[0]["skipped"], labels[1]["flagged"]) == (True, False)
    surface.root.locator("[data-command=help]").click()
    assert surface.part("sheet").is_visible()


def test_the_end_is_told_and_leads_back_to_what_was_skipped(labeller):
    surface = labeller().open().press("1", " ", "1", "2")
    surface.answer()
    text = surface.part("sheet").inner_text()
    assert "3 of 4 labelled" in text
    assert "skipped: i1" in text
    surface.part("sheet").get_by_role("button", name="skipped: i1").click()
    assert (surface.title, surface.part("sheet").is_hidden()) == ("i1", True)
    surface.press("1")
    assert surface.answers()[1] == {"verdict": "pass"}


def test_what_was_passed_over_comes_before_the_end(labeller):
    surface = labeller().open().press("ArrowRight", "1", "1", "1")
    surface.answer()
    assert (surface.title, surface.part("sheet").is_hidden()) == ("i0", True)


def test_the_difference_the_details_and_the_raw_text_are_shown_when_asked_for(labeller):
    surface = labeller(outputs=["**a**", "b"]).open()
    assert "difference to expected" not in surface.text("paper")
    surface.press("e", "d")
    assert "difference to expected" in surface.text("paper")
    assert "lang: de" in surface.text("details")
    assert "hidden until this item is decided" in surface.text("details")
    surface.part("output").get_by_role("button", name="raw").click()
    surface.answer()
    assert surface.part("output").locator("pre").inner_text() == "**a**"
    surface.part("output").get_by_role("button", name="rendered").click()
    assert surface.part("output").locator("strong").inner_text() == "a"


def test_scores_of_a_decided_item_are_shown_with_its_details(labeller, experiments):
    surface = labeller().open()
    trace = surface.session.entry(0).shown.trace_ids[0]
    client, _ = experiments(["scored"])
    client.score(trace_id=trace, name="exact", value=0.25)
    surface.press("d", "1", "ArrowLeft")
    surface.answer()
    assert "exact: 0.25" in surface.text("details")


def test_what_models_wrote_is_only_read(labeller, page):
    payloads = [
        f"<img src=x onerror='{HACK}'>",
        f"# Title\n\n[link](javascript:{HACK}) <script>{HACK}</script>\n\n[ok](https://example.test)",
        {"<svg onload='window.hacked=1'>": f"</pre><script>{HACK}</script>"},
        [{"role": "user", "content": f"<iframe src='javascript:{HACK}'></iframe>"}],
    ]
    surface = labeller(outputs=payloads).open()
    for _ in payloads:
        page.wait_for_timeout(20)
        tags = surface.part("paper").evaluate(
            "p => [...p.querySelectorAll('*')].map((one) => one.localName)"
        )
        assert not {"img", "script", "svg", "iframe", "style", "form", "object"} & set(tags)
        hrefs = surface.part("paper").evaluate(
            "p => [...p.querySelectorAll('a')].map((a) => a.href)"
        )
        assert all(href.startswith(("https:", "")) and "javascript" not in href for href in hrefs)
        surface.press("1")
    assert page.evaluate("window.hacked") is None


def test_keys_go_on_working_after_a_part_was_unfolded_with_the_mouse(labeller):
    """The element that was clicked leaves the page with its item; the focus must not go with it."""
    nested = {"a": {"b": {"c": {"d": [1, 2, {"e": "f"}]}}}, "list": [{"x": n} for n in range(40)]}
    surface = labeller(outputs=[nested, "b", "c", "d"]).open()
    summary = surface.part("paper").locator("summary")
    assert summary.count() > 0
    summary.first.click()
    surface.press("1", "1")
    assert surface.answers()[:2] == [{"verdict": "pass"}, {"verdict": "pass"}]
    assert surface.active == "root"


def test_a_label_that_was_carried_over_says_so_until_it_is_changed(desk, page):
    carried = {"answers": {"verdict": "pass"}, "carried": True}
    desk.stand(PASS_FAIL, labels={0: carried}).do(
        "window.view = new m.View(desk, document.body.appendChild(document.createElement('div')))",
        "window.closers.push(() => view.remove())",
    )
    assert "carried over" in page.locator(".xn-head").text_content()
    desk.do(FAIL, "desk.go(0)")
    assert "carried over" not in page.locator(".xn-head").text_content()


def test_two_views_of_one_model_stay_in_step(labeller, page):
    surface = labeller().open()
    surface.open()
    assert page.locator(".xn-label").count() == 2

    def seen(name):
        return page.locator(f".xn-label .xn-{name}").all_text_contents()

    surface.press("1")
    assert seen("item-title") == ["i1", "i1"]
    page.locator(".xn-label").nth(1).focus()
    surface.press("2", "ArrowLeft")
    assert seen("place") == ["2 of 4", "2 of 4"]
    pressed = page.locator("[aria-pressed=true] .xn-mark").all_text_contents()
    assert pressed == ["fail", "fail"]
    surface.press("?")
    assert page.locator(".xn-sheet:visible").count() == 2
    surface.press("Escape")
    assert page.locator(".xn-sheet:visible").count() == 0
    assert surface.answers() == [{"verdict": "pass"}, {"verdict": "fail"}, {}, {}]


def test_closing_one_view_leaves_the_other_working(labeller, page):
    surface = labeller().open()
    surface.open()
    page.evaluate("closers.shift()()")
    assert page.locator(".xn-label").count() == 1
    surface.root.focus()
    surface.press("1")
    assert surface.title == "i1"
    assert surface.answers()[0] == {"verdict": "pass"}
    page.evaluate("closers.shift()()")
    assert page.evaluate("model.heard['change:setup'].size") == 0


def test_a_second_view_does_not_move_who_looks_at_another_item(labeller):
    surface = labeller().open().press("ArrowRight", "ArrowRight")
    surface.open()
    assert surface.title == "i2"


def test_keys_of_an_input_method_are_left_alone(labeller, page):
    surface = labeller().open()
    composed = "{ key: '1', code: 'Digit1', isComposing: true }"
    assert page.evaluate(f"press(document.querySelector('.xn-label'), {composed})") is False
    surface.press("c").type("漢")
    ends = (
        "{ key: 'Escape', isComposing: true }, { key: 'Enter', ctrlKey: true, isComposing: true }"
    )
    page.evaluate(f"[{ends}].map((given) => press(document.activeElement, given))")
    assert (surface.is_field_open, surface.title) == (True, "i0")
    surface.press("Escape")
    assert surface.labels()[0]["comment"] == "漢"
    assert surface.answers()[0] == {}


def test_tab_leaves_the_labeller(labeller, page):
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), {id: 'before'}))"
    )
    surface = labeller().open()
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), {id: 'after'}))"
    )
    assert surface.text("keys") == "⌨ keys on"
    surface.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "before"
    surface.press("Tab")
    assert surface.active == "root"
    for _ in range(40):
        surface.press("Tab")
        if page.evaluate("document.activeElement.id") == "after":
            break
    assert page.evaluate("document.activeElement.id") == "after"
    page.wait_for_function("document.querySelector('.xn-keys').textContent.startsWith('click')")
    surface.press("1")
    surface.answer()
    assert surface.session.saved == 0


def test_a_button_in_focus_is_pressed_by_enter_and_space(labeller, page):
    surface = labeller().open()
    surface.root.get_by_role("button", name="fail").focus()
    surface.press("Enter")
    surface.root.get_by_role("button", name="fail").focus()
    surface.press(" ")
    assert surface.answers()[:3] == [{"verdict": "fail"}, {"verdict": "fail"}, {}]
    assert surface.labels()[2]["skipped"] is False


def test_keys_with_ctrl_that_mean_nothing_here_are_left_to_the_browser(labeller, page):
    labeller().open()
    found = page.evaluate("""() => {
        const root = document.querySelector(".xn-label");
        const held = { ctrlKey: true };
        return ["s", "c", "1", "Shift"].map((key) => press(root, { key, ...held }));
    }""")
    assert found == [False] * 4


def test_layouts_that_need_shift_for_digits_label_too(labeller, page):
    surface = labeller().open()
    page.evaluate("""() => {
        const root = document.querySelector(".xn-label");
        press(root, { key: "&", code: "Digit1" });
        press(root, { key: "2", code: "Digit2", shiftKey: true });
    }""")
    assert surface.answers()[:2] == [{"verdict": "pass"}, {"verdict": "fail"}]


# Who labels.


def test_nothing_is_shown_before_somebody_has_said_who_labels(page):
    surface = Surface(page, None)
    page.evaluate("() => { show(model); }")
    assert page.locator(".xn-label").count() == 0
    assert surface.heard() == []
    surface.view.close()


def test_once_named_the_labeller_appears(labeller, page):
    surface = labeller()
    page.evaluate(
        """setup => {
        window.model = makeModel({ annotator: null, id: setup.id });
        show(model);
        model.change(setup);
    }""",
        surface.setup,
    )
    surface.answer()
    assert surface.title == "i0"
