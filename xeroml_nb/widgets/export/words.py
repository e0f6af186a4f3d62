"""Counts of things in words."""

from __future__ import annotations

from xeroml_nb.records.json_text import clean_text, preview

# The kinds of things that are sent, in the plural that people read.
_PLURALS = {
    "dataset": "datasets",
    "item": "items",
    "trace": "traces",
    "experiment": "experiments",
    "item run": "item runs",
    "score config": "score configs",
    "score": "scores",
    "queue": "queues",
    "queue item": "queue items",
}


def plural(kind: str) -> str:
    """A kind of things in the plural.

    Example:
        >>> plural("item run")
        'item runs'
    """
    return _PLURALS.get(kind, kind)


def counted(number: int, word: str) -> str:
    """A number and a word, in the plural where it is one.

    Example:
        >>> counted(1, "change"), counted(1240, "change")
        ('1 change', '1,240 changes')
    """
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def short(text: str, limit: int = 120) -> str:
    """A text that somebody else wrote, on one line and without what a screen cannot show."""
    return clean_text(preview(text, limit))
