"""The shapes of prompts."""

from typing import Annotated, Any, Literal

from pydantic import Field

from xeroml_nb.server.models.common import Id, Moment, Wire
from xeroml_nb.server.models.fields import LARGEST, Name, Object, Text, Value
from xeroml_nb.server.paging import Meta

Label = Annotated[str, Field(min_length=1, max_length=36, pattern=r"^[a-z0-9_.-]+$")]
Version = Annotated[int, Field(ge=1, le=LARGEST)]
Type = Literal["text", "chat"]


class PromptGiven(Wire):
    """The next version of a prompt."""

    name: Name
    prompt: Text | Annotated[list[Object], Field(min_length=1)] = Field(
        description="A text, or a list of messages."
    )
    type: Type | None = Field(None, description="Found from the prompt by default.")
    labels: list[Label] = Field(default_factory=list, description="Taken from other versions.")
    config: Value = None
    tags: list[Id] = Field(default_factory=list)


class LabelMoved(Wire):
    """A label, and the version that it names from now on."""

    label: Label
    version: Version


class PromptShown(Wire):
    """One version of a prompt."""

    name: str
    version: int
    type: Type
    prompt: str | list[dict[str, Any]]
    labels: list[str]
    config: Any
    tags: list[str]
    created_at: Moment


class PromptListed(Wire):
    """A prompt without its texts."""

    name: str
    type: Type
    versions: list[int]
    labels: list[str]
    tags: list[str]
    last_config: Any
    last_updated_at: Moment


class PromptList(Wire):
    """A page of prompts."""

    data: list[PromptListed]
    meta: Meta
