"""Tasks in other processes: on a cluster of Dask with real workers, and in a pool of processes."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import types
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cloudpickle
import dask
import pytest
from distributed import Client, LocalCluster
from opentelemetry import trace

import xeroml_nb as xn
from tests.test_runner import until
from xeroml_nb.errors import BadInput, NotFound, XeromlError
from xeroml_nb.experiments import retries
from xeroml_nb.experiments.failures import Failure
from xeroml_nb.experiments.rate_limit import RateLimit
from xeroml_nb.experiments.retries import Retries, passes, retry_after

# As the functions of a notebook: else every worker would import the tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes on this machine."""
    here = {"host": "127.0.0.1", "dashboard_address": None}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(n_workers=2, threads_per_worker=1, **here) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def remote(cluster):
    with Client(cluster) as made:
        yield made


def new_pool():
    """A pool of one process, forked from a clean one that has imported what it needs."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["xeroml_nb.experiments.elsewhere"])
    return ProcessPoolExecutor(1, mp_context=server)


@pytest.fixture(scope="module")
def pool():
    with new_pool() as made:
        yield made


@pytest.fixture(params=["cluster", "pool"])
def executor(request):
    """Both kinds of other processes, by turns."""
    if request.param == "pool":
        return request.getfixturevalue("pool")
    return request.getfixturevalue("remote").get_executor()


@pytest.fixture
def numbers(client):
    items = [{"id": f"n{n}", "input": n} for n in range(10)]
    return client.create_dataset(name="numbers", items=items)


def in_notebook(source, **names):
    """What a cell defines: it lives in a module that no worker can import."""
    cell = types.ModuleType("__main__")
    cell.__dict__.update(names)
    exec(compile(source, "<cell>", "exec"), cell.__dict__)
    return cell


def notes(folder):
    """Which items were begun, in their order, as the workers noted it."""
    return [int(line) for line in (folder / "notes").read_text().split()]


NOTEBOOK = """
import os

class Answer:
    def __init__(self, number):
        self.number = number

def helper(number):
    return Answer(FACTOR * number)

def task(number):
    return {"answer": helper(number), "process": os.getpid()}
"""


def test_a_task_of_a_notebook_is_called_elsewhere_with_what_it_uses(client, numbers, executor):
    cell = in_notebook(NOTEBOOK, FACTOR=3)
    seen = []

    def number_of(output):
        seen.append(type(output["answer"]))
        return float(output["answer"].number)

    frame = client.run(cell.task, numbers, executor=executor, evaluators=[number_of]).to_frame()
    assert frame["number_of"].tolist() == [3.0 * n for n in range(10)]
    assert set(seen) == {cell.Answer}
    assert os.getpid() not in {output["process"] for output in frame["output"]}
    assert frame["latency_s"].between(0, 5).all()


def test_a_coroutine_function_is_awaited_there(client, numbers, executor):
    async def later(number):
        await asyncio.sleep(0.001)
        return [number, os.getpid()]

    outputs = client.run(later, numbers, executor=executor).to_frame()["output"]
    assert [n for n, _ in outputs] == list(range(10))
    assert os.getpid() not in {process for _, process in outputs}


def test_equal_items_are_not_taken_for_the_same_call(client, executor):
    client.create_dataset(name="equal", items=[{"input": 1}, {"input": 1}])
    frame = client.run(
        lambda _: time.perf_counter_ns(), "equal", repetitions=3, executor=executor
    ).to_frame()
    assert frame["output"].nunique() == 6


def test_spans_of_workers_land_in_the_trace_of_their_item(client, numbers, executor):
    @xn.observe(type="generation")
    def ask(number):
        with trace.get_tracer("an application").start_as_current_span("inside"):
            return number

    with xn.propagate_attributes(user_id="ann", tags=["nightly"]):
        experiment = client.run(ask, numbers, name="asks", executor=executor)
    for result in experiment.get_results():
        root, call, inside = client.get_trace(result.trace_id)
        assert (root.name, root.parent_id, root.output) == ("asks #1", None, result.output)
        assert (call.name, call.type, call.parent_id) == ("ask", "generation", root.id)
        assert (inside.name, inside.parent_id) == ("inside", call.id)
        assert {(o.user_id, o.tags) for o in (root, call, inside)} == {("ann", ("nightly",))}


def test_without_tracing_nothing_is_recorded_there_either(client, numbers, executor):
    @xn.observe
    def task(number):
        return number

    with xn.disable_tracing():
        experiment = client.run(task, numbers, executor=executor)
    for result in experiment.get_results():
        with pytest.raises(NotFound):
            client.get_trace(result.trace_id)


def test_context_variables_go_along_where_they_can_be_pickled(client, numbers, executor):
    cell = in_notebook(
        "import contextvars\n"
        "mood = contextvars.ContextVar('mood', default='calm')\n"
        "def task(_):\n"
        "    return [quiet.get(), mood.get(), other.get()]\n",
        quiet=retries._quiet,  # any that an installed module has
        other=contextvars.ContextVar("other", default="as before"),
    )

    def run():
        retries._quiet.set(True)
        cell.mood.set("glad")
        cell.other.set(threading.Lock())  # stays here
        return client.run(cell.task, numbers, executor=executor).to_frame()["output"]

    assert contextvars.copy_context().run(run).tolist() == [[True, "glad", "as before"]] * 10


def test_a_task_that_cannot_be_pickled_is_refused_before_anything_is_stored(
    client, numbers, executor
):
    cell = in_notebook(
        "def task(number):\n    with lock:\n        return number\n", lock=threading.Lock()
    )
    with pytest.raises(BadInput, match=r"Task 'task' cannot be sent .* it uses lock \(TypeError"):
        client.run(cell.task, numbers, executor=executor)
    assert client.experiments() == []


def test_a_module_that_workers_do_not_have_is_named_in_every_row(client, numbers, pool, own_folder):
    (own_folder / "only_here.py").write_text("def task(number):\n    return number\n")
    only_here = types.ModuleType("only_here")
    exec((own_folder / "only_here.py").read_text(), only_here.__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "only_here", only_here)
        frame = client.run(only_here.task, numbers, executor=pool).to_frame()
    assert set(frame["status"]) == {"failed"}
    assert "cannot load the task: ModuleNotFoundError" in frame["error"][0]


# Errors.


class Busy(Exception):  # noqa: N818
    """As clients of HTTP define them: what pickle hands to its constructor is not enough."""

    def __init__(self, message, *, response):
        super().__init__(message)
        self.response = response


class Response:
    status_code = 503
    headers = {"Retry-After": "0.01"}  # noqa: RUF012

    def __init__(self):
        self.lock = threading.Lock()


def busy_at_first(number):
    place = Path(os.environ.get("NOTES", ".")) / f"tried-{number}"
    raise Busy("come back later", response=Response()) if number == 3 else ValueError(place)


def test_an_error_that_does_not_travel_is_told_and_retried_like_itself(client, numbers, executor):
    frame = client.run(
        busy_at_first, numbers, executor=executor, retries=Retries(1, first_wait=0.01)
    ).to_frame()
    assert frame["error"][3] == "Busy: come back later"
    assert frame["attempts"].tolist() == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1]
    traceback = client.get_experiment("busy_at_first").get_results()[3].run.traceback
    assert "in busy_at_first" in traceback
    assert "concurrent" not in traceback
    assert "distributed" not in traceback


@pytest.mark.parametrize(
    "error", [KeyError("x"), ConnectionResetError(104, "reset"), SystemExit(3)]
)
def test_an_error_that_travels_arrives_as_what_it_was(error):
    failure = pickle.loads(pickle.dumps(Failure.of(error)))
    assert (type(failure.error()), failure.error().args) == (type(error), error.args)


def test_a_stand_in_keeps_what_is_asked_of_an_error():
    class Late(TimeoutError):  # noqa: N818
        def __init__(self, *, response):
            super().__init__("late")
            self.response = response

    error = Failure.of(Late(response=Response())).error()
    assert (type(error).__name__, str(error)) == ("Late", "late")
    assert isinstance(error, TimeoutError)
    assert passes(error)
    assert retry_after(error) == 0.01


def test_an_output_that_cannot_be_sent_back_is_a_failed_row(client, numbers, executor):
    frame = client.run(lambda _: threading.Lock(), numbers, executor=executor).to_frame()
    assert set(frame["status"]) == {"failed"}
    assert "cannot pickle" in frame["error"][0]


# What goes wrong with workers.


def test_a_hung_item_times_out_and_its_worker_goes_on(client, numbers, executor):
    def task(number):
        time.sleep(30 if number == 2 else 0)
        return number

    frame = client.run(task, numbers, executor=executor, timeout=0.3).to_frame()
    assert frame["status"].tolist() == ["ok"] * 2 + ["timeout"] + ["ok"] * 7


def noting(number, folder, pause):
    """A task that leaves a line when it begins."""
    with (folder / "notes").open("a") as file:
        file.write(f"{number}\n")
    time.sleep(pause(number))
    return os.getpid()


def slow(number):
    return 0.05


def test_a_stop_takes_back_what_is_missing_and_later_only_that_is_run(
    client, numbers, executor, own_folder
):
    folder = own_folder

    def task(number):
        return noting(number, folder, lambda n: 0 if n < 4 or (folder / "go on").exists() else 0.6)

    experiment = client.start(task, numbers, executor=executor)
    until(lambda: experiment.progress.done >= 3)
    began = time.monotonic()
    experiment.stop().wait()
    assert time.monotonic() - began < 1.5
    assert experiment.status == "stopped"
    safe = {r.item.input for r in experiment.get_results() if r.status == "ok"}
    (folder / "go on").touch()
    again = client.run(task, numbers, executor=executor)
    assert again.id == experiment.id
    assert set(again.to_frame()["status"]) == {"ok"}
    assert all(notes(folder).count(number) == 1 for number in safe)


def test_a_killed_worker_loses_nothing_and_repeats_no_success(client, remote, own_folder):
    folder = own_folder
    client.create_dataset(name="forty", items=[{"input": n} for n in range(40)])

    def task(number):
        return noting(number, folder, slow)

    experiment = client.start(task, "forty", executor=remote.get_executor())
    until(lambda: experiment.progress.done >= 8)
    safe = [r for r in experiment.get_results() if r.status == "ok"]
    os.kill(safe[-1].output, signal.SIGKILL)
    frame = experiment.wait().to_frame()
    assert frame["status"].tolist() == ["ok"] * 40
    begun = notes(folder)
    assert set(begun) == set(range(40))
    assert all(begun.count(r.item.input) == 1 for r in safe)
    for result in experiment.get_results():
        assert len(client.get_trace(result.trace_id)) == 1


def test_an_item_that_kills_its_workers_is_a_failed_row(client, remote):
    client.create_dataset(name="three", items=[{"input": n} for n in range(3)])

    def task(number):
        if number == 1:
            os._exit(1)
        return number

    with remote.get_executor() as executor:
        frame = client.run(task, "three", executor=executor, concurrency=1).to_frame()
    assert frame["status"].tolist() == ["ok", "failed", "ok"]
    assert "KilledWorker" in frame["error"][1]


def test_a_broken_pool_ends_the_run_which_a_new_one_takes_up(client, numbers, own_folder):
    folder = own_folder

    def task(number):
        if number == 5 and not (folder / "once").exists():
            (folder / "once").touch()
            os._exit(1)
        return noting(number, folder, lambda _: 0)

    with new_pool() as broken:
        experiment = client.start(task, numbers, executor=broken, concurrency=2)
        with pytest.raises(XeromlError, match=r"executor of the run has broken.*run again"):
            experiment.wait()
    assert experiment.status == "stopped"
    assert set(experiment.to_frame()["status"]) <= {"ok", "stopped", "pending"}
    with new_pool() as new:
        again = client.run(task, numbers, executor=new)
    assert again.id == experiment.id
    assert set(again.to_frame()["status"]) == {"ok"}
    assert sorted(set(notes(folder))) == list(range(10))


def test_a_cluster_that_goes_away_ends_the_run_which_another_takes_up(
    client, numbers, cluster, remote
):
    def task(number):
        time.sleep(0 if number < 3 else 0.3)
        return number

    leaving = Client(cluster, set_as_default=False)
    experiment = client.start(task, numbers, executor=leaving.get_executor())
    until(lambda: experiment.progress.done >= 3)
    leaving.close()
    with pytest.raises(XeromlError, match="has broken"):
        experiment.wait()
    again = client.run(task, numbers, executor=remote.get_executor())
    assert (again.id, set(again.to_frame()["status"])) == (experiment.id, {"ok"})


def test_a_large_task_is_sent_once_to_a_process_not_with_every_item(client, numbers, pool):
    table = os.urandom(200_000)
    sizes = []

    class Measured(type(pool)):
        """The pool, with its post weighed."""

        def __init__(self):
            """It has no processes of its own."""

        def submit(self, work, parcel):
            sizes.append(len(parcel))
            return pool.submit(work, parcel)

    frame = client.run(
        lambda number: table[number], numbers, executor=Measured(), concurrency=1
    ).to_frame()
    assert frame["output"].tolist() == list(table[:10])
    assert len([size for size in sizes if size > 200_000]) == 1


def test_tokens_that_workers_record_count_for_the_limit(client, numbers, executor):
    @xn.observe(type="generation")
    def ask(number):
        span = trace.get_current_span()
        span.set_attribute("gen_ai.usage.input_tokens", 100)
        return number

    began = time.monotonic()
    limit = RateLimit(tokens_per_minute=300_000)  # 50 calls a second
    frame = client.run(ask, numbers, executor=executor, rate_limit=limit, concurrency=2).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert time.monotonic() - began >= 7 / 50


def test_an_adaptive_cluster_grows_for_a_run(client, cluster, remote, own_folder):
    client.create_dataset(name="sixty", items=[{"input": n} for n in range(60)])

    def task(_):
        (folder / str(os.getpid())).touch()
        while len(list(folder.iterdir())) < 3:
            time.sleep(0.02)
        return os.getpid()

    folder = own_folder / "workers"
    folder.mkdir()
    cluster.adapt(minimum=1, maximum=3, interval="50ms", target_duration="200ms")
    frame = client.run(task, "sixty", executor=remote.get_executor()).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert frame["output"].nunique() == 3
