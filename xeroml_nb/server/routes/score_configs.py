"""What scores of a name may be."""

from typing import Any

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id
from xeroml_nb.server.models.queues import ConfigGiven, ConfigList, ConfigShown
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, listed
from xeroml_nb.store import queue_pages
from xeroml_nb.store import queues as stored
from xeroml_nb.store.paging import Part
from xeroml_nb.store.queue_pages import ConfigRecord
from xeroml_nb.sync.wire.configs import Config, from_wire, shown

router = topic("score configs")


@router.get("/score-configs", response_model=ConfigList)
def list_configs(store: Stored, _: Reading, asked: Paged) -> Json:
    """Score configs, newest first."""
    with store.reading() as connection:
        found, total = queue_pages.config_page(connection, Part(asked.limit, asked.offset))
    return Json(listed(asked, [_shown(record) for record in found], total))


@router.post("/score-configs", response_model=ConfigShown, responses=declared(409))
def put_config(given: ConfigGiven, store: Stored, _: Writing) -> Json:
    """Store a definition as the next version of its name, unless it is there."""
    dimension = from_wire(given.model_dump(by_alias=True, exclude_unset=True))
    config_id = given.id or dimension.config_id

    def work(connection: Any) -> ConfigRecord:
        stored.put_config(connection, config_id, dimension.name, dimension.definition())
        return queue_pages.configs_by_id(connection, [config_id])[config_id]

    record = store.write(work)
    if Dimension(**record.definition).config_id != dimension.config_id:
        raise ApiError(409, f"The id {config_id!r} is that of another definition.", "id_taken")
    return Json(_shown(record))


@router.get("/score-configs/{config_id}", response_model=ConfigShown, responses=declared(404))
def get_config(config_id: Id, store: Stored, _: Reading) -> Json:
    """One score config."""
    with store.reading() as connection:
        found = queue_pages.configs_by_id(connection, [config_id]).get(config_id)
    if found is None:
        raise ApiError(404, f"There is no score config {config_id!r}.")
    return Json(_shown(found))


def _shown(record: ConfigRecord) -> dict[str, Any]:
    return shown(Config(record.id, record.version, record.definition), record.created_at)
