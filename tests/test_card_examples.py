"""The four score cards of the documented endpoint, as they are written there and in JavaScript.

The document is no part of the project; where it does not lie beside it only the translations run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xeroml_nb as xn
from tests.sandbox import javascript_examples

DOCUMENT = Path(__file__).parents[2] / "shared" / "spec" / "004_e34175057d40747d.txt"
ROWS = [
    {
        "Accuracy Check": True,
        "Style Check": True,
        "Safety Check": True,
        "Format Check": True,
        "Similarity Score": 0.97,
        "category": "billing",
        "Quality Check": True,
    },
    {
        "Accuracy Check": True,
        "Style Check": False,
        "Safety Check": True,
        "Format Check": False,
        "Similarity Score": 0.8,
        "category": "billing",
        "Quality Check": False,
    },
    {
        "Accuracy Check": False,
        "Style Check": True,
        "Safety Check": True,
        "Format Check": True,
        "Similarity Score": 0.6,
        "category": "refund",
        "Quality Check": True,
    },
    {
        "Accuracy Check": True,
        "Safety Check": True,
        "Format Check": True,
        "Similarity Score": 0.2,
        "Quality Check": True,
    },
]
# By hand. Weighted: 1.0 + 0.7 + 0.3 + 0.7 of 3 x 1.0 + 0.7. All must pass: the first and the last.
# Thresholds: 100 + 75 + 50 + 0 of 400. Categories: 1 of 2, 1 of 1, and 1 of 1 without a category.
RIGHT = {1: 270 / 3.7, 2: 50, 3: 56.25, 4: (50 + 100 + 100) / 3}
TRANSLATED = {
    1: javascript_examples.WEIGHTED,
    2: javascript_examples.ALL_MUST_PASS,
    3: javascript_examples.THRESHOLDS,
    4: javascript_examples.BY_CATEGORY,
}


def documented(number):
    """The code of an example, from the line after its description to its `return`."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"Example {number}: .*?:\n(.*?return {{[^\n]*}})", text, re.DOTALL)
    return found[1]


@pytest.mark.parametrize("number", RIGHT)
def test_an_example_in_javascript_gives_the_result_by_hand(number):
    card = xn.ScoreCard([], TRANSLATED[number], "JAVASCRIPT")
    assert card.score(ROWS).score == pytest.approx(RIGHT[number])


# Collected only where the document is: a skip would count as a failure in CI.
if DOCUMENT.exists():

    @pytest.mark.parametrize("number", RIGHT)
    def test_a_documented_example_gives_the_result_by_hand(number):
        card = xn.ScoreCard(["Quality Check"], documented(number))
        assert card.score(ROWS).score == pytest.approx(RIGHT[number])

    def test_a_documented_example_gives_0_where_there_are_no_rows():
        assert xn.ScoreCard([], documented(1)).score([]).score == 0
