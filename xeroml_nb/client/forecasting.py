"""What a client's runs will take, told before they are paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.client.experiments import ExperimentMethods, followed
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments import runner
from xeroml_nb.experiments.pilot import Pilot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xeroml_nb.analysis.forecast.plan import Plan
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.task import Task

    TaskLike = Task | Callable[..., Any]


class ForecastMethods(ExperimentMethods):
    """Tell what a run will take."""

    def plan(
        self,
        task: TaskLike,
        dataset: str | Dataset,
        *,
        pilot: int = 10,
        baseline: Experiment | str | None = None,
        seed: int = 0,
        **options: Any,
    ) -> Plan:
        """Run a few items, and tell what the others will take and what difference they can show.

        The few are the beginning of the run that is planned: `run` with the same task, dataset and
        name takes it up, so that nothing is paid for twice. An unfinished run is gone on with
        likewise, and no item of it is run again.

        Args:
            task: As for `start`.
            dataset: As for `start`.
            pilot: How many items to run, chosen at random; with all their repetitions.
            baseline: An experiment that the run is going to be compared with, or its name: then
                differences are told as a paired comparison would see them.
            seed: Of the choice.
            options: Those of `start`; the evaluators say which scores to tell about.

        Returns:
            The plan: time, cost and tokens of what is left, and by score the smallest difference
            that the dataset can show.

        Raises:
            NotFound: If there is no such dataset, evaluator or baseline.
            BadInput: If an option is out of range, the run is under way, or no item came to its
                end.

        Example:
            `client.plan(task, "support/triage", name="v2", evaluators=["exact_match"])`
        """
        from xeroml_nb.analysis.forecast.planning import Piloted

        if not isinstance(pilot, int) or pilot < 1:
            raise BadInput(f"pilot is {pilot!r}.", "Use a whole number of 1 or more.")
        wanted = self._wanted(task, dataset, **options)
        before = None if baseline is None else self._records([baseline])[0]
        _check_idle(wanted.name, self._live.values())
        few = Pilot([item.id for item in wanted.recipe.dataset.sample(pilot, seed=seed)])
        begun = followed(runner.launch(self._store, self._recorder, wanted, self._live, few))
        self._store.flush()
        return Piloted(begun, few.times, wanted.recipe.options, before).plan()


def _check_idle(name: str, live: Iterable[Experiment]) -> None:
    """Refuse to plan a run that this process is carrying out.

    Raises:
        BadInput: If it is.
    """
    for one in live:
        if one.name == name and one.is_running:
            raise BadInput(f"{one.label} is still running.", "Wait for it, or stop it first.")
