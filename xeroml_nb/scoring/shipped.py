"""The evaluators that come with the package: found by name, imported when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_BUILTIN = "xeroml_nb.scoring.builtin"
_TEMPLATES = "xeroml_nb.scoring.judging.templates"
# Name to the module that defines it under that name.
HOMES = {
    "close_number": _BUILTIN,
    "contains_expected": _BUILTIN,
    "edit_similarity": _BUILTIN,
    "exact_match": _BUILTIN,
    "normalised_match": _BUILTIN,
    "token_similarity": _BUILTIN,
    "valid_json": _BUILTIN,
    "accuracy": _TEMPLATES,
    "conciseness": _TEMPLATES,
    "faithfulness": _TEMPLATES,
    "helpfulness": _TEMPLATES,
}


def shipped(name: str) -> Any:
    """The function or judge of that name; one of `HOMES`."""
    return getattr(import_module(HOMES[name]), name)
