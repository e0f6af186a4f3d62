"""`xeroml-nb keys`: who may talk to the server of a store."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from xeroml_nb.cli.failing import failing_plainly
from xeroml_nb.records.access import Role
from xeroml_nb.settings import chosen_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.records.access import ApiKey
    from xeroml_nb.store.store import Store

app = typer.Typer(help="Keys that open the server of a store.", no_args_is_help=True)

_StoreOption = Annotated[
    str | None, typer.Option(help="Path or URL of the store; XEROML_STORE by default.")
]


@app.command()
def add(
    *,
    role: Annotated[
        Role,
        typer.Option(help="scores-only: its public key alone gives scores, from a web page."),
    ] = Role.READ_WRITE,
    label: Annotated[str, typer.Option(help="What the keys are for.")] = "",
    store: _StoreOption = None,
) -> None:
    """Make a pair of keys; the secret is shown only now."""
    from xeroml_nb.server.keys import add_key

    with _opened(store) as opened:
        public, secret = add_key(opened, role, label)
    typer.echo(f"XEROML_PUBLIC_KEY={public}\nXEROML_SECRET_KEY={secret.reveal()}")
    typer.echo(f"These keys are {role}. The secret is not shown again: keep it now.", err=True)


@app.command("list")
def list_keys(*, store: _StoreOption = None) -> None:
    """Show which keys there are; never a secret."""
    from xeroml_nb.store import api_keys

    with _opened(store) as opened, opened.reading() as connection:
        found = api_keys.listing(connection)
    for key in found:
        typer.echo(_line(key))
    if not found:
        typer.echo("There are no keys. Make a pair with: xeroml-nb keys add", err=True)


@app.command()
def revoke(public_key: str, *, store: _StoreOption = None) -> None:
    """Take a pair of keys back; a server that runs lets it in no more within 5 seconds."""
    from xeroml_nb.server.keys import revoke_key

    with _opened(store) as opened:
        revoke_key(opened, public_key)
    typer.echo(f"{public_key} is revoked.")


@contextmanager
def _opened(store: str | None) -> Iterator[Store]:
    from xeroml_nb.store.store import Store

    with failing_plainly(), closing(Store(chosen_place(store), forwards=False)) as opened:
        yield opened


def _line(key: ApiKey) -> str:
    state = "" if key.revoked_at is None else f"  revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    label = f"  {key.label}" if key.label else ""
    return f"{key.public_key}  {key.role:<11}  {key.created_at:%Y-%m-%d %H:%M}{state}{label}"
