"""Whether the server lives, and whose project a key opens."""

from importlib import metadata

from fastapi import APIRouter
from pydantic import BaseModel

from xeroml_nb.errors import StoreError
from xeroml_nb.records.access import Role
from xeroml_nb.server.access import Seen, Stored
from xeroml_nb.server.failures import ApiError

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That the server lives, which version it is, and what the keys that came along may do."""

    status: str
    version: str
    role: Role | None = None


@router.get("/api/public/health", response_model_exclude_none=True)
@router.get("/api/public/v2/health", response_model_exclude_none=True)
def health(store: Stored, caller: Seen) -> Health:
    """Say OK if the store can be read."""
    try:
        with store.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
    except StoreError as error:
        raise ApiError(503, "The store cannot be read; the server's log says why.") from error
    role = caller.role if caller else None
    return Health(status="OK", version=metadata.version("xeroml_nb"), role=role)
