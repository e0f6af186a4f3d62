"""A task, and what surrounds it, as bytes that another process can work with."""

from __future__ import annotations

import contextvars
import importlib
import inspect
import io
import pickle
import sys
from contextvars import Context, ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context as TracingContext

from xeroml_nb.errors import BadInput, MissingExtra
from xeroml_nb.records.json_text import said
from xeroml_nb.tracing.carrying import Labels, this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xeroml_nb.experiments.binding import Bound

_UNSET: Any = object()
# Variables that no module holds, such as those of a notebook, by a word for each.
_variables: dict[str, ContextVar[Any]] = {}
_places: dict[ContextVar[Any], tuple[str, str] | None] = {}


@dataclass(frozen=True, slots=True)
class Luggage:
    """What a worker needs to know once, whatever number of items it gets.

    Args:
        bound: The task.
        timeout: Seconds that one attempt may take.
        variables: The context the run was started in: each a variable's place or word, and its
            value, both packed.
        labels: What the spans of the run carry.
    """

    bound: Bound
    timeout: float
    variables: tuple[tuple[str | None, bytes], ...]
    labels: Labels

    def enter(self) -> None:
        """Set the variables in the present context; those of modules that are not loaded wait."""
        for module, packed in self.variables:
            if module is None or module in sys.modules:
                variable, value = pickle.loads(packed)  # noqa: S301 - from who started the run
                variable.set(value)


@dataclass(frozen=True, slots=True)
class Packed:
    """Luggage as bytes, and a short name that workers know it by."""

    name: str
    content: bytes


def pack(bound: Bound, timeout: float, called: str) -> Packed:
    """Pack a task together with the context of this moment.

    Functions and classes of a notebook go as they are; those of an installed module by name, so
    that workers have to have that module too. Of the context goes what can be pickled.

    Args:
        bound: The task.
        timeout: Seconds that one attempt may take.
        called: The task's name, for errors.

    Raises:
        BadInput: If it cannot be packed, or not be unpacked again; says what is in the way.
        MissingExtra: If cloudpickle is not installed.
    """
    luggage = Luggage(bound, timeout, tuple(_present_variables()), Labels.present())
    try:
        content = dumps(luggage)
    except MissingExtra:
        raise
    except Exception as error:
        raise BadInput(
            f"Task {called!r} cannot be sent to other processes: {_in_the_way(bound, error)}.",
            "Make connections, clients and locks inside the task, or run it without executor=.",
        ) from error
    return Packed(blake2b(content, digest_size=16).hexdigest(), content)


def dumps(value: Any) -> bytes:
    """A value as bytes, with what of the notebook it refers to."""
    try:
        import cloudpickle
    except ImportError as error:
        raise MissingExtra("Calling a task in other processes", "cluster") from error

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, ContextVar):
                return _reduced(obj)
            return super().reducer_override(obj)

    target = io.BytesIO()
    Pickler(target).dump(value)
    return target.getvalue()


# Context variables, which pickle does not know.


def _present_variables() -> Iterator[tuple[str | None, bytes]]:
    for variable, value in contextvars.copy_context().items():
        if isinstance(value, TracingContext):
            continue  # spans go their own way
        place = _place(variable)
        try:
            yield place and place[0], dumps((variable, value))
        except Exception:  # noqa: BLE001, S112 - a value of any class; it stays where it is
            continue


def _reduced(variable: ContextVar[Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    place = _place(variable)
    if place is not None:
        return _of_module, place
    word = f"{this_process()}-{id(variable)}"
    _variables[word] = variable
    try:
        return _of_word, (word, variable.name, Context().run(variable.get))
    except LookupError:
        return _of_word, (word, variable.name)


def _place(variable: ContextVar[Any]) -> tuple[str, str] | None:
    """The module that holds a variable, and what it is called there."""
    if variable not in _places:
        _places.update(_of_modules())
    return _places.setdefault(variable, None)


def _of_modules() -> Iterator[tuple[ContextVar[Any], tuple[str, str]]]:
    for name, module in list(sys.modules.items()):
        if name != "__main__":
            for attribute, value in list(getattr(module, "__dict__", {}).items()):
                if type(value) is ContextVar:
                    yield value, (name, attribute)


def _of_module(module: str, attribute: str) -> Any:
    return getattr(importlib.import_module(module), attribute)


def _of_word(word: str, name: str, default: Any = _UNSET) -> ContextVar[Any]:
    if word not in _variables:
        made = ContextVar[Any](name) if default is _UNSET else ContextVar(name, default=default)
        _variables.setdefault(word, made)
    return _variables[word]


# What is in the way.


def _in_the_way(bound: Bound, error: Exception) -> str:
    """Which names the task uses that cannot be packed; else only the error."""
    names = [name for name, value in _used_by(bound.function) if not _can_be_packed(value)]
    return f"it uses {', '.join(names)} ({said(error)})" if names else said(error)


def _used_by(function: Any) -> list[tuple[str, Any]]:
    if not inspect.isfunction(function):
        return []
    used = inspect.getclosurevars(function)
    return sorted((dict(used.globals) | dict(used.nonlocals)).items())


def _can_be_packed(value: Any) -> bool:
    try:
        dumps(value)
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        return False
    return True
