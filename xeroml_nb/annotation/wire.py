"""What a front end gets: entries, counts and sheets as plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation import keymap
from xeroml_nb.annotation.content.difference import difference
from xeroml_nb.annotation.content.reading import chips, part, raw_part
from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import preview, said
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.annotation.session import Entry, LabellingSession
    from xeroml_nb.records.score import ScoreRecord

_SIDES = ("left", "right")


def entry_wire(entry: Entry) -> dict[str, Any]:
    """An entry as it is shown; what cannot be rendered says so in its place."""
    shown = entry.shown
    parts = [_part(n, name, value) for n, (name, value) in enumerate(_named_parts(entry))]
    first, last = len(shown.parts), len(shown.parts) + len(shown.outputs)
    compared = None
    if len(shown.outputs) == 1:
        compared = difference(shown.expected, shown.outputs[0])
    return {
        "pos": entry.position,
        "title": shown.title,
        "before": parts[:first],
        "outputs": parts[first:last],
        "after": parts[last:],
        "diff": compared,
        "chips": chips(shown.metadata),
        "label": entry.label.to_wire(),
    }


def raw_wire(entry: Entry, number: int) -> list[Any]:
    """One part of an entry as exact text.

    Raises:
        BadInput: If it has no part of that number.
    """
    parts = list(_named_parts(entry))
    if not 0 <= number < len(parts):
        raise BadInput(f"{entry.shown.title!r} has no part {number}.", "Run the cell again.")
    return raw_part(*parts[number]).nodes


def counts_wire(session: LabellingSession) -> dict[str, Any]:
    """How far a person is."""
    tally = session.tally
    return {"done": tally.done, "saved": session.saved, "text": tally.text()}


def setup_wire(session: LabellingSession) -> dict[str, Any]:
    """What stays the same while a person labels: what is asked, and all keys."""
    dimensions = session.rubric.dimensions
    return {
        "queue": session.queue.id,
        "annotator": session.annotator,
        "title": f"Label · {', '.join(d.name for d in dimensions)}",
        "who": " · ".join([session.annotator, *_seed_text(session)]),
        "waiting": "waiting for the first finished item…",
        "dimensions": [dimension.to_wire() for dimension in dimensions],
        "commands": [_command(session, command) for command in keymap.COMMANDS],
        "help": keymap.help_nodes(dimensions),
    }


def revealed(session: LabellingSession, entry: Entry) -> list[str] | None:
    """Automatic scores and other people's labels on an entry; None while they are hidden."""
    if session.blind and not session.is_decided(entry.position):
        return None
    with session.store.reading() as connection:
        found = scores.of_traces(connection, entry.shown.trace_ids)
    names = _output_names(entry) if len(entry.shown.outputs) > 1 else [""]
    traces = entry.shown.trace_ids[::-1] if entry.swapped else entry.shown.trace_ids
    where = dict(zip(traces, names, strict=True))
    return [
        _score_text(score, where[score.target.trace_id or ""])
        for score in found
        if not (score.source is ScoreSource.HUMAN and score.author == session.annotator)
        and " against " not in score.name
    ]


def _score_text(score: ScoreRecord, side: str) -> str:
    who = "another person" if score.source is ScoreSource.HUMAN else ""
    value = score.value if isinstance(score.value, (str, bool)) else f"{score.value:g}"
    words = [word for word in (side, who, f"{score.name}: {preview(value, 80)}") if word]
    return " · ".join(words)


def _named_parts(entry: Entry) -> Iterator[tuple[str, Any]]:
    shown = entry.shown
    yield from shown.parts
    outputs = shown.outputs[::-1] if entry.swapped else shown.outputs
    yield from zip(_output_names(entry), outputs, strict=True)
    yield from shown.after


def _output_names(entry: Entry) -> list[str]:
    return ["output"] if len(entry.shown.outputs) == 1 else list(_SIDES)


def _part(number: int, name: str, value: Any) -> dict[str, Any]:
    try:
        return part(name, value).to_wire() | {"id": number}
    except Exception as error:  # noqa: BLE001 - one odd value must not end a person's work
        text = f"This could not be rendered ({said(error)}); “raw” shows it."
        return {"name": name, "kind": "text", "nodes": [["p", text]], "cut": 0, "id": number}


def _command(session: LabellingSession, command: keymap.Command) -> dict[str, Any]:
    """A command; there is a button for agreement only where several people label."""
    alone = not session.queue.team.get("members")
    return command.to_wire() | ({"button": ""} if command.name == "agreement" and alone else {})


def _seed_text(session: LabellingSession) -> list[str]:
    order = session.queue.order
    if order.get("mode") == "given" and not session.queue.is_pair:
        return []
    return [f"{order['mode']}, seed {order.get('seed')}"]
