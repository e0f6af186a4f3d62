"""Use the scorers of the autoevals package as evaluators."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.scoring.builtin.options import with_options
from xeroml_nb.scoring.given import Score

if TYPE_CHECKING:
    from collections.abc import Callable

# What tells how a scorer reaches its model, but nothing of how it scores.
_WAYS = frozenset({"api_key", "base_url", "client"})


def from_autoevals(scorer: Any, name: str | None = None) -> Callable[..., Any]:
    """Make an evaluator of a scorer of the autoevals package.

    The scorer gets the output, the expected output as `expected`, the input, and of the item's
    metadata the entries that its parameters name (such as `context`). Its rationale becomes the
    comment. A scorer whose client is asynchronous is awaited, any other runs in a thread.

    Args:
        scorer: A scorer such as `JSONDiff()`, or a class of them that needs no arguments.
        name: The scorer's own by default.

    Raises:
        BadInput: If it is no scorer, or a class that needs arguments.

    Example:
        >>> from autoevals import Levenshtein
        >>> from_autoevals(Levenshtein)(output="kitten", expected_output="kitchen").value
        0.7142857142857143
    """
    made = _instance(scorer)
    ask = _ask_awaited if _is_awaited(made) else _ask
    called = name or made._name()  # noqa: SLF001 - scorers have no public name
    return with_options(ask, called, scorer=made, asks=_parameters(made), settings=_settings(made))


def _ask(  # noqa: PLR0913 - what an item has, and what the scorer is
    output: Any,
    expected_output: Any = None,
    input: Any = None,  # noqa: A002 - the word of the field
    metadata: Any = None,
    *,
    scorer: Any,
    asks: tuple[str, ...],
    settings: Any,  # noqa: ARG001 - here for the fingerprint, which reads no foreign objects
) -> Score | None:
    """What the scorer says."""
    return _said(scorer.eval(output, expected_output, **_known(asks, input, metadata)))


async def _ask_awaited(  # noqa: PLR0913 - as above
    output: Any,
    expected_output: Any = None,
    input: Any = None,  # noqa: A002 - the word of the field
    metadata: Any = None,
    *,
    scorer: Any,
    asks: tuple[str, ...],
    settings: Any,  # noqa: ARG001 - as above
) -> Score | None:
    """What the scorer says, without a thread that waits for it."""
    known = _known(asks, input, metadata)
    return _said(await scorer.eval_async(output, expected_output, **known))


def _known(asks: tuple[str, ...], question: Any, metadata: Any) -> dict[str, Any]:
    """What the scorer asks for beside the two outputs."""
    entries = dict(metadata) if isinstance(metadata, Mapping) else {}
    offered = entries | {"input": question, "metadata": metadata}
    return {name: offered[name] for name in asks if name in offered}


def _said(given: Any) -> Score | None:
    """A scorer's answer in our words; None where it skipped the item."""
    if given.error is not None:  # how older scorers say that they failed
        raise given.error
    if given.score is None:
        return None
    metadata = dict(given.metadata or {})
    why = metadata.pop("rationale", None)
    return Score(given.score, comment=why, data_type="NUMERIC", metadata=metadata or None)


def _instance(scorer: Any) -> Any:
    try:
        made = scorer() if isinstance(scorer, type) else scorer
    except TypeError as error:
        raise BadInput(
            f"The class {scorer.__name__} makes no scorer by itself: {error}.",
            f"Pass one that is made: from_autoevals({scorer.__name__}(...)).",
        ) from None
    if not all(callable(getattr(made, part, None)) for part in ("eval", "eval_async", "_name")):
        raise BadInput(
            f"{type(made).__name__} is no scorer of autoevals.",
            "Pass one of its scorers: from_autoevals(autoevals.Levenshtein()).",
        )
    return made


def _is_awaited(scorer: Any) -> bool:
    """Tell whether the scorer asks a model through a client that has to be awaited."""
    client = getattr(scorer, "client", None)
    inner = getattr(client, "openai", client)
    return type(inner).__name__.startswith("Async")


def _parameters(scorer: Any) -> tuple[str, ...]:
    """What the scorer asks for by name, but for what it was made with already."""
    asked = inspect.signature(scorer._run_eval_sync).parameters  # noqa: SLF001 - `eval` takes all
    takes_any = any(p.kind is p.VAR_KEYWORD for p in asked.values())
    names = {*asked, "input"} if takes_any else set(asked)
    return tuple(sorted(names - {"output", "expected", *_filled_in(scorer)}))


def _filled_in(scorer: Any) -> dict[str, Any]:
    """What a scorer made by `.partial(...)` knows already."""
    known = getattr(scorer, "_partial_args", dict)
    return dict(known())


def _settings(scorer: Any) -> dict[str, Any]:
    """What the scorer was made with, other scorers inside it too, but for keys and clients."""
    own = _without_ways(getattr(scorer, "__dict__", {}) | _filled_in(scorer))
    inner = {k: _settings(v) if hasattr(v, "eval_async") else v for k, v in own.items()}
    return {"scorer": type(scorer).__qualname__, **inner}


def _without_ways(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_ways(v) for k, v in value.items() if k not in _WAYS}
    return value
