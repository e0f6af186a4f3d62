"""Hostile JavaScript: contained at its limit, and the next run is right."""

from __future__ import annotations

import time

import psutil
import pytest

from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.sandbox.limits import GRACE, Limits
from xeroml_nb.scoring.sandbox.running import run_code

LIMITS = Limits(seconds=1, memory_mb=64)
TOO_LONG = "ran longer than 1 s"
TOO_MUCH = "needed more than 64 MB"


def run(code, data="[]"):
    """Run code, and see that nothing is left of it, and that the next run is right."""
    before = set(psutil.Process().children(recursive=True))
    started = time.monotonic()
    try:
        return run_code(code, data, "JAVASCRIPT", LIMITS, "hostile")
    finally:
        assert time.monotonic() - started < LIMITS.seconds + GRACE
        assert set(psutil.Process().children(recursive=True)) <= before
        assert run_code("return data[0]", "[7]", "JAVASCRIPT", LIMITS, "next").value == 7


ENDLESS = {
    "swallows every exception": "for (;;) { try { for (;;) {} } catch {} finally { continue } }",
    "catastrophic regex": "return /^(a+)+$/.test('a'.repeat(40) + 'b')",
    "thrown object that loops": "throw { toString() { for (;;); }, get toJSON() { for (;;); } }",
    "exceptions' own words loop": """
        for (const kind of [Error, InternalError, RangeError])
          Object.defineProperty(kind.prototype, 'message', { get() { for (;;); } });
        Object.defineProperty(Error, Symbol.hasInstance, { value() { for (;;); } });
        Error.prepareStackTrace = () => { for (;;); };
        null.x""",
    "proxy as answer": "return new Proxy({}, { get() { for (;;); }, ownKeys() { for (;;); } })",
    "answer of shared parts": """
        let a = Array(1000).fill(1.5); for (let i = 0; i < 5; i++) a = Array(1000).fill(a);
        return a""",
    "endless console": "for (;;) console.log('x'.repeat(1000))",
    "one long built-in": "const a = Array(4e6).fill('x'); for (;;) a.join('').split('').reverse()",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_ended_at_its_limit(code):
    with pytest.raises(CardFailed, match=f"{TOO_LONG}|{TOO_MUCH}"):
        run(code)


GREEDY = {
    "growing list": ("const a = []; for (;;) a.push(Array(1000).fill(1.5))", TOO_MUCH),
    "growing text": (
        "let s = 'x'; const a = []; for (;;) { s += s; a.push(s + 1) }",
        "string too long",
    ),
    "buffers": ("const a = []; for (;;) a.push(new ArrayBuffer(1e6))", TOO_MUCH),
    "shared buffers": ("const a = []; for (;;) a.push(new SharedArrayBuffer(1e6))", TOO_MUCH),
    "huge list": ("return new Array(3e8).fill(0).length", TOO_MUCH),
    "huge text": ("return 'x'.repeat(1e9)", TOO_MUCH),
    "kept out of the way": ("globalThis.a = []; for (;;) a.push(Array(1000).fill({}))", TOO_MUCH),
    "huge number": ("return String(10n ** (10n ** 8n)).length", "too large"),
    "recursion": ("const f = () => [f()]; return f()", "Maximum call stack"),
    "recursion in built-ins": ("const f = (x) => [x].map(f); return f(1)", "Maximum call stack"),
    "recursion in an answer": (
        "const make = () => ({ get o() { return make() } }); return make()",
        "Maximum call stack|ran longer",
    ),
    "proxy of proxies": (
        "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x",
        "Maximum call stack",
    ),
    "deep answer": (
        "let o = 1; for (let i = 0; i < 5e3; i++) o = [o]; return o",
        "nested deeper than 100",
    ),
    "parser: brackets": ("return eval('['.repeat(1e5))", "Maximum call stack|SyntaxError"),
    "parser: own code": ("(" * 40_000, "Maximum call stack|SyntaxError|stack overflow"),
    "parser: functions": ("eval('(()=>'.repeat(2e4))", "Maximum call stack|SyntaxError"),
    "parser: regex": ("new RegExp('('.repeat(1e5))", "SyntaxError|stack"),
    "parser: JSON": ("JSON.parse('['.repeat(1e6))", "Maximum call stack|SyntaxError|stack"),
    "traps in every list": (
        "Object.defineProperty(Array.prototype, 0, { set() { throw 'trapped' } }); return {a: 1}",
        "cannot be said in JSON: it threw trapped",
    ),
    "blocks the thread": (
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)",
        "cannot block",
    ),
}


@pytest.mark.parametrize(("code", "words"), GREEDY.values(), ids=GREEDY)
def test_what_takes_or_nests_too_much_fails_with_a_clear_message(code, words):
    with pytest.raises(CardFailed, match=words):
        run(code)


FORGED = {
    "stringify and join": """
        JSON.stringify = Array.prototype.join = () => '{"value":"forged","printed":""}';
        String.prototype.slice = Function.prototype.call = () => "forged";
        return {score: data.length}""",
    "prototypes": """
        Object.prototype.score = 100;
        for (const kind of [String, Number, Function])
          kind.prototype.toJSON = kind.prototype.toString = kind.prototype.valueOf = () => "forged";
        Array.prototype[Symbol.iterator] = function* () { yield "forged" };
        return {score: [1].length}""",
    "globals": """
        for (const name of Object.getOwnPropertyNames(globalThis))
          try { globalThis[name] = () => "forged" } catch {}
        return {score: 1}""",
    "console": """
        console.log = () => "forged"; delete globalThis.console; console = {log() {}};
        return {score: 1}""",
    "out of the function": """
        return {score: 1} }) ; (function () { return {score: 1}""",
}


@pytest.mark.parametrize("code", FORGED.values(), ids=FORGED)
def test_an_answer_is_what_the_code_returned_whatever_it_replaced(code):
    answer = run(code, "[1]")
    assert (answer.value, answer.printed) == ({"score": 1}, "")


def test_own_ways_to_json_change_ones_own_answer_only():
    answer = run("console.log(1); Object.prototype.toJSON = () => 'mine'; return {score: 1}")
    assert (answer.value, answer.printed) == ("mine", "1\n")


def test_a_forged_stack_is_only_text():
    forged = "const e = new Error('x'); e.stack = '  at f (<input>:999999999:1)'; throw e"
    with pytest.raises(CardFailed, match="Error: x") as caught:
        run(forged)
    assert caught.value.line == 1


def test_nothing_that_reaches_outside_is_there_from_any_constructor():
    code = """
    const names = `process require module exports Deno Bun std os scriptArgs print load read fetch
      WebSocket XMLHttpRequest Worker WebAssembly setTimeout setInterval importScripts navigator`;
    const makers = [(0, eval), (s) => ({}).constructor.constructor("return " + s)(),
                    (s) => (function* () {}).constructor("yield " + s)().next().value];
    const isThere = (name) => makers.some((make) => make("typeof " + name) !== "undefined");
    return [names.split(/\\s+/).filter((name) => isThere(name) || name in globalThis),
            ["Map", "console"].every(isThere)]
    """
    assert run(code).value == [[], True]


def test_no_module_is_imported_and_nothing_goes_on_after_the_answer(tmp_path):
    module = tmp_path / "module.js"
    module.write_text("globalThis.score = 1; export default 1")
    code = f"""
    const seen = [];
    for (const place of ["fs", "std", "os", "{module}", "file://{module}", "data:,1"])
      import(place).then((m) => seen.push(m), (e) => seen.push(e));
    queueMicrotask(() => {{ for (;;); }});
    return [seen, typeof score]
    """
    assert run(code).value == [[], "undefined"]
