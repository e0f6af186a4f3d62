"""The decorator that records every call of a function."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, overload

from opentelemetry import context as otel
from opentelemetry import trace

from xeroml_nb.records import clock
from xeroml_nb.records.observation import ObservationType
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.observation import LiveObservation, checked_type, observation
from xeroml_nb.tracing.pipeline import tracer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

F = TypeVar("F", bound="Callable[..., Any]")


@overload
def observe(function: F) -> F: ...
@overload
def observe(
    *,
    name: str | None = None,
    type: str = ObservationType.SPAN,
    capture_input: bool = True,
    capture_output: bool = True,
) -> Callable[[F], F]: ...
def observe(
    function: Any = None,
    *,
    name: str | None = None,
    type: str = ObservationType.SPAN,  # noqa: A002 - the word of the spec
    capture_input: bool = True,
    capture_output: bool = True,
) -> Any:
    """Record every call of a function as a span; used bare or with arguments.

    Plain functions, coroutine functions, generators and asynchronous generators are recorded from
    the first to the last moment they run; of a generation that is a generator, the first piece is
    taken for the first token.

    Args:
        function: The function, when used bare.
        name: The span's name; the function's own by default.
        type: "span", "generation" or "event".
        capture_input: Keep the arguments.
        capture_output: Keep what is returned, or the list of what is yielded (joined, if text).

    Raises:
        BadInput: If the type is none of the three.

    Example:
        >>> @observe(name="double")
        ... def twice(n):
        ...     return 2 * n
        >>> twice(2)
        4
    """
    if function is None:
        return functools.partial(
            observe,
            name=name,
            type=type,
            capture_input=capture_input,
            capture_output=capture_output,
        )
    own_name: str = getattr(function, "__name__", function.__class__.__name__)
    recording = _Recording(
        function, name or own_name, checked_type(type), capture_input, capture_output
    )
    return functools.wraps(function)(_wrapper(function, recording))


class _Recording:
    """How the calls of one function are recorded."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        kind: ObservationType,
        capture_input: bool,  # noqa: FBT001
        capture_output: bool,  # noqa: FBT001
    ) -> None:
        self.name = name
        self.kind = kind
        self.capture_output = capture_output
        self._signature = inspect.signature(function) if capture_input else None

    def known(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """What the span knows at its start."""
        if self._signature is None:
            return {}
        try:
            bound = self._signature.bind(*args, **kwargs).arguments
        except TypeError:  # the call itself will raise this, with the user's own traceback
            return {}
        return {"input": {k: v for k, v in bound.items() if k not in ("self", "cls")}}

    def done(self, live: LiveObservation, output: Any) -> Any:
        if self.capture_output:
            live.update(output=output)
        return output


def _wrapper(function: Callable[..., Any], recording: _Recording) -> Callable[..., Any]:
    """The recorded form of a function, of the same kind as the function."""
    if inspect.isasyncgenfunction(function):
        return lambda *args, **kwargs: _async_stream(function, recording, args, kwargs)
    if inspect.isgeneratorfunction(function):
        return lambda *args, **kwargs: _stream(function, recording, args, kwargs)
    if inspect.iscoroutinefunction(function):

        async def call_async(*args: Any, **kwargs: Any) -> Any:
            with observation(recording.name, recording.kind, **recording.known(args, kwargs)) as o:
                return recording.done(o, await function(*args, **kwargs))

        return call_async

    def call(*args: Any, **kwargs: Any) -> Any:
        with observation(recording.name, recording.kind, **recording.known(args, kwargs)) as o:
            return recording.done(o, function(*args, **kwargs))

    return call


class _Stream:
    """The span of a generator: current only while the generator itself runs."""

    def __init__(self, recording: _Recording, args: Any, kwargs: Any) -> None:
        self._recording = recording
        self._pieces: list[Any] = []
        self._waits_for_first = recording.kind is ObservationType.GENERATION
        self.live = LiveObservation(tracer().start_span(recording.name))
        self.live.span.set_attribute(names.TYPE, recording.kind.value)
        self.live.update(**recording.known(args, kwargs))
        self._context = trace.set_span_in_context(self.live.span)

    def __enter__(self) -> None:
        self._token = otel.attach(self._context)

    def __exit__(self, *_: object) -> None:
        otel.detach(self._token)

    def got(self, piece: Any) -> Any:
        if self._waits_for_first:
            self._waits_for_first = False
            self.live.update(completion_start_time=clock.now())
        if self._recording.capture_output:
            self._pieces.append(piece)
        return piece

    def end(self, error: BaseException | None = None) -> None:
        pieces = self._pieces
        text = bool(pieces) and all(isinstance(p, str) for p in pieces)
        self._recording.done(self.live, "".join(pieces) if text else pieces)
        if isinstance(error, Exception):
            self.live.fail(error)
        self.live.span.end()


def _stream(
    function: Any, recording: _Recording, args: Any, kwargs: Any
) -> Generator[Any, Any, Any]:
    stream = _Stream(recording, args, kwargs)
    source = function(*args, **kwargs)
    go_on = functools.partial(next, source)
    try:
        while True:
            with stream:
                try:
                    piece = go_on()
                except StopIteration as end:
                    stream.end()
                    return end.value
            try:
                go_on = functools.partial(source.send, (yield stream.got(piece)))
            except GeneratorExit:
                with stream:
                    source.close()
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the caller
                go_on = functools.partial(source.throw, error)
    except BaseException as error:
        stream.end(error)
        raise


async def _async_stream(
    function: Any, recording: _Recording, args: Any, kwargs: Any
) -> AsyncGenerator[Any, Any]:
    stream = _Stream(recording, args, kwargs)
    source = function(*args, **kwargs)
    go_on = functools.partial(anext, source)
    try:
        while True:
            with stream:
                try:
                    piece = await go_on()
                except StopAsyncIteration:
                    break
            try:
                go_on = functools.partial(source.asend, (yield stream.got(piece)))
            except GeneratorExit:
                with stream:
                    await source.aclose()
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the caller
                go_on = functools.partial(source.athrow, error)
    except BaseException as error:
        stream.end(error)
        raise
    stream.end()
