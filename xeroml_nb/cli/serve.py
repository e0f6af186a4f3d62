"""`xeroml-nb serve`: serve a store."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from xeroml_nb.cli.failing import failing_plainly
from xeroml_nb.errors import MissingExtra
from xeroml_nb.settings import chosen_place


def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Where to listen; 0.0.0.0 is everywhere, which needs keys.")
    ] = "127.0.0.1",
    store: Annotated[
        str | None, typer.Option(help="Path or URL of the store; XEROML_STORE by default.")
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Address of a web page that may talk to the server; may be repeated."),
    ] = None,
    rate_limit: Annotated[
        int, typer.Option(min=0, help="Requests a minute of each key; 0 is any number.")
    ] = 6000,
) -> None:
    """Serve a store over the API that this package, XeroML and Langfuse clients speak.

    The pair in XEROML_PUBLIC_KEY and XEROML_SECRET_KEY is let in; more are made with
    `xeroml-nb keys add`.
    """
    with failing_plainly():
        try:
            from xeroml_nb.server.options import ServerOptions
            from xeroml_nb.server.serving import own_key, serve
        except ImportError as error:
            raise MissingExtra("A server", "server") from error
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
        options = ServerOptions(own_key(), tuple(allow_origin or ()), rate_limit)
        serve(chosen_place(store), host, port, options, say=typer.echo)
