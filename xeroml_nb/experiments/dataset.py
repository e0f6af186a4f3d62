"""A dataset as users handle it."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.markup import join, table, tag
from xeroml_nb.experiments.schemas import check_items
from xeroml_nb.experiments.sources import ColumnMap, read_items
from xeroml_nb.records import clock
from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
from xeroml_nb.records.ids import checked_name, content_hash, random_id
from xeroml_nb.records.json_text import preview, to_json
from xeroml_nb.store import datasets as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy.engine import Connection

    from xeroml_nb.store.store import Store


class Dataset:
    """A named list of test cases at one version, or a selection of it.

    Args:
        store: Where it lives.
        record: What the store knows of it.
        version: The state it shows; a timestamp.
        selection: The items of a selection; None means all of that version.
    """

    def __init__(
        self,
        store: Store,
        record: DatasetRecord,
        version: datetime,
        selection: Sequence[DatasetItem] | None = None,
    ) -> None:
        self._store = store
        self._record = record
        self.version = version
        self._selection = None if selection is None else list(selection)

    @property
    def name(self) -> str:
        """Its name; `/` makes folders."""
        return self._record.name

    @property
    def id(self) -> str:
        """Its id in the store."""
        return self._record.id

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return self._record.created_at

    @property
    def is_selection(self) -> bool:
        """It holds some items of the dataset, not all."""
        return self._selection is not None

    @cached_property
    def items(self) -> list[DatasetItem]:
        """Its items in order."""
        if self._selection is not None:
            return self._selection
        with self._store.reading() as connection:
            return stored.items(connection, self.id, self.version)

    @cached_property
    def content_hash(self) -> str:
        """Equal items in the same order give the same hash."""
        return hash_of_items(self.items)

    def let_go(self) -> None:
        """Keep no items in memory; they are read again when they are asked for."""
        if self._selection is None:
            self.__dict__.pop("items", None)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[DatasetItem]:
        return iter(self.items)

    def __getitem__(self, item_id: str) -> DatasetItem:
        for item in self.items:
            if item.id == item_id:
                return item
        raise NotFound(f"item of dataset {self.name!r} named", item_id, [i.id for i in self.items])

    def __repr__(self) -> str:
        kind = "selected items" if self.is_selection else "items"
        return f"Dataset({self.name!r}, {len(self)} {kind}, version {self.version.isoformat()})"

    def _repr_html_(self) -> str:
        shown = [
            (item.id, preview(item.input), preview(item.expected_output), preview(item.metadata))
            for item in self.items[:5]
        ]
        heads = ("item", "input", "expected output", "metadata")
        return join([tag("p", repr(self)), table(heads, shown, numeric=set())])

    def filter(self, wanted: str | Callable[[DatasetItem], bool]) -> Dataset:
        """Select items.

        Args:
            wanted: A function of the item; or text: `field=value` compares a metadata field,
                anything else is looked for in the id, the input, the expected output and the
                metadata, whatever the case.

        Example:
            `dataset.filter("language=de")`, `dataset.filter(lambda item: len(item.input) < 100)`
        """
        keep = _text_filter(wanted) if isinstance(wanted, str) else wanted
        return self._select([item for item in self.items if keep(item)])

    def sample(self, n: int, *, seed: int = 0) -> Dataset:
        """Select `n` items at random, the same ones for the same seed, in their order."""
        if n < 1:
            raise BadInput(f"A sample of {n} items of {self.name!r}.", "Ask for 1 or more.")
        if n >= len(self):
            return self
        chosen = random.Random(seed).sample(range(len(self)), n)  # noqa: S311 - no secret
        return self._select([self.items[i] for i in sorted(chosen)])

    def versions(self) -> list[datetime]:
        """The moments at which the dataset changed, newest first."""
        with self._store.reading() as connection:
            return stored.versions(connection, self.id)

    def upsert_item(
        self,
        *,
        input: Any,  # noqa: A002 - the word of the field
        expected_output: Any = None,
        metadata: Any = None,
        id: str | None = None,  # noqa: A002
    ) -> DatasetItem:
        """Add an item, or change the one with that id; the dataset moves to the new version.

        Args:
            input: What the task gets.
            expected_output: What a good output would be.
            metadata: Anything else.
            id: By default derived from the input, so that the same input is the same item.

        Raises:
            BadInput: If the item cannot be held or does not match the dataset's schemas, or this
                is a selection.
        """
        if self.is_selection:
            raise BadInput(
                f"This is a selection of dataset {self.name!r}.",
                f"Call upsert_item on get_dataset({self.name!r}).",
            )
        row = {"input": input, "expected_output": expected_output, "metadata": metadata, "id": id}
        [item] = read_items([row], ColumnMap(metadata=None if metadata is None else "metadata"))
        item = replace(item, metadata=None) if metadata is None else item
        record = self._record
        check_items([item], record.input_schema, record.expected_output_schema, self.name)
        self.version = self._store.write(lambda c: stored.put_items(c, self.id, [item]))
        self.__dict__.pop("items", None)
        self.__dict__.pop("content_hash", None)
        return item

    def to_frame(self) -> pd.DataFrame:
        """One row an item: `item_id, input, expected_output, metadata`."""
        import pandas as pd

        fields = {"item_id": "id"} | {n: n for n in ("input", "expected_output", "metadata")}
        values = {c: [getattr(item, f) for item in self.items] for c, f in fields.items()}
        return pd.DataFrame({c: pd.Series(v, dtype=object) for c, v in values.items()})

    def _select(self, items: list[DatasetItem]) -> Dataset:
        return Dataset(self._store, self._record, self.version, items)


def hash_of_items(items: Iterable[DatasetItem]) -> str:
    """Equal items in the same order give the same hash."""
    return content_hash([(item.id, item.content_hash) for item in items])


def create(  # noqa: PLR0913 - the words of the front door
    store: Store,
    *,
    name: str,
    items: Any,
    columns: ColumnMap,
    description: str | None,
    input_schema: dict[str, Any] | None,
    expected_output_schema: dict[str, Any] | None,
) -> Dataset:
    """Make a dataset, or bring the one of that name to exactly these items as a new version."""
    checked_name("dataset", name)
    read = read_items(items, columns) if items is not None else []
    source = str(items) if isinstance(items, str) else f"the items for {name!r}"

    def write(connection: Connection) -> DatasetRecord:
        moment = clock.now()
        record = stored.by_name(connection, name) or DatasetRecord(
            id=random_id(), name=name, created_at=moment, updated_at=moment
        )
        record = replace(
            record,
            description=description or record.description,
            input_schema=input_schema or record.input_schema,
            expected_output_schema=expected_output_schema or record.expected_output_schema,
        )
        check_items(read, record.input_schema, record.expected_output_schema, source)
        stored.create(connection, record)
        version = record.updated_at
        if items is not None:
            version = stored.put_items(connection, record.id, read, only_these=True)
        return replace(record, updated_at=version)

    record = store.write(write)
    return Dataset(store, record, record.updated_at)


def get(store: Store, name: str, version: datetime | None = None) -> Dataset:
    """The dataset of a name, at a moment or as it is now.

    Raises:
        NotFound: If there is none of that name.
        BadInput: If it did not exist at that moment.
    """
    with store.reading() as connection:
        record = stored.by_name(connection, name)
        if record is None:
            known = [r.name for r in stored.listing(connection)]
            hint = "Make it with create_dataset(name=..., items=...)."
            raise NotFound("dataset", name, known, hint)
    newest = record.updated_at
    moment = newest if version is None else min(aware(version), newest)
    if moment < record.created_at:
        raise BadInput(
            f"Dataset {name!r} did not exist at {moment.isoformat()}.",
            f"Its first version is {record.created_at.isoformat()}; see .versions().",
        )
    return Dataset(store, record, moment)


def aware(moment: datetime) -> datetime:
    """A moment that has a time zone.

    Raises:
        BadInput: If it has none.
    """
    if moment.tzinfo is None:
        raise BadInput(
            f"The version {moment.isoformat()} has no time zone.",
            "Use a version from dataset.versions(), or give it tzinfo.",
        )
    return moment


def _text_filter(text: str) -> Callable[[DatasetItem], bool]:
    field, equals, value = (part.strip() for part in text.partition("="))
    if equals and field.isidentifier():
        return lambda item: (
            isinstance(item.metadata, dict) and (str(item.metadata.get(field)) == value)
        )
    wanted = text.strip().casefold()

    def keep(item: DatasetItem) -> bool:
        parts = (item.id, item.input, item.expected_output, item.metadata)
        return (
            wanted in "\n".join(p if isinstance(p, str) else to_json(p) for p in parts).casefold()
        )

    return keep
