"""What vl-convert can draw: it ends the whole process over a text that XML cannot hold."""

from __future__ import annotations

import re
from typing import Any

# Whatever is no "Char" of XML 1.0, section 2.2.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_INSTEAD = "\ufffd"


def drawable(part: Any) -> Any:
    r"""A chart's specification with a sign of replacement for each that no drawing can hold.

    Args:
        part: The specification, or a part of it; it stays as it is.

    Example:
        >>> drawable({"title": ["a\x01b"], "n": 1})
        {'title': ['a�b'], 'n': 1}
    """
    if isinstance(part, str):
        return _NO_XML.sub(_INSTEAD, part)
    if isinstance(part, dict):
        return {drawable(key): drawable(value) for key, value in part.items()}
    if isinstance(part, list):
        return [drawable(value) for value in part]
    return part
