"""What two texts share, word by word or line by line, at a cost that is known beforehand."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What stood in the first text and what stands in the second; the same where nothing changed.
Segment = tuple[str, str]

_WORD = re.compile(r"(\w+(?:['’.,]\w+)*|[^\w\s]|\A(?=\s))(\s*)")
_FEW_WORDS = 2


def word_segments(first: str, second: str, limit: int) -> list[Segment] | None:
    """Two texts as segments that are the same or changed; None beyond `limit` words.

    Args:
        first: A text.
        second: Another.
        limit: The most words of either text between their common start and end.

    Example:
        >>> word_segments("a red cat", "a big cat", 100)
        [('a ', 'a '), ('red', 'big'), (' cat', ' cat')]
    """
    old, new = _WORD.findall(first), _WORD.findall(second)
    pairs = _aligned([word for word, _ in old], [word for word, _ in new], limit)
    if pairs is None:
        return None
    segments: list[Segment] = []
    for (i, j), (next_i, next_j) in pairwise([(-1, -1), *pairs, (len(old), len(new))]):
        if i >= 0:
            # The words are the same; the space after them may not be.
            segments += [(old[i][0], new[j][0]), (old[i][1], new[j][1])]
        segments += _change(_text(old[i + 1 : next_i]), _text(new[j + 1 : next_j]))
    return _merged(_without_specks(_merged(segments)))


def line_segments(first: str, second: str, limit: int) -> list[Segment] | None:
    """Two texts as segments of whole lines; None beyond `limit` lines.

    Args:
        first: A text.
        second: Another.
        limit: The most lines of either text between their common start and end.
    """
    old, new = first.splitlines(keepends=True), second.splitlines(keepends=True)
    pairs = _aligned(old, new, limit)
    if pairs is None:
        return None
    segments: list[Segment] = []
    for (i, j), (next_i, next_j) in pairwise([(-1, -1), *pairs, (len(old), len(new))]):
        segments += [(old[i], new[j])] if i >= 0 else []
        segments.append(("".join(old[i + 1 : next_i]), "".join(new[j + 1 : next_j])))
    return _merged(segments)


def _aligned(old: Sequence[str], new: Sequence[str], limit: int) -> list[tuple[int, int]] | None:
    """The places of the same words in the same order, as many as there are."""
    shorter = min(len(old), len(new))
    start = 0
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle = old[start : len(old) - end], new[start : len(new) - end]
    if max(map(len, middle)) > limit:
        return None
    return [
        *((i, i) for i in range(start)),
        *((start + i, start + j) for i, j in _longest_common(*middle)),
        *((len(old) - i, len(new) - i) for i in range(end, 0, -1)),
    ]


def _longest_common(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The longest common subsequence, a whole row of its table in one number.

    difflib takes quadratic to cubic time where words recur; this takes a few operations on
    numbers of `len(new)` bits for each old word, whatever the texts are.
    """
    places: dict[str, int] = {}
    for j, word in enumerate(new):
        places[word] = places.get(word, 0) | 1 << j
    row = full = (1 << len(new)) - 1
    rows = []  # in the row of i, bit j is 0 where old[:i+1] and new[:j+1] share one more word
    for word in old:
        hits = row & places.get(word, 0)
        row = ((row + hits) | (row - hits)) & full
        rows.append(row)
    pairs = []
    i, j = len(old) - 1, len(new) - 1
    while i >= 0 and j >= 0:
        if rows[i] >> j & 1:
            j -= 1
        elif i > 0 and not rows[i - 1] >> j & 1:
            i -= 1
        else:
            pairs.append((i, j))
            i, j = i - 1, j - 1
    return pairs[::-1]


def _change(old: str, new: str) -> list[Segment]:
    """A change, and apart from it the space at its end that did not change."""
    space = old[len(old.rstrip()) :]
    if not old.strip() or not new.strip() or space != new[len(new.rstrip()) :]:
        return [(old, new)]
    return [(old.rstrip(), new.rstrip()), (space, space)]


def _text(words: Iterable[tuple[str, str]]) -> str:
    return "".join(word + space for word, space in words)


def _merged(segments: Iterable[Segment]) -> list[Segment]:
    """The same segments, neighbours of one sort made one."""
    merged: list[Segment] = []
    for old, new in segments:
        if not old and not new:
            continue
        if merged and (merged[-1][0] == merged[-1][1]) == (old == new):
            old, new = merged[-1][0] + old, merged.pop()[1] + new  # noqa: PLW2901
        merged.append((old, new))
    return merged


def _without_specks(segments: Sequence[Segment]) -> list[Segment]:
    """A word or two that happen to recur between longer changes read better as changed."""
    kept: list[Segment] = []
    joins = False
    for at, (old, new) in enumerate(segments):
        speck = 0 < at < len(segments) - 1 and _is_speck(old, new, segments[at - 1 : at + 2 : 2])
        if speck or joins:
            before = kept.pop()
            kept.append((before[0] + old, before[1] + new))
        else:
            kept.append((old, new))
        joins = speck
    return kept


def _is_speck(old: str, new: str, around: Sequence[Segment]) -> bool:
    shorter = min(max(map(len, change)) for change in around)
    return old == new and len(old) <= shorter and len(old.split()) <= _FEW_WORDS
