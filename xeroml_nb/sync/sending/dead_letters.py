"""What a server does not want, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.store import deliveries
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels import kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import sqlalchemy as sa

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.store.store import Store

COLUMNS = ("what", "kind", "key", "status", "said", "next_step", "at")


def dead_letters(store: Store, remote_id: str) -> pd.DataFrame:
    """All that a server refused and does not have yet, oldest first.

    Columns: `what` (for people), `kind, key, status` (of HTTP), `said` (the server's own words),
    `next_step, at`.

    Args:
        store: Where the objects are.
        remote_id: The server.
    """
    import pandas as pd

    with store.reading() as connection:
        refused = deliveries.refused(connection, remote_id)
        titles = _titles(connection, refused)
    rows = [
        (
            titles.get((one.kind, one.key), f"{one.kind} {one.key}"),
            one.kind,
            one.key,
            one.status_code,
            one.said,
            one.next_step,
            one.at,
        )
        for one in refused
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"status": "Int64"})


def _titles(connection: sa.Connection, refused: Sequence[Delivery]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for kind in kinds.KINDS:
        for part in chunks([one.key for one in refused if one.kind == kind.name]):
            parcels = kind.load(connection, part)
            found |= {(kind.name, parcel.key): parcel.title for parcel in parcels}
    return found
