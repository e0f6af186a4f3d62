"""A trace as a tree of text, for terminals and notebooks without HTML."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.trace_parts import SHOWN, headline, key_figures, score_words, scores_by_id
from xeroml_nb.analysis.traces import held_value
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.traces import Trace
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord

_WIDTH = 100
_DEEPEST = 20
# Control characters, those that set the direction of writing, and halves of surrogate pairs.
_COMMANDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def trace_text(trace: Trace) -> str:
    """The trace, its scores, and its observations with what went in and came out.

    Args:
        trace: At most `SHOWN` observations of it are in the text.
    """
    by_id = scores_by_id(trace)
    lines = [f"Trace {trace.id} · {headline(trace)}"]
    for score in by_id.get("", ()):
        on = score.target.observation_id
        lines.append(f"  score {score_words(score)}" + (f" · on observation {on}" if on else ""))
    for depth, found in islice(trace.walk(), SHOWN):
        lines += _lines("  " * min(depth + 1, _DEEPEST), found, by_id.get(found.id, []))
    if len(trace) > SHOWN:
        lines.append(f"  … {len(trace) - SHOWN} more observations; to_frame() has them all.")
    return "\n".join(map(_printable, lines))


def _lines(indent: str, found: Observation, scores: list[ScoreRecord]) -> Iterator[str]:
    figures = " · ".join(key_figures(found))
    yield f"{indent}● {preview(found.name, _WIDTH)} · {figures}"
    if found.error is not None:
        yield f"{indent}  failed: {preview(found.error, _WIDTH)}"
    yield from _value_lines(f"{indent}  in: ", found.input_json)
    yield from _value_lines(f"{indent}  out: ", found.output_json)
    for score in scores:
        yield f"{indent}  score {score_words(score)}"


def _value_lines(begin: str, text: str | None) -> Iterator[str]:
    value: Any = held_value(text)
    if value is not None:
        yield begin + preview(value, _WIDTH)


def _printable(line: str) -> str:
    """Text whose characters cannot command a terminal or turn the writing around."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), line)
