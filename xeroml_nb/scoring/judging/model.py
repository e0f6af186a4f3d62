"""What a judge asks: anything that turns messages into a reply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Self

from xeroml_nb.experiments.background import wait_for
from xeroml_nb.experiments.binding import bind
from xeroml_nb.experiments.failures import add_response
from xeroml_nb.experiments.fingerprint import fingerprint
from xeroml_nb.experiments.retries import OutOfTime, is_turned_away, retry_after
from xeroml_nb.records.json_text import preview, said, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.scoring.judging.prompt import Message

_TOO_MANY = 429
OFFERED = ("prompt", "messages", "schema", "temperature", "seed")


class NoAnswer(Exception):  # noqa: N818 - it says what happened, and never leaves the room
    """A model gave nothing that could be used.

    Args:
        problem: What happened; who asked about what is added by the one who knows.
        next_step: What to do.
        tokens: What it cost all the same.
    """

    def __init__(self, problem: str, next_step: str = "", tokens: Tokens | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step
        self.tokens = tokens or Tokens()

    def turned_away(self, wait: float | None) -> Self:
        """The same, for a rate limit to see that the provider's own was passed.

        Args:
            wait: Seconds that the provider asked to wait, or None.
        """
        add_response(self, _TOO_MANY, wait)
        return self


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a model read and wrote; 0 where it does not say."""

    input: int = 0
    output: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.input + other.input, self.output + other.output)

    def __bool__(self) -> bool:
        return bool(self.input or self.output)


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    Args:
        messages: As chat models take them.
        schema: JSON Schema of the answer.
        temperature: None for the model's own.
        seed: None for none.
    """

    messages: tuple[Message, ...]
    schema: dict[str, Any]
    temperature: float | None
    seed: int | None

    def followed_by(self, answer: str, remark: str) -> Request:
        """The question once more, after an answer that could not be used."""
        more = ({"role": "assistant", "content": answer}, {"role": "user", "content": remark})
        return replace(self, messages=(*self.messages, *more))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Args:
        text: Its words.
        tokens: What it cost.
        sent: Which temperature and seed it was really asked with.
        version: What the endpoint calls the model that answered, if it says so.
    """

    text: str
    tokens: Tokens = field(default_factory=Tokens)
    sent: dict[str, Any] = field(default_factory=dict)
    version: str | None = None


class Model(Protocol):
    """Whatever can be asked."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def identity(self) -> str:
        """Changes where another one would answer."""

    def ask(self, request: Request) -> Reply:
        """The reply to a question.

        Raises:
            NoAnswer: If there is none.
        """


class FunctionModel:
    """A function of the user's own as a model.

    Args:
        function: Sync or async; names any of `prompt` (all messages as one text), `messages`,
            `schema`, `temperature`, `seed`; a single parameter of another name gets the prompt.
            Returns the answer as JSON text or as a dict.
        timeout: Seconds that a coroutine may take.

    Raises:
        BadInput: If the function asks for anything else.
    """

    def __init__(self, function: Callable[..., Any], timeout: float) -> None:
        self._function = function
        self._bound = bind(function, OFFERED, "model", alone=True)
        self._timeout = timeout

    @property
    def label(self) -> str:
        """The function's name."""
        name: str = getattr(self._function, "__name__", type(self._function).__name__)
        return name

    @cached_property
    def identity(self) -> str:
        """Changes with the function's text, and with what it uses."""
        return fingerprint(self._function)

    def ask(self, request: Request) -> Reply:
        """Call the function."""
        prompt = "\n\n".join(message["content"] for message in request.messages)
        sent = {"temperature": request.temperature, "seed": request.seed}
        known = {
            "prompt": prompt,
            "input": prompt,
            "messages": [dict(message) for message in request.messages],
            "schema": request.schema,
            **sent,
        }
        return Reply(self._text(self._called(known)), sent=sent)

    def _called(self, known: dict[str, Any]) -> Any:
        try:
            return wait_for(self._bound(known), self._timeout)
        except OutOfTime:
            raise NoAnswer(f"model {self.label!r} took over {self._timeout:g} s.") from None
        except Exception as error:
            trouble = NoAnswer(f"model {self.label!r} raised {said(error)}.")
            if is_turned_away(error):
                trouble.turned_away(retry_after(error))
            raise trouble from error

    def _text(self, answer: Any) -> str:
        if isinstance(answer, (str, dict)):
            return answer if isinstance(answer, str) else to_json(answer)
        raise NoAnswer(
            f"model {self.label!r} returned {preview(answer, 80)} of type {type(answer).__name__}.",
            "Return the answer as a dict, or as JSON text.",
        )
