"""Read and write prompts: versions never change, labels move from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.store.paging import Part, holds_entry, part_of
from xeroml_nb.store.schema import prompts as table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

# Always names the newest version.
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """One version of a prompt.

    Args:
        name: Unique; with `version` it names one text.
        version: 1 for the first.
        type: "text" or "chat"; the same for all versions.
        prompt: A text, or a list of messages.
        labels: What else names this version; a label names one version at a time.
        config: Anything that goes with it, such as a model and its parameters.
        tags: For people.
        created_at: When it was made.
    """

    name: str
    version: int
    type: str
    prompt: Any
    labels: tuple[str, ...]
    config: Any
    tags: tuple[str, ...]
    created_at: datetime


def versions(connection: Connection, name: str) -> list[PromptRecord]:
    """All versions of a prompt, the newest first; none where there is no such prompt."""
    query = sa.select(table).where(table.c.name == name).order_by(table.c.version.desc())
    return _records(connection.execute(query).all())


def page(
    connection: Connection,
    part: Part,
    *,
    name: str | None = None,
    label: str | None = None,
    tag: str | None = None,
) -> tuple[list[list[PromptRecord]], int]:
    """Prompts by name, each as all of its versions, and how many there are.

    Args:
        connection: To read with.
        part: Which of them.
        name: Only the prompt of this name.
        label: Only prompts one of whose versions has this label.
        tag: Only prompts whose newest version has this tag.
    """
    query = sa.select(table.c.name).group_by(table.c.name).order_by(table.c.name)
    if name is not None:
        query = query.where(table.c.name == name)
    if label is not None:
        query = query.where(table.c.name.in_(_named_with(connection, "labels", label)))
    if tag is not None:
        newest = holds_entry(connection, table.c.labels, LATEST)
        query = query.where(table.c.name.in_(_named_with(connection, "tags", tag).where(newest)))
    rows, total = part_of(connection, query, part)
    return [versions(connection, row.name) for row in rows], total


def add(connection: Connection, record: PromptRecord) -> PromptRecord:
    """Store the next version of a prompt, which takes its labels and "latest" from the others.

    Args:
        connection: Inside a writing transaction.
        record: The version; its number and moment are given here.
    """
    earlier = versions(connection, record.name)
    labels = dict.fromkeys((*record.labels, LATEST))
    _take_labels(connection, earlier, labels)
    row = {
        "name": record.name,
        "version": earlier[0].version + 1 if earlier else 1,
        "type": record.type,
        "prompt": record.prompt,
        "labels": list(labels),
        "config": record.config,
        "tags": list(record.tags),
        "created_at": clock.now(),
    }
    connection.execute(sa.insert(table), row)
    return versions(connection, record.name)[0]


def move_label(connection: Connection, name: str, label: str, version: int) -> PromptRecord | None:
    """Give a label to a version, and to no other; None where there is no such version."""
    known = versions(connection, name)
    if version not in {record.version for record in known}:
        return None
    _take_labels(connection, known, [label])
    [found] = [r for r in versions(connection, name) if r.version == version]
    _set_labels(connection, found, [*found.labels, label])
    [moved] = [r for r in versions(connection, name) if r.version == version]
    return moved


def _take_labels(
    connection: Connection, known: Sequence[PromptRecord], labels: Sequence[str] | dict[str, None]
) -> None:
    for record in known:
        left = [label for label in record.labels if label not in labels]
        if len(left) < len(record.labels):
            _set_labels(connection, record, left)


def _set_labels(connection: Connection, record: PromptRecord, labels: Sequence[str]) -> None:
    here = sa.and_(table.c.name == record.name, table.c.version == record.version)
    connection.execute(sa.update(table).where(here).values(labels=list(labels)))


def _named_with(connection: Connection, column: str, entry: str) -> sa.Select[Any]:
    return sa.select(table.c.name).where(holds_entry(connection, table.c[column], entry))


def _records(rows: Sequence[Row[Any]]) -> list[PromptRecord]:
    return [
        PromptRecord(
            name=row.name,
            version=row.version,
            type=row.type,
            prompt=row.prompt,
            labels=tuple(row.labels),
            config=row.config,
            tags=tuple(row.tags),
            created_at=row.created_at,
        )
        for row in rows
    ]
