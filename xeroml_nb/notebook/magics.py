"""`%xeroml` and `%%xeroml`: thin forms of what the functions offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from xeroml_nb.client import get_client
from xeroml_nb.experiments.background import wait_for
from xeroml_nb.experiments.dataset import Dataset
from xeroml_nb.experiments.live_run import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, Options
from xeroml_nb.experiments.task import Task, known_of, remember
from xeroml_nb.notebook.cell_task import compile_cell_task
from xeroml_nb.notebook.listings import Listing, datasets_listing, runs_listing
from xeroml_nb.notebook.score_cell import make_score_card
from xeroml_nb.scoring.evaluator import resolve
from xeroml_nb.tracing.propagate import disable_tracing

if TYPE_CHECKING:
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.scoring.reports.report import Report

_HELP = """\
%%xeroml task NAME [-d DATASET] [--name RUN] [-e EVALUATOR]... [-c N] [-r N] [--timeout S]
    The cell's body becomes the task NAME. It sees `input`, `item`, `expected_output`, `metadata`
    and the notebook's names; its last expression is the output; with `await` in it, it runs
    asynchronously. With -d it is tried on one item and then run over the dataset, live, while the
    cell has already returned. -d takes a dataset's name, or a variable that holds a dataset or a
    picker. Every option: %%xeroml?
%%xeroml score NAME [--js] [-c COLUMN]... [-x EXPERIMENT] [--timeout S] [--memory MB]
    The cell's body becomes the code of the score card NAME: a function body that sees `data`, a
    list of dicts, one a row, and returns {"score": 0..100}; with --js it is JavaScript. -c names
    a column that counts. With -x the card makes the score of an experiment or a report: a
    variable that holds one, or an experiment's name.
%xeroml datasets    the datasets of the store
%xeroml runs        its experiments, newest first
%xeroml help        this text"""


@magics_class
class XeromlMagics(Magics):
    """The magics `%xeroml` and `%%xeroml`."""

    @line_magic("xeroml")
    def look(self, line: str) -> Listing | None:
        """List datasets or runs: `%xeroml datasets`, `%xeroml runs`, `%xeroml help`."""
        word = line.strip() or "help"
        if word == "datasets":
            return datasets_listing(get_client())
        if word == "runs":
            return runs_listing(get_client().experiments())
        if word != "help":
            raise UsageError(f"%xeroml knows datasets, runs and help, not {word!r}.")
        print(_HELP)  # noqa: T201 - what a help magic is for
        return None

    @magic_arguments("%xeroml")
    @argument("what", choices=["task", "score"], help="the body is a task, or a score card's code")
    @argument("name", help="the task's name, and the run's unless --name is given")
    @argument("-d", "--dataset", help="run over this dataset; a name or a variable")
    @argument("--name", dest="run", help="the run's name")
    @argument("-e", "--evaluator", action="append", default=[], help="scores every output")
    @argument("-c", "--concurrency", type=int, default=DEFAULT_CONCURRENCY, help="at once")
    @argument("-r", "--repetitions", type=int, default=1, help="how often each item is run")
    @argument("--timeout", type=float, default=DEFAULT_TIMEOUT, help="seconds per attempt")
    @cell_magic("xeroml")
    def make(self, line: str, body: str) -> Experiment | Report | None:
        """Make a task of the cell's body and, with -d, run it over a dataset.

        Or, as `%%xeroml score NAME`, make a score card of it; `%xeroml help` tells its options.
        """
        what, _, rest = line.strip().partition(" ")
        if what == "score":
            return make_score_card(self.shell, rest, body)
        given = parse_argstring(self.make, line)
        function = compile_cell_task(self.shell, given.name, body)
        task = Task.of(function, given.name)
        resolve(given.evaluator)
        remember(task)
        self.shell.user_ns[given.name] = function
        if given.dataset is None:
            return None
        Options(given.concurrency, given.timeout, repetitions=given.repetitions)
        dataset = self._dataset(given.dataset)
        self._try(task, dataset)
        return get_client().start(
            task,
            dataset,
            name=given.run,
            evaluators=given.evaluator,
            concurrency=given.concurrency,
            repetitions=given.repetitions,
            timeout=given.timeout,
        )

    def _dataset(self, word: str) -> Dataset:
        """The dataset of a name, or the one that a variable of that name holds."""
        held = self.shell.user_ns.get(word)
        held = getattr(held, "value", held)
        return held if isinstance(held, Dataset) else get_client().get_dataset(word)

    def _try(self, task: Task, dataset: Dataset) -> None:
        """Call the task on one item; what it raises is shown with the user's own lines only."""
        try:
            with disable_tracing():
                wait_for(task.bound(known_of(dataset.items[0])))
        except Exception as error:
            _show_only_the_cell(self.shell, task, error)
            raise


def _show_only_the_cell(shell: Any, task: Task, error: Exception) -> None:
    """Make IPython show an error's traceback from the cell's first line on."""
    file = task.bound.function.__code__.co_filename
    rest = error.__traceback__
    while rest is not None and rest.tb_frame.f_code.co_filename != file:
        rest = rest.tb_next

    def render() -> list[str]:
        lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, rest)
        return lines

    if rest is not None:
        error._render_traceback_ = render  # type: ignore[attr-defined]


def load_ipython_extension(shell: Any) -> None:
    """Make the magics known: `%load_ext xeroml_nb`."""
    shell.register_magics(XeromlMagics)
