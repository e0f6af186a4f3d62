"""Items put into groups: slices to look at one by one, and clusters that belong together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.analysis.contents import items
from xeroml_nb.errors import BadInput
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.json_text import preview, said

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.alignment import Alignment
    from xeroml_nb.store.store import Store

    Flags = npt.NDArray[np.bool_]
    Places = npt.NDArray[np.intp]

Grouping = str | Callable[[DatasetItem], Any]
_MOST_SLICES = 200


def groups_of(store: Store, aligned: Alignment, by: Grouping, word: str) -> dict[str, Flags]:
    """Which items belong to each group, the largest group first.

    Args:
        store: Where the items live.
        aligned: The runs.
        by: A metadata field, or a function of an item.
        word: The argument it was given as, for messages.

    Raises:
        BadInput: If no item has the field, or there are too many groups to look at.
    """
    values = _values(store, aligned, by, word)
    counts = values[aligned.shared].value_counts()
    if len(counts) > _MOST_SLICES:
        raise BadInput(
            f"{word}={_shown(by)} makes {len(counts):,} slices.",
            f"Use a field with at most {_MOST_SLICES} values, or cluster= for groups of items.",
        )
    return {str(group): (values == group).to_numpy() for group in counts.index}


def group_codes(store: Store, aligned: Alignment, by: Grouping) -> Places:
    """The number of each item's cluster.

    Raises:
        BadInput: If no item has the field.
    """
    codes, _ = pd.factorize(_values(store, aligned, by, "cluster"))
    return codes.astype(np.intp)


def _values(store: Store, aligned: Alignment, by: Grouping, word: str) -> pd.Series[Any]:
    """The group of each item, as text."""
    known: dict[str, DatasetItem] = {}
    with store.reading() as connection:
        for run in reversed(aligned.runs):
            known |= {item.id: item for item in items(connection, run.record)}
    found = [known.get(item_id, DatasetItem(item_id, None)) for item_id in aligned.item_ids]
    given = _fields(found, by, word) if isinstance(by, str) else _called(found, by, word)
    return pd.Series([preview(value, 80) if value is not None else "–" for value in given])


def _fields(found: list[DatasetItem], field: str, word: str) -> list[Any]:
    holders = [item.metadata if isinstance(item.metadata, dict) else {} for item in found]
    if not any(field in holder for holder in holders):
        known = sorted({str(name) for holder in holders for name in holder})
        there = f"It has {', '.join(map(repr, known[:8]))}." if known else "It has none."
        raise BadInput(
            f"No item has the metadata field {field!r} that {word}= names.",
            f"{there} Or pass a function of an item.",
        )
    return [holder.get(field) for holder in holders]


def _called(found: list[DatasetItem], by: Callable[[DatasetItem], Any], word: str) -> list[Any]:
    values = []
    for item in found:
        try:
            values.append(by(item))
        except Exception as error:
            raise BadInput(
                f"{word}={_shown(by)} failed on item {item.id!r}: {said(error)}.",
                "Return None for items without a group.",
            ) from error
    return values


def _shown(by: Grouping) -> str:
    return repr(by) if isinstance(by, str) else getattr(by, "__name__", "a function")
