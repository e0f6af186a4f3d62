"""The labeller, used as people use it: by keyboard, by mouse, fast, blind, while a run goes on."""

from __future__ import annotations

import base64
import json
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from .labeller import ANNOTATE, MADE, SETUP, Labelling, answers, asked_for, events

if TYPE_CHECKING:
    from .lab import Notebook

pytestmark = pytest.mark.browser

FEW = MADE.replace("COUNT", "8")
RUBRIC = """\
rubric = Rubric([
    Dimension("verdict", options=[Option("pass", "p"), Option("fail", "x")]),
    Dimension("tone", "scale", minimum=1, maximum=5),
    Dimension("size", "number", minimum=0, maximum=10),
    Dimension("why", "text", required=False),
])
exp = client.get_experiment("made")
labels = xn.annotate(exp, rubric, annotator="ann")
labels"""
SAID = """[
    tuple(None if v != v else v for v in row)
    for row in labels.to_frame()[
        ["item_id", "dimension", "value", "comment", "correction", "skipped", "flagged"]
    ].astype(object).itertuples(index=False)
]"""
SCORED = """{
    r.item_id: [None if v != v else v for v in (r.verdict, r.tone, r.size, r.why)]
    for r in exp.to_frame().astype(object).itertuples()
}"""
# What both, keyboard and mouse, say below.
PLAIN = (None, None, False, False)
EXPECTED = [
    ("q0000", "verdict", "pass", *PLAIN),
    ("q0000", "tone", 4, *PLAIN),
    ("q0000", "size", 7.5, *PLAIN),
    ("q0001", "verdict", "fail", *PLAIN),
    ("q0001", "tone", 2, *PLAIN),
    ("q0001", "size", 3.0, *PLAIN),
    ("q0002", None, None, None, None, True, False),
    ("q0003", "verdict", "pass", "looks odd", "a better one", False, True),
    ("q0003", "tone", 5, "looks odd", "a better one", False, True),
    ("q0003", "size", 10.0, "looks odd", "a better one", False, True),
    ("q0006", "verdict", "pass", *PLAIN),
    ("q0006", "tone", 3, *PLAIN),
    ("q0006", "size", 2.0, *PLAIN),
    ("q0006", "why", "because", *PLAIN),
]
NOTHING = [None, None, None, None]
EXPECTED_SCORES = {
    **dict.fromkeys(("q0002", "q0004", "q0005", "q0007"), NOTHING),
    "q0000": ["pass", 4.0, 7.5, None],
    "q0001": ["fail", 2.0, 3.0, None],
    "q0003": ["pass", 5.0, 10.0, None],
    "q0006": ["pass", 3.0, 2.0, "because"],
}
HACK = "window.hacked=1"
HOSTILE = f"""\
HACK = "{HACK}"
texts = [
    f"<script>{{HACK}}</script>",
    f"<img src=x onerror='{{HACK}}'>",
    f"<svg onload='{{HACK}}'><a href='javascript:{{HACK}}'>x</a></svg>",
    f"[press me](javascript:{{HACK}})",
    f"<iframe srcdoc='<script>parent.{{HACK}}</script>'></iframe>",
    f"<form action='javascript:{{HACK}}'><input name=a><button>send</button></form>",
    "<style>body {{ display: none }}</style>",
    f"[data](data:text/html,<script>{{HACK}}</script>) ![i](data:image/svg+xml,<svg/>)",
    f"</script></style></textarea><script>{{HACK}}</script>",
    f"# <b onmouseover='{{HACK}}'>head</b>",
]
rows = [
    {{
        "id": f"{{n}} {{text}}",
        "input": {{"messages": [{{"role": text, "content": text}}], text: text}},
        "expected_output": text,
        "metadata": {{text: text}},
    }}
    for n, text in enumerate(texts)
]
client.create_dataset(name="hostile", items=rows)
exp = xn.run(lambda item: item.expected_output, "hostile", name=texts[1])
"""
ANNOTATE_HOSTILE = """\
options = [Option(texts[0], "p", description=texts[1]), Option(texts[4])]
rubric = Rubric([
    Dimension(texts[2], options=options, description=texts[0]),
    Dimension("note", "text", description=texts[6], required=False),
])
labels = xn.annotate(exp, rubric, annotator=texts[1])"""
UNWANTED = "script, iframe, form, img, style, svg, object, embed, link, [onerror], [onload]"


@pytest.fixture
def few(notebook) -> tuple[Notebook, Labelling]:
    """Eight items with a rubric of four dimensions, not run yet."""
    it = notebook(SETUP, FEW, RUBRIC)
    it.run(0, 1)
    return it, Labelling(it, 2)


def test_everything_is_labelled_with_the_keyboard_alone(few):
    it, labelling = few
    it.page.locator(".jp-Notebook-cell").nth(2).locator(".jp-InputPrompt").click()
    it.page.keyboard.press("Control+Enter")
    labelling.shows("q0000")
    for _ in range(3):  # past the cell's own buttons
        it.page.keyboard.press("Tab")
        if it.page.evaluate("document.activeElement.matches('.xn-label')"):
            break
    expect(labelling.root).to_be_focused()
    expect(labelling.root.locator(".xn-keys")).to_contain_text("keys on")

    labelling.press("1", "4", *"7.5", "Enter")
    labelling.shows("q0001")
    labelling.press("x", "2", "Enter", "3", "Enter")
    labelling.shows("q0002")
    labelling.press("Space")
    labelling.shows("q0003")
    labelling.press("f", "c")
    it.page.keyboard.type("looks odd")
    labelling.press("Escape", "o")
    expect(labelling.field.locator("textarea")).to_be_focused()
    it.page.keyboard.type("a better one")
    labelling.press("Control+Enter", "p", "5", *"10", "Enter")
    labelling.shows("q0004")
    labelling.press("g", "7", "Enter")
    labelling.shows("q0006")
    labelling.press("p", "ArrowDown", "ArrowDown", "Enter")
    it.page.keyboard.type("because")
    labelling.press("Control+Enter", "3", "2", "Enter")
    labelling.shows("q0007")
    labelling.press("u")
    labelling.shows("q0006")
    labelling.press("u", "y", "y", "Enter")
    labelling.shows("q0007")
    labelling.press("ArrowLeft")
    labelling.shows("q0006")
    labelling.press("ArrowRight")
    labelling.shows("q0007")

    labelling.has_saved(21)
    assert sorted(it.value(SAID), key=str) == sorted(EXPECTED, key=str)
    assert it.value(SCORED) == EXPECTED_SCORES
    assert it.cell_count == 3


def test_everything_is_labelled_with_the_mouse(few):
    it, labelling = few
    it.run(2)
    expect(labelling.root).to_have_count(1)

    def write(text: str) -> None:
        it.page.keyboard.type(text)
        labelling.root.locator(".xn-item-title").click()
        expect(labelling.field).to_be_hidden()

    # The answer that completes an item is a click, which goes on to the next item.
    def answer(verdict: str, tone: str, size: str) -> None:
        labelling.answer("size", "Enter to write").click()
        write(size)
        labelling.answer("tone", tone).click()
        labelling.answer("verdict", verdict).click()

    answer("pass", "4", "7.5")
    labelling.shows("q0001")
    answer("fail", "2", "3")
    labelling.shows("q0002")
    labelling.command("skip").click()
    labelling.shows("q0003")
    labelling.command("flag").click()
    labelling.command("comment").click()
    write("looks odd")
    labelling.command("correct").click()
    write("a better one")
    answer("pass", "5", "10")
    for skipped in ("q0004", "q0005"):
        labelling.shows(skipped)
        labelling.command("skip").click()
    labelling.shows("q0006")
    labelling.answer("why", "Enter to write").click()
    write("because")
    answer("pass", "3", "2")
    labelling.shows("q0007")
    labelling.command("undo").click()
    labelling.shows("q0006")
    expect(labelling.answer("verdict", "pass")).to_have_attribute("aria-pressed", "false")
    labelling.command("redo").click()
    expect(labelling.answer("verdict", "pass")).to_have_attribute("aria-pressed", "true")

    labelling.has_saved(21)
    skipped = [(item, None, None, None, None, True, False) for item in ("q0004", "q0005")]
    assert sorted(it.value(SAID), key=str) == sorted([*EXPECTED, *skipped], key=str)
    assert it.value(SCORED) == EXPECTED_SCORES


def test_ten_decisions_a_second_are_all_stored_once_and_in_order(notebook):
    it = notebook(SETUP, MADE.replace("COUNT", "250"), ANNOTATE)
    it.run(0, 1, 2)
    labelling = Labelling(it, 2)
    labelling.shows("q0000")
    labelling.focus()
    given = labelling.answer_as_asked(200, rate=10)
    labelling.has_saved(200)
    assert given == answers(it.folder) == asked_for(range(200))
    log = events(it.folder)
    assert [event.sequence for event in log] == list(range(1, 201))
    assert len({event.session for event in log}) == 1


def test_what_models_and_people_wrote_is_only_ever_text(notebook):
    it = notebook(SETUP, HOSTILE, ANNOTATE_HOSTILE)
    it.run(0, 1, 2)
    labelling = Labelling(it, 2)
    body = labelling.root.locator(".xn-body")
    raw = body.get_by_role("button", name="raw", exact=True)
    texts = it.value("texts")
    titles = it.value("[row['id'] for row in rows]")
    labelling.focus()
    labelling.press("d", "r", "e")
    for number, title in enumerate(titles):
        labelling.shows(title)
        assert labelling.root.locator(UNWANTED).count() == 0
        expect(labelling.root.locator("a[href^=javascript], a[href^=data]")).to_have_count(0)
        for left in range(raw.count(), 0, -1):
            raw.first.click()
            expect(raw).to_have_count(left - 1)
        expect(body).to_contain_text(texts[number].split("\n")[0])
        assert labelling.root.locator(UNWANTED).count() == 0
        labelling.press("p")
    expect(labelling.sheet).to_contain_text("✓ 10 of 10 labelled")
    assert labelling.root.locator(UNWANTED).count() == 0
    expect(labelling.answer(texts[2], texts[0])).to_be_visible()
    expect(labelling.root.locator(".xn-questions")).to_contain_text(texts[6])
    labelling.press("Escape", "?")
    expect(labelling.sheet).to_contain_text(texts[0])
    labelling.has_saved(10)

    saved = it.save().cells[2].outputs
    static = [output for output in saved if "text/html" in output.get("data", {})]
    assert "<img" not in static[-1].data["text/html"]
    assert texts[1] in static[-1].data["text/plain"]
    it.reload()
    expect(labelling.output.locator(".xn-remainder")).to_contain_text(texts[1])
    assert labelling.output.locator(".xn-remainder").locator(UNWANTED).count() == 0
    assert labelling.root.locator(UNWANTED).count() == 0
    assert it.page.evaluate("window.hacked") is None
    assert it.page.title() != "1"


def test_items_are_labelled_while_their_run_goes_on(notebook):
    slow = """\
def slow(item):
    while int(open("finished.txt").read() or 0) <= int(item.id[1:]):
        time.sleep(0.05)
    return "answer 1"
client.create_dataset(name="questions", items=[{"id": f"q{n:04}", "input": n} for n in range(8)])
open("finished.txt", "w").write("0")
exp = xn.start(slow, "questions", name="made", concurrency=8)"""
    it = notebook(SETUP, slow, ANNOTATE)
    it.run(0, 1, 2)
    labelling = Labelling(it, 2)
    expect(labelling.root).to_contain_text("waiting for the first finished item")
    labelling.focus()
    labelling.press("1")  # nothing is there to be answered
    place = labelling.root.locator(".xn-place")
    for finished in (3, 8):
        (it.folder / "finished.txt").write_text(str(finished))
        expect(place).to_contain_text(f"of {finished}")
        expect(labelling.sheet).to_be_hidden()
        while (saved := it.value("len(labels.to_frame())")) < finished:
            expect(labelling.sheet).to_be_hidden()
            expect(labelling.root.locator(".xn-item-title")).to_be_visible()
            labelling.answer_as_asked(1, rate=10)
            labelling.has_saved(saved + 1)
        expect(labelling.sheet).to_contain_text(f"✓ {finished} of {finished} labelled")
    assert sorted(answers(it.folder)) == [(f"q{n:04}", "pass") for n in range(8)]


def test_two_runs_are_compared_without_their_names(notebook):
    made = """\
%%capture
first, second = open("names.txt").read().split()
client.create_dataset(name="questions", items=[{"id": f"q{n}", "input": n} for n in range(5)])
exp_a = xn.run(lambda input: f"one {input}", "questions", name=first)
exp_b = xn.run(lambda input: f"two {input}", "questions", name=second)"""
    it = notebook(SETUP, made, "labels = xn.annotate(exp_a, exp_b, annotator='ann')\nlabels")
    names = ("heron", "osprey")
    (it.folder / "names.txt").write_text(" ".join(names))
    heard = listen(it)
    it.run(0, 1)
    heard.clear()
    it.run(2)
    labelling = Labelling(it, 2)
    labelling.focus()
    picked = {"one": 0, "two": 0, "tie": 0, "neither": 0}
    for number, key in enumerate("abatn"):
        labelling.shows(f"q{number}")
        sides = labelling.root.locator(".xn-output .xn-content").all_inner_texts()
        assert sorted(side.strip() for side in sides) == [f"one {number}", f"two {number}"]
        side = {"a": sides[0], "b": sides[1], "t": "tie", "n": "neither"}[key].split()[0]
        picked[side] += 1
        page = it.page.locator("body").inner_text()
        said = [page, *(json.dumps(message) for message in heard)]
        assert [text for text in said if any(name in text for name in names)] == []
        labelling.press(key)
    expect(labelling.sheet).to_contain_text("✓ 5 of 5 labelled")
    for name, side in zip(names, ("one", "two"), strict=True):
        row = labelling.sheet.get_by_role("row").filter(has_text=name)
        expect(row.locator("td").nth(1)).to_have_text(str(picked[side]))
    expect(labelling.sheet).to_contain_text("ties 1 · neither 1")
    values = it.value("labels.to_frame()['value'].value_counts().to_dict()")
    assert values.get("win", 0) == picked["one"]
    assert values.get("loss", 0) == picked["two"]
    assert (values["tie"], values["neither"]) == (1, 1)


def test_many_items_make_neither_messages_nor_the_notebook_grow(notebook):
    many = MADE.replace("COUNT", "5000").replace('f"question {n}"', '"word " * 100')
    it = notebook(SETUP, "%%capture\n" + many, ANNOTATE)
    it.run(0, 1)
    before = it.path.stat().st_size
    heard = listen(it)
    it.run(2)
    labelling = Labelling(it, 2)
    expect(labelling.root.locator(".xn-place")).to_have_text("1 of 5000")
    labelling.focus()
    labelling.answer_as_asked(20, rate=20)
    labelling.has_saved(20)
    heard.clear()
    labelling.answer_as_asked(280, rate=50)
    labelling.has_saved(300)
    assert answers(it.folder) == asked_for(range(300))
    messages = [m for m in heard if m["header"]["msg_type"].startswith("comm")]
    assert sum(m["sent"] for m in messages) == 280
    assert sum(not m["sent"] for m in messages) <= 280
    it.save()
    assert it.path.stat().st_size - before < 200_000


def test_who_labels_is_asked_where_nobody_said_it(notebook):
    it = notebook(SETUP, FEW, ANNOTATE.replace(", annotator='ann'", ""), "'below'")
    it.run(0, 1, 2)
    output = it.output(2)
    expect(output).to_contain_text("Who labels?")
    name = output.get_by_placeholder("your name")
    start = output.get_by_role("button", name="Start")
    start.click()  # nobody is nobody
    for part in (start, name):
        part.focus()
        for key in ("a", "b", "d", "d", "x", "m", "z", "0", "0", "Backspace", "ArrowUp"):
            it.page.keyboard.press(key)
        expect(part).to_be_focused()
    expect(name).to_have_value("abddxmz0")
    assert it.cell_count == 4
    assert it.page.locator(".jp-Dialog").count() == 0
    name.fill("<i>ann</i>")
    start.click()
    labelling = Labelling(it, 2)
    labelling.shows("q0000")
    expect(labelling.root.locator(".xn-who")).to_have_text("<i>ann</i>")
    labelling.focus()
    labelling.answer_as_asked(2, rate=10)
    labelling.has_saved(2)
    assert it.value("labels.annotators") == ["<i>ann</i>"]


def listen(it: Notebook) -> list[dict[str, Any]]:
    """All that page and kernel say to each other from now on: header, content, who sent it."""
    heard: list[dict[str, Any]] = []

    def note(event: dict[str, Any], *, sent: bool) -> None:
        if event["response"]["opcode"] == 2:
            frame = base64.b64decode(event["response"]["payloadData"])
            heard.append({"sent": sent, **message_of(frame)})

    session = it.page.context.new_cdp_session(it.page)
    session.send("Network.enable")
    session.on("Network.webSocketFrameSent", partial(note, sent=True))
    session.on("Network.webSocketFrameReceived", partial(note, sent=False))
    return heard


def message_of(frame: bytes) -> dict[str, Any]:
    """A message in the framing of Jupyter's servers: offsets of its parts, then the parts."""
    count = int.from_bytes(frame[:8], "little")
    ends = [int.from_bytes(frame[8 * n : 8 * n + 8], "little") for n in range(1, count + 1)]
    _, header, _, _, content = (frame[begin:end] for begin, end in pairwise(ends[:6]))
    return {"header": json.loads(header), "content": json.loads(content)}
