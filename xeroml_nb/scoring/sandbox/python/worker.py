"""Runs a card's Python in the sandbox's interpreter; this runs in a child process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from xeroml_nb.scoring.sandbox import landlock
from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.python.engine import new_engine

if TYPE_CHECKING:
    from wasmtime import Engine, Store
    from wasmtime.component import Component, Func


def work(parts: list[bytes], arguments: list[str]) -> tuple[Status, bytes]:
    """Run code on data.

    Args:
        parts: The code, and the data as JSON text.
        arguments: File of the compiled interpreter, and megabytes.

    Returns:
        The envelope, or how the run ended without one.
    """
    from wasmtime import Trap, WasmtimeError
    from wasmtime.component import Component

    interpreter, memory_mb = arguments
    code, data = (part.decode(errors="surrogatepass") for part in parts)
    engine = new_engine()
    try:
        component = Component.deserialize_file(engine, interpreter)
    except WasmtimeError as error:
        return Status.UNUSABLE, str(error).encode()
    try:
        answer = _run(engine, component, int(memory_mb), json.dumps(code), data)
    except (Trap, WasmtimeError) as error:
        return _why(str(error)), b""
    return Status.FAILED if answer.startswith('{"error"') else Status.ANSWERED, answer.encode()


def _run(engine: Engine, component: Component, memory_mb: int, code: str, data: str) -> str:
    from wasmtime.component import Linker

    store = _confined_store(engine, memory_mb)
    linker = Linker(engine)
    linker.add_wasip2()
    run = linker.instantiate(store, component).get_func(store, "run")
    # The engine holds the code by itself; this stands behind it, should it have a fault. It is
    # the one layer that leaves the engine what it needs: its clock and streams start threads.
    if landlock.version() > 0:
        landlock.forbid_all()
    answer: str = cast("Func", run)(store, code, data)
    return answer


def _confined_store(engine: Engine, memory_mb: int) -> Store:
    """A store whose interpreter sees no file, address, variable, argument or stream."""
    from wasmtime import Store, WasiConfig

    store = Store(engine)
    store.set_wasi(WasiConfig())
    store.set_limits(memory_size=memory_mb * 1024 * 1024)
    return store


def _why(message: str) -> Status:
    """What a trap was, by the runtime's own words for it."""
    return Status.TOO_DEEP if "call stack exhausted" in message else Status.CRASHED
