"""Ask a model behind an OpenAI-compatible endpoint, and say in plain words what goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, MissingExtra
from xeroml_nb.experiments.patience import Passing, patiently
from xeroml_nb.experiments.retries import retry_after
from xeroml_nb.records.ids import content_hash
from xeroml_nb.records.json_text import preview
from xeroml_nb.scoring.judging.model import NoAnswer, Reply, Tokens

if TYPE_CHECKING:
    from xeroml_nb.scoring.judging.model import Request
    from xeroml_nb.settings import ModelAddress

_KEY_ADVICE = "Set XEROML_JUDGE_API_KEY to a key of that endpoint, or pass api_key=..."
_CONNECTION_TRIES = 3
_UNKNOWN_MODEL = 404
_BUSY = 429
_DENIED = frozenset({401, 403})
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# What an endpoint may not accept, and the words by which its refusal is known.
_OPTIONAL = {
    "response_format": ("response_format", "json_schema", "json schema", "structured output"),
    "temperature": ("temperature",),
    "seed": ("seed",),
}


class _Unaccepted(Exception):  # noqa: N818 - it says what happened, and never leaves this module
    """The endpoint refuses a request for an option that can be left out."""

    def __init__(self, option: str) -> None:
        super().__init__(option)
        self.option = option


class Endpoint:
    """A model behind an OpenAI-compatible endpoint.

    What the endpoint does not accept, such as a schema for the answer, is left out from then on.

    Args:
        address: Where it is.
        timeout: Seconds to wait for one answer.
        patience: Seconds to go on trying where it is busy or fails for the moment.
        in_turn: Who asks waits for a turn: where the endpoint is too busy, for the next one.
    """

    def __init__(
        self, address: ModelAddress, timeout: float, patience: float, *, in_turn: bool = False
    ) -> None:
        self._address = address
        self._timeout = timeout
        self._patience = patience
        self._in_turn = in_turn
        self._lock = threading.Lock()
        self._left_out: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """What the endpoint calls the model."""
        return self._address.model

    @cached_property
    def identity(self) -> str:
        """Changes with the model and with where it is."""
        return content_hash(self._address.model, self._address.base_url)

    def check(self) -> None:
        """See that all is there to ask.

        Raises:
            MissingExtra: If the client is not installed.
            BadInput: If the endpoint is OpenAI's and there is no key.
        """
        import_openai()
        if self._address.api_key is None and self._address.base_url is None:
            raise BadInput(
                f"Model {self.label!r} at {self._address.host} needs a key, and none is set.",
                "Set XEROML_JUDGE_API_KEY or OPENAI_API_KEY, or pass api_key=...; for another "
                "endpoint set XEROML_JUDGE_BASE_URL.",
            )

    def ask(self, request: Request) -> Reply:
        """The reply to a question.

        Raises:
            NoAnswer: If there is none.
        """
        while True:
            options = self._options(request)
            try:
                held = patiently(lambda: self._attempt(options), self._patience)  # noqa: B023
            except _Unaccepted as refusal:
                self._left_out |= {refusal.option}
            else:
                return self._reply(held, options)

    def _options(self, request: Request) -> dict[str, Any]:
        schema = {"name": "verdict", "strict": True, "schema": request.schema}
        optional = {
            "response_format": {"type": "json_schema", "json_schema": schema},
            "temperature": request.temperature,
            "seed": request.seed,
        }
        wanted = {
            name: value
            for name, value in optional.items()
            if value is not None and name not in self._left_out
        }
        return {"model": self.label, "messages": list(request.messages)} | wanted

    def _attempt(self, options: dict[str, Any]) -> Any:
        """What the endpoint answers, as it is; errors in plain words, without the client's own."""
        openai = import_openai()
        try:
            # Past the client's own types, on which it spends as long as on sending.
            return self._client.post("/chat/completions", body=options, cast_to=object)
        except openai.APITimeoutError:
            trouble: Exception = self._overdue()
        except openai.APIConnectionError as error:
            trouble = self._unreached(error)
        except openai.APIStatusError as error:
            trouble = self._refused(error, options)
        except ValueError:
            trouble = self._strange("what is not JSON")
        # Raised here, it carries no trace of the client, whose variables hold the key.
        raise trouble

    @property
    def _client(self) -> Any:
        with self._lock:
            return self._made

    @cached_property
    def _made(self) -> Any:
        key = self._address.api_key
        return import_openai().OpenAI(
            # The client asks for a key also where the endpoint does not.
            api_key="none" if key is None else key.reveal(),
            base_url=self._address.base_url or "https://api.openai.com/v1",
            timeout=self._timeout,
            max_retries=0,
        )

    # What comes back.

    def _reply(self, held: Any, options: dict[str, Any]) -> Reply:
        choice = _first(held, "choices")
        message = choice.get("message")
        if not isinstance(message, Mapping):
            raise self._strange(preview(held, 120))
        text, tokens = message.get("content") or "", _tokens(held.get("usage"))
        refusal = message.get("refusal")
        ending = choice.get("finish_reason")
        if refusal or ending == "content_filter":
            said = f": {self._clean(refusal)}" if refusal else " by its content filter"
            problem = f"model {self.label!r} refused{said}."
            raise NoAnswer(problem, "Leave this item to people.", tokens)
        if ending == "length":
            raise NoAnswer(
                f"model {self.label!r} was cut off before the end of its answer.",
                "Raise the endpoint's limit on tokens, or use explain=False.",
                tokens,
            )
        sent = {name: options.get(name) for name in ("temperature", "seed")}
        version = held.get("model")
        return Reply(
            text if isinstance(text, str) else str(text),
            tokens,
            sent,
            version if isinstance(version, str) else None,
        )

    def _strange(self, what: str) -> NoAnswer:
        return NoAnswer(
            f"{self._address.host} answered {what}, which no chat endpoint does.",
            "See that the base URL is right; most end in /v1.",
        )

    def _overdue(self) -> Passing:
        problem = (
            f"model {self.label!r} at {self._address.host} gave no answer in {self._timeout:g} s."
        )
        step = "Give the judge more time with timeout=..., or lower concurrency=..."
        return Passing(NoAnswer(problem, step))

    def _unreached(self, error: Exception) -> Passing:
        cause = self._clean(error.__cause__ or error)
        step = "See that the endpoint runs and that the base URL is right."
        trouble = NoAnswer(f"{self._address.host} cannot be reached: {cause}.", step)
        return Passing(trouble, tries=_CONNECTION_TRIES)

    def _refused(self, error: Any, options: Mapping[str, Any]) -> Exception:
        """What an HTTP status of an error means for the one who asked."""
        status, said = error.status_code, self._clean(_words(error))
        where = f"model {self.label!r} at {self._address.host}"
        if status in _DENIED:
            return NoAnswer(f"{where} refused the key ({status}): {said}.", _KEY_ADVICE)
        if status == _UNKNOWN_MODEL:
            step = "See that the model's name and the base URL are right; most end in /v1."
            return NoAnswer(f"{where} does not exist ({status}): {said}.", step)
        if status == _BUSY:
            return self._busy(error, said)
        if status in _PASSING:
            step = "Try again later; what was judged is kept."
            problem = (
                f"{where} fails ({status}); the judge's patience is {self._patience:g} s: {said}."
            )
            return Passing(NoAnswer(problem, step), retry_after(error))
        blamed = str(error.param or said).lower()
        for option, words in _OPTIONAL.items():
            if option in options and any(word in blamed for word in words):
                return _Unaccepted(option)
        return NoAnswer(f"{where} refused the question ({status}): {said}.")

    def _busy(self, error: Any, said: str) -> Exception:
        where, wait = f"model {self.label!r} at {self._address.host}", retry_after(error)
        if error.code == "insufficient_quota":
            return NoAnswer(f"the account of {where} has no credit left (429): {said}.")
        asked = f", and asks to wait {wait:g} s" if wait else ""
        trouble = NoAnswer(
            f"{where} is too busy (429){asked}; the judge's patience is {self._patience:g} s: "
            f"{said}.",
            "Use rate_limit=xn.RateLimit(), lower concurrency=..., give the judge more "
            "patience=..., or score again later: what was judged is kept.",
        )
        return Passing(trouble.turned_away(wait), wait, tries=1 if self._in_turn else None)

    def _clean(self, said: object) -> str:
        """Words of the endpoint on one line, without the key, which some repeat."""
        text, key = str(said), self._address.api_key
        if key is not None and key.reveal():
            text = text.replace(key.reveal(), "(the key)")
        return preview(text, 200).rstrip(".")


def import_openai() -> Any:
    """The client, loaded when it is first needed.

    Raises:
        MissingExtra: If it is not installed.
    """
    try:
        import openai
    except ImportError:
        raise MissingExtra("A judge that asks a model", "judge") from None
    return openai


def _first(held: Any, name: str) -> Mapping[str, Any]:
    """The first entry of a list in an answer; empty where there is none."""
    listed = held.get(name) if isinstance(held, Mapping) else None
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, Mapping) else {}


def _tokens(usage: Any) -> Tokens:
    if not isinstance(usage, Mapping):
        return Tokens()
    read, written = (usage.get(name) for name in ("prompt_tokens", "completion_tokens"))
    return Tokens(*(n if isinstance(n, int) and n > 0 else 0 for n in (read, written)))


def _words(error: Any) -> str:
    """What the endpoint says about an error, whichever of the usual forms it uses."""
    body = error.body
    for name in ("message", "error", "detail"):
        if isinstance(body, Mapping) and isinstance(body.get(name), str):
            return str(body[name])
    return str(error)
