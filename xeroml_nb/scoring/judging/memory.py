"""Answers that were given already: the same question is not asked twice."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.waiting import off_the_clock
from xeroml_nb.records import clock
from xeroml_nb.scoring.judging.model import NoAnswer
from xeroml_nb.store import judge_answers
from xeroml_nb.store.judge_answers import JudgeAnswer
from xeroml_nb.store.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.store.store import Store

    Held = dict[str, Any]
    Ask = Callable[[Callable[[], None]], Held]

_MOST = 10_000
_LOOK = 0.01


class Memory:
    """Remembers answers by their questions, in this process and, if it has one, in a store.

    Failures are not remembered. Who asks what another thread is asking already waits for that
    answer; no time limit runs until that question's turn has come.

    Args:
        store: Where answers outlive the process.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Held] = OrderedDict()
        self._asking: dict[str, Future[Held]] = {}
        self._loading = threading.Lock()

    def recall(self, key: str, ask: Ask, fits: Callable[[Held], bool]) -> tuple[Held, bool]:
        """The answer to a question, and whether it was known.

        Args:
            key: Names the question by its content.
            ask: Asks it; calls what it is given when its turn has come.
            fits: Tells whether a stored answer can be used; one that cannot is asked for again.

        Raises:
            NoAnswer: If asking fails, here or in the thread that is asking.
        """
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                return known, True
            waiting = self._asking.get(key)
            if waiting is None:
                mine = self._asking[key] = Future()
        if waiting is not None:
            _await_turn(waiting)
            return waiting.result(), True
        try:
            held, was_known = self._found_or_asked(key, lambda: ask(lambda: _begin(mine)), fits)
        except BaseException as error:
            shared = error if isinstance(error, Exception) else NoAnswer("it was interrupted.")
            self._settle(key, lambda: mine.set_exception(shared))
            raise
        self._settle(key, lambda: mine.set_result(held), held)
        return held, was_known

    def _found_or_asked(
        self, key: str, ask: Callable[[], Held], fits: Callable[[Held], bool]
    ) -> tuple[Held, bool]:
        if self._store is None:
            return ask(), False
        found = self._stored(self._store, key)
        if found is not None and fits(found):
            return found, True
        held = ask()
        self._store.submit_quietly(Rows(judge_answers=[JudgeAnswer(key, held, clock.now())]))
        return held, False

    def _stored(self, store: Store, key: str) -> Held | None:
        """The answer in the store; what another process adds to it meanwhile may be missed."""
        with self._loading:
            stored_keys = self._stored_keys
        if key not in stored_keys:
            return None
        with store.reading() as connection:
            return judge_answers.get(connection, key)

    @cached_property
    def _stored_keys(self) -> frozenset[str]:
        """Of all answers in the store: to look there for each new question takes far longer."""
        assert self._store is not None  # noqa: S101 - asked for by `_stored` alone
        with self._store.reading() as connection:
            return judge_answers.keys(connection)

    def _settle(self, key: str, tell: Callable[[], None], held: Held | None = None) -> None:
        with self._lock:
            del self._asking[key]
            if held is not None:
                self._known[key] = held
                if len(self._known) > _MOST:
                    self._known.popitem(last=False)
        tell()


def _begin(asking: Future[Held]) -> None:
    """The turn has come; a second question for the same answer may follow."""
    if not asking.running():
        asking.set_running_or_notify_cancel()


def _await_turn(asking: Future[Held]) -> None:
    with off_the_clock():
        while not (asking.running() or asking.done()):
            time.sleep(_LOOK)
