"""Keep prompts: versions that never change, and labels that move."""

from typing import Annotated, Any

from fastapi import Query

from xeroml_nb.records import clock
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id
from xeroml_nb.server.models.fields import Name
from xeroml_nb.server.models.prompts import (
    Label,
    LabelMoved,
    PromptGiven,
    PromptList,
    PromptShown,
    Version,
)
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, listed
from xeroml_nb.store import prompts
from xeroml_nb.store.paging import Part
from xeroml_nb.store.prompts import LATEST, PromptRecord
from xeroml_nb.sync.wire.reading import moment_text

router = topic("prompts")
_USUAL = "production"


@router.get("/prompts", response_model=PromptList)
def list_prompts(
    store: Stored,
    _: Reading,
    asked: Paged,
    name: Annotated[Name | None, Query()] = None,
    label: Annotated[Label | None, Query()] = None,
    tag: Annotated[Id | None, Query(description="Of the newest version.")] = None,
) -> Json:
    """Prompts by name, without their texts."""
    part = Part(asked.limit, asked.offset)
    with store.reading() as connection:
        found, total = prompts.page(connection, part, name=name, label=label, tag=tag)
    return Json(listed(asked, [_listed(versions) for versions in found], total))


@router.post("/prompts", response_model=PromptShown, responses=declared(409))
def add_prompt(given: PromptGiven, store: Stored, _: Writing) -> Json:
    """Store the next version of a prompt; "latest" and its labels name it from now on."""
    kind = "text" if isinstance(given.prompt, str) else "chat"
    if given.type not in (None, kind):
        raise ApiError(400, f"A prompt of type {given.type} cannot hold what a {kind} prompt does.")
    record = PromptRecord(
        name=given.name,
        version=0,
        type=kind,
        prompt=given.prompt,
        labels=tuple(given.labels),
        config=given.config,
        tags=tuple(dict.fromkeys(given.tags)),
        created_at=clock.now(),
    )

    def work(connection: Any) -> PromptRecord:
        earlier = prompts.versions(connection, given.name)
        if earlier and earlier[0].type != kind:
            raise ApiError(
                409, f"Prompt {given.name!r} is a {earlier[0].type} prompt, and stays one."
            )
        return prompts.add(connection, record)

    return Json(_shown(store.write(work)))


@router.get("/prompts/{name:path}", response_model=PromptShown, responses=declared(404))
def get_prompt(
    name: Name,
    store: Stored,
    _: Reading,
    label: Annotated[Label | None, Query(description="production by default.")] = None,
    version: Annotated[Version | None, Query(description="Counts before the label.")] = None,
) -> Json:
    """The version of a prompt that a label names, or that has a number."""
    with store.reading() as connection:
        known = _versions(connection, name)
    wanted = label or _USUAL
    for record in known:
        if record.version == version or (version is None and wanted in record.labels):
            return Json(_shown(record))
    which = f"labelled {wanted!r}" if version is None else str(version)
    there = ", ".join(f"{r.version} ({', '.join(r.labels) or 'no label'})" for r in known[:8])
    raise ApiError(404, f"Prompt {name!r} has no version {which}. There are: {there}.")


@router.patch("/prompts/{name:path}", response_model=PromptShown, responses=declared(404))
def move_label(name: Name, given: LabelMoved, store: Stored, _: Writing) -> Json:
    """Let a label name another version, such as the one before."""
    if given.label == LATEST:
        raise ApiError(400, '"latest" always names the newest version. Move another label.')

    def work(connection: Any) -> PromptRecord | None:
        _versions(connection, name)
        return prompts.move_label(connection, name, given.label, given.version)

    moved = store.write(work)
    if moved is None:
        raise ApiError(404, f"Prompt {name!r} has no version {given.version}.")
    return Json(_shown(moved))


def _versions(connection: Any, name: str) -> list[PromptRecord]:
    found = prompts.versions(connection, name)
    if not found:
        raise ApiError(404, f"There is no prompt {name!r}.")
    return found


def _shown(record: PromptRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.version,
        "type": record.type,
        "prompt": record.prompt,
        "labels": list(record.labels),
        "config": record.config,
        "tags": list(record.tags),
        "createdAt": moment_text(record.created_at),
    }


def _listed(versions: list[PromptRecord]) -> dict[str, Any]:
    newest = versions[0]
    return {
        "name": newest.name,
        "type": newest.type,
        "versions": [record.version for record in reversed(versions)],
        "labels": sorted({label for record in versions for label in record.labels}),
        "tags": list(newest.tags),
        "lastConfig": newest.config,
        "lastUpdatedAt": moment_text(newest.created_at),
    }
