"""What all judges have in common: which model they ask, how, and what they remember."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from xeroml_nb.errors import BadInput, JudgeFailed, NoModel
from xeroml_nb.experiments.rate_limit import checked_rate_limit
from xeroml_nb.records.access import Secret
from xeroml_nb.records.ids import checked_name, content_hash
from xeroml_nb.scoring.judging.answers import Answer, obtain
from xeroml_nb.scoring.judging.endpoint import Endpoint
from xeroml_nb.scoring.judging.memory import Memory
from xeroml_nb.scoring.judging.model import FunctionModel, NoAnswer, Request
from xeroml_nb.scoring.judging.questions import Questions
from xeroml_nb.settings import ModelAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xeroml_nb.experiments.rate_limit import RateLimit
    from xeroml_nb.scoring.judging.model import Model
    from xeroml_nb.scoring.judging.prompt import Prompt
    from xeroml_nb.store.store import Store


@dataclass(frozen=True, eq=False, repr=False)
class Asking:
    """A name, criteria, and how a model is asked about them.

    Args:
        name: What its scores are called.
        instructions: The criteria, in plain words.
        model: A model's name at an OpenAI-compatible endpoint (`XEROML_JUDGE_MODEL` by default),
            or a function of yours, sync or async: it names any of `prompt`, `messages`, `schema`,
            `temperature`, `seed` (one parameter of another name gets the prompt) and returns the
            answer as JSON text or a dict.
        explain: Ask for a reason too, which becomes the score's comment.
        temperature: None leaves it to the model.
        seed: For endpoints that know one.
        base_url: Of the endpoint, such as "http://localhost:11434/v1"; `XEROML_JUDGE_BASE_URL`,
            `OPENAI_BASE_URL`, or OpenAI's own by default.
        api_key: To the endpoint; `XEROML_JUDGE_API_KEY` or, for an endpoint that is not named
            here, `OPENAI_API_KEY` by default.
        timeout: Seconds to wait for one answer.
        patience: Seconds to go on trying where the endpoint is busy or fails for the moment.
        rate_limit: What the model's provider allows; share it with all else that asks there, as
            the run does for its task. Then what it turns away waits for another turn, as long as
            the limit does; waiting is part of no time limit. Tokens count as the answers tell.

    Raises:
        BadInput: If something is not as it should be.
    """

    name: str
    instructions: str
    _: KW_ONLY
    model: str | Callable[..., Any] | None = None
    explain: bool = True
    temperature: float | None = 0.0
    seed: int | None = None
    base_url: str | None = None
    api_key: Secret | str | None = None
    timeout: float = 60.0
    patience: float = 60.0
    rate_limit: RateLimit | None = None
    _memory: Memory = field(init=False, default_factory=Memory)
    _models: dict[Any, Model] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.api_key, str):
            object.__setattr__(self, "api_key", Secret(self.api_key))
        checked_name("judge", self.name)
        if not isinstance(self.instructions, str) or not self.instructions.strip():
            raise BadInput(f"Judge {self.name!r} has no instructions.", "Say what is good.")
        if not (self.model is None or isinstance(self.model, str) or callable(self.model)):
            raise BadInput(
                f"The model of judge {self.name!r} is of type {type(self.model).__name__}.",
                "Give a model's name, or a function.",
            )
        if callable(self.model):
            FunctionModel(self.model, self.timeout)  # refuses what it cannot call
        self._check_numbers()
        checked_rate_limit(self.rate_limit)

    def _check_numbers(self) -> None:
        for name, least in (("timeout", 0.001), ("patience", 0), ("temperature", 0)):
            value = getattr(self, name)
            if name == "temperature" and value is None:
                continue
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value) or value < least:
                step = f"Use a number of at least {least:g}."
                raise BadInput(f"{name} of judge {self.name!r} is {value!r}.", step)

    def __repr__(self) -> str:
        named = self.model if isinstance(self.model, str) or self.model is None else self._label
        return f"<{type(self).__name__} {self.name!r}: {self._prompt.scale.label}, model {named!r}>"

    @property
    def _label(self) -> str:
        return "" if (model := self._model()) is None else model.label

    @property
    def _prompt(self) -> Prompt:
        raise NotImplementedError

    @property
    def fingerprint(self) -> str:
        """Changes with everything that may change a verdict."""
        model = self._model()
        identity = "" if model is None else model.identity
        return content_hash(self._prompt.version, identity, self.temperature, self.seed)

    def check_ready(self) -> None:
        """See that there is a model to ask.

        Raises:
            NoModel: If none is set.
            MissingExtra: If the client for endpoints is not installed.
            BadInput: If the endpoint needs a key and there is none.
        """
        model = self._model()
        if model is None:
            raise NoModel(self.name)
        if isinstance(model, Endpoint):
            model.check()

    def cached_in(self, store: Store) -> Self:
        """The same judge, whose answers are kept in a store and looked up there.

        Args:
            store: Where to.
        """
        return self._remembering(Memory(store))

    def _remembering(self, memory: Memory) -> Self:
        made = object.__new__(type(self))
        for name, value in vars(self).items():
            object.__setattr__(made, name, value)
        object.__setattr__(made, "_memory", memory)
        return made

    # Asking.

    def _model(self) -> Model | None:
        if callable(self.model):
            # Made anew: the function may use what has changed since.
            return FunctionModel(self.model, self.timeout)
        key = self.api_key if isinstance(self.api_key, Secret) else None
        address = ModelAddress.completed(self.model, self.base_url, key)
        if address is None:
            return None
        # One for all threads, since it keeps connections open.
        in_turn = self.rate_limit is not None
        made = Endpoint(address, self.timeout, self.patience, in_turn=in_turn)
        return self._models.setdefault(address, made)

    def _ask(self, parts: Mapping[str, Any], about: str, seed: int | None) -> tuple[Answer, bool]:
        """One answer about some material, and whether it was known.

        Args:
            parts: The material by name.
            about: What it is, for errors.
            seed: Of this question.

        Raises:
            NoModel: If there is no model to ask.
            JudgeFailed: If there is no answer.
        """
        model = self._model()
        if model is None:
            raise NoModel(self.name)
        try:
            return self._recalled(model, parts, seed)
        except NoAnswer as trouble:
            raise JudgeFailed(
                f"Judge {self.name!r} has no verdict on {about}: {trouble.problem}",
                trouble.next_step,
            ) from trouble

    def _recalled(
        self, model: Model, parts: Mapping[str, Any], seed: int | None
    ) -> tuple[Answer, bool]:
        prompt = self._prompt
        request = Request(tuple(prompt.messages(parts)), prompt.schema, self.temperature, seed)
        asked = (model.identity, request.messages, request.schema, self.temperature, seed)
        held, was_known = self._memory.recall(
            content_hash(*asked),
            lambda begun: obtain(
                Questions(model, self.name, self.rate_limit, begun), request, prompt
            ).kept(),
            lambda kept: Answer.from_kept(kept, prompt.scale) is not None,
        )
        answer = Answer.from_kept(held, prompt.scale)
        assert answer is not None  # noqa: S101 - looked at before
        return answer, was_known
