"""Find the tasks that are defined in the notebook."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.binding import TASK_NAMES
from xeroml_nb.experiments.task import Task, remembered

if TYPE_CHECKING:
    from collections.abc import Iterator


def notebook_tasks() -> dict[str, Task]:
    """Tasks of task cells, and functions of the notebook whose parameters say they are tasks.

    A function counts if it asks for `input` or `item` and for nothing a task cannot have.
    """
    found = dict(_function_tasks())
    return dict(sorted((found | remembered()).items()))


def _function_tasks() -> Iterator[tuple[str, Task]]:
    shell = get_ipython()
    names = {} if shell is None else dict(shell.user_ns)
    for name, value in names.items():
        if not name.startswith("_") and _is_task(value):
            try:
                yield name, Task.of(value, name)
            except BadInput:
                continue


def _is_task(value: object) -> bool:
    if not isinstance(value, FunctionType) or value.__module__ != "__main__":
        return False
    parameters = inspect.signature(value).parameters
    asked = {n for n, p in parameters.items() if p.default is inspect.Parameter.empty}
    return bool(asked & {"input", "item"}) and asked <= set(TASK_NAMES)
