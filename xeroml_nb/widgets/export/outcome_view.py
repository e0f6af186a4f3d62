"""What became of a push, or of taking it back: the counts, and every word of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import Markup, tag
from xeroml_nb.widgets.export.words import counted, short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xeroml_nb.sync.sending.push import Push
    from xeroml_nb.sync.sending.tallies import Done, Refusal
    from xeroml_nb.sync.sending.undo import Undone

_SHOWN = 10
_SAID = 300


def push_html(push: Push) -> Markup:
    """The outcome of a push: one line of counts, then what is not as it should be."""
    total = push.total
    good = not (total.refused or total.left or total.not_seen)
    line = tag("p", f"{'✓' if good else '!'} {push_line(push)}", class_="xn-outcome-line")
    refused = _list(
        f"✕ {counted(total.refused, 'object')} refused by the server. "
        "client.dead_letters() keeps the list.",
        map(_refusal, push.refused),
    )
    missing = _list(
        f"? {counted(total.not_seen, 'object')} accepted, but not seen when read back. "
        "Sending again sends them once more.",
        [tag("li", short(title)) for title in push.not_seen],
    )
    later = f"… {counted(total.left, 'object')} left for later. Sending again sends them."
    return _box([line, refused, missing, tag("p", later) if total.left else Markup("")], good=good)


def push_line(push: Push) -> str:
    """A push in one line: "everything · 14 sent to https://… (14 new) · 14 read back · …"."""
    total = push.total
    sent = total.created + total.updated + total.deleted
    seen = total.created + total.updated - total.not_seen
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (total.created, "new"),
            (total.updated, "changed"),
            (total.deleted, "taken back"),
        )
        if number
    ]
    text = f"{short(push.title)} · {sent:,} sent to {push.host}"
    text += f" ({', '.join(parts)})" if parts else ""
    return f"{text} · {' · '.join(_checked(total, seen))}"


def _checked(total: Done, seen: int) -> list[str]:
    """What is known of them after looking at the server again; refusals are never left out."""
    left = [f"{total.left:,} left for later"] if total.left else []
    return [
        f"{seen:,} read back",
        f"{total.not_seen:,} not seen",
        f"{total.refused:,} refused",
        *left,
    ]


def undone_html(undone: Undone) -> Markup:
    """The outcome of taking a push back."""
    good = not undone.left
    line = tag("p", f"{'↶' if good else '!'} {undone_line(undone)}", class_="xn-outcome-line")
    left = [tag("li", short(one)) for one in undone.left]
    return _box([line, _list("Left as they are now on the server:", left)], good=good)


def undone_line(undone: Undone) -> str:
    """The same in one line."""
    parts = [f"{undone.removed:,} removed", f"{undone.restored:,} put back as they were"]
    parts += [f"{len(undone.left):,} left as they are"] if undone.left else []
    parts += [f"{undone.stays:,} of a kind that cannot be taken back"] if undone.stays else []
    return f"{short(undone.title)} · push undone on {undone.host} · {' · '.join(parts)}"


def _refusal(refusal: Refusal) -> Markup:
    said = short(refusal.said, _SAID)
    return tag(
        "li",
        tag("span", short(refusal.title), class_="xn-title"),
        tag("q", said) if said else " ",
        tag("span", short(refusal.next_step, _SAID), class_="xn-step"),
    )


def _list(title: str, found: Iterable[Markup]) -> Markup:
    """A title with what it counts below; of many only the first."""
    items = list(found)
    if not items:
        return Markup("")
    rest = len(items) - _SHOWN
    more = tag("li", f"… and {rest:,} more")
    shown = [*items[:_SHOWN], *([more] if rest > 0 else [])]
    return tag("div", tag("p", title), tag("ul", *shown), class_="xn-outcome-list")


def _box(parts: Iterable[Markup], *, good: bool) -> Markup:
    state = "good" if good else "odd"
    return tag("div", *parts, class_=f"xn-outcome xn-outcome-{state}", role="status")
