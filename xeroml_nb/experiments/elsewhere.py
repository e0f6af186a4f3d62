"""What a worker in another process does with an item it is sent."""

from __future__ import annotations

import contextvars
import pickle
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.calls import DirectCall
from xeroml_nb.experiments.failures import Failure
from xeroml_nb.experiments.packing import Luggage, Packed, dumps
from xeroml_nb.experiments.retries import OutOfTime
from xeroml_nb.records.json_text import said
from xeroml_nb.tracing.carrying import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xeroml_nb.records.observation import Observation

# Answers of a worker that are none of the task's.
UNKNOWN = b"unknown"
INTERRUPTED = b"interrupted"
QUICK = 0.05  # seconds that several items together may take
_KEPT = 8
_GRACE = 0.1  # a coroutine is first given the chance to be cancelled
_lock = threading.Lock()
_known: OrderedDict[str, Luggage] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One item on its way to a worker.

    Args:
        luggage: The name of what the worker needs besides.
        content: That itself; None where the worker may have it.
        values: What the task asks for.
        headers: The trace it belongs to.
    """

    luggage: str
    content: bytes | None
    values: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(slots=True)
class Answer:
    """What comes back: an output and the seconds it took, or why there is none.

    Args:
        output: Of the task.
        seconds: Of the attempt.
        failure: The error instead.
        late: The attempt took longer than it may.
        spans: That ended in the worker.
    """

    output: Any = None
    seconds: float = 0.0
    failure: Failure | None = None
    late: bool = False
    spans: list[Observation] = field(default_factory=list)


def work(parcel: bytes) -> bytes:
    """Call the task on the item of a parcel.

    Args:
        parcel: A pickled `Parcel`.

    Returns:
        A pickled `Answer`; `UNKNOWN` where the luggage has to be sent along, `INTERRUPTED` where
        the process was.
    """
    try:
        opened: Parcel = pickle.loads(parcel)  # noqa: S301 - from who started the run
        luggage = _luggage(Packed(opened.luggage, opened.content or b""))
        if luggage is None:
            return UNKNOWN
        answer = _answer(luggage, opened)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the row tells what it is
        answer = Answer(failure=Failure.of(error))
    return _packed(answer)


def work_on_each(parcels: Sequence[bytes]) -> tuple[list[bytes], float]:
    """Call the task on several items, one after another, as long as they are quick.

    Args:
        parcels: Each a pickled `Parcel`.

    Returns:
        What `work` answers to the first of them, and the seconds that took; those left over were
        not begun.
    """
    began = time.monotonic()
    answers: list[bytes] = []
    for parcel in parcels:
        answers.append(work(parcel))
        if time.monotonic() > began + QUICK:
            break
    return answers, time.monotonic() - began


def _answer(luggage: Luggage, parcel: Parcel) -> Answer:
    with joined(parcel.headers, luggage.labels) as spans:
        answer = _in_thread(luggage, parcel.values)
    answer.spans = spans
    return answer


def _in_thread(luggage: Luggage, values: Mapping[str, Any]) -> Answer:
    """Call the task in a thread that can be left behind if it hangs."""
    found: list[Answer] = []
    context = contextvars.copy_context()

    def call() -> None:
        found.append(_called(luggage, values))

    thread = threading.Thread(target=context.run, args=(call,), name="xeroml-task", daemon=True)
    thread.start()
    thread.join(luggage.timeout + _GRACE)
    return found[0] if found else Answer(late=True)


def _called(luggage: Luggage, values: Mapping[str, Any]) -> Answer:
    try:
        luggage.enter()
        output, seconds = DirectCall(luggage.bound, luggage.timeout)(dict(values), lambda: None)
    except OutOfTime:
        return Answer(late=True)
    except BaseException as error:  # noqa: BLE001 - a task may raise anything, even SystemExit
        return Answer(failure=Failure.of(error))
    return Answer(output, seconds)


def _luggage(packed: Packed) -> Luggage | None:
    """The luggage of that name: kept from an earlier item, or unpacked now."""
    with _lock:
        if packed.name not in _known:
            if not packed.content:
                return None
            _known[packed.name] = _unpacked(packed.content)
        _known.move_to_end(packed.name)
        while len(_known) > _KEPT:
            _known.popitem(last=False)
        return _known[packed.name]


def _unpacked(content: bytes) -> Luggage:
    try:
        luggage: Luggage = pickle.loads(content)  # noqa: S301 - from who started the run
    except Exception as error:
        raise BadInput(
            f"A worker cannot load the task: {said(error)}.",
            "Workers need the same packages and modules as this process; a module of your own is "
            "sent along after cloudpickle.register_pickle_by_value(module).",
        ) from error
    return luggage


def _packed(answer: Answer) -> bytes:
    pack: Callable[[Any], bytes] = pickle.dumps
    for dump in (pack, dumps):
        try:
            return dump(answer)
        except Exception as error:  # noqa: BLE001 - an output of any class
            failure = Failure.of(error)
    return pickle.dumps(Answer(failure=failure, spans=answer.spans))
