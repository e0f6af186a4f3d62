"""What judges ask a provider: in turns, recorded in the trace of the item, and paid for."""

from __future__ import annotations

import dataclasses
import threading
import time

import httpx
import openai
import pytest
from openinference.instrumentation.openai import OpenAIInstrumentor

import xeroml_nb as xn
from tests.judging.stub import KEY, completion, refused, verdict
from tests.test_runner import until
from xeroml_nb.client.forecasting import ForecastMethods
from xeroml_nb.errors import BadInput, JudgeFailed
from xeroml_nb.experiments.rate_limit import RateLimit
from xeroml_nb.experiments.usage import usage_of
from xeroml_nb.scoring.judging.judge import Judge
from xeroml_nb.scoring.judging.pairwise import PairJudge
from xeroml_nb.scoring.judging.templates import conciseness
from xeroml_nb.tracing.prices import prices


@pytest.fixture
def priced():
    """What the judge's model costs: 1.00 and 0.70 an answer of the stub."""
    prices({"judge-1": (10_000.0, 100_000.0)})
    yield
    prices({})


@pytest.fixture
def texts(client):
    return client.create_dataset(name="texts", items=[{"input": f"t{n}"} for n in range(20)])


def trace_of(client, experiment, item=0):
    return client.get_trace(experiment.get_results()[item].trace_id)


# What is recorded.


def test_a_question_is_a_generation_in_the_trace_of_its_item(chat, client, texts, priced):
    run = client.run(str.upper, texts.sample(1), evaluators=[chat.judge()])
    [root, asked] = trace_of(client, run)
    assert (asked.name, asked.type, asked.parent_id) == ("good", "generation", root.id)
    assert (asked.input, "verdict" in asked.output) == (None, True)
    [_, row] = trace_of(client, run).to_frame().to_dict("records")
    assert (row["model"], row["input_tokens"], row["output_tokens"]) == ("judge-1", 100, 7)
    assert row["cost"] == pytest.approx(1.7)


def test_what_a_judge_costs_is_no_cost_of_the_task(chat, client, texts, priced):
    @xn.observe
    def task(text):
        with client.start_as_current_observation(name="ask", type="generation") as call:
            call.update(usage={"input": 10, "output": 5}, cost=0.01)
        return text

    run = client.run(task, texts.sample(2), evaluators=[chat.judge()])
    frame = run.to_frame()
    assert frame["cost"].tolist() == [0.01] * 2
    assert frame["input_tokens"].tolist() == [10] * 2
    assert usage_of(list(trace_of(client, run))).cost == pytest.approx(1.71)


def test_a_limit_on_the_cost_stops_a_run_that_only_its_judge_pays_for(chat, client, texts, priced):
    run = client.run(str.upper, texts, evaluators=[chat.judge(votes=2)], concurrency=1, max_cost=11)
    assert (run.status, run.progress.done) == ("stopped", 3)
    assert run.stop_reason.startswith("max_cost=11 is used up: 10.2 spent")
    assert len(chat.asked) == 6


def test_a_forecast_counts_what_the_judge_costs_and_known_answers_cost_nothing(
    chat, client, texts, priced
):
    options = {"evaluators": [chat.judge()], "pilot": 5}
    found = ForecastMethods.plan(client, str.upper, texts, **options, name="first")
    assert found.spent == pytest.approx(5 * 1.7)
    assert found.cost.expected == pytest.approx(15 * 1.7)
    assert found.input_tokens.expected == 1500
    again = ForecastMethods.plan(client, str.upper, texts, **options, name="again")
    assert (again.spent, len(chat.asked)) == (None, 5)


def test_a_second_question_and_a_refusal_are_paid_for_too(chat, client, texts):
    chat.script += [completion("It is good."), completion(None, refusal="No.")]
    run = client.run(str.upper, texts.sample(1), evaluators=[chat.judge()])
    [_, first, second] = trace_of(client, run)
    assert (first.output, first.error) == ("It is good.", None)
    assert "refused: No" in second.error
    used = usage_of(list(trace_of(client, run)))
    assert (used.input_tokens, used.output_tokens) == (200, 14)


def test_a_call_that_an_instrumentation_records_as_well_counts_once(chat, client, texts):
    def model(messages):
        with openai.OpenAI(base_url=chat.base_url, api_key=KEY) as asked:
            answer = asked.chat.completions.create(model="judge-1", messages=messages)
        return answer.choices[0].message.content

    OpenAIInstrumentor().instrument()
    try:
        judge = Judge("good", "Is it good?", model=model)
        run = client.run(str.upper, texts.sample(1), evaluators=[judge])
    finally:
        OpenAIInstrumentor().uninstrument()
    [_, question, call] = trace_of(client, run)
    assert (question.name, call.parent_id) == ("good", question.id)
    used = usage_of(list(trace_of(client, run)))
    assert (used.input_tokens, used.output_tokens) == (100, 7)


def test_a_question_outside_any_trace_is_recorded_nowhere(chat, client):
    chat.judge().ask(output="a")
    client.flush()
    assert client.get_traces().empty


# Turns.


def moments_of(chat):
    """A list that fills with the moments at which the chat endpoint is asked."""
    moments = []

    def noting(_):
        moments.append(time.monotonic())
        return verdict(value=True)

    chat.script_by_text(noting)
    return moments


def test_a_task_and_its_judges_share_what_their_provider_allows(chat, client, texts):
    moments, limit = moments_of(chat), RateLimit(requests_per_minute=6_000)

    def task(text):
        moments.append(time.monotonic())
        return text.upper()

    asked = {"model": "m", "base_url": chat.base_url, "api_key": KEY, "rate_limit": limit}
    judges = [chat.judge(rate_limit=limit), dataclasses.replace(conciseness, **asked)]
    client.run(task, texts, evaluators=judges, rate_limit=limit, concurrency=20)
    assert len(moments) == 60
    # One every 10 ms.
    assert max(moments) - min(moments) >= 59 * 0.01 - 0.03


def test_waiting_for_a_turn_is_no_part_of_the_time_that_a_judge_may_take(client, texts):
    limit = RateLimit(requests_per_minute=1_200)
    judge = Judge("good", "?", model=lambda prompt: {"verdict": True}, rate_limit=limit)
    began = time.monotonic()
    run = client.run(str.upper, texts, evaluators=[judge], timeout=0.5, concurrency=20)
    assert time.monotonic() - began >= 19 * 0.05 - 0.03
    assert run.to_frame()["good"].tolist() == [True] * 20
    [_, last] = trace_of(client, run, 19).to_frame().to_dict("records")
    assert last["latency_s"] < 0.5


def test_who_waits_for_the_same_question_waits_for_its_turn_too(client):
    limit = RateLimit(requests_per_minute=60)
    judge = Judge("good", "?", model=lambda prompt: {"verdict": True}, rate_limit=limit)
    texts = client.create_dataset(name="texts", items=[{"input": text} for text in "aabb"])
    run = client.run(str.upper, texts, evaluators=[judge], timeout=0.5, concurrency=4)
    assert run.to_frame()["good"].tolist() == [True] * 4


def test_time_runs_again_once_the_turn_has_come(chat, client, texts):
    chat.otherwise = dataclasses.replace(verdict(value=True), delay=0.6)
    judge = chat.judge(rate_limit=RateLimit(requests_per_minute=6_000))
    run = client.run(str.upper, texts.sample(2), evaluators=[judge], timeout=0.2)
    errors = {r.run.evaluator_errors.get("good") for r in run.get_results()}
    assert errors == {"TimeoutError: no answer in 0.2 s"}


def test_what_a_provider_turns_away_has_another_turn_and_the_rate_falls(chat, client, texts):
    chat.script += [verdict(value=True), refused(429, "Slow down", Retry_After="0.2")]
    limit = RateLimit()
    judge = chat.judge(rate_limit=limit)
    assert judge.ask(output="a").value is True
    began = time.monotonic()
    assert judge.ask(output="b").value is True
    assert time.monotonic() - began >= 0.2
    assert limit.present_rate < float("inf")
    assert len(chat.asked) == 3


class Busy(Exception):  # noqa: N818
    """As clients of providers raise it."""

    def __init__(self):
        super().__init__("slow down")
        self.response = httpx.Response(429, headers={"Retry-After": "0.05"})


def test_a_function_that_its_provider_turns_away_has_another_turn_too():
    trouble = [Busy(), Busy()]

    def model(prompt):
        if trouble:
            raise trouble.pop()
        return {"verdict": True}

    limited = Judge("good", "?", model=model, rate_limit=RateLimit())
    assert limited.ask(output="a").value is True
    trouble.append(Busy())
    with pytest.raises(JudgeFailed, match="Busy: slow down"):
        dataclasses.replace(limited, rate_limit=None).ask(output="a")


def test_trouble_that_is_no_refusal_is_waited_for_with_patience_as_ever(chat):
    chat.script.append(refused(503, "Soon"))
    assert chat.judge(patience=5, rate_limit=RateLimit()).ask(output="a").value is True


def test_tokens_of_the_answers_hold_the_next_question_back(chat):
    judge = PairJudge(
        "better",
        "?",
        model="judge-1",
        base_url=chat.base_url,
        api_key=KEY,
        rate_limit=RateLimit(tokens_per_minute=107 * 60 * 10),  # 10 answers a second
    )
    chat.otherwise = verdict("tie")
    began = time.monotonic()
    for n in range(2):
        judge.ask(output_a=f"{n}", output_b="b")
    assert time.monotonic() - began >= 0.25


def test_a_stop_reaches_judges_that_wait_for_their_turn(chat, client, texts):
    judge = chat.judge(rate_limit=RateLimit(requests_per_minute=1))
    run = client.start(str.upper, texts, evaluators=[judge], concurrency=4)
    until(lambda: run.progress.done == 1)
    began = time.monotonic()
    run.stop().wait()
    assert time.monotonic() - began < 1.5
    assert set(run.to_frame()["status"]) == {"ok", "stopped", "pending"}
    assert [r.run.evaluator_errors for r in run.get_results() if r.status == "ok"] == [{}]
    until(lambda: "xeroml-task" not in {thread.name for thread in threading.enumerate()})
    assert len(chat.asked) == 1


def test_a_limit_does_not_change_what_a_judge_is(chat):
    judge = chat.judge()
    limited = dataclasses.replace(judge, rate_limit=RateLimit(10))
    assert limited.fingerprint == judge.fingerprint


def test_what_is_no_rate_limit_is_refused_by_a_judge():
    with pytest.raises(BadInput, match="rate_limit is 500"):
        xn.Judge("good", "?", rate_limit=500)
