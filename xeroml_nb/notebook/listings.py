"""Short tables of what a store holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import Markup, join, table, tag
from xeroml_nb.records import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.client import Client
    from xeroml_nb.records.experiment import ExperimentRecord

_LONGEST = 50


@dataclass(frozen=True)
class Listing:
    """A table that reads well as text and as HTML.

    Args:
        title: What is listed.
        headings: One a column.
        rows: Texts.
        numeric: Columns that are set right-aligned.
    """

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numeric: frozenset[int] = frozenset()

    def __repr__(self) -> str:
        lines = [self.headings, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.headings))]
        text = [self._line(line, widths) for line in lines]
        return "\n".join([self.title, *text])

    def _line(self, cells: tuple[str, ...], widths: list[int]) -> str:
        aligned = (
            cell.rjust(width) if i in self.numeric else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    def _repr_html_(self) -> Markup:
        shown = table(self.headings, self.rows, numeric=set(self.numeric))
        return join([tag("p", self.title), shown]) if self.title else shown


def datasets_listing(client: Client) -> Listing:
    """The datasets of a store."""
    records = client.datasets()
    rows = [(r.name, f"{r.item_count:,}", clock.age(r.updated_at)) for r in records]
    many = "dataset" if len(records) == 1 else "datasets"
    title = f"{len(records)} {many}" if records else "No datasets yet: create_dataset(name=...)"
    return Listing(title, ("dataset", "items", "changed"), rows, frozenset({1}))


def runs_listing(records: Sequence[ExperimentRecord]) -> Listing:
    """The newest of some experiments.

    Args:
        records: Newest first.
    """
    rows = [
        (
            r.label,
            r.status.value,
            r.dataset_name or "–",
            f"{r.planned:,}",
            clock.age(r.created_at),
        )
        for r in records[:_LONGEST]
    ]
    title = (
        f"{len(records)} {'run' if len(records) == 1 else 'runs'}, newest first"
        if records
        else "No runs yet."
    )
    headings = ("run", "status", "dataset", "planned", "started")
    return Listing(title, headings, rows, frozenset({3}))
