"""How alike are two texts, from 0 to 1."""

from __future__ import annotations

from collections import Counter
from typing import Any

from xeroml_nb.errors import BadInput
from xeroml_nb.scoring.builtin.values import as_text, normalised, side_by_side

# Two texts of 50,000 characters take a tenth of a second, in which no other thread runs.
_MOST_PAIRS = 50_000**2


def edit_similarity(output: Any, expected_output: Any) -> float | None:
    """The share of characters that need no edit on the way from one text to the other.

    1 minus the Levenshtein distance (insertions, deletions, substitutions) over the length of
    the longer text. Case and punctuation count. Values that are no texts count as JSON texts.

    Returns:
        0 to 1; None, unscored, where no output is expected.

    Raises:
        BadInput: If both texts are so long that comparing them would stop everything else.

    Example:
        >>> edit_similarity("kitten", "sitting")
        0.5714285714285714
    """
    if expected_output is None:
        return None
    # Not at the top: most who import the package never compare texts.
    from rapidfuzz.distance import Levenshtein

    one, other = map(as_text, side_by_side(output, expected_output))
    if len(one) * len(other) > _MOST_PAIRS:
        raise BadInput(
            f"edit_similarity would compare {len(one):,} with {len(other):,} characters.",
            "Use token_similarity for texts that long, or compare parts of them.",
        )
    return Levenshtein.normalized_similarity(one, other)


def token_similarity(output: Any, expected_output: Any) -> float | None:
    """The share of words that both texts have in common, in whatever order.

    Twice the number of common words over the number of all words, each as often as it stands
    there: the F1 that SQuAD scores answers with (Rajpurkar et al. 2016, arXiv 1606.05250,
    section 6.1), here without dropping articles. Words are what white space separates in texts
    prepared as `normalised_match` does; for writing without spaces use `edit_similarity`.

    Returns:
        0 to 1; None, unscored, where no output is expected.

    Example:
        >>> token_similarity("Paris, the capital", "the capital: Paris")
        1.0
        >>> token_similarity("a red red rose", "a red rose grows")
        0.75
    """
    if expected_output is None:
        return None
    one, other = (
        normalised(as_text(value)).split() for value in side_by_side(output, expected_output)
    )
    if not one and not other:
        return 1.0
    return 2 * (Counter(one) & Counter(other)).total() / (len(one) + len(other))
