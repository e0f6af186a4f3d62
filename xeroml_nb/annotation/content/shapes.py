"""What a value looks like: data, a chat, Markdown, program text or plain words."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from xeroml_nb.records.json_text import is_unheld, plain

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_LIST_LINE = re.compile(r"^ {0,3}(?:[-*+]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_MARKDOWN = re.compile(
    r"""
    ^\ {0,3}\#{2,6}[ ]+\S                                  # a heading
    | ^\#[ ]+[\dA-ZÀ-Þ*]                                   # a first heading, not "# of items"
    | ^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$  # below a table's head
    | (?<![\w*])\*\*(?=[^\s*])[^*\n]{0,300}[^\s*]\*\*(?![\w*])           # **strong**
    | (?<![\w*])\*(?=[^\W_])[^*\n]{0,300}(?<=\w)[.!?]?\*(?![\w*])         # *stressed*
    | (?<![\w`])`[^`\s](?:[^`\n]{0,300}[^`\s])?`(?![\w`])                # `code`
    | \[[^\[\]\n]{1,300}\]\((?:https?://|mailto:)[^)\s]*\)               # a link
    """,
    re.MULTILINE | re.VERBOSE,
)

_SURELY_CODE = re.compile(
    r"""\s*(?:
    (?:async\ )?def\ \w+\(  | class\ \w+[^.!?]*[:{]$
    | import\ [\w.]+(?:\ as\ \w+)?;?$ | from\ [\w.]+\ import\ \S | import\ .+\ from\ ['"]
    | (?:export\ )?(?:async\ )?function\b.*[({] | (?:const|let|var)\ (?:\w+|[{\[].*[}\]])\s*[:=]
    | (?:public|private|protected|static)\ .*[({;]$ | \#include\ *[<"] | \#!/ | package\ [\w.]+;?$
    | (?:fn|func)\ \w+.*\( | (?:if|for|while|switch)\ ?\(.*\)\ ?\{?$
    | (?:SELECT|WITH)\ .*(?:\ FROM\ |\ AS\ \() | SELECT\ [\w.*]+,?$
    | INSERT\ INTO\ \w | CREATE\ (?:TABLE|VIEW|INDEX)\ \w | UPDATE\ \w+\ SET\ | DELETE\ FROM\ \w
    | <(?:!DOCTYPE|\?xml|!--) | <([a-zA-Z][\w:-]*)(?:\ [^<>]*)?/?>
    )""",
    re.VERBOSE,
)
_MAYBE_CODE = re.compile(
    r"""(?:
    \s{2,}\S | \t | @\w | [})\]] | //|/\*|\*/|\# |--\  | [\w.\[\]'"]+\ [-+*/|]?=\ \S
    | [\w.]+\(.*\)?$ | (?:return|else|try|finally|except|elif|if|for|while|with)\b.*[:{]$ | return\b
    | (?:FROM|WHERE|JOIN|LEFT|GROUP|ORDER|AND|OR|LIMIT|VALUES|SET|HAVING)\b
    | </?[a-zA-Z!] | .*[;{]$ | .*>$
    )""",
    re.VERBOSE,
)
_CODE_SHARE = 0.8


def held(value: Any) -> Any:
    """A value as JSON data, its parts left to be looked at when they are shown."""
    return value if value is None or type(value) in (bool, dict, list, str) else plain(value)


def json_in(text: str, longest: int) -> Any:
    """The object or array that a text is wholly, else None.

    Args:
        text: Any text.
        longest: Texts with more characters than this are not read.
    """
    ends = f"{text[:100].lstrip()[:1]}{text[-100:].rstrip()[-1:]}"
    if len(text) > longest or ends not in ("{}", "[]"):
        return None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def turns_in(value: Any) -> list[dict[str, Any]] | None:
    """The messages of a chat: mappings with a role and a content, or None."""
    if not isinstance(value, list) or not value:
        return None
    turns = []
    for turn in value:
        seen = held(turn)
        if not isinstance(seen, dict) or not isinstance(seen.get("role"), str):
            return None
        if not seen.keys() & {"content", "tool_calls"}:
            return None
        turns.append(seen)
    return turns


def looks_like_code(text: str) -> bool:
    """Tell whether a text is program text from its first line to its last."""
    if _FENCE.search(text):
        return False
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    sure = sum(_SURELY_CODE.match(line[:500]) is not None for line in lines)
    if not sure:
        return False
    likely = sum(
        bool(_SURELY_CODE.match(line[:500]) or _MAYBE_CODE.match(line[:500])) for line in lines
    )
    return likely >= _CODE_SHARE * len(lines)


def looks_like_markdown(text: str) -> bool:
    """Tell whether a text was written as Markdown; plain prose with a stray mark was not."""
    if _FENCE.search(text) or _MARKDOWN.search(text):
        return True
    first = _LIST_LINE.search(text)
    return first is not None and _LIST_LINE.search(text, first.end()) is not None


def is_data(value: Any) -> bool:
    """Tell whether a value is a mapping or a list of its own right."""
    return isinstance(value, (dict, list)) and not is_unheld(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice: as data, one value would be lost")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond what a float holds")
    return number
