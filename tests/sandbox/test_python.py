"""Python in the sandbox does what Python does, and says what is wrong with the code."""

from __future__ import annotations

import json
import math
import textwrap

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from xeroml_nb.errors import BadInput, CardFailed
from xeroml_nb.scoring.sandbox.limits import Limits
from xeroml_nb.scoring.sandbox.python.guest import MODULES
from xeroml_nb.scoring.sandbox.running import run_code

pytestmark = pytest.mark.usefixtures("interpreter")


def run(code, data=(), **limits):
    return run_code(code, json.dumps(data), "PYTHON", Limits(**limits), "my card")


def failure(code, data=(), **limits):
    with pytest.raises(CardFailed) as caught:
        run(code, data, **limits)
    return caught.value


def test_the_value_of_return_comes_back_with_what_was_printed():
    answer = run("print('rows:', len(data))\nreturn {'score': data[0]['n'] * 2}", [{"n": 21}])
    assert answer.value == {"score": 42}
    assert answer.printed == "rows: 1\n"


def test_a_body_that_returns_nothing_returns_none():
    assert run("def score(data):\n    return 1").value is None
    assert run("").value is None


BODIES = {
    "an indented body": ("\n    x = 1\n    return x", 1),
    "a text over several lines": ("text = '''a\n  b\n\n   \n'''\nreturn text", "a\n  b\n\n   \n"),
    "a future": ("'doc'\nfrom __future__ import annotations\nx: nowhere = 1\nreturn x", 1),
    "functions that see the body's names": (
        "n = 2\ndef f(x): return x * n\nn = 3\nreturn [f(1), (lambda: n)(), [n for _ in '12']]",
        [3, 3, [3, 3]],
    ),
    "a class": ("class C:\n    def __init__(self): self.n = 1\nreturn vars(C())", {"n": 1}),
    "match": ("match [1, 2]:\n    case [a, *rest]: return rest", [2]),
    "what JSON changes": ("return {1: (2, 3), None: True}", {"1": [2, 3], "null": True}),
    "all of Unicode": ("return 'ä\\U0001f600\\ud800' + '\u00df'", "ä\U0001f600\ud800ß"),
    "dates": ("import datetime as d\nreturn d.datetime.strptime('03', '%d').day", 3),
    "great numbers": ("return [2 ** 100, 1e300, -0.1]", [2**100, 1e300, -0.1]),
    "codecs": ("return [bytes([228]).decode(c) for c in ('latin-1', 'cp1252')]", ["ä", "ä"]),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_may_be(what):
    code, expected = BODIES[what]
    assert run(code).value == expected


def test_no_number_stays_no_number_for_the_card_to_judge():
    found = run("return [float('nan'), float('inf')]").value
    assert math.isnan(found[0])
    assert found[1] == math.inf


def test_all_modules_that_are_promised_can_be_imported():
    code = "from importlib import import_module\nreturn [import_module(m).__name__ for m in data]"
    assert run(code, MODULES).value == MODULES


def test_runs_know_nothing_of_each_other_and_share_no_luck():
    code = "import json, random\nfound = hasattr(json, 'mine')\njson.mine = 1\n"
    first, second = (run(code + "return [found, random.random()]").value for _ in range(2))
    assert first[0] is second[0] is False
    assert first[1] != second[1]


FAULTS = {
    "in the body": ("x = 1\nreturn y", 2, "on line 2: NameError: name 'y' is not defined"),
    "in a function": (
        "def share(row):\n    return row['no']\n\nreturn share({})",
        2,
        "on line 2, in share: KeyError: 'no' at `return row['no']`. Correct its code",
    ),
    "in the library, called from the body": (
        "import json\n\njson.loads('{')",
        3,
        "JSONDecodeError",
    ),
    "of syntax": ("x = 1\ny = (2,\n", 2, "on line 2: SyntaxError: '(' was never closed"),
    "of syntax, where a function forbids it": ("from os import *", 1, "only allowed at module"),
    "of its depth": (f"return {'[' * 500}{']' * 500}", None, "SyntaxError: it is nested too deep"),
    "of its indentation": ("x = 1\n  y = 2", 2, "IndentationError: unexpected indent"),
    "of an own kind": ("class Odd(Exception): pass\nraise Odd('so')", 2, "on line 2: Odd: so"),
    "that cannot be shown": (
        "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd",
        3,
        "Odd: its message cannot be shown",
    ),
    "of the returned value": ("return {'score': {1}}", None, "is no JSON: Object of type set"),
    "of a value within itself": ("a = []\na.append(a)\nreturn a", None, "Circular reference"),
    "of a generator": ("yield 1", None, "the returned value is no JSON: Object of type generator"),
    "without words": (
        "raise KeyboardInterrupt",
        1,
        "failed on line 1: KeyboardInterrupt at `raise KeyboardInterrupt`.",
    ),
    "that ends it": ("raise SystemExit(0)", 1, "SystemExit: 0"),
    "in a long line": ("x = 1" + " + 1" * 2000 + "\nreturn y", 2, "NameError"),
    "of a number too long to write": ("return 10 ** 5000", None, "Exceeds the limit"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_names_the_card_and_the_line(what):
    code, line, message = FAULTS[what]
    error = failure(code)
    assert error.line == line
    assert str(error).startswith("Score card 'my card' failed")
    assert message in str(error)


def test_what_was_printed_before_a_fault_comes_with_it():
    assert failure("print('so far')\nraise ValueError").printed == "so far\n"


def test_of_endless_printing_the_beginning_is_kept():
    answer = run("for n in range(100_000): print(n)\nprint('x' * 10**7)\nreturn 1")
    assert answer.value == 1
    assert len(answer.printed) == 20_000
    assert answer.printed.startswith("0\n1\n2\n")


@pytest.mark.parametrize("module", ["numpy", "pandas", "socket", "subprocess", "ctypes", "sqlite3"])
def test_a_module_that_is_not_there_is_said_to_be_so(module):
    error = failure(f"import {module}")
    assert f"No module named '{module}'" in str(error)
    assert "no installed package" in error.next_step


def test_code_and_data_and_limits_have_bounds():
    with pytest.raises(BadInput, match="code of score card 'my card' is 100,001 bytes"):
        run("#" * 100_001)
    with pytest.raises(BadInput, match=r"rows for score card 'my card' are 67,108,865 characters"):
        run_code("return 1", "x" * (64 * 1024**2 + 1), "PYTHON", Limits(), "my card")
    with pytest.raises(BadInput, match="written in 'RUBY'"):
        run_code("return 1", "[]", "RUBY", Limits(), "my card")


@pytest.mark.parametrize("given", [{"seconds": 0.5}, {"seconds": 121}, {"seconds": math.nan}])
def test_a_limit_out_of_range_is_refused(given):
    with pytest.raises(BadInput, match="time limit of a score card is"):
        Limits(**given)


@pytest.mark.parametrize("given", ["256", 256.5, True, 63, 2049])
def test_a_memory_limit_that_cannot_be_kept_is_refused(given):
    with pytest.raises(BadInput, match=f"memory limit of a score card is {given!r}"):
        Limits(memory_mb=given)


def test_many_rows_come_through_whole():
    rows = [{"n": n, "ok": n % 3 == 0, "text": f"answer {n} ä"} for n in range(50_000)]
    code = "return [len(data), sum(r['n'] for r in data if r['ok']), data[-1]['text']]"
    expected = [50_000, sum(n for n in range(50_000) if n % 3 == 0), "answer 49999 ä"]
    assert run(code, rows).value == expected


OPERATORS = ["+", "-", "*", "/", "//", "%", "==", "<", "and", "or", "in"]
# Small, so that no value grows beyond what fits into an answer.
plain = st.one_of(
    st.integers(-2, 2), st.floats(-1e6, 1e6), st.text("aÄ 1.", max_size=3), st.booleans()
)
names = st.sampled_from(["a", "b", "c"])
values = names | plain.map(repr)
expressions = st.recursive(
    values | st.lists(values, max_size=3).map(lambda inner: f"[{', '.join(inner)}]"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(
            st.sampled_from(["len", "sum", "sorted", "str", "abs", "max", "repr", "round"]), inner
        ).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"[{p[0]} for c in {p[1]}]"),
        st.tuples(inner, inner).map(lambda p: f"{{'k': {p[0]}, 'l': {p[1]}}}"),
    ),
    max_leaves=4,
)
bodies = st.builds(
    "\n".join,
    st.lists(
        st.one_of(
            st.builds("{} = {}".format, names, expressions),
            st.builds("for a in [1, 'x']:\n    c = {}".format, expressions),
            st.builds("if {}:\n    c = {}".format, expressions, expressions),
        ),
        min_size=1,
        max_size=3,
    ),
)
ONE = """
def body_{number}(a, b, c):
{body}
    return [a, b, c]
try:
    found.append(body_{number}(1, 'x', [1.5]))
except Exception as error:
    found.append(type(error).__name__)
"""


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Making a failing case smaller would run for minutes, a process each time.
    phases=[Phase.explicit, Phase.generate],
)
@given(st.lists(bodies, min_size=40, max_size=60))
def test_generated_bodies_give_what_they_give_outside(generated):
    code = "found = []\n" + "".join(
        ONE.format(number=number, body=textwrap.indent(body, "    "))
        for number, body in enumerate(generated)
    )
    outside = {}
    exec(code, outside)
    # As text, since no number is equal to itself that is none.
    assert json.dumps(run(code + "return found").value) == json.dumps(outside["found"])
