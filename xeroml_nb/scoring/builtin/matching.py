"""Is it the same, or is it in there: exactly, nearly, or by a pattern."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.scoring.builtin.options import with_options
from xeroml_nb.scoring.builtin.values import as_text, normalised, same_json, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable


def exact_match(output: Any, expected_output: Any) -> bool | None:
    """Whether the output is the expected one, as a JSON value.

    Texts are compared letter by letter; 1 and 1.0 are one number; the order of keys does not
    count. A text and a value of another kind are the same if the text is that value's JSON.

    Returns:
        None, unscored, where no output is expected.

    Example:
        >>> exact_match("Paris", "paris"), exact_match('{"a": 1, "b": 2}', {"b": 2, "a": 1.0})
        (False, True)
    """
    if expected_output is None:
        return None
    return same_json(*side_by_side(output, expected_output))


def normalised_match(output: Any, expected_output: Any) -> bool | None:
    """Whether the output is the expected one but for case, white space and punctuation.

    Unicode forms are unified (NFKC), case is folded, apostrophes vanish, other punctuation and
    white space become single spaces. % & # @ are kept, and so are marks between two digits and
    the sign or the point before a number. Values that are no texts are compared as JSON texts.

    Returns:
        None, unscored, where no output is expected.

    Example:
        >>> normalised_match("**Paris**, of course!", "paris of course")
        True
        >>> normalised_match("1.5", "15")
        False
    """
    if expected_output is None:
        return None
    one, other = side_by_side(output, expected_output)
    return normalised(as_text(one)) == normalised(as_text(other))


def contains_expected(output: Any, expected_output: Any) -> bool | None:
    """Whether the expected output is part of the output, letter by letter.

    Of a list of expected texts, all have to be in there.

    Returns:
        None, unscored, where no output is expected.

    Example:
        >>> contains_expected("It is Paris.", "Paris"), contains_expected("a, b", ["a", "c"])
        (True, False)
    """
    if expected_output is None:
        return None
    wanted = expected_output if isinstance(expected_output, list) else [expected_output]
    text = as_text(output)
    return all(as_text(part) in text for part in wanted)


def contains(*texts: str, ignore_case: bool = False, name: str = "contains") -> Callable[..., bool]:
    """Make an evaluator that tells whether all of some texts are in the output.

    Args:
        texts: What to look for; for one of several, see `regex`.
        ignore_case: Take "Refund" for "refund".
        name: The score's.

    Raises:
        BadInput: If there is nothing to look for, or an empty text.

    Example:
        >>> contains("refund", "14 days")("You get a refund within 14 days.")
        True
    """
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise BadInput(
            f"Evaluator {name!r} is to look for {texts!r}.",
            'Pass texts that are not empty: contains("refund", "14 days").',
        )
    return with_options(_contains, name, texts=texts, ignore_case=ignore_case)


def regex(pattern: str, *, name: str = "regex") -> Callable[..., bool]:
    r"""Make an evaluator that tells whether a pattern is found anywhere in the output.

    Args:
        pattern: Of Python's `re`, with options inside: `(?i)` ignores case; `\A...\Z` is all.
        name: The score's.

    Raises:
        BadInput: If the pattern is none.

    Example:
        >>> regex(r"(?i)\bsorry\b", name="apologises")("Sorry, we are closed.")
        True
    """
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        raise BadInput(
            f"Evaluator {name!r} has the pattern {pattern!r}, which is none: {error}.",
            "Pass a text that Python's re.compile takes.",
        ) from None
    return with_options(_finds, name, pattern=pattern)


def _contains(output: Any, *, texts: tuple[str, ...], ignore_case: bool) -> bool:
    """Whether all of `texts` are in the output."""
    text = as_text(output)
    if ignore_case:
        folded = text.casefold()
        return all(part.casefold() in folded for part in texts)
    return all(part in text for part in texts)


def _finds(output: Any, *, pattern: str) -> bool:
    """Whether `pattern` is found in the output."""
    return re.search(pattern, as_text(output)) is not None
