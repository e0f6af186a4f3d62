"""A plugin of pytest: a test can be an experiment, and what gates said stands at the end.

A marked test is a task. It is run over the items of a dataset, and passes where the experiment
passes the gate:

    @pytest.mark.xeroml("support/triage", evaluators=["exact_match"], min={"exact_match": 0.85})
    def test_triage(input):
        return triage(input)

The fixture `xeroml` is the client, for tests that do both themselves. Nothing but this module is
loaded where neither is used.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xeroml_nb.analysis.gate.verdict import Verdict
    from xeroml_nb.client import Client
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.task import Task

T = TypeVar("T")
_MARKER = (
    "xeroml(dataset, *, min, max, no_worse_than, evaluators, name, ...): the test is a task; it is "
    "run over the dataset, with the options of run, and passes if the experiment passes the gate, "
    "with the options of gate."
)
_PROPERTY = "xeroml gate"
_OUTCOMES = ("passed", "failed", "xfailed", "xpassed")
_TICK = 0.1


@pytest.fixture
def xeroml(request: pytest.FixtureRequest) -> Iterator[Client]:
    """The usual client; what its gates say stands in the report at the end."""
    from xeroml_nb.client import get_client

    client = get_client()
    # On this one object, and only for the length of the test.
    vars(client)["gate"] = _noting(client.gate, request.node)
    yield client
    del vars(client)["gate"]


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line("markers", _MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Keep what a task names of an item from being looked for among the fixtures."""
    marker = metafunc.definition.get_closest_marker("xeroml")
    if marker is None:
        return
    asked = _plainly(lambda: _asked_of(marker))
    names = _task_names(metafunc.function)
    if not names:
        pytest.fail(
            f"{metafunc.definition.name} is a task, and asks for nothing of an item. Name input, "
            "item, expected_output or metadata among its parameters.",
            pytrace=False,
        )
    shown = getattr(asked.dataset, "name", asked.dataset)
    metafunc.parametrize(names, [pytest.param(*names, id=str(shown))])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a marked test over its dataset, and hold the experiment against the gate."""
    marker = pyfuncitem.get_closest_marker("xeroml")
    if marker is None:
        return None
    verdict = _plainly(lambda: _gated(pyfuncitem, _asked_of(marker)))
    _note(verdict, pyfuncitem)
    if not verdict.passed:
        pytest.fail(repr(verdict), pytrace=False)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what gates said, also that of other processes."""
    reports = [r for outcome in _OUTCOMES for r in terminalreporter.getreports(outcome)]
    found = [
        (report.nodeid, text)
        for report in reports
        for name, text in getattr(report, "user_properties", ())
        if name == _PROPERTY
    ]
    if found:
        terminalreporter.section("xeroml gates")
    for nodeid, text in sorted(found):
        terminalreporter.write_line(nodeid)
        terminalreporter.write_line(text)


@dataclass(frozen=True)
class _Asked:
    """What a marker asks for.

    Args:
        dataset: Its name, or a dataset.
        gate: The options of the gate.
        run: Those of the run.
    """

    dataset: Any
    gate: dict[str, Any]
    run: dict[str, Any]


def _asked_of(marker: pytest.Mark) -> _Asked:
    """Read a marker; what is wrong with it is said before anything runs."""
    from xeroml_nb.analysis.gate.demands import Demands
    from xeroml_nb.client import Client
    from xeroml_nb.errors import BadInput, NotFound

    given = {**dict(zip(("dataset",), marker.args, strict=False)), **marker.kwargs}
    of_gate, of_run = _options(Client.gate), _options(Client.start)
    if "dataset" not in given or len(marker.args) > 1:
        raise BadInput("The marker xeroml needs a dataset.", 'As in: xeroml("support/triage").')
    for name in given.keys() - {"dataset", *of_gate, *of_run}:
        raise NotFound("option of the marker xeroml", name, {"dataset", *of_gate, *of_run})
    gate = {name: given[name] for name in of_gate if name in given}
    demanded = {name: value for name, value in gate.items() if name != "no_worse_than"}
    Demands.of(**demanded, has_baseline=gate.get("no_worse_than") is not None)
    run = {name: given[name] for name in of_run if name in given}
    return _Asked(given["dataset"], gate, run)


def _options(method: Callable[..., Any]) -> list[str]:
    parameters = inspect.signature(method).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def _task_names(function: Callable[..., Any]) -> list[str]:
    """What a task names of an item."""
    from xeroml_nb.experiments.binding import TASK_NAMES

    return [name for name in inspect.signature(function).parameters if name in TASK_NAMES]


def _gated(test: pytest.Function, asked: _Asked) -> Verdict:
    from xeroml_nb.client import get_client

    client = get_client()
    gate = dict(asked.gate)
    if isinstance(gate.get("no_worse_than"), str):
        # Found before the run, which may have the same name: then it is the one before.
        gate["no_worse_than"] = client.get_experiment(gate["no_worse_than"])
    options = {"name": _experiment_name(test), **asked.run}
    experiment = client.start(_task_of(test), asked.dataset, **options)
    _wait(experiment)
    return client.gate(experiment, **gate)


def _task_of(test: pytest.Function) -> Task:
    """The task that a test is: what it names beside an item are fixtures."""
    from xeroml_nb.experiments.task import Task

    # As it was written: test.obj of a coroutine may be what another plugin makes of it.
    owner = test.module if test.instance is None else test.instance
    function = getattr(owner, test.originalname)
    of_item = _task_names(function)
    named = [name for name in inspect.signature(function).parameters if name not in of_item]
    fixtures = {name: test.funcargs[name] for name in named if name in test.funcargs}
    return Task.of(functools.partial(function, **fixtures), test.originalname)


def _experiment_name(test: pytest.Function) -> str:
    """The name of the test; with its parameters where it has any but the dataset."""
    several = set(test.callspec.params) - set(_task_names(test.function))
    return test.name if several else test.originalname


def _wait(experiment: Experiment) -> None:
    """Wait until a run has ended; what interrupts the test stops the run."""
    try:
        while not experiment.wait_quietly(_TICK):
            pass
    except BaseException:
        experiment.stop()
        raise
    experiment.wait()  # which raises what ended the run early


def _noting(gate: Callable[..., Verdict], test: Any) -> Callable[..., Verdict]:
    @functools.wraps(gate)
    def noted(*given: Any, **options: Any) -> Verdict:
        verdict = gate(*given, **options)
        _note(verdict, test)
        return verdict

    return noted


def _note(verdict: Verdict, test: Any) -> None:
    """Keep a verdict with the test's report, which may go to another process."""
    test.user_properties.append((_PROPERTY, repr(verdict)))


def _plainly(work: Callable[[], T]) -> T:
    """Do something; an error of this package fails the test with its sentence alone."""
    from xeroml_nb.errors import XeromlError

    try:
        return work()
    except XeromlError as error:
        pytest.fail(str(error), pytrace=False)
