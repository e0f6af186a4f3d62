"""Score cards in JavaScript: what their code sees, gives back, and is told when it fails."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox import javascript_examples as examples
from xeroml_nb.errors import BadInput, CardFailed, MissingExtra
from xeroml_nb.scoring.sandbox.limits import Limits
from xeroml_nb.scoring.sandbox.running import run_code

CHECKS = [
    {"Accuracy Check": True, "Style Check": True, "Safety Check": True, "Format Check": True},
    {"Accuracy Check": True, "Style Check": False, "Safety Check": False, "Format Check": True},
    {"Accuracy Check": False, "Style Check": True, "Format Check": True},
    {"Accuracy Check": True, "Style Check": None},
    {"input": "none of the columns"},
]
SIMILARITIES = [{"Similarity Score": s} for s in (0.96, 0.95, 0.8, 0.6, 0.5999)] + [{}]
CATEGORIES = [
    {"category": "billing", "Quality Check": True},
    {"category": "billing", "Quality Check": False},
    {"category": "returns", "Quality Check": True},
    {"category": "__proto__", "Quality Check": True},
    {"Quality Check": False},
]
# JavaScript has one kind of number, which is exact for whole ones up to here.
EXACT = 2**53
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(-EXACT, EXACT)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def run(code, rows=(), **limits):
    data = json.dumps(list(rows))
    return run_code(code, data, "JAVASCRIPT", Limits(**limits), "friendly")


def failure(code, **limits):
    with pytest.raises(CardFailed, match="'friendly'") as caught:
        run(code, **limits)
    return caught.value


@pytest.mark.parametrize(
    ("code", "rows", "score"),
    [
        # Weights that count: 0.7 + 0.3 in three rows, 0.7 in the fourth; reached 1, 0.7, 0.3, 0.7.
        (examples.WEIGHTED, CHECKS, 100 * 2.7 / 3.7),
        # The first passes, the fourth has only the one check, and passes, as does the last.
        (examples.ALL_MUST_PASS, CHECKS, 100 * 3 / 5),
        # 100 + 100 + 75 + 50 + 0 + 0 of 600.
        (examples.THRESHOLDS, SIMILARITIES, 325 / 6),
        # Billing 50, returns 100, the odd one 100, and those without a category 0.
        (examples.BY_CATEGORY, CATEGORIES, 250 / 4),
    ],
)
def test_the_documented_examples_give_what_one_works_out_by_hand(code, rows, score):
    assert run(code, rows).value == {"score": pytest.approx(score, abs=1e-9)}
    assert run(code).value == {"score": 0}


@settings(max_examples=8, deadline=None)
@given(st.lists(PLAIN, max_size=30))
def test_what_goes_in_comes_back_the_same(rows):
    assert run("return data;", rows).value == rows


@settings(max_examples=5, deadline=None)
@given(st.lists(st.fixed_dictionaries({"n": st.integers(-1000, 1000), "ok": st.booleans()})))
def test_a_body_gives_what_the_same_steps_give_in_python(rows):
    code = """
    const kept = data.filter((row) => row.ok).map((row) => row.n);
    return [kept.reduce((a, b) => a + b, 0), kept.toSorted((a, b) => a - b), data.length / 4];
    """
    kept = [row["n"] for row in rows if row["ok"]]
    assert run(code, rows).value == [sum(kept), sorted(kept), len(rows) / 4]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("", None),
        ("return", None),
        ("return null // the last line may be a comment", None),
        ("'use strict'; return [this === undefined, typeof data]", [True, "object"]),
        ("return {score: 0 / 0, most: Infinity, map: new Map([[1, 2]])}", {"score": None, "most": None, "map": {}}),  # noqa: E501
        ("return {s: '\\0\\ud800', __proto__: {hidden: 1}, ['__proto__']: 2}", {"s": "\0\ud800", "__proto__": 2}),  # noqa: E501
        ("return 'é😀'", "é😀"),
        ("function depth(n) { return n ? 1 + depth(n - 1) : 0 }\nreturn depth(3000)", 3000),
        ("return Object.keys(Object.groupBy([1, 2], (n) => n % 2 ? 'odd' : 'even'))", ["odd", "even"]),  # noqa: E501
        ("return 'x'.repeat(8388606).length + new Date(0).getHours()", 8388606),
    ],
)  # fmt: skip
def test_the_language_is_a_modern_one_and_answers_are_json(code, value):
    assert run(code).value == value


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("nope", 1, "ReferenceError: nope is not defined"),
        (
            "let a;\n\n  a.b.c = 1;",
            3,
            "TypeError: cannot read property 'b' of undefined at `a.b.c",
        ),
        ("const rate = (row) =>\n  row.nope.x;\n[1].map(rate)", 2, "in rate: TypeError"),
        ("class Row {\n get rate() { return gone }\n}\nreturn new Row().rate", 2, "in get rate: "),
        ("\r\nif (true) {\r\n  throw new RangeError('too odd')\r\n}", 3, "RangeError: too odd"),
        ("class Odd extends Error { name = 'Odd' }\nthrow new Odd('hm')", 1, "in Odd: Odd: hm"),
        ("let a = 1;\nlet a = 2;", 2, "SyntaxError"),
        ("return [1,\n", 2, "SyntaxError"),
        ("if (data) {\n return 1", 2, "SyntaxError"),
        ("return 1 }", 1, "SyntaxError"),
        ("import fs from 'fs'", 1, "SyntaxError"),
        ("const x = await 1;", 1, "SyntaxError"),
        ("function again() { again() }\nagain()", 1, "in again: RangeError: Maximum call stack"),
        ("throw 'as text'", None, "it threw as text"),
        ("throw {code: 7}", None, 'it threw {"code":7}'),
        ("throw null", None, "it threw null"),
        ("return 5n", None, "its answer cannot be said in JSON"),
        ("const a = []; a.push(a); return a", None, "its answer cannot be said in JSON: circular"),
        ("return Promise.resolve({score: 1})", None, "it returned a Promise"),
        ("return (async () => ({score: 1}))()", None, "it returned a Promise"),
        ("return {then() {}}", None, "it returned a Promise"),
        ("let o = 1; for (let i = 0; i < 200; i++) o = [o]; return o", None, "nested deeper than"),
        ("return 'x'.repeat(8388607)", None, "answered more than 8 MB"),
    ],
)
def test_a_failure_names_the_card_and_the_line_of_the_users_own(code, line, words):
    error = failure(code)
    assert error.line == line
    assert words in str(error)
    assert f"on line {line}" in str(error) or line is None


def test_what_the_console_was_told_is_kept_whether_the_code_fails_or_not():
    code = "console.log('a', 1, [true, null], {b: 'c'}, undefined, Symbol('s'), 5n);\n"
    code += "console.error(new TypeError('odd')); const me = []; me.push(me); console.warn(me);\n"
    said = 'a 1 [true,null] {"b":"c"} undefined Symbol(s) 5\n'
    said += "TypeError: odd\n[not to be said in JSON]\n"
    assert run(code).printed == said
    assert failure(code + "throw 1").printed == said


def test_of_what_the_console_was_told_the_beginning_is_kept():
    said = run("for (let i = 0; i < 200000; i++) console.log(i); console.log('x'.repeat(1e6))")
    assert said.printed == "".join(f"{i}\n" for i in range(5000))[:20_000]


def test_nothing_is_left_for_the_next_run():
    run("globalThis.kept = 1; Object.prototype.kept = 2; data.push(3)")
    assert run("return [typeof kept, ({}).kept === undefined, data.length]").value == [
        "undefined",
        True,
        0,
    ]


def test_the_memory_limit_is_the_cards_own():
    code = "return new Array(5e6).fill(1).length"  # 16 bytes each
    assert "needed more than 64 MB" in str(failure(code, memory_mb=64))
    assert run(code, memory_mb=128).value == 5_000_000


def test_code_with_a_character_that_would_end_it_early_is_refused():
    with pytest.raises(BadInput, match="number zero"):
        run("return 1\0 + 1")


def test_half_a_character_in_the_code_is_no_reason_to_fail():
    assert run("return '\ud800'").value == "?"


def test_without_the_engine_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(
        "xeroml_nb.scoring.sandbox.javascript.running.find_spec", lambda _name: None
    )
    with pytest.raises(MissingExtra, match="sandbox"):
        run("return 1")
