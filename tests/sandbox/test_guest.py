"""What the guest does with a card's code, called here as the sandbox's interpreter calls it."""

from __future__ import annotations

import gc
import json

import pytest

from xeroml_nb.scoring.sandbox.python import guest


def run(code, data="[]"):
    return json.loads(guest.WitWorld().run(json.dumps(code), data))


def test_a_value_comes_back_with_what_was_printed_on_both_streams():
    code = "import sys\nprint('a')\nprint('b', file=sys.stderr)\nreturn {'n': len(data)}"
    assert run(code, "[1, 2]") == {"value": {"n": 2}, "printed": "a\nb\n"}


def test_of_what_is_printed_the_first_characters_are_kept():
    printed = run("print('x' * 19_999)\nprint('y' * 9)\nprint('z')")["printed"]
    assert printed == "x" * 19_999 + "\n"


def test_a_body_indented_as_a_whole_is_taken_as_it_stands():
    assert run("\n    x = 2\n    return x")["value"] == 2


def test_a_future_stays_the_first_statement_of_the_module():
    code = "from __future__ import annotations\ndef f(x: nowhere): return x\nreturn f(1)"
    assert run(code)["value"] == 1


DEEPER = "def f():\n    return 1 / 0\nreturn f()"
FAULTS = {
    "in the body": ("a = 1\nreturn data['x']", "TypeError", 2, None),
    "in a function of the code's": (DEEPER, "ZeroDivisionError", 2, "f"),
    "in the library": ("import json\nreturn json.loads('{')", "JSONDecodeError", 2, None),
    "in how it is written": ("a = 1\nreturn )", "SyntaxError", 2, None),
    "in how it ends": ("raise SystemExit('enough')", "SystemExit", 1, None),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_names_its_line_and_its_function(what):
    code, kind, line, function = FAULTS[what]
    error = run(code)["error"]
    assert (error["type"], error["line"], error["function"]) == (kind, line, function)


def test_a_value_that_is_no_json_is_a_fault_that_says_so():
    error = run("return {1, 2}")["error"]
    assert error["type"] == "TypeError"
    assert error["message"].startswith("the returned value is no JSON: ")


def test_an_exception_whose_text_fails_is_still_a_fault():
    code = "class E(Exception):\n    def __str__(self): return 1 / 0\nraise E"
    assert run(code)["error"] == {
        "type": "E",
        "message": "its message cannot be shown",
        "line": 3,
        "function": None,
    }


def test_a_long_message_is_cut():
    assert run("raise ValueError('x' * 5000)")["error"]["message"] == "x" * guest.MOST_SAID


def test_code_nested_too_deep_is_a_fault_in_how_it_is_written(monkeypatch):
    def too_deep(code):
        raise RecursionError

    monkeypatch.setattr(guest, "_compiled", too_deep)
    error = run("return 1")["error"]
    assert (error["type"], error["message"]) == (
        "SyntaxError",
        "it is nested too deep to be compiled",
    )


def test_much_data_is_kept_out_of_the_garbage_collection(monkeypatch):
    monkeypatch.setattr(guest, "_MUCH", 3)
    frozen = gc.get_freeze_count()
    try:
        assert run("return sum(data)", "[1, 2, 3]")["value"] == 6
        assert gc.get_freeze_count() > frozen
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        guest._kept.clear()
