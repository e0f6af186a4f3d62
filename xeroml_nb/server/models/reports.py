"""The shapes of reports and their score cards, whose names are written in snake_case."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from xeroml_nb.scoring.sandbox.limits import LONGEST_CODE
from xeroml_nb.server.models.common import Id, Moment
from xeroml_nb.server.models.fields import LARGEST, Name, Text

Language = Literal["PYTHON", "JAVASCRIPT"]
ReportId = Annotated[int, Field(ge=1, le=LARGEST)]


def _short(code: str) -> str:
    if len(code.encode()) > LONGEST_CODE:
        raise ValueError(f"has more than {LONGEST_CODE:,} bytes")
    return code


# Scores have names of up to 200 characters, and so have the columns that show them.
Columns = Annotated[list[Name], Field(max_length=1000)]
Code = Annotated[Text, AfterValidator(_short)]
Source = Annotated[
    str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class _Strict(BaseModel):
    """A body that may hold nothing else."""

    model_config = ConfigDict(extra="forbid")


class CodeGiven(_Strict):
    """How a report's columns become one score."""

    code: Code | None = Field(None, description="Gets `data`, returns `score` from 0 to 100.")
    code_language: Language = "PYTHON"


class CardGiven(CodeGiven):
    """Which columns of a report make its score, and how."""

    column_names: Columns


class SourceGiven(_Strict):
    """What a column shows."""

    source: Source = Field(
        description="A field or a score of the item run, or a path such as `input.question`."
    )


class ColumnGiven(_Strict):
    """A column beside the usual ones."""

    column_type: Literal["SOURCE"] = "SOURCE"
    name: Name
    configuration: SourceGiven
    position: int | None = Field(None, ge=0, le=LARGEST, description="At the end by default.")
    is_part_of_score: bool = Field(default=False, description="Counts in the usual score.")


class ColumnAdded(ColumnGiven):
    """A column to add to a report."""

    report_id: ReportId


class ReportGiven(_Strict):
    """A report to make; one on no experiment is a blueprint of reports to come."""

    name: Name
    experiment_id: Id | None = Field(None, description="What it reports on.")
    task_name: Name | None = Field(None, description="Whose later runs a blueprint is for.")
    comment: Text | None = None
    columns: Annotated[list[ColumnGiven], Field(max_length=1000)] = Field(default_factory=list)
    column_names: Columns = Field(default_factory=list, description="Those that count.")
    score_configuration: CodeGiven = CodeGiven(code=None)


class RunGiven(_Strict):
    """What a blueprint is to be used on."""

    name: Name
    experiment_id: Id | None = Field(None, description="The task's newest run by default.")


class CardShown(BaseModel):
    """How a report's score is made."""

    code: str | None
    code_language: Language


class ReportShown(BaseModel):
    """A report."""

    id: int
    name: str
    comment: str | None
    experiment_id: str | None
    task_name: str | None
    is_blueprint: bool
    parent_report_id: int | None
    column_names: list[str]
    score_configuration: CardShown
    score: float | None
    score_matrix: list[Any] | None
    score_calculation_error: str | None
    created_at: Moment
    updated_at: Moment


class ReportAnswer(BaseModel):
    """A report, and that the request succeeded."""

    success: Literal[True]
    report: ReportShown


class StatusCounts(BaseModel):
    """How many item runs stand how."""

    COMPLETED: int
    FAILED: int
    QUEUED: int
    RUNNING: int


class Stats(BaseModel):
    """Figures of a report's experiment."""

    status_counts: StatusCounts


class ReportState(ReportAnswer):
    """A report, and how far its experiment is."""

    status: Literal["RUNNING", "COMPLETED"]
    stats: Stats


class ColumnShown(BaseModel):
    """A column of a report."""

    id: int
    report_id: int
    column_type: str
    name: str
    configuration: dict[str, Any]
    position: int


class ReportMade(ReportAnswer):
    """A new report, its id and its columns."""

    report_id: int
    report_columns: list[ColumnShown]


class ReportRun(BaseModel):
    """The id of a report that was made from a blueprint."""

    success: Literal[True]
    report_id: int


class ColumnMade(BaseModel):
    """A new column."""

    success: Literal[True]
    report_column: ColumnShown


class ScoreShown(BaseModel):
    """A report's score, and what it is made of."""

    overall_score: float | None
    score_type: Literal["single_column", "multi_column", "custom", "none"]
    has_custom_scoring: bool
    details: dict[str, Any]


class ScoreAnswer(BaseModel):
    """A report's score, and that the request succeeded."""

    success: Literal[True]
    score: ScoreShown
