"""What a comparison shows below a cell, in a terminal, and where charts cannot be drawn."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser

import pytest
from IPython.core.formatters import DisplayFormatter

import xeroml_nb as xn
from xeroml_nb.notebook.comparison_display import parts
from xeroml_nb.notebook.comparison_table import figures

VEGA = "application/vnd.vegalite.v5+json"
EVIL = "<script>alert('x')</script>$a$"


class Table(HTMLParser):
    """The tags of some HTML, and the rows of its tables: the cells with their alignment."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.rows, self.sides = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
            self.sides.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.sides[-1].append(dict(attrs)["style"].removeprefix("text-align:"))

    def handle_data(self, data):
        if self.rows:
            self.rows[-1][-1] += data

    @property
    def cells(self):
        return [cell for row in self.rows for cell in row]


@pytest.fixture
def numbers(client):
    items = [{"id": f"n{n}", "input": n, "expected_output": n} for n in range(40)]
    return client.create_dataset(name="numbers", items=items)


@xn.evaluator
def right(output, expected_output):
    return output == expected_output


@xn.evaluator
def size(output):
    return {"size": float(output), "parity": "even" if output % 2 == 0 else "odd"}


def half(number):
    return number if number % 2 else -number


def most(number):
    return number if number % 8 else -number


def broken(number):
    if number % 10 == 0:
        raise ValueError("no")
    return number


def run(client, dataset, task, *evaluators, name=None):
    return client.start(task, dataset, evaluators=evaluators, name=name).wait()


@pytest.fixture
def compared(client, numbers):
    run(client, numbers, half, right, size)
    run(client, numbers, most, right, size)
    return client.compare("half", "most", directions={"size": "none"})


def html_of(compared):
    return figures(compared)._repr_html_()


def test_the_figures_come_first_and_then_the_charts(compared):
    first, *drawn = [DisplayFormatter().format(part)[0] for part in parts(compared)]
    assert set(first) == {"text/plain", "text/html"}
    titles = [chart[VEGA]["title"]["text"] for chart in drawn]
    assert titles == ["Difference from half #1", "Mean scores by run", "Categories of parity"]
    for chart in drawn:
        assert set(chart) == {VEGA, "image/png", "text/plain"}


def test_a_row_tells_mean_interval_difference_p_items_and_verdict(compared):
    heads, baseline, candidate, *_ = Table(html_of(compared)).rows
    assert heads[-1] == "verdict"
    difference = compared.difference("right")
    one, two = compared.estimates[:2]
    assert (one.mean, two.mean) == (0.525, 0.9)
    assert baseline[:4] == ["right", "half #1", f"0.53 [{one.low:.2f}, {one.high:.2f}]", "40"]
    assert baseline[-1] == "baseline"
    assert candidate[:4] == ["", "most #1", f"0.90 [{two.low:.2f}, {two.high:.2f}]", "40"]
    ends = f"[+{difference.low:.2f}, +{difference.high:.2f}]"
    assert candidate[4:] == [f"+0.38 {ends}", "< 0.001", "15 / 25 / 0", "▲ better"]


def test_numbers_are_set_right_and_words_left(compared):
    heads, first, *_ = Table(html_of(compared)).sides
    assert first == ["left", "left", "right", "right", "right", "right", "right", "left"]
    assert heads == first


def test_the_text_says_the_same_as_the_table(compared):
    text = repr(figures(compared))
    assert text.startswith("most #1 against half #1\n▲ right: Better: +0.38")
    assert re.search(r"most #1 +0\.90 \[0\.77, 0\.96\] +40 .* 15 / 25 / 0 +▲ better", text)
    assert re.search(r"parity +half #1 +even 50% · odd 50% +40", text)


def test_a_score_without_a_good_direction_is_higher_and_not_better(compared):
    text = repr(figures(compared))
    assert re.search(r"size +half #1", text)
    assert "▲ higher" in text
    assert "better or higher / same / worse or lower" in text


def test_failures_are_counted_only_where_there_are_any(client, numbers, compared):
    assert "failed" not in Table(html_of(compared)).cells
    run(client, numbers, broken, right)
    found = client.compare("half", "broken", scores=["right"])
    heads, baseline, candidate = Table(html_of(found)).rows[:3]
    assert (baseline[heads.index("failed")], candidate[heads.index("failed")]) == ("0", "4")
    assert candidate[heads.index("n")] == "36"
    assert "Item runs that failed and are in no mean: broken #1 4." in repr(figures(found))


def test_an_output_that_nothing_scored_is_counted(client, numbers):
    def seldom(output):
        return 1.0 if output % 2 else None

    run(client, numbers, half, seldom)
    run(client, numbers, most, seldom)
    heads, row, *_ = Table(html_of(client.compare("half", "most"))).rows
    assert row[heads.index("not scored")] == "20"


def test_what_cannot_be_told_apart_says_what_could_have_been_seen(client, numbers):
    run(client, numbers, lambda n: n if n % 20 else -n, right, name="a")
    run(client, numbers, lambda n: n if (n + 1) % 20 else -n, right, name="b")
    found = client.compare("a", "b")
    assert "– not distinguishable" in Table(html_of(found)).cells
    detectable = found.difference("right").detectable
    assert f"· could have seen ±{detectable:.2f}\n" in repr(figures(found))


def test_a_run_alone_has_means_and_no_differences(client, numbers):
    run(client, numbers, half, right, size)
    alone = client.compare("half")
    heads = Table(html_of(alone)).rows[0]
    assert heads[:4] == ["score", "run", "mean [95 % interval]", "n"]
    assert "verdict" not in Table(html_of(alone)).cells
    assert len(list(parts(alone))) == 3


def test_names_are_text_and_never_markup(client, numbers):
    def judge(output):
        return {EVIL: float(output), f"{EVIL}kind": EVIL}

    run(client, numbers, half, judge, name=EVIL)
    run(client, numbers, most, judge, name=f"{EVIL}2")
    shown = client.compare(EVIL, f"{EVIL}2")
    for part in parts(shown):
        html = DisplayFormatter().format(part)[0].get("text/html", "")
        assert {"script", "img"}.isdisjoint(Table(html).tags)
    html = html_of(shown)
    assert EVIL in Table(html).cells
    # JupyterLab would set what stands between dollar signs as a formula.
    assert "tex2jax_ignore mathjax_ignore" in html


def test_a_terminal_shows_text_alone(compared, capsys):
    compared._ipython_display_()
    assert capsys.readouterr().out == f"{figures(compared)!r}\n"


def test_without_altair_the_figures_show_and_a_line_says_what_to_install(compared, monkeypatch):
    for name in [n for n in sys.modules if n.startswith("xeroml_nb.charts")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(xn, "charts", raising=False)
    monkeypatch.setitem(sys.modules, "altair", None)
    first, line = parts(compared)
    assert repr(first) == repr(figures(compared))
    assert "pip install 'xeroml_nb[lab]'" in repr(line)
