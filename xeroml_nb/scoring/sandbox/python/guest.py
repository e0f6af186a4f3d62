"""What runs inside the sandbox: it makes a function of the card's code and calls it.

This file is built into the sandbox's interpreter and imports nothing of this package. The
finished interpreter has no library folder: the modules imported here are all that a card's code
can import later.
"""

from __future__ import annotations

import ast
import gc
import io
import json
import textwrap
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

MODULES = """
    abc array ast base64 binascii bisect calendar cmath codecs collections collections.abc colorsys
    contextlib copy csv dataclasses datetime decimal difflib enum fnmatch fractions functools
    graphlib hashlib heapq hmac html html.entities html.parser inspect io ipaddress itertools json
    keyword locale logging math numbers operator pprint queue random re reprlib secrets shlex
    statistics string struct textwrap time timeit token tokenize traceback types typing unicodedata
    urllib.parse uuid warnings weakref xml.etree.ElementTree zlib
""".split()  # noqa: SIM905 - shorter to read
"""What a card's code can import."""
# The library loads these when it first needs them, which is too late in the sandbox.
_NEEDED_LATER = """
    _strptime stringprep encodings.ascii encodings.idna encodings.latin_1 encodings.punycode
    encodings.utf_16 encodings.utf_16_be encodings.utf_16_le encodings.utf_32 encodings.utf_8
    encodings.utf_8_sig encodings.cp1252 encodings.unicode_escape encodings.raw_unicode_escape
    encodings.base64_codec encodings.hex_codec encodings.rot_13 encodings.zlib_codec
    encodings.charmap xml.etree.ElementPath linecache concurrent.futures string.templatelib
""".split()  # noqa: SIM905
FILE = "<score code>"
FUNCTION = "__score__"
MOST_PRINTED = 20_000
MOST_SAID = 1_000
# Kept here, since the code may put others in their places.
_loads, _dumps = json.loads, json.dumps
# From this many characters on, how data is kept in memory costs more than arranging it.
_MUCH = 1_000_000
_kept: list[Any] = []


class WitWorld:
    """What the sandbox's host calls; `world.wit` says the same."""

    def run(self, code: str, data: str) -> str:
        """Run a card's code.

        Args:
            code: JSON text of the code.
            data: JSON text of what it sees as `data`.

        Returns:
            The envelope.
        """
        return run(json.loads(code), data)


class _Printed(io.TextIOBase):
    """Keeps the first characters that are written to it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._left = MOST_PRINTED

    def write(self, text: str, /) -> int:
        if self._left > 0:
            self._pieces.append(text[: self._left])
            self._left -= len(self._pieces[-1])
        return len(text)

    def text(self) -> str:
        return "".join(self._pieces)


def run(code: str, data: str) -> str:
    """Call the code with the data, and say what came of it.

    Args:
        code: Body of a function whose only parameter is `data`.
        data: JSON text.

    Returns:
        The envelope: JSON text that begins with `{"error"` where the code failed.

    Example:
        >>> run("return sum(data)", "[1, 2]")
        '{"value": 3, "printed": ""}'
    """
    printed = _Printed()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            said = f'"value": {_as_json(function_of(code)(_read(data)))}'
    except BaseException as error:  # noqa: BLE001 - the code may raise whatever there is
        said = f'"error": {_dumps(_fault(error))}'
    return f'{{{said}, "printed": {_dumps(printed.text())}}}'


def function_of(code: str) -> Callable[[Any], Any]:
    """Make a function of a body, whose lines keep their numbers.

    Raises:
        SyntaxError: If it is no body of a function.
    """
    namespace: dict[str, Any] = {"__name__": FUNCTION}
    try:
        compiled = _compiled(code)
    except (MemoryError, RecursionError):
        raise SyntaxError("it is nested too deep to be compiled") from None
    exec(compiled, namespace)  # noqa: S102 - to run a stranger's code is what this is for
    made: Callable[[Any], Any] = namespace[FUNCTION]
    return made


def _compiled(code: str) -> CodeType:
    module = _parsed(code)
    futures = [node for node in module.body if _is_future(node)]
    body = [node for node in module.body if not _is_future(node)]
    # The statements are moved as a tree: texts over several lines stay as they were written.
    function = cast("ast.FunctionDef", ast.parse(f"def {FUNCTION}(data): pass", FILE).body[0])
    function.body = body or function.body
    module.body = [*futures, function]
    return compile(module, FILE, "exec", dont_inherit=True)


def _read(data: str) -> Any:
    """The data; much of it is neither searched for garbage nor taken apart at the end."""
    if len(data) < _MUCH:
        return _loads(data)
    gc.disable()
    _kept.append(_loads(data))
    gc.freeze()
    gc.enable()
    return _kept[-1]


def _as_json(value: Any) -> str:
    try:
        return _dumps(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"the returned value is no JSON: {error}") from None


def _parsed(code: str) -> ast.Module:
    try:
        return ast.parse(code, FILE)
    except IndentationError:
        # A body may stand indented as a whole, as it was cut out of a function.
        return ast.parse(textwrap.dedent(code), FILE)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _fault(error: BaseException) -> dict[str, Any]:
    """An exception in words, with the innermost line of the code that it went through."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    function = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line, function = trace.tb_lineno, trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    return {
        "type": type(error).__name__,
        "message": _message(error),
        "line": line,
        "function": None if function == FUNCTION else function,
    }


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)
    try:
        return str(error)[:MOST_SAID]
    except BaseException:  # noqa: BLE001 - its text may be the code's own doing
        return "its message cannot be shown"


for _name in (*MODULES, *_NEEDED_LATER):
    with suppress(ImportError):
        import_module(_name)
