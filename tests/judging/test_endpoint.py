"""What an endpoint may do wrong, and what a judge then says."""

from __future__ import annotations

import dataclasses
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.judging.stub import completion, refused, verdict
from tests.sync.faulty_server import Fault, Reply
from xeroml_nb.errors import JudgeFailed
from xeroml_nb.scoring.judging.judge import Judge


def failure_of(judge):
    """What a judge says when it fails."""
    with pytest.raises(JudgeFailed) as caught:
        judge.ask(input="q", output="a")
    said = str(caught.value)
    assert said.startswith("Judge 'good' has no verdict on this output: ")
    return said


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (refused(401, "Bad key"), r"refused the key \(401\): Bad key. Set XEROML_JUDGE_API_KEY"),
        (refused(403, "Not you"), r"refused the key \(403\): Not you"),
        (refused(404, "No model x"), r"does not exist \(404\): No model x. .*base URL"),
        (refused(400, "Too long"), r"refused the question \(400\): Too long"),
        (refused(422, "Too odd"), r"refused the question \(422\): Too odd"),
        (refused(500, "Ouch"), r"fails \(500\); the judge's patience is 0 s: Ouch\."),
        (Reply(502, "<html>Bad gateway</html>"), r"fails \(502\)"),
        (Reply(429, {"detail": "Slow down"}), r"too busy \(429\); .*: Slow down. .*concurrency"),
        (Reply(200, "<html>Hello</html>"), r"answered what is not JSON, which no chat"),
        (Reply(200, ""), r"answered what is not JSON"),
        (Reply(200, "[]"), r"answered \[\], which no chat"),
        (Reply(200, {"choices": []}), r"answered choices: \[\], which"),
        (Reply(200, {"choices": [{"message": None}]}), r"which no chat endpoint does"),
        (Reply(200, {"error": "out of memory"}), r"answered error: out of memory, which"),
        (completion(None, refusal="I will not."), r"refused: I will not\. Leave this item"),
        (completion("", finish="content_filter"), r"refused by its content filter"),
        (completion('{"explan', finish="length"), r"was cut off before the end"),
        (Reply(fault=Fault.CLOSE), r"cannot be reached"),
        (dataclasses.replace(verdict(value=True), fault=Fault.RESET), r"cannot be reached"),
    ],
)
def test_every_failure_is_told_in_plain_words(chat, reply, words):
    chat.script.append(reply)
    assert re.search(words, failure_of(chat.judge()))
    assert len(chat.received) == 1


def test_a_model_that_does_not_answer_in_time_is_left(chat):
    chat.script.append(dataclasses.replace(verdict(value=True), delay=5))
    said = failure_of(chat.judge(timeout=0.15))
    assert "gave no answer in 0.15 s" in said


def test_an_endpoint_that_is_not_there_is_tried_a_few_times_and_named():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    judge = Judge("good", "?", model="m", base_url=f"http://127.0.0.1:{port}/v1", patience=0)
    assert f"127.0.0.1:{port} cannot be reached" in failure_of(judge)


@pytest.mark.parametrize(
    "trouble",
    [refused(503, "Soon"), refused(429, "Later", Retry_After="0.2"), Reply(fault=Fault.CLOSE)],
)
def test_trouble_that_passes_is_waited_for(chat, trouble):
    chat.script.append(trouble)
    assert chat.judge(patience=5).ask(output="a").value is True
    assert len(chat.received) == 2


def test_the_wait_that_an_endpoint_asks_for_is_kept_to(chat):
    chat.script.append(refused(429, "Later", Retry_After="1"))
    began = time.monotonic()
    chat.judge(patience=5).ask(output="a")
    assert time.monotonic() - began >= 1


def test_a_longer_wait_than_the_judge_has_patience_for_is_not_begun(chat):
    chat.otherwise = refused(429, "Later", Retry_After="60")
    said = failure_of(chat.judge(patience=30))
    assert "(429), and asks to wait 60 s; the judge's patience is 30 s: Later." in said
    assert len(chat.received) == 1


def test_an_endpoint_that_stays_busy_is_given_up_when_patience_ends(chat):
    chat.otherwise = refused(429, "Later")
    assert "too busy (429)" in failure_of(chat.judge(patience=1))
    assert len(chat.received) > 1


def test_an_account_without_credit_is_not_waited_for(chat):
    error = {"error": {"message": "Pay first", "code": "insufficient_quota"}}
    chat.otherwise = Reply(429, error)
    assert "has no credit left (429): Pay first" in failure_of(chat.judge(patience=30))


def test_a_judge_asks_from_many_threads_over_connections_that_it_keeps(chat):
    chat.otherwise = dataclasses.replace(verdict(value=True), delay=0.05)
    judge = chat.judge()
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda n: judge.ask(output=str(n)), range(32)))
    assert all(v.value is True for v in verdicts)
    assert len(chat.received) == 32
    assert chat.most_open == 8


def test_some_endpoints_do_not_say_what_they_used(chat):
    bare = {"choices": [{"message": {"content": '{"verdict": true}'}}], "usage": None}
    chat.script.append(Reply(200, bare))
    assert chat.judge().ask(output="a").metadata["tokens"] == {"input": 0, "output": 0}
