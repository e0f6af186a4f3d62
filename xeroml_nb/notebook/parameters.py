"""Parameters of a notebook that runs without anybody in front of it, by papermill's conventions.

A cell tagged `parameters` holds the defaults as plain assignments; what is given instead stands in
a cell tagged `injected-parameters` after it, or at the top where no cell has that tag.
"""

from __future__ import annotations

import ast
import json
import keyword
import math
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbformat import NotebookNode

DEFAULTS = "parameters"
INJECTED = "injected-parameters"
_WORDS = {
    **dict.fromkeys(("True", "TRUE"), True),
    **dict.fromkeys(("False", "FALSE"), False),
    **dict.fromkeys(("None", "Null", "NULL", "~"), None),
    ".inf": math.inf,
    "-.inf": -math.inf,
    ".nan": math.nan,
}


def parse_parameters(given: Iterable[str]) -> dict[str, Any]:
    """Read texts such as "model=small"; of one name the last counts.

    Args:
        given: Each a name, "=", and a value as `parse_value` reads it.

    Raises:
        BadInput: If one has no "=" or its name cannot be a variable.

    Example:
        >>> parse_parameters(["model=small", "limit=10"])
        {'model': 'small', 'limit': 10}
    """
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f"The parameter {text!r} has no value.", "Write it as name=value.")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise BadInput(
                f"The parameter {name!r} cannot be a variable.",
                "Use letters, digits and '_', and no word of Python's own.",
            )
        found[name] = parse_value(value)
    return found


def parse_value(text: str) -> Any:
    """The value that a text stands for: JSON, YAML's spellings of single values, else the text.

    Args:
        text: Such as `10`, `true`, `[1, 2]`, `small`; in quotes it is a text whatever it holds.

    Example:
        >>> [parse_value(text) for text in ("10", "true", "None", '"10"', "'10'", "007", "a b")]
        [10, True, None, '10', '10', '007', 'a b']
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def literal(value: Any) -> str:
    """A value of `parse_value` as Python text.

    Example:
        >>> literal({"limits": [1, None, float("inf")]})
        "{'limits': [1, None, float('inf')]}"
    """
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {literal(v)}' for k, v in value.items())}}}"
    return repr(value)


def inject(notebook: NotebookNode, values: Mapping[str, Any]) -> list[str]:
    """Set parameters in a notebook; what an earlier run had set is replaced.

    Args:
        notebook: In format 4; it is changed.
        values: By name.

    Returns:
        What the reader should know, as sentences.

    Raises:
        BadInput: If it is not a notebook in Python.
    """
    if not values:
        return []
    if not is_python(notebook):
        raise BadInput("The notebook is not in Python; parameters are.", "Run it without -p.")
    notices = _notices(notebook, values)
    defaults, earlier = _tagged(notebook, DEFAULTS), _tagged(notebook, INJECTED)
    if earlier is not None:
        del notebook.cells[earlier]
        place = earlier
    else:
        place = 0 if defaults is None else defaults + 1
    notebook.cells.insert(place, _cell(notebook, values))
    return notices


def is_python(notebook: NotebookNode) -> bool:
    """Tell whether a notebook is in Python, as all are that do not say otherwise."""
    told = notebook.metadata
    kernel = told.get("kernelspec", {}).get("language")
    language = told.get("language_info", {}).get("name", kernel or "python")
    return language.lower() in ("python", "ipython")


def is_injected(cell: NotebookNode) -> bool:
    """Tell whether a cell is the one that `inject` wrote."""
    return INJECTED in cell.metadata.get("tags", [])


def _cell(notebook: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    import nbformat

    lines = [f"{name} = {literal(value)}" for name, value in values.items()]
    source = "\n".join(["# Parameters", *lines])
    cell = nbformat.v4.new_code_cell(source, id=INJECTED, metadata={"tags": [INJECTED]})
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        del cell["id"]
    return cell


def _tagged(notebook: NotebookNode, tag: str) -> int | None:
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    return next((i for i, found in enumerate(tags) if tag in found), None)


def _notices(notebook: NotebookNode, values: Mapping[str, Any]) -> list[str]:
    defaults = _tagged(notebook, DEFAULTS)
    if defaults is None:
        return [f"No cell is tagged {DEFAULTS!r}: what is given is set at the top of the notebook."]
    known = _assigned(notebook.cells[defaults].source)
    unknown = [] if known is None else [name for name in values if name not in known]
    return [f"{NotFound('parameter', name, known or ())} It is set anyway." for name in unknown]


def _assigned(source: str) -> set[str] | None:
    """The variables that a cell sets; None if it cannot be read."""
    lines = ["" if line.startswith(("%", "!")) else line for line in source.splitlines()]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return None
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}
