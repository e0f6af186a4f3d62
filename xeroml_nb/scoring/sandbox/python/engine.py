"""The WebAssembly engine that both compiles the interpreter ahead and runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasmtime import Engine

# Above this the runtime ends its whole process where the code calls itself too deep.
_STACK = 2 * 1024 * 1024


def new_engine() -> Engine:
    """An engine with the sandbox's settings; what is compiled ahead fits no other.

    Nothing in it watches the clock, which would take a quarter of the speed: the whole process
    ends at its time limit.
    """
    from wasmtime import Config, Engine

    settings = Config()
    settings.max_wasm_stack = _STACK
    return Engine(settings)
