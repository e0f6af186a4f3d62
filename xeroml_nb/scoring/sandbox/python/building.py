"""Builds the sandbox's interpreter: CPython with the guest in it, compiled for this machine.

This runs in a child process, since building holds on to the interpreter that it runs in.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.python.engine import new_engine

_HERE = Path(__file__).parent
_GUEST, _WORLD = _HERE / "guest.py", _HERE / "world.wit"
SOURCES = (_GUEST, _WORLD, _HERE / "engine.py")
"""What an interpreter is built from; when one of them changes, so does the interpreter."""
PREFIX = "building-"
"""Of the folders that builds work in."""


def work(_parts: list[bytes], arguments: list[str]) -> tuple[Status, bytes]:
    """Build the interpreter.

    Args:
        arguments: The file to write, in a folder that is there.
    """
    from wasmtime.component import Component

    (target,) = arguments
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=Path(target).parent) as folder:
        component = _component(Path(folder))
        compiled = Component(new_engine(), component.read_bytes()).serialize()
        finished = Path(folder) / "finished"
        finished.write_bytes(compiled)
        # In one step: who looks for it finds nothing, or all of it.
        finished.replace(target)
    return Status.ANSWERED, b""


def _component(folder: Path) -> Path:
    from componentize_py import script  # type: ignore[import-untyped]

    shutil.copy(_GUEST, folder / "guest.py")
    component = folder / "component.wasm"
    sys.argv = ["componentize-py", "--quiet", "--wit-path", str(_WORLD), "--world", "scorer"]
    sys.argv += ["componentize", "guest", "--python-path", str(folder), "--output", str(component)]
    script()
    return component
