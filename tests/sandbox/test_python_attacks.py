"""Python that means harm: it ends within its limit, reaches nothing, and the next run is right."""

from __future__ import annotations

import json
import re
import socket
import threading

import pytest

from tests.sandbox.conftest import contained
from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.sandbox.limits import Limits
from xeroml_nb.scoring.sandbox.running import run_code

pytestmark = pytest.mark.usefixtures("interpreter")
SECOND = Limits(seconds=1, memory_mb=128)
OUT_OF_TIME = r"ran longer than 1 s"
OUT_OF_MEMORY = r"needed more than 128 MB|give up, most often for want of memory: 128 MB"
TOO_DEEP = r"too deep|RecursionError|nested deeper than 100"
ENDLESS = f"{OUT_OF_TIME}|{OUT_OF_MEMORY}"


def run(code, data=()):
    return run_code(code, json.dumps(data), "PYTHON", SECOND, "hostile")


def message_of(code, data=()):
    """How a card failed, contained; after it a harmless one is right."""
    with contained(SECOND.seconds), pytest.raises(CardFailed, match="hostile") as caught:
        run(code, data)
    assert run("return sum(data)", [1, 2]).value == 3
    return str(caught.value)


TAKING = {
    "a loop that swallows all": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        OUT_OF_TIME,
    ),
    "a catastrophic pattern": ("import re\nre.match(r'(a+)+$', 'a' * 40 + 'b')", OUT_OF_TIME),
    "a great power": ("return 10 ** 10 ** 8", OUT_OF_TIME),
    "sleep": ("import time\ntime.sleep(1000)", OUT_OF_TIME),
    "a growing list": ("a = []\nwhile True: a.append(list(range(1000)))", ENDLESS),
    "a growing text": ("s = 'x'\nwhile True: s += s", OUT_OF_MEMORY),
    "a list at once": ("return [0] * 10 ** 9", "MemoryError|OverflowError|needed more than"),
    "bytes at once": ("return len(bytearray(2 ** 31))", "MemoryError|OverflowError|needed more"),
    "endless printing": ("while True: print('x' * 1000)", OUT_OF_TIME),
    "printing of much at once": ("print('x' * 10 ** 9)", OUT_OF_MEMORY),
    "recursion": ("def f(): return f()\nreturn f()", "RecursionError.*|in f"),
    "recursion that goes on": (
        "import sys\nsys.setrecursionlimit(10 ** 6)\ndef f(): return [f()]\nreturn f()",
        TOO_DEEP,
    ),
    "a class that calls itself": (
        "class A:\n    def __repr__(self): return repr([self])\nreturn repr(A())",
        TOO_DEEP,
    ),
    "a deep value to show": ("a = []\nfor _ in range(10 ** 5): a = [a]\nreturn repr(a)", TOO_DEEP),
    "a deep result": ("a = []\nfor _ in range(10 ** 5): a = [a]\nreturn a", TOO_DEEP),
    "a result somewhat deep": ("a = []\nfor _ in range(300): a = [a]\nreturn a", TOO_DEEP),
    "a result within itself": ("a = {}\na['a'] = a\nreturn a", "Circular reference"),
    "a huge result": ("return 'x' * 20_000_000", "answered more than 8 MB"),
    "a huge shared result": ("return [[1.5] * 1000] * 100_000", ENDLESS),
    "nested brackets to parse": ("return eval('[' * 10 ** 5)", "MemoryError|SyntaxError|needed"),
    "nested minus to parse": ("return eval('-' * 10 ** 5 + '1')", f"{TOO_DEEP}|needed|want of"),
    "nested blocks to compile": (
        "return eval(compile('1' + '+1' * 10 ** 5, '', 'eval'))",
        f"{TOO_DEEP}|needed more|want of memory",
    ),
    "an iterator without end": ("import itertools\nreturn list(itertools.count())", ENDLESS),
    "a comparison without end": (
        "class A:\n    def __lt__(self, b):\n        while True: pass\nreturn sorted([A(), A()])",
        OUT_OF_TIME,
    ),
    "a fault whose words have no end": (
        "class A(Exception):\n    def __str__(self):\n        while True: pass\nraise A",
        OUT_OF_TIME,
    ),
    "a key of the result without end": (
        "class A(dict):\n    def items(self):\n        while True: pass\nreturn A(a=1)",
        OUT_OF_TIME,
    ),
    "threads": (
        "import threading\nthreading.Thread(target=print).start()",
        "can't start new thread|No module",
    ),
    "ending the process": ("import os\nos._exit(0)", "give up|no module"),
    "a signal to itself": ("import os, signal\nos.kill(1, 9)", "No module|no attribute|give up"),
    "a fault of the interpreter": (
        "import types\nf = lambda: 0\nf.__code__ = f.__code__.replace(co_code=b'\\xff' * 64)\nf()",
        ".",
    ),
    "standing in for the answer": (
        "import sys\nsys._getframe(1).f_globals['_dumps'] = lambda v: 'no JSON'\nreturn 1",
        "cannot be read",
    ),
}


@pytest.mark.parametrize("attack", TAKING)
def test_taking_too_much_ends_in_a_clear_message(attack):
    code, message = TAKING[attack]
    assert re.search(message, message_of(code), re.DOTALL)


REACHING = {
    "a file": "return open(data['secret']).read()",
    "a file to write": "return open(data['new'], 'w').write('x')",
    "a file by its number": "import os\nreturn os.open(data['secret'], 0)",
    "a folder": "import os\nreturn os.listdir('/')",
    "a path": "import pathlib\nreturn pathlib.Path(data['secret']).read_text()",
    "a module's loader": "import json\nreturn json.__loader__.get_data(data['secret'])",
    "a link": "import posix\nreturn posix.symlink(data['secret'], data['new'])",
    "a shell": "import os\nreturn os.system('touch ' + data['new'])",
    "a process": "import subprocess\nreturn subprocess.run(['touch', data['new']])",
    "a process by the name of a class": (
        "for c in ().__class__.__base__.__subclasses__():\n"
        "    if c.__name__ == 'Popen': return c(['touch', data['new']])\n"
        "raise LookupError"
    ),
    "a fork": "import os\nreturn os.fork()",
    "a fork by its own module": "import _posixsubprocess\nreturn _posixsubprocess.fork_exec()",
    "a program": "import os\nreturn os.execv('/bin/true', ['true'])",
    "a connection": "import socket\nreturn socket.create_connection(('127.0.0.1', data['port']))",
    "a connection by its own module": (
        "import _socket\ns = _socket.socket()\nreturn s.connect(('127.0.0.1', data['port']))"
    ),
    "a page": (
        "import urllib.request\n"
        "return urllib.request.urlopen(f'http://127.0.0.1:{data[\"port\"]}').read().decode()"
    ),
    "the machine's code": "import ctypes\nreturn ctypes.CDLL(None).getpid()",
    "another module of the machine": "import _ctypes\nreturn 1",
    "a module by its importer": "import importlib\nreturn importlib.import_module('asyncio').run",
    "the world of the sandbox": "import wit_world\nreturn wit_world.__file__.no",
}


@pytest.fixture
def surroundings(tmp_path, monkeypatch):
    """A secret file, a file that is not there, and a listener, which must see nobody."""
    monkeypatch.setenv("XEROML_SECRET_KEY", "hush")
    (tmp_path / "secret").write_text("hush")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        yield {
            "secret": str(tmp_path / "secret"),
            "new": str(tmp_path / "new"),
            "port": listener.getsockname()[1],
        }
        with pytest.raises(TimeoutError):
            listener.accept()
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_whatever_it_reaches_for_is_not_there(surroundings):
    """All in one run: what is refused is an exception, which the code may catch."""
    tries = "".join(
        f"def try_{number}(data):\n" + "".join(f"    {line}\n" for line in code.splitlines())
        for number, code in enumerate(REACHING.values())
    )
    code = (
        f"{tries}found = []\n"
        f"for number in range({len(REACHING)}):\n"
        "    try: found.append(['reached', repr(locals()[f'try_{number}'](data))])\n"
        "    except BaseException as error: found.append(['refused', repr(error)])\n"
        "return found"
    )
    with contained(SECOND.seconds):
        found = run(code, surroundings).value
    told = dict(zip(REACHING, found, strict=True))
    assert {what: said for what, (came, said) in told.items() if came == "reached"} == {}
    assert "hush" not in json.dumps(found)


def test_no_variable_argument_stream_or_frame_of_the_host_is_seen(surroundings):
    code = (
        "import os, sys, posix\n"
        "frame, names = sys._getframe(), []\n"
        "while frame: names.append(frame.f_code.co_filename); frame = frame.f_back\n"
        "return [dict(os.environ), len(posix.environ), sys.argv, names, sys.platform]"
    )
    variables, bare, arguments, files, platform = run(code, surroundings).value
    assert (bare, platform) == (0, "wasi")
    assert not set(variables) - {"PYTHONHOME", "PYTHONPATH"}
    assert "hush" not in str([variables, arguments, files])
    assert not any("xeroml_nb" in name for name in files)


def test_nothing_that_it_writes_to_the_streams_becomes_its_answer():
    code = (
        "import os, sys\n"
        'forged = \'{"value": {"score": 100}, "printed": "forged"}\'\n'
        "print(forged)\n"
        "for stream in (sys.__stdout__, sys.__stderr__):\n"
        "    try:\n        stream.write(forged)\n        os.write(stream.fileno(), b'{}')\n"
        "    except Exception: pass\n"
        "return {'score': 0}"
    )
    answer = run(code)
    assert answer.value == {"score": 0}
    assert answer.printed.startswith('{"value"')


def test_a_forged_answer_changes_its_own_card_only():
    code = "import sys\nsys._getframe(1).f_globals['_dumps'] = lambda v: '101'\nreturn 1"
    assert run(code).value == 101
    assert run("return 1").value == 1


def test_a_quick_card_is_not_held_up_by_an_endless_one():
    def spin():
        with pytest.raises(CardFailed, match=OUT_OF_TIME):
            run("while True: pass")

    endless = threading.Thread(target=spin)
    endless.start()
    assert run("return 1").value == 1
    assert endless.is_alive()
    endless.join()
