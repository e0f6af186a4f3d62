"""What a push would do: a row a kind of object, which unfolds to a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import Markup, join, tag
from xeroml_nb.widgets.export.words import counted, plural, short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xeroml_nb.sync.sending.preview import Counts, Example, Preview

# Each column by its mark and its word, so that neither colour nor place is needed to tell them.
_COLUMNS = (
    ("+", "new", "creates"),
    ("~", "changed", "updates"),
    ("−", "taken back", "deletes"),
    ("=", "unchanged", "unchanged"),
    ("✕", "refused before", "refused_before"),
)
_ACTIONS = {"create": ("+", "new"), "update": ("~", "changed"), "delete": ("−", "taken back")}


def preview_html(preview: Preview) -> Markup:
    """The table of a preview; nothing where there is nothing to send at all."""
    if not preview.counts:
        return Markup("")
    heads = [tag("span", f"{mark} {word}") for mark, word, _ in _COLUMNS]
    head = tag("div", tag("span", ""), *heads, class_="xn-kinds-head", aria_hidden="true")
    rows = [
        _row(kind, counts, preview.sample.get(kind, ())) for kind, counts in preview.counts.items()
    ]
    return tag(
        "div",
        tag("div", head, *rows, class_="xn-kinds", role="group", aria_label="What would be sent"),
        _refused(preview.total.refused_before),
    )


def preview_line(preview: Preview) -> str:
    """The same in one line: "everything · 12 new · 400 unchanged · not sent to https://… yet"."""
    total = preview.total
    found = [(getattr(total, name), word) for _, word, name in _COLUMNS]
    parts = [f"{number:,} {word}" for number, word in found if number]
    end = "not sent to {} yet" if total.changes else "nothing that {} does not have"
    return " · ".join([short(preview.scope.title), *parts, end.format(preview.host)])


def _refused(number: int) -> Markup:
    if not number:
        return Markup("")
    what = "change was" if number == 1 else "changes were"
    text = f"✕ {number:,} {what} refused before: client.dead_letters() tells why. "
    return tag("p", f"{text} They are tried again.", class_="xn-dim")


def _row(kind: str, counts: Counts, sample: Iterable[Example]) -> Markup:
    cells = [_cell(getattr(counts, name), mark, word) for mark, word, name in _COLUMNS]
    line = join([tag("span", plural(kind), class_="xn-kind-name"), *cells])
    examples = [_example(example) for example in sample]
    if not examples:
        return tag("div", line, class_="xn-kind")
    rest = counts.changes - len(examples)
    more = tag("li", f"… and {counted(rest, 'more change')}", class_="xn-dim") if rest > 0 else ""
    return tag(
        "details", tag("summary", line), tag("ul", *examples, more), class_="xn-kind xn-unfolds"
    )


def _cell(number: int, mark: str, word: str) -> Markup:
    """A figure; its word is read aloud, and shown where there is no room for columns."""
    if not number:
        return tag("span", "–", class_="xn-figure xn-zero", aria_hidden="true")
    figure = tag("b", f"{number:,}")
    return tag("span", figure, tag("span", f" {mark} {word}", class_="xn-word"), class_="xn-figure")


def _example(example: Example) -> Markup:
    mark, word = _ACTIONS[example.action]
    what = tag("span", f"{mark} {word}", class_="xn-action")
    title = tag("span", short(example.title), class_="xn-title")
    return tag("li", what, title, tag("span", short(example.detail), class_="xn-detail"))
