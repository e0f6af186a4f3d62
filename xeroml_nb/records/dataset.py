"""A dataset and its items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.ids import content_hash

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class DatasetItem:
    """One test case.

    Args:
        id: Unique in its dataset.
        input: What the task gets.
        expected_output: What a good output would be, if known.
        metadata: Anything else, such as a language or a source.
    """

    id: str
    input: Any
    expected_output: Any = None
    metadata: Any = None

    @property
    def content_hash(self) -> str:
        """The same input, expected output and metadata give the same hash."""
        return content_hash(self.input, self.expected_output, self.metadata)


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """What the store knows of a dataset, without its items.

    Args:
        id: Internal id.
        name: Unique; `/` in it makes folders.
        description: For people.
        input_schema: JSON Schema that every input meets.
        expected_output_schema: JSON Schema that every expected output meets.
        created_at: When it was made.
        updated_at: The newest version.
        item_count: Items in the newest version.
    """

    id: str
    name: str
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    expected_output_schema: dict[str, Any] | None = None
    created_at: datetime = field(kw_only=True)
    updated_at: datetime = field(kw_only=True)
    item_count: int = 0
