"""Evaluators that are ready to use, and makers of evaluators with options of your own.

The ready ones are plain functions of `output` and `expected_output`, found by their names too:
`evaluators=["exact_match"]`. Makers, such as `contains("refund")`, return such a function; two of
one maker need names of their own (`name="..."`), since the name is the score's.

An item without an expected output is left unscored by what compares with it.
"""

from __future__ import annotations

from xeroml_nb.scoring.builtin.autoevals import from_autoevals
from xeroml_nb.scoring.builtin.matching import (
    contains,
    contains_expected,
    exact_match,
    normalised_match,
    regex,
)
from xeroml_nb.scoring.builtin.numbers import close_number, close_to
from xeroml_nb.scoring.builtin.similarity import edit_similarity, token_similarity
from xeroml_nb.scoring.builtin.structure import json_schema, valid_json

__all__ = [
    "close_number",
    "close_to",
    "contains",
    "contains_expected",
    "edit_similarity",
    "exact_match",
    "from_autoevals",
    "json_schema",
    "normalised_match",
    "regex",
    "token_similarity",
    "valid_json",
]
