"""The app: every route over one store."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from xeroml_nb.server import documents, failures
from xeroml_nb.server.access import KeyRing
from xeroml_nb.server.desk import ScoreDesk
from xeroml_nb.server.failures import Guard, Json
from xeroml_nb.server.limits import BodyLimit, Gate
from xeroml_nb.server.routes import (
    dataset_items,
    datasets,
    experiments,
    health,
    ingestion,
    metrics,
    observations,
    otlp,
    pages,
    prompts,
    queues,
    reports,
    score_configs,
    scores,
    sessions,
    traces,
)

if TYPE_CHECKING:
    from xeroml_nb.server.options import ServerOptions
    from xeroml_nb.store.store import Store

_TOLD = ("Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_TOPICS = (
    *(health, traces, observations, sessions, scores, ingestion, otlp),
    *(datasets, dataset_items, experiments, score_configs, queues),
    *(prompts, metrics, reports, pages),
)


def create_app(store: Store, options: ServerOptions) -> FastAPI:
    """Make an app that serves a store.

    Args:
        store: What it reads and writes; the app does not close it.
        options: How it behaves.
    """
    app = FastAPI(
        title="XeroML API over a store of xeroml_nb",
        version=metadata.version("xeroml_nb"),
        default_response_class=Json,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # In a process that records traces, what the server does would be among them.
        telemetry={"tracing": False},
        middleware=_layers(store, options),
    )
    app.state.store = store
    app.state.options = options
    app.state.desk = ScoreDesk(store)
    failures.handle(app)
    app.include_router(scores.plain_router)
    for topic in _TOPICS:
        app.include_router(topic.router)
    documents.document(app)
    return app


def _layers(store: Store, options: ServerOptions) -> list[Middleware]:
    """What a request passes before its route, from the outside in."""
    gate = Middleware(Gate, keys=KeyRing(store, options), rate_limit=options.rate_limit)
    inner = [gate, Middleware(BodyLimit), Middleware(Guard)]
    return [_pages(options), *inner] if options.allowed_origins else inner


def _pages(options: ServerOptions) -> Middleware:
    """Lets web pages of the allowed addresses in."""
    return Middleware(
        CORSMiddleware,
        allow_origins=options.allowed_origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=_TOLD,
    )
