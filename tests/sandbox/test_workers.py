"""The workers of both languages, called in this process with nothing given up for good."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import quickjs

from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.javascript import worker as javascript
from xeroml_nb.scoring.sandbox.python import building
from xeroml_nb.scoring.sandbox.python import worker as python
from xeroml_nb.scoring.sandbox.python.engine import new_engine


@pytest.fixture
def scored_by_javascript(monkeypatch):
    """A function that runs JavaScript; it counts how often the process was confined."""
    confined = []
    monkeypatch.setattr(javascript, "confine", lambda: confined.append("all"))
    monkeypatch.setattr(javascript, "limit_memory", confined.append)
    size = threading.stack_size()

    def run(code, data="[]", megabytes="64"):
        status, answer = javascript.work([code.encode(), data.encode()], [megabytes])
        return status, json.loads(answer or "null"), confined

    yield run
    threading.stack_size(size)


def test_javascript_runs_once_the_process_is_confined(scored_by_javascript):
    status, envelope, confined = scored_by_javascript("return data.length", "[1, 2]")
    assert (status, envelope["value"]) == (Status.ANSWERED, 2)
    assert confined == [64 * 2**20, "all"]


PLACES = {
    "in the body": ("let a = 1;\nnull.x", 2, None),
    "in a function": ("function f() {\n  null.x;\n}\nf()", 2, "f"),
    "behind the last line": ("return (", 1, None),
}


@pytest.mark.parametrize("what", PLACES)
def test_a_fault_of_javascript_has_its_line_and_function(what, scored_by_javascript):
    code, line, function = PLACES[what]
    status, envelope, _ = scored_by_javascript(code)
    assert status == Status.FAILED
    error = envelope["error"]
    assert (error["line"], error["function"]) == (line, function)
    assert "stack" not in error


def test_what_is_thrown_and_is_no_error_has_no_line(scored_by_javascript):
    status, envelope, _ = scored_by_javascript("throw 'enough'")
    assert status == Status.FAILED
    assert envelope["error"] == {"type": "", "message": "it threw enough"}


@pytest.mark.parametrize("megabytes", ["1", "2"])
def test_data_larger_than_its_memory_ends_javascript(megabytes, scored_by_javascript):
    data = json.dumps(["x"] * 200_000)
    status, envelope, _ = scored_by_javascript("return 1", data, megabytes=megabytes)
    # The engine itself may find no memory left to say so.
    assert status in (Status.OUT_OF_MEMORY, Status.CRASHED)
    assert envelope is None


def test_data_that_is_no_json_is_a_crash_of_javascript(scored_by_javascript):
    assert scored_by_javascript("return 1", "{")[:2] == (Status.CRASHED, None)


def test_memory_that_runs_out_outside_the_engine_is_told_as_such(scored_by_javascript, monkeypatch):
    def no_memory(*said):
        raise MemoryError

    full = SimpleNamespace(
        set_memory_limit=int,
        set_max_stack_size=int,
        eval=lambda guest: lambda *limits: no_memory,
        parse_json=json.loads,
    )
    monkeypatch.setattr(quickjs, "Context", lambda: full)
    assert scored_by_javascript("return 1")[:2] == (Status.OUT_OF_MEMORY, None)


@pytest.fixture
def scored_by_python(interpreter):
    """A function that runs Python in a thread of its own, which is the one that is confined."""

    def run(code, data="[]", file=interpreter.file, megabytes="256"):
        parts = [code.encode(errors="surrogatepass"), data.encode()]
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(python.work, parts, [str(file), megabytes]).result()

    return run


def test_python_runs_in_its_interpreter(scored_by_python):
    status, answer = scored_by_python("return sum(data)", "[1, 2]")
    assert (status, json.loads(answer)) == (Status.ANSWERED, {"value": 3, "printed": ""})
    status, answer = scored_by_python("return 1 / 0")
    assert (status, json.loads(answer)["error"]["type"]) == (Status.FAILED, "ZeroDivisionError")


def test_where_there_is_no_landlock_the_engine_holds_the_code_alone(scored_by_python, monkeypatch):
    monkeypatch.setattr(python.landlock, "version", lambda: 0)
    monkeypatch.setattr(python.landlock, "forbid_all", lambda: pytest.fail("it is not there"))
    assert scored_by_python("return open('/etc/passwd').read()")[0] == Status.FAILED


def test_an_interpreter_that_is_none_cannot_be_used(scored_by_python, tmp_path):
    damaged = tmp_path / "interpreter"
    damaged.write_bytes(b"nothing")
    status, why = scored_by_python("return 1", file=damaged)
    assert status == Status.UNUSABLE
    assert why


def test_a_trap_is_a_crash_unless_the_stack_is_exhausted(scored_by_python):
    assert scored_by_python("return 1", megabytes="1") == (Status.CRASHED, b"")
    assert python._why("wasm trap: call stack exhausted") == Status.TOO_DEEP


def test_a_build_is_there_as_a_whole_and_leaves_nothing_beside_it(monkeypatch, tmp_path):
    import componentize_py
    from wasmtime import wat2wasm
    from wasmtime.component import Component

    told = []

    def script():
        told.extend(sys.argv)
        Path(told[-1]).write_bytes(wat2wasm("(component)"))

    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.setattr(componentize_py, "script", script)
    target = tmp_path / "interpreter"
    assert building.work([], [str(target)]) == (Status.ANSWERED, b"")
    assert list(tmp_path.iterdir()) == [target]
    assert Component.deserialize_file(new_engine(), str(target))
    assert told[told.index("--world") + 1] == "scorer"
    assert told[told.index("componentize") + 1] == "guest"
