"""Questions on their way to a model: each in its turn, and recorded with what it used."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from opentelemetry import trace

from xeroml_nb.experiments.waiting import is_stopping, off_the_clock
from xeroml_nb.records.observation import ObservationType
from xeroml_nb.scoring.judging.model import NoAnswer
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.observation import LiveObservation, observation
from xeroml_nb.tracing.usage import Spent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xeroml_nb.experiments.rate_limit import RateLimit
    from xeroml_nb.scoring.judging.model import Model, Reply, Request, Tokens


class Questions:
    """A model as one judge asks it.

    A question that belongs to a trace, as that about an item run does, is a generation in it:
    with model, tokens and answer, but without the prompt, which repeats what the trace holds.

    Args:
        model: What is asked.
        judge: The name of who asks.
        limit: What the model's provider allows; None for no limit.
        begun: Called when the turn of a question has come.
    """

    def __init__(
        self, model: Model, judge: str, limit: RateLimit | None, begun: Callable[[], None]
    ) -> None:
        self._model = model
        self._judge = judge
        self._limit = limit
        self._begun = begun
        self._used: list[Spent] = []

    @property
    def label(self) -> str:
        """What people call the model."""
        return self._model.label

    def ask(self, request: Request) -> Reply:
        """The reply to a question, when its turn has come.

        Raises:
            NoAnswer: If there is none.
            Stopped: If the run was stopped before its turn.
        """
        for turn in self._turns():
            with turn:
                self._begun()
                return self._asked(request)
        raise AssertionError  # the last turn returned or raised

    def _turns(self) -> Iterator[AbstractContextManager[None]]:
        if self._limit is None:
            yield nullcontext()
            return
        turns = self._limit.turns(lambda: self._used, is_stopping)
        while True:
            with off_the_clock():
                turn = next(turns, None)
            if turn is None:
                return
            yield turn

    def _asked(self, request: Request) -> Reply:
        with self._generation() as live:
            try:
                reply = self._model.ask(request)
            except NoAnswer as trouble:
                self._note(live, trouble.tokens)
                raise
            self._note(live, reply.tokens)
            live.update(output=reply.text)
            if reply.version is not None:
                live.span.set_attribute(names.RESPONSE_MODEL, reply.version)
        return reply

    def _generation(self) -> AbstractContextManager[LiveObservation]:
        if not trace.get_current_span().get_span_context().is_valid:
            return nullcontext(LiveObservation(trace.INVALID_SPAN))
        return observation(self._judge, ObservationType.GENERATION, model=self.label)

    def _note(self, live: LiveObservation, tokens: Tokens) -> None:
        if tokens:  # a function of the user's may record what it used by itself
            used = {names.INPUT_TOKENS: tokens.input, names.OUTPUT_TOKENS: tokens.output}
            self._used.append(Spent(str(len(self._used)), used))
            live.update(usage={"input": tokens.input, "output": tokens.output})
