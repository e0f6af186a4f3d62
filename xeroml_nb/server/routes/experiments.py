"""Receive experiments with their item runs, and show them."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query, Request

from xeroml_nb.experiments.claims import present_status
from xeroml_nb.records.experiment import ExperimentRecord
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.dataset_versions import version_for
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id, Said
from xeroml_nb.server.models.experiments import (
    ExperimentGiven,
    ExperimentList,
    ExperimentMade,
    ExperimentShown,
    RunList,
    RunsGiven,
    RunsStored,
)
from xeroml_nb.server.models.fields import Name
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, WidelyPaged, listed
from xeroml_nb.store import datasets as stored_datasets
from xeroml_nb.store import experiment_pages, received
from xeroml_nb.store import experiments as stored
from xeroml_nb.store.paging import Part
from xeroml_nb.sync.wire.experiments import from_wire, run_from_wire, run_to_wire, shown

router = topic("experiments")


@router.get("/experiments", response_model=ExperimentList)
def list_experiments(
    request: Request,
    store: Stored,
    _: Reading,
    asked: Paged,
    name: Annotated[Name | None, Query()] = None,
    dataset_name: Annotated[Name | None, Query(alias="datasetName")] = None,
) -> Json:
    """Experiments, newest first."""
    part = Part(asked.limit, asked.offset)
    with store.reading() as connection:
        found, total = experiment_pages.page(connection, part, name, dataset_name)
    return Json(listed(asked, [_shown(request, record) for record in found], total))


@router.post("/experiments", response_model=ExperimentMade, responses=declared(404, 409))
def put_experiment(request: Request, given: ExperimentGiven, store: Stored, _: Writing) -> Json:
    """Store an experiment, or bring the one of that id to what is said of it."""
    asked = from_wire(given.model_dump(by_alias=True, exclude_unset=True))
    with store.reading() as connection:
        asked = _over_dataset(connection, asked)

    def work(connection: Any) -> ExperimentRecord:
        known = stored.by_id(connection, asked.id)
        if known is not None and known.name != asked.name:
            raise ApiError(409, f"The id {asked.id!r} is that of {known.label}.", "id_taken")
        return received.put_experiment(connection, asked)

    record = store.write(work)
    named = {"id": record.id, "name": record.name, "number": record.number}
    return Json(named | {"url": _url(request, record)})


@router.get("/experiments/{experiment_id}", response_model=ExperimentShown, responses=declared(404))
def get_experiment(request: Request, experiment_id: Id, store: Stored, _: Reading) -> Json:
    """One experiment, without its item runs."""
    with store.reading() as connection:
        return Json(_shown(request, _by_id(connection, experiment_id)))


@router.delete("/experiments/{experiment_id}", response_model=Said, responses=declared(404))
def delete_experiment(experiment_id: Id, store: Stored, _: Writing) -> Json:
    """Delete an experiment with its item runs and the scores on it; traces stay."""

    def work(connection: Any) -> str:
        record = _by_id(connection, experiment_id)
        received.delete_experiment(connection, experiment_id)
        return record.label

    return Json({"message": f"{store.write(work)} is deleted."})


@router.post(
    "/experiments/{experiment_id}/items", response_model=RunsStored, responses=declared(404)
)
def put_item_runs(experiment_id: Id, given: RunsGiven, store: Stored, _: Writing) -> Json:
    """Store item runs of an experiment; a success that is there stays as it is."""
    sent = [one.model_dump(by_alias=True, exclude_unset=True) for one in given.items]
    runs = [run_from_wire(experiment_id, one) for one in sent]

    def work(connection: Any) -> received.Kept:
        _by_id(connection, experiment_id)
        return received.put_item_runs(connection, runs)

    found = store.write(work)
    return Json({"stored": found.stored, "kept": found.kept})


@router.get("/experiment-items", response_model=RunList, responses=declared(404))
def list_item_runs(
    store: Stored,
    _: Reading,
    asked: WidelyPaged,
    experiment_id: Annotated[Id, Query(alias="experimentId")],
) -> Json:
    """Item runs of an experiment with their items, by item and repetition."""
    with store.reading() as connection:
        record = _by_id(connection, experiment_id)
        part = Part(asked.limit, asked.offset)
        runs, total = experiment_pages.item_runs(connection, experiment_id, part)
        items = experiment_pages.items_of(connection, record, runs)
    of_it = {"experimentId": experiment_id}
    data = [of_it | run_to_wire(run, items.get(run.item_id)) for run in runs]
    return Json(listed(asked, data, total))


def _by_id(connection: Any, experiment_id: str) -> ExperimentRecord:
    found = stored.by_id(connection, experiment_id)
    if found is None:
        raise ApiError(404, f"There is no experiment {experiment_id!r}.")
    return found


def _over_dataset(connection: Any, asked: ExperimentRecord) -> ExperimentRecord:
    """An experiment over the dataset that is here under the name it gives."""
    if asked.dataset_name is None:
        return replace(asked, dataset_version=None)
    dataset = stored_datasets.by_name(connection, asked.dataset_name)
    if dataset is None:
        raise ApiError(
            404, f"There is no dataset {asked.dataset_name!r}. Send it before its experiments."
        )
    version = version_for(connection, dataset, asked)
    return replace(asked, dataset_id=dataset.id, dataset_version=version)


def _shown(request: Request, record: ExperimentRecord) -> dict[str, Any]:
    # Of a run that was sent nobody here claims to carry it out: it is as its sender says.
    status = record.status if record.claim is None else present_status(record)
    return shown(replace(record, status=status)) | {"url": _url(request, record)}


def _url(request: Request, record: ExperimentRecord) -> str:
    return f"{request.base_url}experiments/{record.id}"
