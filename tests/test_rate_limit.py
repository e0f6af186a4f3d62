"""Rate limits: kept where they are known, found out where they are not, and no part of latency."""

from __future__ import annotations

import asyncio
import heapq
import threading
import time

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sync.faulty_server import FaultyServer, Reply
from tests.test_runner import until
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments import rate_limit
from xeroml_nb.experiments.background import wait_for
from xeroml_nb.experiments.pace import Pace
from xeroml_nb.experiments.rate_limit import RateLimit

LANES = 25
A_REFUSAL = Reply(429, {"error": "slow down"}, {"Retry-After": "0.05"})


# The pace alone, on a clock of its own.


class Provider:
    """Takes so many calls a second, and a few more at once; 429 for the others."""

    def __init__(self, rate, burst=10.0, retry_after=None):
        self.rate, self.burst, self.retry_after = rate, burst, retry_after
        self._level, self._last = burst, 0.0

    def takes(self, now):
        self._level = min(self.burst, self._level + (now - self._last) * self.rate)
        self._last = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


def simulate(pace, provider, seconds, *, latency=0.3, tokens=0.0):
    """Keep all lanes busy for some seconds; the moments at which calls began, and which passed."""
    taken, turned_away = [], []
    events = [(0.0, lane, None) for lane in range(LANES)]
    while (event := heapq.heappop(events))[0] < seconds:
        now, lane, ending = event
        if ending is not None:
            start, passed = ending
            if passed:
                pace.end(start, now, 1, tokens)
            else:
                pace.turn_away(start, now, provider.retry_after)
        if (wait := pace.wait(now)) > 0:
            heapq.heappush(events, (now + wait, lane, None))
            continue
        start, passed = pace.begin(now), provider.takes(now)
        (taken if passed else turned_away).append(now)
        heapq.heappush(events, (now + (latency if passed else 0.05), lane, (start, passed)))
    return taken, turned_away


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 3000), st.floats(0.001, 5))
def test_no_minute_has_more_requests_than_allowed(limit, latency):
    taken, turned_away = simulate(Pace(limit, None), Provider(1e9, 1e9), 130, latency=latency)
    assert turned_away == []
    for first, began in enumerate(taken):
        in_minute = sum(1 for moment in taken[first : first + limit + 2] if moment < began + 60)
        assert in_minute <= limit + 1
    # As fast as lanes and the limit let it.
    assert len(taken) >= 0.95 * min(130 * limit / 60, LANES * 130 / (latency + 1e-3)) - LANES


def test_tokens_are_paid_for_before_the_next_call():
    taken, _ = simulate(Pace(None, 60_000), Provider(1e9, 1e9), 60, tokens=500.0)
    # 1,000 tokens a second are 2 calls a second; those of the first moment were not known yet.
    assert 120 <= len(taken) <= 120 + LANES


@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize("rate", [2.0, 20.0, 70.0])
def test_an_unknown_limit_is_found_and_used(rate, retry_after):
    provider = Provider(rate, burst=rate, retry_after=retry_after)
    taken, turned_away = simulate(Pace(None, None), provider, 120)
    assert len(taken) >= 0.85 * 120 * rate
    assert len(turned_away) <= 0.15 * len(taken) + LANES


def test_the_pace_grows_when_the_provider_allows_more():
    pace, provider = Pace(None, None), Provider(5.0)
    simulate(pace, provider, 60)
    before = pace.rate
    provider.rate = provider.burst = 50.0
    pace_later = ShiftedPace(pace, 60.0)
    taken, _ = simulate(pace_later, Shifted(provider, 60.0), 120)
    assert pace.rate > 2 * before
    assert len(taken) > 120 * 7


class ShiftedPace:
    """A pace whose clock goes on where an earlier simulation ended."""

    def __init__(self, pace, seconds):
        self._pace, self._seconds = pace, seconds

    def wait(self, now):
        return self._pace.wait(now + self._seconds)

    def begin(self, now):
        return self._pace.begin(now + self._seconds)

    def end(self, start, now, requests, tokens):
        self._pace.end(start, now + self._seconds, requests, tokens)

    def turn_away(self, start, now, retry_after):
        self._pace.turn_away(start, now + self._seconds, retry_after)


class Shifted:
    """Likewise for a provider."""

    def __init__(self, provider, seconds):
        self._provider, self._seconds = provider, seconds
        self.retry_after = provider.retry_after

    def takes(self, now):
        return self._provider.takes(now + self._seconds)


def test_nothing_begins_before_the_moment_the_provider_named():
    pace = Pace(600, None)
    start = pace.begin(0.0)
    pace.turn_away(start, 0.1, 7.0)
    assert pace.wait(0.2) == pytest.approx(6.9)
    assert pace.wait(7.1) == 0.0


def test_refusals_of_one_moment_cut_the_pace_once():
    pace = Pace(600, None)
    starts = [pace.begin(n / 10) for n in range(5)]
    for start in starts:
        pace.turn_away(start, 0.5, 0.1)
    once = pace.rate
    pace.turn_away(starts[-1], 0.51, 0.1)
    assert pace.rate == once > 0


# Runs.


@pytest.fixture
def numbers(client):
    items = [{"id": f"n{n}", "input": n} for n in range(20)]
    return client.create_dataset(name="numbers", items=items)


@pytest.fixture
def provider():
    """A server that takes 60 requests a second."""
    bucket, began = Provider(60.0, burst=5.0), time.monotonic()

    def reply(request):
        taken = bucket.takes(time.monotonic() - began)
        return Reply(body=request.json) if taken else A_REFUSAL

    with FaultyServer(otherwise=reply) as server:
        yield server


def test_what_is_turned_away_has_another_turn_and_no_item_fails(client, numbers, provider):
    with httpx.Client(base_url=provider.url, trust_env=False) as http:

        def ask(number):
            return http.post("/", json=number).raise_for_status().json()

        limit = RateLimit()
        frame = client.run(ask, numbers, rate_limit=limit, concurrency=4).to_frame()
    assert frame["output"].tolist() == list(range(20))
    assert frame["attempts"].sum() == len(provider.received) > 20
    assert limit.present_rate < float("inf")


def test_coroutines_have_their_turns_too(client, numbers, provider):
    http = httpx.AsyncClient(base_url=provider.url, trust_env=False)

    async def ask(number):
        return (await http.post("/", json=number)).raise_for_status().json()

    frame = client.run(ask, numbers, rate_limit=RateLimit(), concurrency=4).to_frame()
    wait_for(http.aclose())
    assert frame["output"].tolist() == list(range(20))
    assert frame["attempts"].sum() == len(provider.received)


@pytest.mark.parametrize("is_async", [False, True], ids=["threads", "coroutines"])
def test_waiting_for_a_turn_is_part_of_neither_latency_nor_time_limit(client, numbers, is_async):
    begun = []

    def task(number):
        begun.append(time.monotonic())
        return number

    async def later(number):
        await asyncio.sleep(0)
        return task(number)

    limit = RateLimit(requests_per_minute=3000)
    options = {"rate_limit": limit, "timeout": 0.2, "concurrency": 20}
    frame = client.run(later if is_async else task, numbers, **options).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert frame["latency_s"].max() < 0.2
    # 20 calls, 20 ms apart.
    assert max(begun) - min(begun) >= 19 * 0.02 - 0.03


def test_runs_at_the_same_time_share_a_limit(client, numbers):
    begun = []
    limit = RateLimit(requests_per_minute=6000)
    runs = [
        client.start(lambda _: begun.append(time.monotonic()), numbers, name=name, rate_limit=limit)
        for name in ("one", "two")
    ]
    for run in runs:
        run.wait()
    assert len(begun) == 40
    assert max(begun) - min(begun) >= 39 * 0.01 - 0.03


def test_tokens_that_generations_record_hold_the_next_calls_back(client, numbers):
    def ask(number):
        with client.start_as_current_observation(name="ask", type="generation") as observation:
            observation.update(usage={"input": 80, "output": 20})
        return number

    began = time.monotonic()
    limit = RateLimit(tokens_per_minute=300_000)  # 50 calls a second
    client.run(ask, numbers, rate_limit=limit, concurrency=2)
    assert time.monotonic() - began >= 17 / 50


def test_a_stop_reaches_those_that_wait_for_their_turn(client, numbers):
    limit = RateLimit(requests_per_minute=1)
    experiment = client.start(lambda number: number, numbers, rate_limit=limit)
    until(lambda: experiment.progress.done == 1)
    began = time.monotonic()
    experiment.stop().wait()
    assert time.monotonic() - began < 1.5
    frame = experiment.to_frame()
    assert (frame["status"] == "ok").sum() == 1
    assert set(frame["status"]) <= {"ok", "stopped", "pending"}
    until(lambda: "xeroml-task" not in {thread.name for thread in threading.enumerate()})


class Refused(Exception):  # noqa: N818
    """As clients of providers raise it."""

    status_code = 429

    def __init__(self, code):
        super().__init__(code)
        self.code = code
        self.response = httpx.Response(429, headers={"Retry-After": "0.001"})


@pytest.mark.parametrize(("code", "calls"), [("slow down", 3), ("insufficient_quota", 1)])
def test_an_item_is_not_asked_about_for_ever(client, numbers, code, calls, monkeypatch):
    monkeypatch.setattr(rate_limit, "_MOST_TURNS", 3)

    def task(number):
        if number == 3:
            raise Refused(code)
        return number

    frame = client.run(task, numbers, rate_limit=RateLimit(6000)).to_frame()
    assert frame["status"].tolist() == ["ok"] * 3 + ["failed"] + ["ok"] * 16
    assert frame["attempts"].tolist() == [1] * 3 + [calls] + [1] * 16
    assert frame["error"][3] == f"Refused: {code}"


@pytest.mark.parametrize(
    "given",
    [{"requests_per_minute": 0}, {"tokens_per_minute": -1}, {"tokens_per_minute": "x"}],
)
def test_a_limit_that_is_none_is_refused(given):
    with pytest.raises(BadInput, match=next(iter(given))):
        RateLimit(**given)


def test_what_is_no_rate_limit_is_refused(client, numbers):
    with pytest.raises(BadInput, match="rate_limit is 500"):
        client.run(lambda number: number, numbers, rate_limit=500)
    assert client.experiments() == []
