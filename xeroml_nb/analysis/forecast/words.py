"""A plan in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.analysis.verdicts import counted, shown
from xeroml_nb.experiments.lines import seconds
from xeroml_nb.experiments.markup import NO_FORMULAS, tag
from xeroml_nb.experiments.markup import table as html_table
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xeroml_nb.analysis.forecast.plan import Detectable, Plan
    from xeroml_nb.analysis.forecast.prediction import Forecast
    from xeroml_nb.experiments.markup import Markup

_WIDTH = 9
_NAME = 80


def plan_text(plan: Plan) -> str:
    """A plan as plain text, one line a figure."""
    lines = [f"  {name:<{_WIDTH}}  {said}" for name, said in _rows(plan)]
    return "\n".join([_title(plan), *lines])


def plan_html(plan: Plan) -> Markup:
    """A plan as a table."""
    title = tag("p", tag("strong", _title(plan)))
    found = html_table(("", ""), _rows(plan), numeric=set())
    return tag("div", title, found, class_=f"xeroml-plan {NO_FORMULAS}")


def _title(plan: Plan) -> str:
    failed = f", {plan.failed} failed" if plan.failed else ""
    return (
        f"plan of {preview(plan.experiment.label, _NAME)} over {preview(plan.dataset, _NAME)}: "
        f"{plan.done:,} of {counted(plan.planned, 'item run')} done{failed}"
    )


def _rows(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.left:
        yield "time", f"{_range(plan.time, seconds)} for the {plan.left:,} left, {_lanes(plan)}"
        yield "cost", _cost(plan)
        if plan.input_tokens.n or plan.output_tokens.n:
            into, out = (_range(f, shown) for f in (plan.input_tokens, plan.output_tokens))
            yield "tokens", f"{into} in, {out} out for those"
    if plan.detectable:
        yield "could see", f"{_differences(plan)}; {_against(plan)}"
    yield from (("note", note) for note in plan.notes)
    if plan.left:
        name = preview(plan.experiment.name, _NAME)
        yield "next", f"run it with name={name!r}: it is taken up, and what is done is not repeated"


def _lanes(plan: Plan) -> str:
    return "one after the other" if plan.lanes == 1 else f"{plan.lanes} at a time"


def _range(figure: Forecast, say: Callable[[float], str]) -> str:
    if figure.expected is None:
        return "not known"
    if figure.low is None or figure.high is None:
        return f"about {say(figure.expected)}"
    return f"{say(figure.expected)} ({say(figure.low)} … {say(figure.high)})"


def _cost(plan: Plan) -> str:
    if plan.spent is None:
        return "not known: no call recorded one; use observation.update(cost=...) or xn.prices"
    return f"{_range(plan.cost, shown)} for those; {shown(plan.spent)} spent so far"


def _differences(plan: Plan) -> str:
    return ", ".join(map(_difference, plan.detectable))


def _difference(one: Detectable) -> str:
    name = preview(one.score, _NAME)
    if one.difference is None:
        return f"{name}: cannot be told from {counted(one.seen, 'item')}"
    return f"{name} ±{shown(one.difference)} with {counted(one.items, 'item')}"


def _against(plan: Plan) -> str:
    if plan.baseline is not None:
        return f"against {preview(plan.baseline, _NAME)}, in 4 of 5 tries"
    return "between two runs, in 4 of 5 tries; smaller ones where the same items are hard for both"
