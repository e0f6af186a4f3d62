"""What the shapes of all topics are made of."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


def _from_text(value: Any) -> Any:
    """Read a moment as bodies that are no models are read; a bare number is none."""
    try:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("must be a moment in ISO 8601") from None


def _in_utc(moment: datetime) -> datetime:
    """A moment without a zone is taken as UTC."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be between the years 1 and 9999") from None


# Ids stand in indexes, which cannot hold texts of any length.
Id = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
Moment = Annotated[datetime, BeforeValidator(_from_text), AfterValidator(_in_utc)]


class Wire(BaseModel):
    """A body whose field names are written in camelCase; what it does not know is ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False)


class Made(BaseModel):
    """The id of what was stored."""

    id: str


class Said(BaseModel):
    """That something was done."""

    message: str
