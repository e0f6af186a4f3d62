"""The function that turns an item's input into an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.binding import TASK_NAMES, Bound, bind
from xeroml_nb.experiments.fingerprint import fingerprint, source_of
from xeroml_nb.records.experiment import TaskRecord
from xeroml_nb.records.ids import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.records.dataset import DatasetItem


@dataclass(frozen=True, slots=True)
class Task:
    """A task that can be run over items.

    Args:
        record: What is kept of it with every experiment.
        bound: How it is called.
    """

    record: TaskRecord
    bound: Bound

    @property
    def name(self) -> str:
        """What it is called."""
        return self.record.name

    @classmethod
    def of(cls, function: Callable[..., Any], name: str | None = None) -> Task:
        """Make a task of any callable.

        Args:
            function: Sync or async; gets `item.input`, or those of `input`, `item`,
                `expected_output` and `metadata` that it names.
            name: Its own name by default.

        Raises:
            BadInput: If it cannot be called like that.
        """
        bound = bind(function, TASK_NAMES, "task", alone=True)
        given = name or getattr(function, "__name__", None) or type(function).__name__
        called = checked_name("task", "task" if given == "<lambda>" else given)
        return cls(TaskRecord(called, source_of(function), fingerprint(function)), bound)


_named: dict[str, Task] = {}


def remember(task: Task) -> None:
    """Keep a task that was defined by name, such as one of a cell; a later one replaces it."""
    _named[task.name] = task


def remembered() -> dict[str, Task]:
    """The tasks kept by `remember`, by name."""
    return dict(_named)


def known_of(item: DatasetItem) -> dict[str, Any]:
    """What a task may ask for of an item."""
    return {
        "input": item.input,
        "item": item,
        "expected_output": item.expected_output,
        "metadata": item.metadata,
    }
