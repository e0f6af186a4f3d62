"""A client's datasets."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xeroml_nb.client.base import ClientBase
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments import dataset as datasets
from xeroml_nb.experiments.sources import ColumnMap
from xeroml_nb.store import datasets as stored_datasets

if TYPE_CHECKING:
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.sources import Columns
    from xeroml_nb.records.dataset import DatasetRecord
    from xeroml_nb.sync.pull.datasets import Datasets


class DatasetMethods(ClientBase):
    """Make and find datasets."""

    def create_dataset(  # noqa: PLR0913 - the words of the front door
        self,
        *,
        name: str,
        items: Any = None,
        input: Columns = "input",  # noqa: A002 - the word of the field
        expected_output: Columns | None = None,
        metadata: Columns | None = None,
        id: str | None = None,  # noqa: A002
        description: str | None = None,
        input_schema: dict[str, Any] | None = None,
        expected_output_schema: dict[str, Any] | None = None,
    ) -> Dataset:
        """Make a dataset, or bring the one of that name to these items as a new version.

        Running the same call again changes nothing. Earlier versions stay readable.

        Args:
            name: Unique; `/` makes folders.
            items: A list of dicts, a DataFrame, or a path to CSV, JSONL or Parquet.
            input: The column that is the input; several become a dict.
            expected_output: As `input`.
            metadata: Columns that become a dict; by default all that make nothing else.
            id: The column with the id; by default `id`, else derived from the input.
            description: For people.
            input_schema: JSON Schema that every input has to meet.
            expected_output_schema: JSON Schema that every expected output has to meet.

        Raises:
            BadRow: If a row cannot be an item; nothing of the call is stored then.
            BadInput: If anything else cannot be accepted.

        Example:
            `create_dataset(name="support/triage", items="messages.csv", input="message")`
        """
        columns = ColumnMap(input, expected_output, metadata, id)
        return datasets.create(
            self._store,
            name=name,
            items=items,
            columns=columns,
            description=description,
            input_schema=input_schema,
            expected_output_schema=expected_output_schema,
        )

    def get_dataset(self, name: str, *, version: datetime | str | None = None) -> Dataset:
        """The dataset of a name.

        Where a server is set and has the dataset, it is fetched from there, unless the store has
        what the server has. With changes here that the server has not, the one here is given,
        with a warning; likewise where the server cannot be asked.

        Args:
            name: Its whole name, folders included.
            version: A moment with a time zone, or its ISO text: the dataset as it was then.

        Raises:
            NotFound: If there is none; names those that come near.
            ServerError: If the server cannot be asked, and nothing of the dataset is here.
        """
        moment = _moment(version)
        if self._server_datasets is None:
            return datasets.get(self._store, name, moment)
        return self._server_datasets.get(name, moment)

    def datasets(self) -> list[DatasetRecord]:
        """All datasets by name."""
        with self._store.reading() as connection:
            return stored_datasets.listing(connection)

    @cached_property
    def _server_datasets(self) -> Datasets | None:
        if self._remote is None or self.settings.server is None:
            return None
        from xeroml_nb.sync.pull.datasets import Datasets

        return Datasets(self._remote, self.settings.server)


def _moment(version: datetime | str | None) -> datetime | None:
    if not isinstance(version, str):
        return version
    try:
        return datetime.fromisoformat(version)
    except ValueError:
        raise BadInput(
            f"The version {version!r} is no moment.", "Use one of dataset.versions()."
        ) from None
