"""Count traces and what they used, day by day."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import Query

from xeroml_nb.server.access import Reading, Stored
from xeroml_nb.server.failures import Json
from xeroml_nb.server.models.metrics import DayList
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, listed
from xeroml_nb.server.showing import cost_of, model_of, usage
from xeroml_nb.store import daily
from xeroml_nb.store.daily import DayCount, Days, Used
from xeroml_nb.store.ingest import TRACE_RECORD
from xeroml_nb.store.paging import Part

router = topic("metrics")
_FIRST, _LAST = date(1900, 1, 1), date(2999, 12, 31)
# Every observation that called a model, or says what it used, has an attribute with this.
_PREFIX = "gen_ai."
_Key = tuple[date, str | None]


@router.get("/metrics/daily", response_model=DayList)
def count_days(
    store: Stored,
    _: Reading,
    asked: Paged,
    first: Annotated[date | None, Query(alias="startDate", ge=_FIRST, le=_LAST)] = None,
    last: Annotated[date | None, Query(alias="endDate", ge=_FIRST, le=_LAST)] = None,
    group: Annotated[Literal["userId"] | None, Query(alias="groupBy")] = None,
) -> Json:
    """Traces by the day they began (UTC), newest day first, with what each model used."""
    days = Days(
        since=None if first is None else _midnight(first),
        until=None if last is None else _midnight(last + timedelta(days=1)),
        by_user=group is not None,
        without=TRACE_RECORD,
    )
    with store.reading() as connection:
        found, total = daily.counts(connection, days, Part(asked.limit, asked.offset))
        used = _by_model(daily.usage(connection, days, found, _PREFIX))
    rows = [_row(one, used[one.day, one.user_id], by_user=days.by_user) for one in found]
    return Json(listed(asked, rows, total))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class _Sum:
    """What the observations of one model used on one day."""

    def __init__(self) -> None:
        self.traces: set[str] = set()
        self.observations = 0
        self.tokens: dict[str, float] = defaultdict(float)
        self.cost = 0.0

    def add(self, one: Used) -> None:
        self.traces.add(one.trace_id)
        self.observations += 1
        for kind, amount in usage(one.attributes).items():
            self.tokens[kind] += amount
        self.cost += cost_of(one.attributes) or 0.0


def _by_model(used: Iterable[Used]) -> dict[_Key, dict[str | None, _Sum]]:
    found: dict[_Key, dict[str | None, _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    for one in used:
        found[one.day, one.user_id][model_of(one.attributes)].add(one)
    return found


def _row(count: DayCount, used: dict[str | None, _Sum], *, by_user: bool) -> dict[str, Any]:
    models = sorted(used.items(), key=lambda pair: pair[0] or "")
    return {
        "date": count.day.isoformat(),
        **({"userId": count.user_id} if by_user else {}),
        "countTraces": count.traces,
        "countObservations": count.observations,
        "totalCost": sum(one.cost for _, one in models),
        "usage": [_usage(model, one) for model, one in models],
    }


def _usage(model: str | None, one: _Sum) -> dict[str, Any]:
    return {
        "model": model,
        "inputUsage": one.tokens["input"],
        "outputUsage": one.tokens["output"],
        "totalUsage": one.tokens["total"],
        "countTraces": len(one.traces),
        "countObservations": one.observations,
        "totalCost": one.cost,
    }
