"""What is said at the end, and how far people agree: sheets of nodes over the labeller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.labels import experiment_labels

if TYPE_CHECKING:
    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.annotation.session import LabellingSession
    from xeroml_nb.annotation.statistics.agreement import Agreement
    from xeroml_nb.annotation.statistics.rates import WinRates
    from xeroml_nb.records.label import EntryKey

_LISTED = 30


def finish_sheet(session: LabellingSession, labels: Labels) -> dict[str, Any]:
    """The end of a queue: counts, win rates of a pair, and the way back to what is left."""
    left = session.left()
    tally = session.tally
    nodes: list[Any] = [
        ["h3", f"✓ {tally.done} of {session.total} labelled"],
        ["p", tally.text()],
    ]
    if session.queue.is_pair and tally.done:
        rates = labels.win_rates(session.annotator)
        nodes += _win_nodes(rates, experiment_labels(session.queue.experiment_ids, session.store))
    if any(key.repeat for key in session.plan.positions):
        found = labels.consistency(session.annotator)
        if found.repeats:
            text = f"Hidden repeats: {found.same} of {found.repeats} got the same answer again."
            nodes.append(["p", text])
    links = [
        {"text": f"{word}: {_title(session.plan.key(place))}", "pos": place}
        for word in ("skipped", "flagged")
        for place in left[word][:_LISTED]
    ]
    if links:
        nodes.append(["p", "Look again at:"])
    return {"name": "finish", "nodes": nodes, "links": links}


def agreement_sheet(labels: Labels) -> dict[str, Any]:
    """How far people agree so far, one row a dimension."""
    nodes: list[Any] = [["h3", "Agreement so far"]]
    people = labels.annotators
    if len(people) < 2:  # noqa: PLR2004 - two can agree
        nodes.append(["p", "Only one person has labelled this queue."])
    else:
        head = ["tr", *(["th", text] for text in _HEADS)]
        rows = [_agreement_row(found) for found in labels.agreements()]
        nodes.append(["table", ["thead", head], ["tbody", *rows]])
    for person in people:
        found = labels.consistency(person)
        if found.repeats:
            text = f"{person} gave {found.same} of {found.repeats} hidden repeats the same answer."
            nodes.append(["p", text])
    return {"name": "agreement", "nodes": nodes, "links": []}


_HEADS = ("dimension", "people", "labelled by two", "same", "alpha [95 %]", "kappa", "")


def _agreement_row(found: Agreement) -> list[Any]:
    interval = "" if found.low is None else f" [{found.low:.2f}, {found.high:.2f}]"
    cells = (
        found.dimension,
        str(len(found.raters)),
        str(found.units),
        "–" if found.percent is None else f"{found.percent:.0%}",
        "–" if found.alpha is None else f"{found.alpha:.2f}{interval}",
        "–" if found.kappa is None else f"{found.kappa:.2f}",
        found.note,
    )
    return ["tr", *(["td", cell] for cell in cells)]


def _win_nodes(rates: WinRates, runs: tuple[str, ...]) -> list[Any]:
    first, second = runs
    counted = (
        (first, rates.first_wins, rates.first_rate, rates.first_low, rates.first_high),
        (second, rates.second_wins, *_turned(rates.first_rate, rates.first_low, rates.first_high)),
        ("left side", rates.left_wins, rates.left_rate, rates.left_low, rates.left_high),
        (
            "right side",
            rates.right_wins,
            *_turned(rates.left_rate, rates.left_low, rates.left_high),
        ),
    )
    head = ["tr", ["th", ""], ["th", "preferred"], ["th", "share of decided [95 %]"]]
    rows = [
        ["tr", ["td", name], ["td", str(wins)], ["td", _share(rate, low, high)]]
        for name, wins, rate, low, high in counted
    ]
    text = f"ties {rates.ties} · neither {rates.neither} · a share far from 50 % of one side "
    return [
        ["table", ["thead", head], ["tbody", *rows]],
        ["p", text + "would say that the place decided, not the output"],
    ]


def _turned(
    rate: float | None, low: float | None, high: float | None
) -> tuple[float | None, float | None, float | None]:
    if rate is None or low is None or high is None:
        return None, None, None
    return 1 - rate, 1 - high, 1 - low


def _share(rate: float | None, low: float | None, high: float | None) -> str:
    return "–" if rate is None else f"{rate:.0%} [{low:.0%}, {high:.0%}]"


def _title(key: EntryKey) -> str:
    return key.item_id + (f" · repetition {key.repetition}" if key.repetition else "")
