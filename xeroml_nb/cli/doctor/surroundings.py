"""What else has a say: OpenTelemetry, git, and the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from xeroml_nb.cli.answers import prints_every_sign
from xeroml_nb.cli.doctor.finding import Finding, broken, fine, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.cli.doctor.finding import Asked


def surroundings(_: Asked) -> Iterator[Finding]:
    """What is around this package."""
    yield tracing()
    yield instrumentations()
    yield git()
    yield terminal()


def tracing() -> Finding:
    """Whether spans come here: OpenTelemetry may be switched off, or have a provider already."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        text = "OTEL_SDK_DISABLED switches OpenTelemetry off: no trace is kept"
        return broken("tracing", text, "Unset OTEL_SDK_DISABLED.")
    provider = trace.get_tracer_provider()
    name = f"{type(provider).__module__}.{type(provider).__qualname__}"
    if isinstance(provider, trace.ProxyTracerProvider):
        return _sampled()
    if isinstance(provider, TracerProvider):
        return fine("tracing", f"into the tracer provider that is there ({name})", provider=name)
    step = "Unset OTEL_PYTHON_TRACER_PROVIDER, or set it to sdk."
    text = f"another tracer provider is there, which takes no span for the store ({name})"
    return broken("tracing", text, step, provider=name)


def _sampled() -> Finding:
    sampler = os.environ.get("OTEL_TRACES_SAMPLER", "")
    if sampler and sampler not in ("always_on", "parentbased_always_on"):
        text = f"OTEL_TRACES_SAMPLER={sampler} leaves traces out"
        return lacking("tracing", text, "Unset OTEL_TRACES_SAMPLER to keep all.", sampler=sampler)
    return fine("tracing", "spans go into the store; no other tracer provider is set")


def instrumentations() -> Finding:
    """Which libraries can be made to record spans."""
    found = sorted({point.name for point in entry_points(group="opentelemetry_instrumentor")})
    text = ", ".join(found) or "none is installed: @observe records what you mark"
    return fine("instruments", text, names=found)


def git() -> Finding:
    """Whether runs keep the commit they were made with."""
    from xeroml_nb.experiments.environment import snapshot

    if shutil.which("git") is None:
        text = "not installed: runs keep their task's source, but no commit"
        return lacking("git", text, "Install git, and run in a repository.")
    state = snapshot()["git"]
    if state is None:
        return fine("git", "no repository here: runs keep their task's source, but no commit")
    changed = ", with changes that are not committed" if state["changed"] else ""
    return fine("git", f"runs keep the commit, now {state['commit'][:10]}{changed}", **state)


def terminal() -> Finding:
    """Whether what commands print can be shown."""
    is_terminal = sys.stdout.isatty()
    encoding = (sys.stdout.encoding or "ascii").lower()
    facts = {"terminal": is_terminal, "encoding": encoding}
    if not prints_every_sign():
        text = f"{encoding}, which lacks signs such as ✓: others stand for them"
        return lacking("terminal", text, "Set PYTHONUTF8=1.", **facts)
    size = shutil.get_terminal_size().columns
    text = f"{size} columns, {encoding}" if is_terminal else f"none, a pipe or a file; {encoding}"
    return fine("terminal", text, **facts)
