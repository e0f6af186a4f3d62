"""Pages for people."""

import threading
from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse

from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.server.access import Reading, Stored
from xeroml_nb.server.failures import ApiError, declared
from xeroml_nb.server.models.common import Id
from xeroml_nb.server.naming import topic
from xeroml_nb.store import experiments
from xeroml_nb.tracing.recorder import Recorder

router = topic("pages", prefix="")
# A page may be large, and its charts take a processor: they are drawn one after the other.
_drawing = threading.Lock()
# The page holds all it shows: it may run nothing and fetch nothing.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The page.", "content": {"text/html": {"schema": {"type": "string"}}}}
}


@router.get(
    "/experiments/{experiment_id}", response_class=Response, responses=_PAGE | declared(404)
)
def show_experiment(experiment_id: Id, store: Stored, _: Reading) -> HTMLResponse:
    """An experiment with its results, as one page."""
    with store.reading() as connection:
        record = experiments.by_id(connection, experiment_id)
    if record is None:
        raise ApiError(404, f"There is no experiment {experiment_id!r}.")
    # What draws the page takes seconds to import, and most servers never need it.
    from xeroml_nb.notebook.page import page_html

    with _drawing:
        text = page_html(Experiment(store, Recorder(), record))
    return HTMLResponse(text.encode("utf-8", "replace"), headers=_HEADERS)
