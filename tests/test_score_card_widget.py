"""The score card without a browser: its matrix, its form, what it calculates, what stays of it."""

from __future__ import annotations

import json
import threading
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xeroml_nb.errors import BadInput, CardFailed, NotFound
from xeroml_nb.notebook.report_display import show_report, show_result
from xeroml_nb.scoring.cards.card import ScoreCard
from xeroml_nb.scoring.cards.result import CardResult, ColumnScore
from xeroml_nb.widgets.score_card.behind import rows_behind
from xeroml_nb.widgets.score_card.latest import Latest
from xeroml_nb.widgets.score_card.matrix import matrix_html, matrix_text
from xeroml_nb.widgets.score_card.outcome import failure_html, result_text
from xeroml_nb.widgets.score_card.panel import score_card

MARKUP = "<img src=x onerror=alert(1)>"
SHARE = "return {score: 100 * data.filter(r => r.right).length / data.length}"
BROKEN = "let n = 0;\nfor (const row of data)\n  n += row.nope.length;\nreturn {score: n}"


def until(condition, *, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Reading(HTMLParser):
    """What HTML says, and of which elements it is made."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


# The matrix.

CATEGORIES = [
    ["category", "rows", "right", "missed"],
    ["billing", 3, {"value": 66.66667}, {"value": 1, "positive_metric": False}],
    ["refund", 1200, None, True],
]
ROWS = [
    {"item": f"i{n}", "category": c, "right": r}
    for n, (c, r) in enumerate([("billing", True), ("refund", False), ("billing", False)])
]


def test_a_matrix_is_tables_with_headings_and_says_where_more_is_better():
    read = Reading(matrix_html([CATEGORIES, [["all", 0.5]]]))
    assert "category rows right missed billing rows: 3 right: ▲ 66.67 missed: ▼ 1" in read.text
    assert "refund rows: 1,200 right: – missed: true all 0.5" in read.text
    assert read.text.endswith("▲ more is better · ▼ less is better")
    assert matrix_text([CATEGORIES, [["all", 0.5]]]).splitlines() == [
        "category  rows  right  missed",
        "billing  3  ▲ 66.67  ▼ 1",
        "refund  1,200  –  true",
        "",
        "all  0.5",
    ]


def test_a_row_of_a_matrix_unfolds_to_the_rows_behind_it():
    read = Reading(matrix_html([CATEGORIES, [["right", 0.7], ["total", 1]]], ROWS))
    assert read.tags.count("details") == 3  # "total" names nothing
    assert "2 rows: category is billing" in read.text
    assert "3 rows: right, lowest first right item category false i1 refund" in read.text


def test_what_stands_behind_is_found_by_columns_values_and_most_rows():
    rows = [
        {"a": "x", "b": "y", "n": 1},
        {"a": "y", "b": "x", "n": 2},
        {"a": "y", "b": None, "n": 1},
    ]
    found = rows_behind(["x", "y", 1, True, "b", None, ["x"], "x" * 300], rows)
    assert {key: (one.why, len(one.rows)) for key, one in found.items()} == {
        "x": ("a is x", 1),
        "y": ("a is y", 2),
        "1": ("n is 1", 2),
        "b": ("b, lowest first", 3),
    }
    assert [row["b"] for row in found["b"].rows] == [None, "x", "y"]
    assert rows_behind(["x"], []) == {}


def test_however_large_a_matrix_is_a_notebook_stays_small():
    wide = [[str(n), *[n / 3, "word " * 100] * 20] for n in range(2_000)]
    rows = [{f"c{k}": "long " * 100 for k in range(30)} | {"n": str(n % 90)} for n in range(900)]
    html = matrix_html([wide] * 40, rows)
    assert len(html) < 200_000
    assert "… and 1,995 more rows" in html
    assert "… and 35 more tables" in html


CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(MARKUP),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
METRICS = st.fixed_dictionaries({"value": CELLS}, optional={"positive_metric": st.booleans()})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.lists(CELLS | METRICS, max_size=3), max_size=3), max_size=3))
def test_any_matrix_can_be_drawn_and_its_cells_are_text(matrix):
    rows = [{"a": MARKUP, "b": 1.0, MARKUP: True}]
    read = Reading(matrix_html(matrix, rows))
    assert set(read.tags) <= {
        *("div", "span", "details", "summary", "table", "thead", "tbody", "tr", "th", "td"),
    }
    assert isinstance(matrix_text(matrix), str)


# Results and failures below a cell.


def test_a_result_shows_its_score_its_columns_and_what_was_printed():
    columns = (
        ColumnScore("right", 66.666, "boolean", 3, 1),
        ColumnScore("size", 0.5, "number", 4, 0),
    )
    result = CardResult(33.58, None, f"{MARKUP}\n", columns)
    read = Reading(show_result(result))
    assert "img" not in read.tags
    assert "33.6 of 100" in read.text
    assert "right 66.67 share of true, in percent 3 1" in read.text
    assert f"printed {MARKUP}" in read.text
    assert result_text(result).splitlines() == [
        "score 33.6 of 100",
        "right: 66.67 (share of true, in percent of 3 rows, 1 without a value)",
        "size: 0.5 (mean of 4 rows)",
    ]


def test_a_failure_shows_the_line_to_blame_and_what_was_printed_before():
    error = CardFailed(f"Score card {MARKUP} failed.", line=3, printed="so far\n")
    read = Reading(failure_html(error, f"a = 1\nb = 2\n{MARKUP}\nd = 4"))
    assert "img" not in read.tags
    assert f"1 a = 1 2 b = 2 → 3 {MARKUP} 4 d = 4 printed so far" in read.text
    assert "→" not in Reading(failure_html(CardFailed("No.", line=9), "a = 1")).text
    assert Reading(failure_html(ValueError("odd"), None)).text == "ValueError: odd"


# Work of which the newest counts.


def test_of_several_orders_only_the_newest_is_told():
    latest, told = Latest(0.02), []
    for number in range(20):
        latest.order(lambda n=number: n, told.append)
    until(lambda: told)
    time.sleep(0.1)
    assert told == [19]


def test_a_newer_order_does_not_wait_for_an_older_one():
    latest, told, go_on = Latest(0), [], threading.Event()
    begun = threading.Event()
    latest.order(lambda: (begun.set(), go_on.wait(10)), told.append)
    assert begun.wait(10)
    latest.order(lambda: "new", told.append)
    until(lambda: told)
    go_on.set()
    time.sleep(0.05)
    assert told == ["new"]


# The widget.


@pytest.fixture
def experiment(client):
    """Ten items, of which every third is wrong."""
    items = [{"id": f"n{n}", "input": n, "expected_output": n} for n in range(10)]
    dataset = client.create_dataset(name="numbers", items=items)

    def right(output, expected_output):
        return output == expected_output

    def size(output):
        return float(output)

    return client.start(
        lambda n: n if n % 3 else -1, dataset, name="triage", evaluators=[right, size]
    ).wait()


@pytest.fixture
def opened():
    """A function that opens a panel, calculated; they are closed at the end."""
    made = []

    def begin(*what):
        made.append(score_card(*what))
        made[-1]._latest._pause = 0.05
        return ready(made[-1])

    yield begin
    for panel in made:
        panel.close()


def ready(panel):
    """The panel, once it has calculated what was ordered."""
    until(lambda: "calculating" not in panel._score.value and panel._score.value)
    return panel


def edited(panel, **parts):
    """The panel, calculated again after parts of its form were set."""
    for name, value in parts.items():
        getattr(panel._form, f"_{name}").value = value
    return ready(panel)


def score_of(panel):
    return Reading(panel._score.value).text


def test_without_a_card_the_last_column_counts_and_ticking_others_changes_that(experiment, opened):
    panel = opened(experiment)
    assert score_of(panel) == "2.3 of 100 a trial · 10 rows"
    assert "size 2.3 mean 10 0" in Reading(panel._breakdown.value).text
    boxes = panel._form._boxes
    assert [name for name, box in boxes.items() if not box.disabled] == [
        "input",
        "expected_output",
        "output",
        "right",
        "size",
    ]
    boxes["right"].value = True
    assert score_of(ready(panel)) == "60 of 100 a trial · 10 rows"
    assert panel.card == ScoreCard(["right"])
    assert panel._use.description == "Use this card"
    assert "triage · report" in repr(panel)


def test_code_is_calculated_as_it_is_written_and_put_to_use_at_a_press(experiment, opened):
    panel = opened(experiment)
    edited(panel, language="JAVASCRIPT", code=SHARE)
    assert score_of(panel) == "60 of 100 a trial · 10 rows"
    assert experiment.reports()[0].card is None
    panel._use.click()
    until(lambda: "in use" in panel._score.value)
    assert panel._use.description == "In use"
    assert panel._use.disabled
    [report] = experiment.reports()
    assert (report.score, report.card.code) == (60, SHARE)
    # Opened again, it begins with the report's card.
    again = opened(experiment)
    assert again._form._code.value == SHARE
    assert score_of(again) == "60 of 100 in use · 10 rows"


def test_failing_code_shows_its_line_and_cannot_be_put_to_use(experiment, opened):
    panel = edited(opened(experiment), language="JAVASCRIPT", code=BROKEN)
    assert score_of(panel) == "– no score · 10 rows"
    failure = Reading(panel._failure.value).text
    assert "→ 3 n += row.nope.length; 4 return {score: n}" in failure
    assert panel._use.disabled
    assert panel._breakdown.value == ""
    edited(panel, code=SHARE)
    assert panel._failure.value == ""


def test_code_that_never_ends_does_not_keep_the_next_from_its_result(experiment, opened):
    panel = opened(experiment)
    panel._form._timeout.value = 2.0
    panel._form._language.value = "JAVASCRIPT"
    panel._form._code.value = "for (;;) {}"
    time.sleep(0.3)
    began = time.monotonic()
    edited(panel, code=SHARE)
    assert score_of(panel).startswith("60 of 100")
    assert time.monotonic() - began < 1.8
    until(lambda: all(t.name != "xeroml-card" for t in threading.enumerate()))
    assert score_of(panel).startswith("60 of 100")


def test_a_score_that_changes_is_counted_without_a_press(experiment, client, opened):
    panel = edited(opened(experiment), language="JAVASCRIPT", code=SHARE)
    wrong = experiment.get_results()[0]
    client.score(trace_id=wrong.trace_id, name="checked", value=True)
    client.flush()
    until(lambda: "checked" in panel._form._boxes)
    panel._form._boxes["checked"].value = True
    ready(panel)
    assert panel.card.column_names == ("checked",)


def test_a_card_in_use_that_fails_keeps_its_score_and_says_so(experiment, opened):
    report = experiment.report()
    report.set_card(ScoreCard((), SHARE, "JAVASCRIPT"))
    report.set_card(ScoreCard((), BROKEN, "JAVASCRIPT"))
    panel = opened(report)
    assert score_of(panel) == "60 of 100 it fails now; the score is from before · 10 rows"
    assert "→ 3" in Reading(panel._failure.value).text
    shown = Reading(show_report(report)).text
    assert "60 of 100 score card, JavaScript · it fails now; the score is from before" in shown
    assert "→ 3" in shown


def test_what_cannot_be_a_card_is_said(experiment, opened):
    panel = edited(opened(experiment), code="x" * 100_001)
    assert "100,000 bytes" in Reading(panel._failure.value).text
    assert score_of(panel) == "– no score · 10 rows"


def test_a_saved_notebook_keeps_the_score_and_what_stands_behind_it(experiment, opened):
    code = f'return {{score: 50, score_matrix: [[["of", "n"], ["{MARKUP}", data.length]]]}}'
    panel = edited(opened(experiment), language="JAVASCRIPT", code=code)
    kept = panel._remainder._content
    assert f"50 of 100 · a trial · 10 rows\nscore 50 of 100\nof  n\n{MARKUP}  10" in repr(kept)
    assert "img" not in Reading(kept._repr_html_()).tags
    parts = [panel, *panel.children, *panel._form.children]
    state = json.dumps(
        [{n: v for n, v in p.get_state().items() if n not in ("_css", "_esm")} for p in parts],
        default=str,
    )
    assert "<img" not in state.replace(json.dumps(code)[1:-1], "")
    assert len(state) < 60_000


def test_a_report_shows_its_score_matrix_and_first_rows(experiment):
    code = 'return {score: 60, score_matrix: [[["check", "%"], ["right", 60]]]}'
    report = ScoreCard((), code, "JAVASCRIPT", name="quality").attach(experiment)
    read = Reading(report._repr_html_())
    assert "triage · report" in read.text
    assert "60 of 100 score card 'quality', JavaScript" in read.text
    assert "10 rows: right, lowest first" in read.text
    assert "10 rows item_id input" in read.text
    without = Reading(show_report(experiment.report(["output"], name="plain"))).text
    assert "No score card" in without


def test_a_blueprint_has_nothing_to_score(experiment, client):
    def later(number):
        return number

    blueprint = ScoreCard(["right"]).attach(later)
    with pytest.raises(BadInput, match="blueprint"):
        score_card(blueprint)
    assert "A plan for the reports of later runs, with score card" in show_report(blueprint)
    with pytest.raises(NotFound):
        score_card("nothing of that name")


def test_the_newest_panel_of_a_report_looks_after_it_and_ends_when_closed(experiment):
    def watching():
        return [t for t in threading.enumerate() if t.name == "xeroml-card-watch"]

    before = len(watching())
    panels = [ready(score_card(experiment)) for _ in range(3)]
    until(lambda: len(watching()) == before + 1)
    panels[-1].close()
    until(lambda: len(watching()) == before)
