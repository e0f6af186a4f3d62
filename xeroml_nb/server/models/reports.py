"""The shapes of reports and their score cards, whose names are written in snake_case."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from xeroml_nb.server.models.common import Id, Moment
from xeroml_nb.server.models.fields import LARGEST, Name, Text

LONGEST_CODE = 100_000
Language = Literal["PYTHON", "JAVASCRIPT"]
ReportId = Annotated[int, Field(ge=1, le=LARGEST)]


def _short(code: str) -> str:
    if len(code.encode()) > LONGEST_CODE:
        raise ValueError(f"has more than {LONGEST_CODE:,} bytes")
    return code


Column = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Columns = Annotated[list[Column], Field(max_length=1000)]
Code = Annotated[Text, AfterValidator(_short)]


class _Strict(BaseModel):
    """A body that may hold nothing else."""

    model_config = ConfigDict(extra="forbid")


class CardGiven(_Strict):
    """Which columns of a report make its score, and how."""

    column_names: Columns
    code: Code | None = Field(None, description="Gets `data`, returns `score` from 0 to 100.")
    code_language: Language = "PYTHON"


class ReportGiven(_Strict):
    """A report to make."""

    name: Name
    experiment_id: Id | None = Field(None, description="What it reports on.")
    is_blueprint: bool = Field(default=False, description="A plan for reports to come.")
    column_names: Columns = Field(default_factory=list)


class CardShown(BaseModel):
    """How a report's score is made."""

    code: str | None
    code_language: Language


class ReportShown(BaseModel):
    """A report."""

    id: int
    name: str
    experiment_id: str | None
    is_blueprint: bool
    column_names: list[str]
    score_configuration: CardShown
    score: float | None
    score_calculation_error: str | None
    created_at: Moment
    updated_at: Moment


class ReportAnswer(BaseModel):
    """A report, and that the request succeeded."""

    success: Literal[True]
    report: ReportShown


class ReportMade(ReportAnswer):
    """A new report, and its id."""

    report_id: int
