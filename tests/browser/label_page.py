"""What the tests of the label module share: its page, desks, and labellers over real sessions."""

from __future__ import annotations

import json
from pathlib import Path

from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.keymap import COMMANDS
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.annotation.queue import material_of, open_for_experiments
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.annotation.session import LabellingSession
from xeroml_nb.records.label import Action, EntryKey, LabelEvent
from xeroml_nb.widgets.host import STATIC
from xeroml_nb.widgets.label_view import MODULE, LabelView

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
COMMANDS_WIRE = [command.to_wire() | {"keys": list(command.keys)} for command in COMMANDS]
HACK = "window.hacked = 1"
PASS = "choose('verdict', 'pass')"
FAIL = "choose('verdict', 'fail')"


def open_blank(context):
    """A blank page that has imported the module as `m`, and what goes wrong on it."""
    made = context.new_page()
    made.set_default_timeout(5_000)
    errors = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda message: message.type == "error" and errors.append(message.text))
    empty = {"body": "<!doctype html>", "content_type": "text/html"}
    made.route("**/*", lambda route: route.fulfill(**empty))
    made.goto(ADDRESS)
    made.evaluate(IMPORT, MODULE)
    made.add_script_tag(content=STAND)
    for name in ("content.css", "label/label.css"):
        made.add_style_tag(content=(STATIC / name).read_text(encoding="utf-8"))
    return made, errors


def wire(rubric):
    """The dimensions as the front end gets them."""
    return [dimension.to_wire() for dimension in rubric.dimensions]


def event_of(decision, place=0, **more):
    """A decision of the front end as Python's log has it."""
    fields = {name: decision[name] for name in ("dimension", "value")}
    about = EntryKey(f"i{place}")
    return LabelEvent("q", "ann", "s", 1, Action(decision["action"]), about, **fields, **more)


class Desk:
    """A desk in the page over some items; `do` runs a line of the page's language on it."""

    def __init__(self, page):
        self.page = page

    def stand(self, rubric, total=3, **more):
        setup = {"dimensions": wire(rubric), "commands": COMMANDS_WIRE, "help": []}
        self.page.evaluate(
            "([setup, more]) => stand(setup, more)", [setup, {"total": total} | more]
        )
        return self

    def do(self, *lines):
        for line in lines:
            self.page.evaluate(f"async () => {{ {line}; desk.changed(); await later(); }}")
        return self

    @property
    def now(self):
        return self.page.evaluate("look()")

    def value(self, expression):
        return self.page.evaluate(expression)

    @property
    def position(self):
        return self.page.evaluate("desk.position")


class Surface:
    """A labeller on a blank page over a real session; Python answers when it is told to."""

    def __init__(self, page, session):
        self.page = page
        self.session = session
        self.told = []
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


def begin_session(client, experiment, rubric, queue):
    """A session of somebody who labels an experiment; it goes on where the last one ended."""
    asked = Rubric(rubric.dimensions, name=queue)
    opened = open_for_experiments(client.store, [experiment], asked, None)
    material = material_of(client.store, opened.record)
    session = LabellingSession(client.store, opened.record, opened.rubric, "ann", material)
    session.join()
    return session
