"""The shapes of counts by day."""

import datetime as dt

from pydantic import Field

from xeroml_nb.server.models.common import Wire
from xeroml_nb.server.paging import Meta


class Usage(Wire):
    """What the observations of one model used."""

    model: str | None
    input_usage: float = Field(description="Tokens.")
    output_usage: float
    total_usage: float
    count_traces: int
    count_observations: int
    total_cost: float


class Day(Wire):
    """The traces that began on one day in UTC."""

    date: dt.date
    user_id: str | None = Field(None, description="There where traces are grouped by user.")
    count_traces: int
    count_observations: int
    total_cost: float
    usage: list[Usage]


class DayList(Wire):
    """A page of days."""

    data: list[Day]
    meta: Meta
