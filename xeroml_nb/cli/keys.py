"""`xeroml-nb keys`: who may talk to the server of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from xeroml_nb.cli.answers import JsonOption, answer
from xeroml_nb.cli.completing import public_keys
from xeroml_nb.cli.opening import StoreOption, opened_store
from xeroml_nb.records.access import Role

if TYPE_CHECKING:
    from xeroml_nb.records.access import ApiKey

app = typer.Typer(help="Keys that open the server of a store.", no_args_is_help=True)


@app.command()
def add(
    *,
    role: Annotated[
        Role,
        typer.Option(help="scores-only: its public key alone gives scores, from a web page."),
    ] = Role.READ_WRITE,
    label: Annotated[str, typer.Option(help="What the keys are for.")] = "",
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Make a pair of keys; the secret is shown only now."""
    with opened_store(store, may_be_new=True) as opened:
        from xeroml_nb.server.keys import add_key

        public, secret = add_key(opened, role, label)
        text = f"XEROML_PUBLIC_KEY={public}\nXEROML_SECRET_KEY={secret.reveal()}"
        pair = {"public_key": public, "secret_key": secret.reveal()}
        answer(text, pair | {"role": role, "label": label}, as_json=as_json)
    typer.echo(f"These keys are {role}. The secret is not shown again: keep it now.", err=True)


@app.command("list")
def list_keys(*, as_json: JsonOption = False, store: StoreOption = None) -> None:
    """Show which keys there are; never a secret."""
    with opened_store(store) as opened:
        from xeroml_nb.store import api_keys

        with opened.reading() as connection:
            found = api_keys.listing(connection)
        if as_json or found:
            answer("\n".join(map(_line, found)), list(map(_told, found)), as_json=as_json)
        if not found:
            typer.echo("There are no keys. Make a pair with: xeroml-nb keys add", err=True)


@app.command()
def revoke(
    public_key: Annotated[str, typer.Argument(autocompletion=public_keys)],
    *,
    as_json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Take a pair of keys back; a server that runs lets it in no more within 5 seconds."""
    with opened_store(store) as opened:
        from xeroml_nb.server.keys import revoke_key
        from xeroml_nb.store import api_keys

        revoke_key(opened, public_key)
        with opened.reading() as connection:
            key = api_keys.by_public_key(connection, public_key)
        told = None if key is None else _told(key)
        answer(f"{public_key} is revoked.", told, as_json=as_json)


def _told(key: ApiKey) -> dict[str, Any]:
    """What programs are told of a pair; not even the hash of its secret."""
    names = ("public_key", "role", "label", "created_at", "revoked_at")
    return {name: getattr(key, name) for name in names}


def _line(key: ApiKey) -> str:
    state = "" if key.revoked_at is None else f"  revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    label = f"  {key.label}" if key.label else ""
    return f"{key.public_key}  {key.role:<11}  {key.created_at:%Y-%m-%d %H:%M}{state}{label}"
