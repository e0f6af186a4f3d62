"""The labeller's front end on a blank page: its parts one by one, then all of it with real keys."""

from __future__ import annotations

import json
import random
import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import xeroml_nb as xn
from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.fold import Fold
from xeroml_nb.annotation.keymap import COMMANDS
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.annotation.queue import material_of, open_for_experiments
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.annotation.session import LabellingSession
from xeroml_nb.errors import StoreError
from xeroml_nb.records.label import Action, EntryKey, LabelEvent
from xeroml_nb.widgets.host import STATIC
from xeroml_nb.widgets.label_view import MODULE, LabelView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from .lab import Lab

pytestmark = pytest.mark.browser

ADDRESS = "http://127.0.0.1/label"
STAND = (Path(__file__).parent / "label_module" / "stand.js").read_text(encoding="utf-8")
IMPORT = """async text => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    window.m = await import(url);
}"""
PASS_FAIL = Rubric.pass_fail()
TWO = Rubric(
    [
        Dimension("verdict", options=[Option("pass", "p"), Option("fail", "x")]),
        Dimension("tone", "scale", minimum=1, maximum=5),
    ]
)
EVERY_KIND = Rubric(
    [
        Dimension("verdict", options=["pass", "fail"]),
        Dimension("safe", "boolean"),
        Dimension("cost", "number", minimum=0, maximum=10, step=0.5),
        Dimension("why", "text", required=False),
        Dimension("topic", options=[Option("other", "t"), Option("tax", "s")], required=False),
    ]
)


@pytest.fixture(scope="module")
def blank(lab: Lab) -> Iterator[tuple[Page, list[str]]]:
    """One blank page that has imported the module as `m`, and what went wrong on it."""
    made = lab._context.new_page()
    made.set_default_timeout(5_000)
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda message: message.type == "error" and errors.append(message.text))
    empty = {"body": "<!doctype html>", "content_type": "text/html"}
    made.route("**/*", lambda route: route.fulfill(**empty))
    made.goto(ADDRESS)
    made.evaluate(IMPORT, MODULE)
    made.add_script_tag(content=STAND)
    made.add_style_tag(content=(STATIC / "label" / "label.css").read_text(encoding="utf-8"))
    yield made, errors
    made.close()


@pytest.fixture
def page(blank: tuple[Page, list[str]]) -> Iterator[Page]:
    """The page, emptied; nothing may go wrong on it."""
    made, errors = blank
    made.evaluate("begin()")
    errors.clear()
    yield made
    assert errors == []


def ask(page, name, cases):
    """What a function of the module gives for each case."""
    return page.evaluate("([name, cases]) => cases.map((c) => m[name](...c))", [name, list(cases)])


def key(name, code="", **held):
    """A key press as browsers describe it."""
    modifiers = dict.fromkeys(("ctrlKey", "metaKey", "altKey", "shiftKey"), False)
    return (
        modifiers | {"key": name, "code": code} | {f"{which}Key": on for which, on in held.items()}
    )


def wire(rubric):
    """The dimensions as the front end gets them."""
    return [dimension.to_wire() for dimension in rubric.dimensions]


_numbers = count(1)
COMMANDS_WIRE = [command.to_wire() | {"keys": list(command.keys)} for command in COMMANDS]


# The module as a whole.


def test_the_module_is_small():
    assert len(MODULE.encode()) < 40_000


@pytest.mark.parametrize(
    "word",
    [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "createContextualFragment",
        "DOMParser",
        "srcdoc",
        "eval",
        "Function(",
        "import ",
        "import(",
        "http://",
        "https://",
        "fetch(",
        "XMLHttpRequest",
    ],
)
def test_the_module_makes_no_markup_runs_no_text_and_loads_nothing(word):
    # "interval" ends in what would be a call of the worst kind.
    assert word not in MODULE.replace("setInterval", "").replace("clearInterval", "")


# Keys.


def test_keys_are_named_as_the_table_of_commands_names_them(page):
    cases = {
        "f": key("f"),
        "a": key("A", shift=True),
        "z": key("Z"),  # Caps Lock
        "Enter": key("Enter"),
        "ArrowUp": key("ArrowUp", shift=True),
        "Mod+z": key("z", ctrl=True),
        "Mod+Enter": key("Enter", meta=True),
        "Mod+Shift+z": key("Z", ctrl=True, shift=True),
        "Mod+Shift+y": key("Y", meta=True, shift=True),
        " ": key(" "),
        "?": key("?", shift=True),
    }
    assert ask(page, "keyName", [[one] for one in cases.values()]) == list(cases)


def test_ctrl_z_with_caps_lock_is_still_undo(page):
    assert ask(page, "commandOf", [[key("Z", ctrl=True), COMMANDS_WIRE]]) == ["undo"]


def test_digits_are_found_by_what_they_type_or_by_where_they_are(page):
    cases = [
        (key("1", "Digit1"), "1"),
        (key("1", "Numpad1"), "1"),
        (key("&", "Digit1"), "1"),  # French, without Shift
        (key("é", "Digit2"), "2"),
        (key("1", "Digit1", shift=True), "1"),  # French, with Shift
        (key("!", "Digit1", shift=True), "1"),  # English, with Shift
        (key("ě", "Digit2"), "2"),  # Czech
        (key("à", "Digit0"), "0"),
        (key("7"), "7"),  # no place is told
        (key("End", "Numpad1"), None),
        (key("?", "Digit6", shift=True), None),
        (key("a", "Digit1"), None),  # another arrangement of letters
        (key("x", "KeyX"), None),
        (key("F1", "F1"), None),
        (key("٣", "KeyE"), None),
    ]
    assert ask(page, "digitOf", [[one] for one, _ in cases]) == [digit for _, digit in cases]


def test_every_key_of_the_table_means_its_command(page):
    cases = []
    for command in COMMANDS:
        for name in command.keys:
            *held, plain = name.split("+")
            shift = "Shift" in held
            typed = plain.upper() if shift else plain
            cases.append((key(typed, ctrl="Mod" in held, shift=shift), command.name))
    found = ask(page, "commandOf", [[one, COMMANDS_WIRE] for one, _ in cases])
    assert found == [name for _, name in cases]


def test_keys_with_ctrl_or_cmd_are_no_other_commands(page):
    cases = [key("f", ctrl=True), key("c", meta=True), key("r", ctrl=True), key("s", ctrl=True)]
    assert ask(page, "commandOf", [[one, COMMANDS_WIRE] for one in cases]) == [None] * 4


def answers(page, rubric, focus, *events):
    """The dimension and the value that each key picks."""
    given = [[one, wire(rubric), focus] for one in events]
    found = ask(page, "answerOf", given)
    return [None if one is None else (one["dimension"]["name"], one["value"]) for one in found]


def test_a_digit_answers_only_the_dimension_in_focus(page):
    two = key("2", "Digit2")
    assert answers(page, TWO, 0, two, key("5", "Digit5")) == [("verdict", "fail"), None]
    assert answers(page, TWO, 1, two, key("5", "Digit5")) == [("tone", 2), ("tone", 5)]
    assert answers(page, EVERY_KIND, 2, two) == [None]
    assert answers(page, EVERY_KIND, 1, two) == [("safe", False)]


def test_a_letter_answers_any_dimension(page):
    assert answers(page, TWO, 1, key("x"), key("P", shift=True)) == [
        ("verdict", "fail"),
        ("verdict", "pass"),
    ]
    assert answers(page, EVERY_KIND, 0, key("T")) == [("topic", "other")]


def test_no_answer_is_given_with_ctrl_alt_or_cmd_held(page):
    held = [key("1", "Digit1", **{which: True}) for which in ("ctrl", "meta", "alt")]
    assert answers(page, TWO, 0, *held, key("p", ctrl=True)) == [None] * 4


def test_an_option_whose_key_is_a_sign_above_a_digit_is_picked_by_it(page):
    """Keys may be any character that can be typed; the badge promises this one."""
    rubric = Rubric([Dimension("verdict", options=["pass", Option("odd", "%"), Option("é", "é")])])
    english, french = key("%", "Digit5", shift=True), key("é", "Digit2")
    assert answers(page, rubric, 0, english, french) == [("verdict", "odd"), ("verdict", "é")]


def test_keys_of_the_browser_and_the_system_are_let_through(page):
    through = ["Tab", "F1", "F5", "F12", "Shift", "Control", "Alt", "Meta"]
    assert ask(page, "passes", [[key(name)] for name in through]) == [True] * len(through)
    assert ask(page, "passes", [[key("ArrowLeft", alt=True)], [key("1", alt=True)]]) == [True] * 2
    kept = ["f", "F", "1", "Enter", " ", "Escape", "ArrowUp", "?"]
    assert ask(page, "passes", [[key(name)] for name in kept]) == [False] * len(kept)


# Pace.


def test_the_median_is_the_one_in_the_middle(page):
    cases = [[], [3], [4, 1], [9, 1, 5], [10, 9, 1, 2], [2, 10, 1]]
    assert ask(page, "median", [[one] for one in cases]) == [None, 3, 2.5, 5, 5.5, 2]


def test_the_median_leaves_its_values_as_they_are(page):
    assert page.evaluate("() => { const v = [3, 1, 2]; m.median(v); return v; }") == [3, 1, 2]


def test_a_long_pause_is_no_work(page):
    assert ask(page, "withoutIdle", [[0], [5.5], [120], [120.1], [9_999]]) == [0, 5.5, 120, 0, 0]


def test_the_pace_tells_seconds_an_item_and_what_is_left(page):
    cases = [
        ([[], 10], ""),
        ([[0, 0], 10], ""),
        ([[4], 10], "4.0 s/item · 40 s left"),
        ([[2, 4, 60], 30], "4.0 s/item · 2 min left"),
        ([[0, 12.4], 3], "12 s/item · 37 s left"),
        ([[20], 0], "20 s/item"),
        ([[30], 1_000], "30 s/item · 8 h 20 min left"),
        ([[100] * 20 + [1] * 20, 5], "1.0 s/item · 5 s left"),
    ]
    assert ask(page, "paceText", [given for given, _ in cases]) == [text for _, text in cases]


def test_durations_are_told_in_hours_and_minutes(page):
    cases = {0: "0 s", 59: "59 s", 60: "1 min", 90: "2 min", 3_000: "50 min"}
    cases |= {3_600: "1 h 0 min", 5_400: "1 h 30 min", 360_000: "100 h 0 min"}
    assert ask(page, "durationText", [[s] for s in cases]) == list(cases.values())


def test_no_duration_has_sixty_minutes_beside_its_hours(page):
    told = ask(page, "durationText", [[3_600 * h - s] for h in (2, 3) for s in range(1, 60)])
    assert not [text for text in told if text.endswith(" 60 min")]


# What a label becomes.

ACTIONS = ("set", "clear", "skip", "unskip", "flag", "unflag", "comment", "correct")
ENTRY = EntryKey("i0")


def some_decision(chance):
    """An action of a person with what belongs to it."""
    action = chance.choice(ACTIONS)
    made = {"action": action, "dimension": None, "value": None}
    if action in ("set", "clear"):
        made["dimension"] = chance.choice(["verdict", "tone", "name with spaces", "constructor"])
    if action == "set":
        made["value"] = chance.choice(["pass", 0, 3, 2.5, True, False, "0"])
    if action in ("comment", "correct"):
        made["value"] = chance.choice([None, "", "why not", " ", "<b>"])
    return made


def event_of(decision, place=0, **more):
    """A decision of the front end as Python's log has it."""
    fields = {name: decision[name] for name in ("dimension", "value")}
    about = EntryKey(f"i{place}")
    return LabelEvent("q", "ann", "s", 1, Action(decision["action"]), about, **fields, **more)


def test_a_label_becomes_what_it_becomes_in_python(page):
    chance = random.Random(7)
    runs, expected = [], []
    for number in range(150):
        fold = Fold()
        if number % 3 == 0:
            carried = {"action": "carry", "dimension": "verdict", "value": "pass"}
            fold.apply(event_of(carried, carried_from="t", config_id="c"))
        decisions = [some_decision(chance) for _ in range(chance.randrange(1, 12))]
        runs.append({"start": fold.label(ENTRY).to_wire(), "decisions": decisions})
        steps = []
        for decision in decisions:
            fold.apply(event_of(decision))
            steps.append(fold.label(ENTRY).to_wire())
        expected.append(steps)
    found = page.evaluate(
        """runs => runs.map(({ start, decisions }) => {
            let label = start;
            return decisions.map((decision) => (label = m.applied(label, decision)));
        })""",
        runs,
    )
    assert found == expected


def test_a_label_itself_stays_as_it_was(page):
    before, after = page.evaluate("""() => {
        const label = makeLabel({ answers: { verdict: "pass" } });
        const text = JSON.stringify(label);
        for (const action of ["set", "clear", "skip", "flag", "comment", "correct"])
            m.applied(label, { action, dimension: "verdict", value: "x" });
        return [text, JSON.stringify(label)];
    }""")
    assert before == after


NUMBERS = [
    *(-1, -0.5, 0, 0.1, 0.25, 0.3, 0.5, 0.7, 1, 1.5, 2, 9.5, 9.75, 10, 10.000001, 11, 1e9, 1e20),
    *(0.1 + 0.2, 1e-9, -1e-9, 3 + 1e-8, 3 + 1e-5, 7, 100, -100),
    *(float("nan"), float("inf"), float("-inf")),
]
RANGES = [
    {},
    {"minimum": 0},
    {"maximum": 10},
    {"minimum": 0, "maximum": 10},
    {"minimum": 0, "maximum": 10, "step": 0.5},
    {"minimum": 1, "step": 2},
    {"step": 0.1},
    {"maximum": 3, "step": 1},
    {"minimum": -5, "maximum": 5, "step": 0.25},
    {"minimum": 0.1, "step": 0.3},
]


def test_a_number_is_refused_on_the_page_where_python_refuses_it(page):
    dimensions = [Dimension("cost", "number", **one) for one in RANGES]
    cases = [(d, value) for d in dimensions for value in NUMBERS]
    found = ask(page, "numberProblem", [[d.to_wire(), value] for d, value in cases])
    told = [
        (d.minimum, d.maximum, d.step, v, not problem)
        for (d, v), problem in zip(cases, found, strict=True)
    ]
    assert told == [(d.minimum, d.maximum, d.step, v, d.accepts(v)) for d, v in cases]


def test_a_number_of_too_many_steps_is_refused_on_both_sides(page):
    dimension = Dimension("cost", "number", step=1e-9)
    [problem] = ask(page, "numberProblem", [[dimension.to_wire(), 1e300]])
    assert (not problem) is dimension.accepts(1e300)


# Nodes.

LISTED = [
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("strong", "em", "s", "hr", "br", "table", "thead", "tbody", "tr", "th", "td", "a", "span"),
    *("div", "details", "summary", "dl", "dt", "dd", "ins", "del"),
]
HACK = "window.hacked = 1"
HOSTILE = [
    ["script", HACK],
    ["SCRIPT", HACK],
    ["style", "body { display: none }"],
    ["iframe", {"src": f"javascript:{HACK}", "srcdoc": f"<script>{HACK}</script>"}, "framed"],
    ["svg", {"onload": HACK}, ["script", HACK], ["a", {"href": f"javascript:{HACK}"}, "in svg"]],
    ["img", {"src": "x", "onerror": HACK}],
    ["form", {"action": f"javascript:{HACK}"}, ["button", {"onclick": HACK}, "send"]],
    ["input", {"autofocus": True, "onfocus": HACK}],
    ["object", {"data": f"javascript:{HACK}"}],
    ["embed", {"src": f"javascript:{HACK}"}],
    ["base", {"href": "http://127.0.0.2/"}],
    ["meta", {"http-equiv": "refresh", "content": f"0;url=javascript:{HACK}"}],
    ["link", {"rel": "stylesheet", "href": "http://127.0.0.2/"}],
    ["video", {"src": "x", "onerror": HACK}],
    ["math", ["mtext", ["script", HACK]]],
    ["p", {"onclick": HACK, "onmouseover": HACK, "style": "position: fixed", "id": "root"}, "p"],
    ["div", {"class": "jp-Button xn-x"}, "class"],
    ["div", {"class": "xn-text\njp-Button"}, "class"],
    ["div", {"class": ["xn-text"]}, "class"],
    ["details", {"open": "yes", "ontoggle": HACK}, ["summary", "more"], "text"],
    ["p", f"<img src=x onerror='{HACK}'><script>{HACK}</script>"],
    f"<svg onload='{HACK}'>",
    ["__proto__", "x"],
    ["constructor", "x"],
    ["p", ["p", ["script", {"src": "x"}, HACK]]],
    [],
    [["script", HACK]],
    ["a"],
    None,
    True,
    3,
    {"tag": "script"},
]
LINKS = {
    "https://example.test/a": True,
    "HTTP://example.test/": True,
    "MailTo:a@example.test": True,
    "https:example": True,
    f"javascript:{HACK}": False,
    f"JaVaScRiPt:{HACK}": False,
    f" javascript:{HACK}": False,
    f"java\nscript:{HACK}": False,
    f"\tjava\tscript\t:{HACK}": False,
    f"\x01javascript:{HACK}": False,
    f"javascript&colon;{HACK}": False,
    f"data:text/html,<script>{HACK}</script>": False,
    f" DATA:text/html;base64,{HACK}": False,
    f"vbscript:{HACK}": False,
    "blob:http://127.0.0.1/x": False,
    "file:///etc/passwd": False,
    "//example.test/": False,
    "/relative": False,
    "#part": False,
    " https://example.test/": False,
    "": False,
}


def built(page, nodes):
    """Every element that nodes become, with its attributes; they stay in the page for a moment."""
    return page.evaluate(
        """async nodes => {
            const box = document.body.appendChild(document.createElement("div"));
            box.append(...nodes.map(m.build));
            const all = [...box.querySelectorAll("*")];
            const described = all.map((one) => ({
                tag: one.localName,
                text: one.textContent,
                given: Object.fromEntries([...one.attributes].map((a) => [a.name, a.value])),
            }));
            for (const one of all) {
                one.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
                if (!one.href) one.click();
            }
            await new Promise((done) => setTimeout(done, 60));
            box.remove();
            return described;
        }""",
        nodes,
    )


def test_hostile_nodes_do_nothing(page):
    elements = built(page, HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert {one["tag"] for one in elements} <= set(LISTED)
    allowed = {"class", "open", "start"}
    assert {name for one in elements for name in one["given"]} <= allowed
    assert page.url == ADDRESS


def test_what_hostile_nodes_say_is_still_read(page):
    elements = built(page, [["p", *HOSTILE]])
    text = elements[0]["text"]
    assert text.count(HACK) >= 6
    for said in (
        "framed",
        "in svg",
        "send",
        "class",
        f"<svg onload='{HACK}'>",
        "null",
        "true",
        "3",
    ):
        assert said in text


def test_all_that_is_listed_is_made(page):
    elements = built(page, [[tag, "text"] for tag in LISTED])
    assert [one["tag"] for one in elements] == LISTED


def test_only_classes_of_the_labeller_are_given(page):
    given = ["xn-text", "xn-turn-user", "jp-Button", "xn-text jp-Button", "XN-text", "xn-", ""]
    elements = built(page, [["div", {"class": name}, "x"] for name in given])
    kept = [one["given"].get("class", "") for one in elements]
    assert kept == ["xn-text", "xn-turn-user", "", "", "", "", ""]


def test_links_lead_only_to_the_web_and_to_mail(page):
    elements = built(page, [["a", {"href": href}, "text"] for href in LINKS])
    assert page.evaluate("window.hacked") is None
    assert ["href" in one["given"] for one in elements] == list(LINKS.values())
    for one in elements:
        if "href" in one["given"]:
            assert one["given"]["target"] == "_blank"
            assert set(one["given"]["rel"].split()) >= {"noopener", "noreferrer"}


def test_lists_begin_where_they_say_and_details_are_open_where_they_say(page):
    nodes = [["ol", {"start": 4}], ["ol", {"start": "4"}], ["details", {"open": True}], ["details"]]
    assert [one["given"] for one in built(page, nodes)] == [{"start": "4"}, {}, {"open": ""}, {}]


# The way to Python.


def test_a_decision_is_pending_until_it_is_settled(page):
    found = page.evaluate("""() => {
        const { link, sent, hand } = makeLink();
        hand({ pos: 3, value: "a" });
        hand({ pos: 4, value: "b" });
        const before = [link.pending.size, link.has(3), link.has(4), link.has(5)];
        const known = [link.settle(1), link.settle(1), link.settle(9)];
        return { before, known, after: [link.pending.size, link.has(3), link.has(4)], sent };
    }""")
    assert found["before"] == [2, True, True, False]
    assert found["known"] == [True, False, False]
    assert found["after"] == [1, False, True]
    kept = [
        {k: one[k] for k in ("kind", "session", "seq", "pos", "oldest")} for one in found["sent"]
    ]
    base = {"kind": "decide", "session": "s", "oldest": 1}
    assert kept == [base | {"seq": 1, "pos": 3}, base | {"seq": 2, "pos": 4}]


def test_decisions_are_sent_again_in_their_order_from_the_one_expected(page):
    found = page.evaluate("""() => {
        const { link, sent, hand } = makeLink();
        for (let n = 0; n < 5; n++) hand({ pos: n });
        link.settle(1);
        sent.length = 0;
        link.resend(3);
        const some = sent.splice(0).map((s) => [s.seq, s.oldest]);
        link.resend();
        return [some, sent.map((s) => [s.seq, s.oldest])];
    }""")
    assert found == [[[3, 2], [4, 2], [5, 2]], [[2, 2], [3, 2], [4, 2], [5, 2]]]


def test_a_send_that_throws_keeps_everything(page):
    found = page.evaluate("""() => {
        let broken = true;
        const sent = [];
        const send = (message) => {
            if (broken) throw new Error("closed");
            sent.push(message.seq);
        };
        const { link, hand } = makeLink({ send });
        for (let n = 0; n < 3; n++) hand({ pos: n });
        const kept = JSON.parse(localStorage.getItem("p:s")).kept.map((k) => k.seq);
        const before = [link.gone, [...link.pending.keys()], kept];
        broken = false;
        link.resend();
        link.settle(1);
        return [before, sent, link.gone];
    }""")
    assert found == [[True, [1, 2, 3], [1, 2, 3]], [1, 2, 3], False]


def test_what_is_pending_is_in_the_storage_and_leaves_it_when_settled(page):
    found = page.evaluate("""() => {
        const { link, hand } = makeLink();
        hand({ pos: 0, value: "ü" });
        hand({ pos: 1 });
        const two = JSON.parse(localStorage.getItem("p:s"));
        link.settle(1);
        const one = JSON.parse(localStorage.getItem("p:s"));
        link.settle(2);
        return [two, one.kept.map((k) => k.seq), localStorage.length];
    }""")
    two, one, left = found
    assert [(k["seq"], k["pos"], k.get("value")) for k in two["kept"]] == [
        (1, 0, "ü"),
        (2, 1, None),
    ]
    assert (one, left) == ([2], 0)


def test_what_an_earlier_page_left_is_found_and_forgotten(page):
    found = page.evaluate("""() => {
        makeLink({ session: "old" }).hand({ pos: 7 });
        makeLink({ session: "old2" }).hand({ pos: 8 });
        makeLink({ session: "x", prefix: "other:" }).hand({ pos: 9 });
        const { link, hand } = makeLink();
        hand({ pos: 0 });
        const young = link.leftBehind().length;
        time.now += 2001;
        const left = link.leftBehind();
        for (const { name } of left) link.forget(name);
        const said = left.map(({ name, kept }) => [name, kept.map((k) => k.pos)]).sort();
        return [young, said, Object.keys(localStorage).sort()];
    }""")
    assert found == [0, [["p:old", [7]], ["p:old2", [8]]], ["other:x", "p:s"]]


def test_what_somebody_left_whose_name_begins_alike_is_not_taken(page):
    """Names may hold colons: "ann" is not "ann:b", whoever shares the browser."""
    found = page.evaluate("""() => {
        const setup = { dimensions: [], commands: [], title: "", who: "", counts: {}, queue: "q" };
        const desks = ["ann:b", "ann"].map((annotator) => {
            const model = makeModel({ ...setup, annotator, id: annotator });
            show(model);
            return model;
        });
        const name = "xn-label:q:ann:b:111-222";
        const kept = [{ kind: "decide", session: "111-222", seq: 1, pos: 0, action: "flag" }];
        localStorage.setItem(name, JSON.stringify({ at: Date.now() - 60_000, kept }));
        const state = { kind: "state", entries: [], total: 0, counts: {}, at: null, latest: [] };
        return desks.map((model) => {
            model.sent.length = 0;
            model.tell("msg:custom", state);
            return model.sent.filter((s) => s.kind === "decide").length;
        });
    }""")
    assert found == [1, 0]


def test_what_is_not_json_in_the_storage_hides_nothing(page):
    found = page.evaluate("""() => {
        localStorage.setItem("p:bad", "{");
        localStorage.setItem("p:null", "null");
        makeLink({ session: "old" }).hand({ pos: 7 });
        time.now += 2001;
        return makeLink().link.leftBehind().map(({ name }) => name);
    }""")
    assert found == ["p:old"]


def test_five_hundred_may_wait_and_no_more(page):
    found = page.evaluate("""() => {
        const { link, hand } = makeLink();
        for (let n = 0; n < 499; n++) hand({ pos: n });
        const before = link.isFull;
        hand({ pos: 499 });
        const full = link.isFull;
        link.settle(1);
        return [before, full, link.isFull];
    }""")
    assert found == [False, True, False]


def test_without_a_storage_decisions_are_sent_all_the_same(page):
    found = page.evaluate("""() => {
        const fail = () => { throw new DOMException("no", "QuotaExceededError"); };
        const { link, sent, hand } = makeLink({ storage: { setItem: fail, removeItem: fail } });
        hand({ pos: 0 });
        link.settle(1);
        return [sent.length, link.pending.size, link.leftBehind()];
    }""")
    assert found == [1, 0, []]


def test_a_decision_is_late_after_two_seconds(page):
    found = page.evaluate("""() => {
        const { link, hand } = makeLink();
        const told = [link.late];
        hand({ pos: 0 });
        for (const step of [2000, 1]) {
            time.now += step;
            told.push(link.late);
        }
        link.settle(1);
        return [...told, link.late];
    }""")
    assert found == [0, 0, 2001, 0]


# The desk.


@pytest.fixture
def desk(page):
    """A desk in the page over some items; `do` runs a line of the page's language on it."""

    class Desk:
        def stand(self, rubric, total=3, **more):
            setup = {"dimensions": wire(rubric), "commands": COMMANDS_WIRE, "help": []}
            page.evaluate("([setup, more]) => stand(setup, more)", [setup, {"total": total} | more])
            return self

        def do(self, *lines):
            for line in lines:
                page.evaluate(f"async () => {{ {line}; desk.changed(); await later(); }}")
            return self

        @property
        def now(self):
            return page.evaluate("look()")

        def value(self, expression):
            return page.evaluate(expression)

        @property
        def position(self):
            return page.evaluate("desk.position")

    return Desk()


PASS = "choose('verdict', 'pass')"
FAIL = "choose('verdict', 'fail')"


def test_an_answer_goes_on_to_the_next_item(desk):
    seen = desk.stand(PASS_FAIL).do(PASS).now
    assert (seen["position"], seen["answers"]) == (1, [{"verdict": "pass"}, {}, {}])
    assert (seen["actions"], seen["echo"]) == ([["set", 0, "pass"]], "i0: pass")


def test_a_decision_tells_what_was_on_the_screen_and_for_how_long(desk):
    desk.stand(PASS_FAIL).do("time.now += 3500", PASS, "time.now += 200_000", FAIL)
    first, second = desk.value("sent")
    start = first["presented"]
    told = {"title": "i0", "decided": start + 3500, "active": 3.5, "dimension": "verdict"}
    assert first.items() >= told.items()
    assert (second["title"], second["seq"], second["active"]) == ("i1", 2, 0)
    assert second["presented"] == start + 3500
    assert (second["have"], second["at"], second["oldest"]) == (3, 2, 1)


def test_answered_items_are_passed_over(desk):
    done = {"answers": {"verdict": "pass"}}
    desk.stand(PASS_FAIL, 5, labels={1: done, 2: {"skipped": True}})
    assert desk.do(PASS).position == 3


def test_every_question_is_asked_before_the_next_item(desk):
    desk.stand(TWO)
    assert (desk.now["focus"], desk.do(PASS).now["focus"], desk.position) == ("verdict", "tone", 0)
    seen = desk.do("choose('tone', 4)").now
    assert (seen["position"], seen["focus"]) == (1, "verdict")
    assert seen["answers"][0] == {"verdict": "pass", "tone": 4}


def test_an_answer_out_of_turn_leads_back_to_what_is_open(desk):
    seen = desk.stand(TWO).do("choose('tone', 4)").now
    assert (seen["position"], seen["focus"]) == (0, "verdict")
    assert desk.do(PASS).position == 1


def test_an_optional_choice_is_asked_but_not_insisted_on(desk):
    desk.stand(EVERY_KIND).do(PASS, "choose('safe', true)", "choose('cost', 1)")
    assert (desk.now["position"], desk.now["focus"]) == (0, "topic")
    assert desk.value("desk.isDone(desk.label)") is True
    assert desk.do("choose('topic', 'tax')").position == 1


def test_an_optional_text_is_not_asked_for(desk):
    rubric = Rubric(
        [Dimension("verdict", options=["pass"]), Dimension("why", "text", required=False)]
    )
    assert desk.stand(rubric).do(PASS).position == 1


def test_where_nothing_is_required_any_answer_will_do(desk):
    rubric = Rubric([Dimension("topic", options=["tax"], required=False)])
    desk.stand(rubric)
    assert desk.value("desk.isOpen(desk.label)") is True
    assert desk.do("choose('topic', 'tax')").position == 1


def test_a_question_may_have_any_name(desk):
    names = ["constructor", "toString"]
    desk.stand(Rubric([Dimension(name, options=["yes", "no"]) for name in names]))
    assert desk.value("desk.isOpen(desk.label)") is True
    desk.do(*[f"choose('{name}', 'yes')" for name in names])
    assert (desk.position, desk.value("Object.keys(desk.entries.get(0).label.answers)")) == (
        1,
        names,
    )


def test_no_answer_goes_on_by_itself_once_that_is_switched_off(desk):
    seen = desk.stand(PASS_FAIL).do("desk.auto = false", PASS).now
    assert (seen["position"], seen["label"]["answers"]) == (0, {"verdict": "pass"})


def test_skipping_leaves_an_item_undecided_and_goes_on(desk):
    seen = desk.stand(PASS_FAIL).do("desk.skip()").now
    assert (seen["position"], seen["actions"]) == (1, [["skip", 0, None]])
    desk.do("desk.go(0)")
    assert desk.now["label"]["skipped"] is True
    assert desk.do(PASS, "desk.go(0)").now["label"]["skipped"] is False


def test_a_flag_is_put_up_and_taken_down_where_one_is(desk):
    desk.stand(PASS_FAIL).do("desk.flag()")
    assert (desk.position, desk.now["label"]["flagged"], desk.now["echo"]) == (0, True, "flagged")
    desk.do("desk.flag()")
    assert (desk.now["label"]["flagged"], desk.now["echo"]) == (False, "flag removed")
    assert [action for action, *_ in desk.now["actions"]] == ["flag", "unflag"]


def test_undo_goes_back_to_the_item_at_once(desk):
    seen = desk.stand(PASS_FAIL).do(PASS, FAIL, "desk.takeBack()").now
    assert (seen["position"], seen["answers"]) == (1, [{"verdict": "pass"}, {}, {}])
    # Undo is on the log what was on the screen; Python knows what it takes back.
    assert seen["actions"][-1] == ["undo", 2, None]
    assert desk.do("desk.takeBack()").now["answers"] == [{}, {}, {}]
    assert (desk.position, desk.now["echo"]) == (0, "undone: i0")


def test_redo_does_again_what_was_undone(desk):
    desk.stand(PASS_FAIL).do(PASS, FAIL, "desk.takeBack()", "desk.takeBack()", "desk.doAgain()")
    assert (desk.position, desk.now["answers"]) == (0, [{"verdict": "pass"}, {}, {}])
    assert desk.do("desk.doAgain()").now["answers"][1] == {"verdict": "fail"}


def test_a_new_decision_forgets_what_was_undone(desk):
    desk.stand(PASS_FAIL).do(PASS, "desk.takeBack()", FAIL, "desk.go(0)", "desk.doAgain()")
    assert desk.now["answers"][0] == {"verdict": "fail"}


def test_one_dimension_is_undone_at_a_time(desk):
    desk.stand(TWO).do(PASS, "choose('tone', 2)", "desk.takeBack()")
    seen = desk.now
    assert (seen["position"], seen["focus"], seen["label"]["answers"]) == (
        0,
        "tone",
        {"verdict": "pass"},
    )


def test_undo_of_what_the_page_does_not_know_waits_for_python(desk):
    done = {"answers": {"verdict": "pass"}}
    desk.stand(PASS_FAIL, at=1, labels={0: done}).do("desk.takeBack()")
    assert (desk.position, desk.now["answers"][0]) == (1, {"verdict": "pass"})
    desk.do("ack(1, 0)")
    assert (desk.position, desk.now["answers"][0], desk.now["pending"]) == (0, {}, [])


def test_undo_of_nothing_says_so(desk):
    desk.stand(PASS_FAIL).do("desk.takeBack()", "ack(1, null)")
    assert (desk.position, desk.now["echo"]) == (0, "nothing to undo or redo")


def test_redo_after_an_undo_of_what_the_page_does_not_know_waits_too(desk):
    """Python does again what was undone last, which is not what the page knows of."""
    done = {"answers": {"verdict": "fail"}}
    desk.stand(PASS_FAIL, at=1, labels={0: done})
    desk.do(PASS, "ack(1, 1, {answers: {verdict: 'pass'}})")
    desk.do("desk.takeBack()", "ack(2, 1)", "desk.takeBack()", "ack(3, 0)")
    desk.do("desk.doAgain()", "ack(4, 0, {answers: {verdict: 'fail'}})")
    assert desk.now["answers"] == [{"verdict": "fail"}, {}, {}]


def test_an_undo_that_python_made_elsewhere_is_put_right(desk):
    """Somebody decided under the same name in another notebook: the latest is undone."""
    desk.stand(PASS_FAIL).do(PASS, "ack(1, 0, {answers: {verdict: 'pass'}})", "desk.takeBack()")
    desk.do("ack(2, 2)")
    asked = [one for one in desk.now["asked"] if one["kind"] == "more" and one["from"] == 0]
    assert desk.now["answers"][0] == {"verdict": "pass"} or asked


def test_a_receipt_that_comes_after_an_undo_does_not_bring_the_answer_back(desk):
    desk.stand(PASS_FAIL).do(PASS, "desk.takeBack()")
    desk.do("ack(1, 0, {answers: {verdict: 'pass'}})")
    assert desk.now["answers"][0] == {}
    desk.do("ack(2, 0)")
    assert desk.now["answers"][0] == {}


def test_a_receipt_settles_and_tells_what_is_stored(desk):
    desk.stand(PASS_FAIL).do(PASS, "ack(1, 0, {answers: {verdict: 'pass'}, comment: 'kept'})")
    assert (desk.now["pending"], desk.value("desk.entries.get(0).label.comment")) == ([], "kept")
    assert desk.value("desk.savedAt") == desk.value("time.now")


def test_a_receipt_does_not_touch_an_item_with_later_decisions(desk):
    desk.stand(PASS_FAIL).do("desk.flag()", PASS, "ack(1, 0, {flagged: true})")
    assert desk.now["answers"][0] == {"verdict": "pass"}
    assert desk.now["pending"] == [2]


def test_what_comes_with_a_receipt_is_loaded(desk):
    desk.stand(PASS_FAIL, 4, loaded=2).do(PASS)
    counts = "counts: {done: 1, saved: 1, text: 'pass 1'}"
    more = f"{{entries: [makeEntry(2)], total: 9, {counts}}}"
    desk.do(f"ack(1, 0, {{answers: {{verdict: 'pass'}}}}, {more})")
    assert desk.value("[desk.loaded, desk.total, desk.counts.text]") == [3, 9, "pass 1"]


REFUSED = (
    "desk.receive({kind: 'refused', session: 's', seq: 1, text: 'no', pos: 0, label: makeLabel()})"
)


def test_a_refused_decision_is_taken_off_the_screen_and_told(desk):
    seen = desk.stand(PASS_FAIL).do(PASS, REFUSED).now
    assert (seen["answers"][0], seen["pending"], seen["trouble"]) == ({}, [], "no")


def test_a_refused_decision_is_nothing_to_undo(desk):
    """Python knows nothing of it: undo takes back what came before."""
    desk.stand(PASS_FAIL, 4).do(PASS, FAIL)
    refused = REFUSED.replace("seq: 1", "seq: 2").replace("pos: 0", "pos: 1")
    desk.do(refused, "ack(1, 0, {answers: {verdict: 'pass'}})", "desk.takeBack()", "ack(3, 0)")
    assert desk.now["answers"] == [{}, {}, {}, {}]
    assert desk.position == 0


def test_what_has_not_arrived_is_sent_again(desk):
    desk.stand(PASS_FAIL, 5).do(PASS, FAIL, PASS, "sent.length = 0")
    desk.do("desk.receive({kind: 'again', session: 's', expected: 2})")
    assert desk.now["actions"] == [["set", 1, "fail"], ["set", 2, "pass"]]


def test_what_cannot_be_stored_is_kept_and_tried_again_when_asked(desk):
    desk.stand(PASS_FAIL).do(PASS, "desk.receive({kind: 'stuck', text: 'disk full.'})")
    assert (desk.value("link.stuck"), desk.now["pending"]) == ("disk full.", [1])
    desk.do("sent.length = 0", "desk.retry()")
    assert (desk.now["actions"], desk.value("link.stuck")) == ([["set", 0, "pass"]], "")
    desk.do("desk.receive({kind: 'stuck', text: 'disk full.'})", "ack(1, 0)")
    assert desk.value("link.stuck") == ""


def test_one_goes_only_to_items_there_are(desk):
    desk.stand(PASS_FAIL)
    found = [desk.do(f"desk.go({place})").position for place in (2, 99, -5, 1)]
    assert found == [2, 2, 0, 1]


def test_python_leads_to_what_was_passed_over(desk):
    desk.stand(PASS_FAIL, 3, at=2).do(PASS)
    assert [one["kind"] for one in desk.now["asked"]] == ["finish"]
    desk.do("desk.receive({kind: 'goto', entries: makeEntries(0, 3), total: 3, at: 0})")
    assert desk.position == 0


def test_an_item_that_is_not_there_yet_cannot_be_decided(desk):
    desk.stand(PASS_FAIL, 50, loaded=2).do("desk.go(30)")
    desk.do(PASS, "desk.skip()", "desk.flag()", "desk.takeBack()", "desk.doAgain()")
    seen = desk.now
    assert (seen["position"], seen["actions"], seen["pending"]) == (30, [], [])
    assert (seen["asked"][0]["kind"], seen["asked"][0]["from"]) == ("more", 30)
    desk.do("desk.receive({kind: 'items', entries: makeEntries(30, 20), total: 50})")
    seen = desk.do(PASS).now
    assert (seen["position"], seen["actions"]) == (31, [["set", 30, "pass"]])


def test_an_item_that_arrives_decided_is_passed_over_when_one_goes_on(desk):
    desk.stand(PASS_FAIL, 50, loaded=2).do(PASS, PASS)
    assert desk.position == 2
    decided = "makeEntries(2, 20, {2: {answers: {verdict: 'fail'}}})"
    desk.do(f"desk.receive({{kind: 'items', entries: {decided}, total: 50}})")
    assert desk.position == 3


def test_an_item_that_never_arrives_is_not_asked_for_without_end(desk):
    desk.stand(PASS_FAIL, 50, loaded=2).do(PASS, PASS)
    for _ in range(10):
        desk.do("desk.receive({kind: 'items', entries: makeEntries(3, 5), total: 50})")
    assert len(desk.now["asked"]) <= 3


def test_two_rapid_presses_are_decisions_on_two_items(desk):
    drawn = desk.stand(PASS_FAIL).value(f"""async () => {{
        const drawn = [];
        desk.views.add((d) => drawn.push(d.position));
        {PASS};
        {PASS};
        await later();
        return drawn;
    }}""")
    # The second item was on the screen before its answer was.
    assert drawn == [1, 2]
    assert desk.now["actions"] == [["set", 0, "pass"], ["set", 1, "pass"]]


def test_at_the_end_python_is_asked_what_is_left(desk):
    desk.stand(PASS_FAIL, 2).do(PASS, FAIL)
    assert (desk.position, [one["kind"] for one in desk.now["asked"]]) == (1, ["finish"])


def test_items_that_join_are_gone_on_to_from_the_end(desk):
    desk.stand(PASS_FAIL, 2).do(PASS, FAIL)
    desk.do(
        "desk.receive({kind: 'sheet', name: 'finish', nodes: []})",
        "ack(1, 0, {answers: {verdict: 'pass'}})",
    )
    desk.do(
        "ack(2, 1, {answers: {verdict: 'fail'}})",
        "desk.receive({kind: 'grown', total: 4, entries: []})",
    )
    assert (desk.value("desk.sheet"), desk.position) == (None, 2)
    assert (desk.now["asked"][-1]["kind"], desk.now["asked"][-1]["from"]) == ("more", 2)


def test_items_that_join_meanwhile_disturb_nobody(desk):
    desk.stand(PASS_FAIL, 2).do(
        "desk.go(1)", "desk.receive({kind: 'grown', total: 4, entries: []})"
    )
    assert (desk.position, desk.value("desk.total")) == (1, 4)


def test_the_first_item_that_joins_is_shown(desk):
    desk.stand(PASS_FAIL, 0, at=None).do(PASS)
    assert desk.now["actions"] == []
    desk.do("desk.receive({kind: 'grown', total: 1, entries: []})")
    desk.do("desk.receive({kind: 'items', total: 1, entries: [makeEntry(0)]})", PASS)
    assert desk.now["actions"] == [["set", 0, "pass"]]


STATE = "desk.receive({kind: 'state', at: 0, latest: [], total: 5, entries: makeEntries(0, 5)})"


def test_the_first_answer_of_python_does_not_take_a_decision_back(desk):
    desk.stand(PASS_FAIL, 5, loaded=2).do(PASS, STATE)
    assert (desk.position, desk.value("desk.entries.get(0).label.answers")) == (
        1,
        {"verdict": "pass"},
    )


def test_the_first_answer_of_python_does_not_move_who_has_gone_elsewhere(desk):
    """A kernel may be busy: what is on the screen stays there, or a key hits another item."""
    desk.stand(PASS_FAIL, 5).do("desk.go(3)", STATE)
    assert desk.position == 3


def test_memory_stays_bounded_over_ten_thousand_items(desk):
    found = desk.stand(PASS_FAIL, 10_000, loaded=40).value("""() => {
        let most = 0;
        for (let n = 0; n < 10_000; n++) {
            choose("verdict", "pass");
            const from = desk.loaded;
            const entries = from - desk.position < 250 ? makeEntries(from, 3) : [];
            ack(n + 1, n, { answers: { verdict: "pass" } }, { total: 10_000, entries });
            most = Math.max(most, desk.entries.size);
        }
        return [most, desk.position, link.pending.size, desk.latest.length, localStorage.length];
    }""")
    assert found[0] <= 650
    assert found[1:3] == [9_999, 0]
    assert found[3] <= 40
    assert found[4] == 0


def test_items_with_decisions_on_their_way_are_never_dropped(desk):
    desk.stand(PASS_FAIL, 2_000, loaded=5).do(PASS, "desk.flag()")
    desk.do("desk.take({entries: makeEntries(5, 1_000)})", "desk.go(900)")
    kept = desk.value(
        "[desk.entries.size, desk.entries.has(0), desk.entries.has(1), desk.entries.has(2)]"
    )
    assert kept[0] <= 650
    assert kept[1:] == [True, True, False]


def test_after_five_hundred_waiting_decisions_nothing_more_is_taken(desk):
    desk.stand(PASS_FAIL, 600).do(f"for (let n = 0; n < 510; n++) {PASS}")
    assert (desk.position, len(desk.now["pending"])) == (500, 500)
    assert "500 decisions wait" in desk.now["trouble"]
    assert desk.value("desk.entries.get(500).label.answers") == {}
    desk.do("ack(1, 0, {answers: {verdict: 'pass'}})", PASS)
    assert desk.position == 501


LEFT = """
    localStorage.setItem("p:old", JSON.stringify({ at: time.now, kept: [
        { kind: "decide", session: "old", seq: 4, pos: 0, title: "i0", action: "flag" },
        { kind: "decide", session: "old", seq: 5, pos: 1, title: "i1", action: "flag" },
    ] }));
    time.now += AGE;
"""


def test_what_an_earlier_page_left_is_handed_over_and_then_forgotten(desk):
    desk.stand(PASS_FAIL, 5).do(LEFT.replace("AGE", "60_000"), STATE)
    handed = [(s["session"], s["seq"], s["oldest"]) for s in desk.value("sent")]
    assert handed == [("old", 4, 4), ("old", 5, 4)]
    desk.do("ack(4, 0, {flagged: true}, {session: 'old'})")
    assert desk.value("localStorage.length") == 1
    desk.do("ack(5, 1, {flagged: true}, {session: 'old'})")
    assert desk.value("localStorage.length") == 0
    assert desk.value("[0, 1].map(p => desk.entries.get(p).label.flagged)") == [True, True]
    assert "now saved" in desk.now["echo"]


def test_what_an_earlier_page_left_and_python_refuses_is_told_once(desk):
    """Otherwise it is refused again whenever the labeller is opened."""
    desk.stand(PASS_FAIL, 5).do(LEFT.replace("AGE", "60_000"), STATE)
    desk.do("ack(4, 0, {flagged: true}, {session: 'old'})")
    desk.do("desk.receive({kind: 'refused', session: 'old', seq: 5, text: 'no'})")
    assert (desk.now["trouble"], desk.value("localStorage.length")) == ("no", 0)


# A desk and Python's log.


def test_a_desk_and_pythons_log_agree_whatever_is_done(desk, page):
    chance = random.Random(11)
    for _ in range(25):
        desk.stand(TWO, 6)
        page.evaluate("steps => { for (const step of steps) eval(step); }", _some_steps(chance, 40))
        fold = Fold()
        for decision in page.evaluate("sent.filter((s) => s.kind === 'decide')"):
            fold.apply(event_of(decision, decision["pos"]))
        found = page.evaluate("[0, 1, 2, 3, 4, 5].map((p) => desk.entries.get(p).label)")
        assert found == [fold.label(EntryKey(f"i{n}")).to_wire() for n in range(6)]


def _some_steps(chance, count):
    """Lines of the page's language: what a person might do on six items."""
    lines = (
        lambda: f"choose('verdict', '{chance.choice(['pass', 'fail'])}')",
        lambda: f"choose('tone', {chance.randrange(1, 6)})",
        lambda: f"desk.go({chance.randrange(6)})",
        lambda: "desk.decide('clear', { dimension: 'tone' })",
        lambda: f"desk.decide('comment', {{ value: '{chance.choice(['', 'a', 'b'])}' }})",
        lambda: "desk.skip()",
        lambda: "desk.flag()",
        lambda: "if (desk.done.length) desk.takeBack()",
        lambda: "if (desk.done.length) desk.takeBack()",
        lambda: "if (desk.undone.length) desk.doAgain()",
    )
    return [chance.choice(lines)() for _ in range(count)]


# The labeller on a page, with Python behind it.


class Surface:
    """A labeller on a blank page over a real session; Python answers when it is told to."""

    def __init__(self, page, session):
        self.page = page
        self.session = session
        self.told = []
        self.named = []
        self.view = LabelView()
        self.view.send = self.told.append
        if session is not None:
            self.view.show(session, Labels(session.store, session.queue, session.rubric), [])
        self.setup = json.loads(json.dumps(self.view.setup))
        page.evaluate("setup => { window.model = makeModel(setup); }", self.setup)

    def open(self):
        """Show a further view, and let Python answer."""
        self.page.evaluate("() => { show(model); }")
        self.answer()
        self.root.focus()
        return self

    def heard(self):
        """What the page has said since the last time."""
        return self.page.evaluate("later().then(() => model.sent.splice(0))")

    def tell(self, *messages):
        """Let the page hear messages as they would arrive."""
        self.page.evaluate(
            "text => { for (const told of JSON.parse(text)) model.tell('msg:custom', told); }",
            json.dumps(messages),
        )

    def answer(self, rounds=12):
        """Let Python answer until neither side has anything to say; gives the messages."""
        count = 0
        for _ in range(rounds):
            said = self.heard()
            if not said and not self.told:
                return count
            count += len(said)
            for message in said:
                self.view._received(self.view, message, [])
            told = self.told[:]
            self.told.clear()
            self.tell(*told)
        raise AssertionError(f"After {count} messages the page still has something to say.")

    def press(self, *keys):
        for one in keys:
            self.page.keyboard.press(one)
        return self

    def type(self, text):
        self.page.keyboard.type(text)
        return self

    @property
    def root(self):
        return self.page.locator(".xn-label").first

    def part(self, name):
        return self.root.locator(f".xn-{name}")

    def text(self, name):
        return self.part(name).first.text_content()

    @property
    def title(self):
        return self.text("item-title")

    @property
    def focus(self):
        """The marked question."""
        [marked] = self.root.locator(".xn-question.xn-focus").all()
        return marked.get_attribute("aria-label")

    @property
    def chosen(self):
        """What is pressed, by question."""
        return self.root.evaluate("""root => Object.fromEntries(
            [...root.querySelectorAll("[role=group]")].map((row) => [
                row.getAttribute("aria-label"),
                [...row.querySelectorAll("[aria-pressed=true] .xn-mark")].map((b) => b.textContent),
            ]),
        )""")

    @property
    def field(self):
        return self.root.locator(".xn-field input, .xn-field textarea")

    @property
    def is_field_open(self):
        return self.part("field").is_visible()

    @property
    def active(self):
        """What has the focus: "root", or the name of an element."""
        return self.page.evaluate(
            "[document.activeElement].map((e) => e.matches('.xn-label') ? 'root' : e.localName)[0]"
        )

    def labels(self):
        """What Python has of every item."""
        self.answer()
        return [self.session.label(n).to_wire() for n in range(self.session.total)]

    def answers(self):
        return [label["answers"] for label in self.labels()]


@pytest.fixture(scope="module")
def experiments(tmp_path_factory):
    """A function that gives a finished experiment with some outputs; the same only once."""
    client = xn.get_client(tmp_path_factory.mktemp("label") / "store.db")
    made = {}

    def make(outputs):
        name = json.dumps(outputs)
        if name not in made:
            items = [
                {"id": f"i{n}", "input": n, "expected_output": "a", "metadata": {"lang": "de"}}
                for n in range(len(outputs))
            ]
            dataset = client.create_dataset(name=f"items {len(made)}", items=items)
            made[name] = client.start(lambda number: outputs[number], dataset, name="run").wait()
        return client, made[name]

    yield make
    client.close()


@pytest.fixture
def labeller(experiments, page):
    """A function that opens a labeller; in one test, each goes on where the last one ended."""
    made = []
    queue = f"queue {next(_numbers)}"

    def begin(rubric=PASS_FAIL, outputs=("a", "b", "c", "d")):
        client, experiment = experiments(list(outputs))
        asked = Rubric(rubric.dimensions, name=queue)
        opened = open_for_experiments(client.store, [experiment], asked, None)
        material = material_of(client.store, opened.record)
        session = LabellingSession(client.store, opened.record, opened.rubric, "ann", material)
        session.join()
        made.append(Surface(page, session))
        return made[-1]

    yield begin
    for surface in made:
        surface.view.close()


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


# Trouble on the way.


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
