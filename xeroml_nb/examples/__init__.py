"""Datasets written for this package, to try it with."""

from __future__ import annotations

from pathlib import Path

from xeroml_nb.errors import NotFound

_FOLDER = Path(__file__).parent


def example(name: str) -> Path:
    """The path of a dataset that ships with this package.

    Args:
        name: `"support_triage"`: 72 support messages with the category and urgency a careful
            person gave them.

    Raises:
        NotFound: If there is none of that name.

    Example:
        >>> example("support_triage").name
        'support_triage.jsonl'
    """
    path = _FOLDER / f"{name}.jsonl"
    known = {p.stem for p in _FOLDER.glob("*.jsonl")}
    if name not in known:
        raise NotFound("example dataset", name, known)
    return path
