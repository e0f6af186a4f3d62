"""The model that judges ask. It is not asked here, since that may cost money."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.finding import Finding, broken, broken_by, fine, lacking
from xeroml_nb.errors import XeromlError
from xeroml_nb.settings import ModelAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.cli.doctor.finding import Asked


def judge(_: Asked) -> Iterator[Finding]:
    """What the environment says of the model that judges ask."""
    try:
        address = ModelAddress.completed(None, None, None)
    except XeromlError as error:
        yield broken_by("model", error)
        return
    yield nothing() if address is None else model(address)


def nothing() -> Finding:
    """No model is set, which only judges need."""
    text = "none is set (XEROML_JUDGE_MODEL): a judge needs model=... then"
    return fine("model", text, model=None)


def model(address: ModelAddress) -> Finding:
    """Whether all is set that asking a model takes."""
    has_key = address.api_key is not None
    facts = {"model": address.model, "host": address.host, "key": has_key}
    text = f"{address.model} at {address.host}, {'a' if has_key else 'no'} key is set"
    if find_spec("openai") is None:
        step = "pip install 'xeroml_nb[judge]'"
        return lacking("model", f"{text}; the client for it is not installed", step, **facts)
    if not has_key and address.base_url is None:
        step = "Set XEROML_JUDGE_API_KEY, or OPENAI_API_KEY."
        return broken("model", f"{text}, which it asks for", step, **facts)
    return fine("model", text, **facts)
