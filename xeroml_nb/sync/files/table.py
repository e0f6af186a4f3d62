"""A file's table as it is read, before anything is known of what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xeroml_nb.sync.files.cells import Cell


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file.

    Args:
        columns: The file's columns; None where each row has its own.
        rows: Cells that have a value, by column. Raises ValueError, with the reason, where the
            file goes on with what is no row.
        decode: The value in a cell, given what its column holds; raises ValueError if it is none.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[Mapping[str, Any]]
    decode: Callable[[Cell, Any], Any]
