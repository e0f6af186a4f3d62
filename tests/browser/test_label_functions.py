"""The labeller's front end, its functions one by one: keys, pace, labels, numbers, nodes."""

from __future__ import annotations

import random

import pytest

from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.fold import Fold
from xeroml_nb.annotation.keymap import COMMANDS
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.records.label import EntryKey
from xeroml_nb.widgets.label_view import MODULE

from .label_page import ADDRESS, COMMANDS_WIRE, EVERY_KIND, HACK, TWO, event_of, wire

pytestmark = pytest.mark.browser


def ask(page, name, cases):
    """What a function of the module gives for each case."""
    return page.evaluate("([name, cases]) => cases.map((c) => m[name](...c))", [name, list(cases)])


def key(name, code="", **held):
    """A key press as browsers describe it."""
    modifiers = dict.fromkeys(("ctrlKey", "metaKey", "altKey", "shiftKey"), False)
    return (
        modifiers | {"key": name, "code": code} | {f"{which}Key": on for which, on in held.items()}
    )


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
