"""The function that turns an item's input into an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.binding import TASK_NAMES, Bound, bind
from xeroml_nb.experiments.fingerprint import fingerprint, source_of
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.experiment import TaskRecord
from xeroml_nb.records.ids import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable


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
    """What a task may ask for of an item: copies, so that what it does to them stays its own."""
    own = DatasetItem(
        item.id, _copied(item.input), _copied(item.expected_output), _copied(item.metadata)
    )
    return {
        "input": own.input,
        "item": own,
        "expected_output": own.expected_output,
        "metadata": own.metadata,
    }


def _copied(value: Any) -> Any:
    """A copy of plain data, which is many times faster than a deep copy of anything."""
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return [_copied(v) for v in value] if isinstance(value, list) else value
