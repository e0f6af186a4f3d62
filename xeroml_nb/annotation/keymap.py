"""The one table of keys: handlers, badges, the help sheet and the docs are made from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xeroml_nb.annotation.dimension import Dimension

DIGITS = "1234567890"
_SHOWN = {
    " ": "Space",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "Escape": "Esc",
    "PageUp": "Page ↑",
    "PageDown": "Page ↓",
}


@dataclass(frozen=True, slots=True)
class Command:
    """Something that keys do on every item.

    Args:
        name: What the front end calls it.
        keys: Keys as browsers name them; `Mod+` is Ctrl, or Cmd on a Mac.
        text: What it does, for people.
        button: What its button is called; without one there is none.
    """

    name: str
    keys: tuple[str, ...]
    text: str
    button: str = ""

    def to_wire(self) -> dict[str, Any]:
        """The command as the front end reads it."""
        return asdict(self) | {"shown": shown_key(self.keys[0])}


COMMANDS = (
    Command("previous_dimension", ("ArrowUp",), "previous dimension"),
    Command("next_dimension", ("ArrowDown",), "next dimension"),
    Command("previous_item", ("ArrowLeft",), "previous item", "prev"),
    Command("next_item", ("ArrowRight",), "next item", "next"),
    Command("accept", ("Enter", "Mod+Enter"), "open a field, or go on to what is open", "accept"),
    Command("skip", (" ",), "skip: not decided", "skip"),
    Command("flag", ("f",), "flag for later", "flag"),
    Command("comment", ("c",), "comment", "comment"),
    Command("correct", ("o",), "corrected output", "correct"),
    Command("undo", ("u", "Backspace", "Mod+z"), "undo", "undo"),
    Command("redo", ("y", "Mod+Shift+z"), "redo", "redo"),
    Command("compare", ("e",), "show the difference to what was expected", "diff"),
    Command("unfold", ("r",), "unfold or fold all parts"),
    Command("details", ("d",), "metadata, and scores once decided", "details"),
    Command("go", ("g",), "go to item number", "go to"),
    Command("scroll_up", ("PageUp",), "scroll up"),
    Command("scroll_down", ("PageDown",), "scroll down"),
    Command("auto", ("v",), "go on by itself after the last answer, or not", "auto"),
    Command("agreement", ("i",), "agreement so far", "agreement"),
    Command("help", ("?",), "all keys", "keys"),
    Command("leave", ("Escape",), "leave a field or a sheet"),
)
RESERVED = {key: command for command in COMMANDS for key in command.keys}


@dataclass(frozen=True, slots=True)
class Binding:
    """A key and what it does.

    Args:
        key: As browsers name it.
        text: What it does, for people.
        dimension: The dimension it works on; None for commands.
    """

    key: str
    text: str
    dimension: str | None = None


def shown_key(key: str) -> str:
    """A key as people call it: "Space", "Ctrl+Z"."""
    *modifiers, plain = key.split("+") if len(key) > 1 else [key]
    names = ["Ctrl" if m == "Mod" else m for m in modifiers]
    shown = plain.upper() if modifiers and len(plain) == 1 else plain
    return "+".join([*names, _SHOWN.get(plain, shown)])


def option_bindings(dimensions: Iterable[Dimension]) -> list[Binding]:
    """The keys of all options: a digit picks on the dimension in focus, a letter from anywhere.

    Raises:
        BadInput: If two owners want one key; both are named.
    """
    letters: dict[str, Binding] = {}
    found: list[Binding] = []
    for dimension in dimensions:
        digits: dict[str, Binding] = {}
        for option in dimension.choices:
            owner = f"option {option.label!r} of {dimension.name!r}"
            for key in option.keys:
                binding = Binding(key, owner, dimension.name)
                _claim(binding, digits if key in DIGITS else letters)
                found.append(binding)
    return found


def table(dimensions: Iterable[Dimension]) -> list[Binding]:
    """Every key that works while labelling with these dimensions."""
    commands = [Binding(key, c.text) for c in COMMANDS for key in c.keys]
    return [*option_bindings(dimensions), *commands]


def help_nodes(dimensions: Iterable[Dimension]) -> list[Any]:
    """The sheet with all keys, as nodes for a front end."""
    rows: list[tuple[str, str, str]] = [
        (" ".join(choice.keys), f"{dimension.name}: {choice.label}", choice.description)
        for dimension in dimensions
        for choice in dimension.choices
    ]
    rows += [(" ".join(map(shown_key, c.keys)), c.text, "") for c in COMMANDS]
    cells = [["tr", ["th", key], ["td", text], ["td", more]] for key, text, more in rows]
    return [["h3", "Keys"], ["table", ["tbody", *cells]]]


def checked_key(key: object, owner: str) -> str:
    """Return a key that an option may ask for.

    Raises:
        BadInput: If it is not one character that can be typed.
    """
    typed = key.lower() if isinstance(key, str) else ""
    if len(typed) != 1 or not typed.isprintable():
        raise BadInput(f"The key of {owner} is {key!r}.", "Use one letter or digit.")
    return typed


def _claim(binding: Binding, taken: dict[str, Binding]) -> None:
    """Note whose a key is, unless it is somebody else's."""
    if binding.key in RESERVED:
        other = f"the command “{RESERVED[binding.key].text}”"
    elif binding.key in taken:
        other = taken[binding.key].text
    else:
        taken[binding.key] = binding
        return
    raise BadInput(
        f"The key {binding.key!r} of {binding.text} is taken by {other}.",
        "Give the option another key.",
    )
