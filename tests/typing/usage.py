# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""Every name of the front page in use, for type checkers; nothing ever runs this file.

`assert_type` fails where a type is not what it says, also where it is lost and anything would do.
A line that ends in `type: ignore` is a mistake that type checkers have to find.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import altair as alt
import pandas as pd

import xeroml_nb as xn
from xeroml_nb.analysis.calibration.calibration import Calibration
from xeroml_nb.analysis.comparison import Comparison
from xeroml_nb.analysis.forecast.plan import Plan
from xeroml_nb.analysis.gate.verdict import Verdict
from xeroml_nb.analysis.pairwise_judging import PairwiseComparison
from xeroml_nb.analysis.statistics.intervals import Interval
from xeroml_nb.analysis.traces import Trace
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.experiments.results import OwnScore, Result, ScoreSummary
from xeroml_nb.experiments.tally import Progress
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus
from xeroml_nb.records.observation import Observation
from xeroml_nb.records.score import ScoreRecord
from xeroml_nb.scoring.cards.result import CardResult
from xeroml_nb.scoring.judging.pairwise import PairVerdict
from xeroml_nb.scoring.judging.verdict import Verdict as JudgeVerdict
from xeroml_nb.sync.pull.pulled import Pulled
from xeroml_nb.sync.sending.preview import Preview
from xeroml_nb.sync.sending.push import Push
from xeroml_nb.sync.sending.undo import Undone
from xeroml_nb.sync.transport.checking import Check

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import Executor


def clients() -> None:
    client = xn.get_client()
    assert_type(client, xn.Client)
    assert_type(xn.get_client(Path("store.db")), xn.Client)
    assert_type(xn.get_client(host="https://xeroml.example", api="langfuse"), xn.Client)
    client.flush(timeout=5)
    client.close()
    xn.get_client(hosts="https://xeroml.example")  # type: ignore[call-arg]
    xn.get_clint()  # type: ignore[attr-defined]


def datasets(client: xn.Client, frame: pd.DataFrame) -> None:
    assert_type(xn.example("support_triage"), Path)
    made = client.create_dataset(
        name="support/triage",
        items=xn.example("support_triage"),
        input=["message"],
        expected_output=["category", "urgency"],
        input_schema={"type": "object"},
    )
    assert_type(made, xn.Dataset)
    assert_type(client.create_dataset(name="from a frame", items=frame, id="key"), xn.Dataset)
    assert_type(client.get_dataset("support/triage", version="2026-01-31T00:00:00Z"), xn.Dataset)
    assert_type(made.filter("language=de").sample(10, seed=1), xn.Dataset)
    assert_type(made.filter(lambda item: len(item.id) > 1), xn.Dataset)
    assert_type(made.items, list[xn.DatasetItem])
    assert_type(made["triage-003"], xn.DatasetItem)
    assert_type(made.versions(), list[datetime])
    assert_type(len(made), int)
    for item in made:
        assert_type(item, xn.DatasetItem)
        assert_type(item.id, str)
    assert_type(made.upsert_item(input={"message": "Hello"}), xn.DatasetItem)
    xn.DatasetItem("own", {"message": "Hello"}, None, {"language": "en"})
    client.create_dataset("support/triage")  # type: ignore[call-arg]


@xn.evaluator
def category(output: dict[str, str], expected_output: dict[str, str]) -> bool:
    return output["category"] == expected_output["category"]


@xn.evaluator(name="urgency")
async def judged_urgency(output: dict[str, str]) -> xn.Score | None:
    if "urgency" not in output:
        return None
    return xn.Score(0.5, comment="in between", metadata={"by": "rule"})


@xn.evaluator
def all_right(results: list[Result]) -> dict[str, float]:
    assert_type(results[0].score("category"), float | bool | str)
    assert_type(results[0].score("category", default=None), float | bool | str | None)
    return {"share": sum(result.output is not None for result in results) / len(results)}


def evaluators() -> None:
    # What is registered stays the function that it was.
    assert_type(category({"category": "billing"}, {"category": "billing"}), bool)
    assert_type(xn.evaluators.exact_match("a", "a"), bool | None)
    assert_type(xn.evaluators.edit_similarity("a", "b"), float | None)
    assert_type(xn.evaluators.contains("refund", ignore_case=True)("A refund"), bool)
    assert_type(xn.evaluators.json_schema({"type": "object"})({}), xn.Score)
    xn.evaluators.close_to(relative=0.01)
    xn.evaluator(xn.Judge("polite", "Is it polite?"))
    xn.evaluator(label="polite")  # type: ignore[call-overload]


def triage(input: dict[str, str]) -> dict[str, str]:  # noqa: A002
    return {"category": "billing" if "charge" in input["message"] else "technical"}


async def triage_model(item: xn.DatasetItem) -> str:
    return item.id


def runs(executor: Executor) -> None:
    experiment = xn.run(
        triage,
        "support/triage",
        name="v2",
        evaluators=[category, "exact_match", xn.Judge("polite", "Is it polite?")],
        concurrency=16,
        repetitions=3,
        timeout=30,
        retries=xn.Retries(3, on=(ValueError,)),
        metadata={"prompt": "v2"},
    )
    assert_type(experiment, xn.Experiment)
    live = xn.start(triage_model, "support/triage", executor=executor, resume=False, retries=2)
    assert_type(live, xn.Experiment)
    assert_type(live.wait(timeout=1.5), xn.Experiment)
    assert_type(live.stop().resume(), xn.Experiment)
    assert_type(live.retry_failed(), xn.Experiment)
    live.pause()
    assert_type(live.progress, Progress)
    assert_type(live.failure, BaseException | None)
    assert_type(live.is_running or live.paused, bool)
    xn.run(triage, "support/triage", concurency=16)  # type: ignore[call-arg]
    xn.start(triage, "support/triage", timeout="30 s")  # type: ignore[arg-type]
    xn.run("triage", "support/triage")  # type: ignore[arg-type]


async def awaited(client: xn.Client, dataset: xn.Dataset) -> None:
    assert_type(await xn.arun(triage, dataset, evaluators=[category]), xn.Experiment)
    assert_type(await client.arun(triage, dataset, repetitions=2), xn.Experiment)
    await xn.arun(triage, dataset, repetitions="two")  # type: ignore[arg-type]


def own_loop(client: xn.Client) -> None:
    experiment = client.create_experiment(name="mine", dataset_name="support/triage")
    for item in client.get_dataset("support/triage"):
        with experiment.run_item(item) as run:
            run.set_output(triage(item.input))
            assert_type(run.score(name="accuracy", value=1.0, comment="right"), ScoreRecord)
            assert_type(run.trace_id, str)
    with experiment.run_item_raw(input={"message": "Hello"}) as run:
        run.set_output(None)
    assert_type(experiment.url, str)
    with experiment.run_item("triage-003"):  # type: ignore[arg-type]
        pass


def results(client: xn.Client) -> None:
    experiment = client.get_experiment("v2", 3)
    assert_type(experiment, xn.Experiment)
    assert_type(client.experiments(), list[ExperimentRecord])
    assert_type(experiment.status, ExperimentStatus)
    assert_type(experiment.name + experiment.label + experiment.id, str)
    assert_type(experiment.number, int)
    assert_type(experiment.to_frame(), pd.DataFrame)
    assert_type(experiment.summary(), pd.DataFrame)
    assert_type(experiment.score_summaries(), list[ScoreSummary])
    assert_type(experiment.own_values(), list[OwnScore])
    assert_type(experiment.get_results(), list[Result])
    assert_type(experiment.get_results()[0].item, xn.DatasetItem)
    assert_type(experiment.get_results()[0].error, str | None)
    assert_type(experiment.to_notebook("report.ipynb"), Path)
    assert_type(xn.to_frame(experiment, "v1"), pd.DataFrame)
    assert_type(xn.score(experiment, [category], concurrency=4), xn.Experiment)
    assert_type(client.score_experiment("v2 #3", ["exact_match"]), xn.Experiment)
    xn.score(experiment, [category], repetitions=3)  # type: ignore[call-arg]


def scores(client: xn.Client) -> None:
    trace_id = xn.create_trace_id(seed="session-1-msg-1")
    assert_type(trace_id, str)
    given = client.score(trace_id=trace_id, name="user-feedback", value=1, data_type="NUMERIC")
    assert_type(given, ScoreRecord)
    session = client.score_session(session_id="s-1", name="solved", value=True, author="ann")
    assert_type(session, ScoreRecord)
    found = client.get_scores(experiment="v2 #3", since=timedelta(days=1), source="human")
    assert_type(found, pd.DataFrame)
    client.score(name="user-feedback", value=1)  # type: ignore[call-arg]
    client.score_session(session_id="s-1", name="solved", value=True, by="ann")  # type: ignore[call-arg]


def model(prompt: str) -> dict[str, Any]:
    return {"verdict": "please" in prompt}


def judges(experiment: xn.Experiment, other: xn.Experiment) -> None:
    polite = xn.Judge("polite", "Is it polite?", model=model, sees=["output"], votes=3)
    assert_type(polite.ask(output="Send it, please."), JudgeVerdict | None)
    chosen = xn.Judge("tone", "Which tone?", choices={"warm": "kind", "cold": "short"})
    rated = xn.Judge("good", "How good?", range=(1, 5), model="some-model", temperature=None)
    xn.JudgePanel("both", [rated, xn.Judge("good too", "How good?", range=(1, 5))])
    pairs = xn.PairJudge("better", "Which is shorter?", model=model, rate_limit=xn.RateLimit(500))
    assert_type(pairs.ask(output_a="a", output_b="bb"), PairVerdict)
    assert_type(pairs.compare(experiment, other, concurrency=4), PairwiseComparison)
    assert_type(pairs.compare(experiment, other).to_frame(), pd.DataFrame)
    assert_type(xn.calibrate(chosen, {"triage-003": "warm"}, experiment=other), Calibration)
    assert_type(xn.calibrate("polite", "verdict (human)", experiment="v2").mean.corrected, Interval)
    assert_type(xn.calibrate(polite, xn.annotate(experiment)).disagreements(), pd.DataFrame)
    xn.Judge("polite")  # type: ignore[call-arg]
    xn.calibrate("polite", "verdict (human)", experiments="v2")  # type: ignore[call-arg]


def cards(experiment: xn.Experiment) -> None:
    card = xn.ScoreCard(["category"], "return {'score': 100}", "PYTHON", timeout=5)
    assert_type(card.score([{"category": True}]), CardResult)
    assert_type(card.score(experiment.to_frame()).score, float)
    assert_type(card.attach(experiment), xn.Report)
    assert_type(card.attach(triage), xn.Report)
    report = experiment.report(["input", ("right", "category"), ("size", len)], name="short")
    assert_type(report, xn.Report)
    assert_type(experiment.report({"size": lambda row: row["input"]}), xn.Report)
    assert_type(experiment.reports(), list[xn.Report])
    assert_type(report.set_card(card).score, float | None)
    assert_type(report.rows(), list[dict[str, Any]])
    experiment.report(3)  # type: ignore[arg-type]
    card.attach(3)  # type: ignore[arg-type]


def labels(experiment: xn.Experiment, client: xn.Client) -> None:
    rubric = xn.Rubric(
        [
            xn.Dimension("verdict", options=[xn.Option("pass", "p", 1), "fail"]),
            xn.Dimension("tone", "scale", minimum=1, maximum=5, direction="higher"),
        ],
        name="careful",
    )
    order = xn.Order("disagreement", by="category", against=experiment, seed=1)
    labeller = xn.annotate(experiment, rubric, annotator="ann", order=order, team=["ann", "bob"])
    found: Labels = labeller
    assert_type(found.to_frame(), pd.DataFrame)
    assert_type(labeller.progress, tuple[int, int] | None)
    assert_type(found.annotators, list[str])
    assert_type(xn.Rubric.pass_fail(), xn.Rubric)
    assert_type(rubric["tone"], xn.Dimension)
    queue = client.create_annotation_queue(name="thumbs", rubric=xn.Rubric.thumbs())
    assert_type(queue, xn.AnnotationQueue)
    assert_type(client.export(queue, "thumbs.csv"), Path)
    xn.Dimension("verdict", option=["pass", "fail"])  # type: ignore[call-arg]


def comparisons(first: xn.Experiment, client: xn.Client) -> None:
    made = xn.compare(first, "v2 #3", cluster="conversation", scores=["category"], seed=1)
    assert_type(made, Comparison)
    assert_type(client.compare(first, baseline="v1", by=lambda item: item.id), Comparison)
    assert_type(made.verdict("category"), str)
    assert_type(made.sentences(), list[str])
    assert_type(made.items().query("change == 'regressed'"), pd.DataFrame)
    assert_type(made.to_notebook(Path("report.ipynb")), Path)
    xn.compare(first, "v2 #3", clusters="conversation")  # type: ignore[call-arg]
    xn.compare(first, 3)  # type: ignore[arg-type]


def charts(first: xn.Experiment, made: Comparison) -> None:
    assert_type(xn.charts.summary(first), alt.VConcatChart)
    assert_type(xn.charts.differences(made), alt.VConcatChart)
    assert_type(xn.charts.trend("category", tags="web", every="day"), alt.LayerChart)
    assert_type(xn.charts.svg(xn.charts.heat_map([first], "category")), str)
    xn.charts.offline()
    xn.charts.trend("category", tag="web")  # type: ignore[call-arg]


@xn.observe
def answered(question: str, *, loud: bool = False) -> str:
    return question.upper() if loud else question


@xn.observe(name="stream", type="generation", capture_output=False)
async def streamed(question: str) -> AsyncIterator[str]:
    yield question


async def traces(client: xn.Client) -> None:
    # What is observed keeps its parameters and what it returns.
    assert_type(answered("What?", loud=True), str)
    async for piece in streamed("What?"):
        assert_type(piece, str)
    with xn.propagate_attributes(trace_id=xn.create_trace_id(), user_id="u", tags=["web"]):
        answered("What?")
    with xn.disable_tracing():
        answered("A secret?")
    with client.start_as_current_observation(name="call", type="generation") as live:
        live.update(input="What?", output="That.", model="m", usage={"input": 3, "output": 1})
        assert_type(live.trace_id + live.id, str)
    trace = client.get_trace(xn.create_trace_id(seed="1"))
    assert_type(trace, Trace)
    assert_type(trace.roots, list[Observation])
    assert_type(client.get_traces(score="category < 1", since="2026-01-31T00:00Z"), pd.DataFrame)
    assert_type(client.trend("category", over="experiments", by="version"), pd.DataFrame)
    answered("What?", quiet=True)  # type: ignore[call-arg]
    xn.observe(named="stream")  # type: ignore[call-overload]


def widgets(experiment: xn.Experiment, client: xn.Client) -> None:
    picker = xn.pick_dataset("support/triage", client=client)
    assert_type(xn.run_panel(picker).experiment, xn.Experiment | None)
    assert_type(xn.comparison("v1", "v2", score="category", seed=1).selection, list[str])
    assert_type(xn.workbench("support/triage", rubric=xn.Rubric.stars()).dataset, xn.Dataset | None)
    xn.export_panel([experiment, "v1"], client=client)
    xn.score_card(experiment, xn.ScoreCard(["category"]))
    xn.load_ipython_extension(None)
    xn.comparison("v1", "v2", clusters="conversation")  # type: ignore[call-arg]


def server(client: xn.Client, experiment: xn.Experiment) -> None:
    try:
        assert_type(client.check(), Check)
        assert_type(client.preview(experiment), Preview)
        push = client.push([experiment, "v1"], print)
        assert_type(push, Push)
        assert_type(push.undo(), Undone)
        assert_type(client.pull(), Pulled)
        assert_type(client.pushes(), pd.DataFrame)
        assert_type(client.export(experiment, Path("v2.csv")), Path)
        assert_type(client.import_file("v2.csv"), xn.Experiment | Labels)
    except xn.XeromlError as error:
        assert_type(error.problem, str)
    client.push(3)  # type: ignore[arg-type]


def gates(experiment: xn.Experiment, client: xn.Client) -> None:
    made = xn.gate(experiment, min={"category": 0.85}, no_worse_than="v1 #7", allow_failed="5%")
    assert_type(made, Verdict)
    assert_type(client.gate("v2", max={"latency_p95": 2}, margin=0.02).passed, bool)
    assert_type(made.to_markdown() + made.to_junit(), str)
    made.raise_if_failed()
    xn.gate(experiment, minimum={"category": 0.85})  # type: ignore[call-arg]


def forecasts(dataset: xn.Dataset) -> None:
    xn.prices({"small-1": (0.15, 0.60)})
    found = xn.plan(triage, dataset, pilot=20, evaluators=[category], baseline="v1")
    assert_type(found, Plan)
    assert_type(found.left, int)
    limit = xn.RateLimit(requests_per_minute=500)
    xn.run(triage, dataset, rate_limit=limit, max_cost=2.5, max_time=600)
    xn.run(triage, dataset, rate_limit=500)  # type: ignore[arg-type]
