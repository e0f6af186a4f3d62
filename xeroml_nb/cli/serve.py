"""`xeroml-nb serve`: serve a store."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from xeroml_nb.cli.answers import JsonOption  # noqa: TC001 - typer looks at it
from xeroml_nb.cli.failing import failing_plainly
from xeroml_nb.cli.opening import StoreOption  # noqa: TC001 - typer looks at it
from xeroml_nb.errors import MissingExtra
from xeroml_nb.settings import chosen_place

if TYPE_CHECKING:
    from xeroml_nb.server.serving import Start


def serve(  # noqa: PLR0913 - each an option of the command
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Where to listen; 0.0.0.0 is everywhere, which needs keys.")
    ] = "127.0.0.1",
    store: StoreOption = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Address of a web page that may talk to the server; may be repeated."),
    ] = None,
    rate_limit: Annotated[
        int, typer.Option(min=0, help="Requests a minute of each key; 0 is any number.")
    ] = 6000,
    as_json: JsonOption = False,
) -> None:
    """Serve a store over the API that this package, XeroML and Langfuse clients speak.

    The pair in XEROML_PUBLIC_KEY and XEROML_SECRET_KEY is let in; more are made with
    `xeroml-nb keys add`. With --json, the first line of standard output is an object of url,
    store and roles, and of the keys where a pair had to be made; messages go to standard error.
    """
    with failing_plainly():
        try:
            from xeroml_nb.server.options import ServerOptions
            from xeroml_nb.server.serving import own_key, serve
        except ImportError as error:
            raise MissingExtra("A server", "server") from error
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
        options = ServerOptions(own_key(), tuple(allow_origin or ()), rate_limit)
        told = _line_of if as_json else _sentences_of
        serve(chosen_place(store), host, port, options, lambda start: typer.echo(told(start)))


def _line_of(start: Start) -> str:
    told = {"url": start.url, "store": start.store, "roles": start.roles}
    if start.made is not None:
        public, secret = start.made
        told |= {"public_key": public, "secret_key": secret.reveal()}
    return json.dumps(told, ensure_ascii=False)


def _sentences_of(start: Start) -> str:
    serving = f"Serving {start.store} at {start.url} - stop with Ctrl+C."
    if start.made is None:
        return serving
    public, secret = start.made
    return (
        "There were no keys yet; this pair was made, and its secret is shown only now:\n"
        f"  XEROML_PUBLIC_KEY={public}\n  XEROML_SECRET_KEY={secret.reveal()}\n{serving}"
    )
