"""Make a task of a notebook cell's text."""

from __future__ import annotations

import ast
import keyword
import textwrap
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.binding import TASK_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable


def compile_cell_task(shell: Any, name: str, body: str) -> Callable[..., Any]:
    """Compile a cell's body into a function of `input, item, expected_output, metadata`.

    Its last expression is what it returns; a body that awaits becomes a coroutine function. It
    sees the notebook's names as they are when it runs. Tracebacks point at the cell's own lines.

    Args:
        shell: The IPython shell.
        name: The function's name.
        body: The lines below the magic's own.

    Raises:
        BadInput: If the body is empty or the name is none.
        SyntaxError: If the body is not Python, pointing at the cell's line.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise BadInput(f"{name!r} cannot name a task.", "Use letters, digits and underscores.")
    file = _show_in_tracebacks(shell, name, body)
    # IPython's own syntax (%time, !ls, x?) is turned into Python line by line.
    tree = ast.parse("\n" + shell.transform_cell(body), filename=file)
    if not tree.body:
        raise BadInput(f"The cell of task {name!r} is empty.", "Write what the task does in it.")
    namespace: dict[str, Any] = {}
    module = ast.fix_missing_locations(_as_function(name, tree.body))
    exec(compile(module, file, "exec"), shell.user_ns, namespace)  # noqa: S102 - the user's cell
    function: Callable[..., Any] = namespace[name]
    function.__module__ = "__main__"
    vars(function)["__xeroml_source__"] = body
    return function


def _signature(name: str) -> str:
    first, *rest = TASK_NAMES
    return f"def {name}({first}, {', '.join(f'{n}=None' for n in rest)}):"


def _show_in_tracebacks(shell: Any, name: str, body: str) -> str:
    """Give IPython the text it shows for this task's lines, numbered as in the cell.

    The magic's own line becomes the function's head: tracebacks show only what reads as Python.

    Returns:
        The file name under which IPython knows the text.
    """
    text = f"{_signature(name)}\n{textwrap.indent(body, '    ')}"
    number = len(shell.history_manager.input_hist_parsed) - 1
    file: str = shell.compile.cache(text, number, raw_code=text)
    return file


def _as_function(name: str, body: list[ast.stmt]) -> ast.Module:
    last = body[-1]
    if isinstance(last, ast.Expr):
        body = [*body[:-1], ast.copy_location(ast.Return(last.value), last)]
    head = f"{_signature(name)} pass"
    module = ast.parse(f"async {head}" if _awaits(body) else head)
    made = module.body[0]
    assert isinstance(made, (ast.FunctionDef, ast.AsyncFunctionDef))  # noqa: S101 - just parsed
    made.body = body
    return module


def _awaits(body: list[ast.stmt]) -> bool:
    """Tell whether a body awaits anything itself, not in a function defined in it."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        if isinstance(node, ast.comprehension) and node.is_async:
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return False
