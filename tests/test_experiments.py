"""Experiments: those a loop of one's own carries out, and what is kept of every one."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pandas as pd
import pytest

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, BadScore, NotFound
from xeroml_nb.experiments import claims
from xeroml_nb.experiments.lines import seconds
from xeroml_nb.experiments.surfaces import in_notebook

DOUBLES = [2 * n for n in range(10)]


@pytest.fixture
def numbers(client):
    """Ten numbers, each with its double as the expected output."""
    items = [{"id": f"n{n}", "input": n, "expected_output": 2 * n} for n in range(10)]
    return client.create_dataset(name="numbers", items=items)


def double(number):
    return 2 * number


@xn.evaluator
def as_expected(output, expected_output):
    return output == expected_output


async def size(output):
    await asyncio.sleep(0)
    return float(output)


# A loop of one's own.


def test_a_loop_of_ones_own_makes_rows_scores_and_traces(client, numbers):
    experiment = client.create_experiment(name="by-hand", dataset_name="numbers")
    assert set(experiment.to_frame()["status"]) == {"pending"}
    for item in numbers.items:
        with experiment.run_item(item) as run:
            output = xn.observe(double)(item.input)
            run.set_output(output)
            run.score("accuracy", output == item.expected_output, comment="compared")
            run.score(name="length", value=len(str(output)))
    frame = experiment.to_frame()
    assert frame["item_id"].tolist() == [f"n{n}" for n in range(10)]
    assert frame["output"].tolist() == DOUBLES
    assert set(frame["status"]) == {"ok"}
    assert frame["accuracy"].tolist() == [True] * 10
    assert frame["length"].sum() == 15
    root, call = client.get_trace(frame["trace_id"][4])
    assert (root.name, root.input, root.output) == ("by-hand #1", 4, 8)
    assert (call.name, call.parent_id) == ("double", root.id)
    [accuracy, _] = experiment.get_results()[4].scores.values()
    assert (accuracy.comment, accuracy.target.trace_id) == ("compared", root.trace_id)
    assert experiment.status == "open"
    assert (experiment.progress.planned, experiment.progress.done) == (10, 10)


def test_a_run_is_stored_when_its_block_ends(client, numbers):
    experiment = client.create_experiment(name="by-hand", dataset_name="numbers")
    with experiment.run_item(numbers["n3"]) as run:
        run.set_output("first")
        run.set_output("second")
        assert set(experiment.to_frame()["status"]) == {"pending"}
    frame = experiment.to_frame().set_index("item_id")
    assert frame.loc["n3", "output"] == "second"
    assert (frame["status"] == "ok").sum() == 1
    assert frame.loc["n3", "trace_id"] == run.trace_id
    assert 0 < frame.loc["n3", "latency_s"] < 10


def test_local_inputs_need_no_dataset_and_keep_their_order(client):
    experiment = client.create_experiment(name="local", metadata={"model": "small"})
    for number in range(8):
        with experiment.run_item_raw(input={"q": number}, expected_output=2 * number) as run:
            run.set_output(2 * number)
    frame = experiment.to_frame()
    assert frame["input"].tolist() == [{"q": number} for number in range(8)]
    assert frame["expected_output"].tolist() == frame["output"].tolist() == DOUBLES[:8]
    assert frame["item_id"].is_unique
    assert experiment.record.metadata == {"model": "small"}


def test_the_same_local_input_is_the_same_item_in_every_experiment(client):
    ids = []
    for _ in range(2):
        experiment = client.create_experiment(name="local")
        with experiment.run_item_raw(input={"b": 1, "a": [2]}) as run:
            run.set_output("x")
        ids += experiment.to_frame()["item_id"].tolist()
    assert ids[0] == ids[1]


@pytest.mark.parametrize("error", [ValueError("no answer"), KeyboardInterrupt()], ids=repr)
def test_an_exception_goes_on_and_leaves_its_row(client, numbers, error):
    experiment = client.create_experiment(name="by-hand", evaluators=["as_expected"])

    def attempt():
        with experiment.run_item(numbers["n0"]) as run:
            run.score("tried", 1.0)
            raise error

    with pytest.raises(type(error)):
        attempt()
    [result] = experiment.get_results()
    if isinstance(error, ValueError):
        assert (result.status, result.error) == ("failed", "ValueError: no answer")
        assert "raise error" in result.run.traceback
    else:
        assert result.status == "stopped"
    assert result.output is None
    assert set(result.scores) == {"tried"}
    [root] = client.get_trace(result.trace_id)
    assert root.name == "by-hand #1"


def test_evaluators_run_at_the_end_of_the_block(client, numbers):
    experiment = client.create_experiment(
        name="judged", dataset_name="numbers", evaluators=["as_expected", size]
    )
    for item in numbers:
        with experiment.run_item(item) as run:
            run.set_output(item.input + 4)
        assert experiment.get_results()[item.input].score("size") == item.input + 4
    frame = experiment.to_frame()
    assert frame["as_expected"].tolist() == [n == 4 for n in range(10)]
    assert frame["size"].tolist() == [n + 4.0 for n in range(10)]
    assert experiment.record.evaluators == ("as_expected", "size")


def test_a_failing_evaluator_does_not_disturb_the_loop(client, numbers):
    def broken(output):
        raise LookupError("no judge")

    experiment = client.create_experiment(name="judged", evaluators=[broken, "as_expected"])
    with experiment.run_item(numbers["n2"]) as run:
        run.set_output(4)
    [result] = experiment.get_results()
    assert result.run.evaluator_errors == {"broken": "LookupError: no judge"}
    assert result.score("as_expected") is True


def test_what_comes_after_the_block_is_refused(client, numbers):
    experiment = client.create_experiment(name="by-hand")
    with experiment.run_item(numbers["n0"]) as run:
        run.set_output(0)
    with pytest.raises(BadInput, match=r"n0.*too late.*client\.score"):
        run.score("accuracy", 1.0)
    with pytest.raises(BadInput, match="too late"):
        run.set_output(1)
    assert experiment.to_frame().columns[-1] == "trace_id"
    client.score(trace_id=run.trace_id, name="accuracy", value=1.0)
    assert experiment.to_frame()["accuracy"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("name", "value", "data_type"),
    [
        ("accuracy", float("nan"), None),
        ("accuracy", 0.5, "BOOLEAN"),
        ("accuracy", 1.0, "CATEGORICAL"),
        ("accuracy", 1.0, "GRADE"),
        ("q" * 201, 1.0, None),
    ],
)
def test_a_bad_score_is_refused_where_it_is_given(client, numbers, name, value, data_type):
    experiment = client.create_experiment(name="by-hand")
    with experiment.run_item(numbers["n0"]) as run:
        run.set_output(0)
        # The length of a name is a BadInput of any name, not only of a score's.
        with pytest.raises((BadScore, BadInput), match=r"qqq|accuracy"):
            run.score(name, value, data_type=data_type)
        run.score("kept", 1.0)
    frame = experiment.to_frame()
    assert list(frame.columns[10:]) == ["kept"]
    assert frame["status"].tolist() == ["ok"]


def test_the_same_item_again_is_the_next_repetition(client, numbers):
    experiment = client.create_experiment(name="by-hand")
    for output in ("a", "b", "c"):
        with experiment.run_item(numbers["n0"]) as run:
            run.set_output(output)
    client.close()
    reopened = xn.get_client().get_experiment("by-hand")
    with reopened.run_item(numbers["n0"]) as run:
        run.set_output("d")
    frame = reopened.to_frame().sort_values("repetition")
    assert frame["repetition"].tolist() == [0, 1, 2, 3]
    assert frame["output"].tolist() == ["a", "b", "c", "d"]
    xn.get_client().close()


def test_blocks_may_overlap_in_asynchronous_code(client, numbers):
    experiment = client.create_experiment(
        name="gathered", dataset_name="numbers", evaluators=["as_expected", size]
    )

    @xn.observe
    async def answer(number):
        await asyncio.sleep(0.01 * (10 - number))
        return 2 * number

    async def run_one(item):
        with experiment.run_item(item) as run:
            run.set_output(await answer(item.input))
            run.score("seen", 1.0)

    async def run_all():
        await asyncio.gather(*(run_one(item) for item in numbers))

    asyncio.run(run_all())
    check_rows_and_traces(client, experiment, "answer")
    assert experiment.to_frame()["as_expected"].all()


def test_blocks_may_overlap_in_threads(client, numbers):
    experiment = client.create_experiment(name="threaded", dataset_name="numbers")
    together = threading.Barrier(5)

    def run_one(item):
        with experiment.run_item(item) as run:
            together.wait(20)
            run.set_output(xn.observe(double)(item.input))
            run.score("seen", 1.0)

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(run_one, numbers))
    check_rows_and_traces(client, experiment, "double")


def check_rows_and_traces(client, experiment, call_name):
    frame = experiment.to_frame()
    assert frame["output"].tolist() == DOUBLES
    assert frame["seen"].tolist() == [1.0] * 10
    for row in frame.itertuples():
        root, call = client.get_trace(row.trace_id)
        assert (root.input, root.output) == (row.input, row.output)
        assert (call.name, call.parent_id) == (call_name, root.id)


def test_a_runners_experiment_is_not_for_a_loop_of_ones_own(client, numbers):
    experiment = client.run(double, numbers)
    with pytest.raises(BadInput, match="create_experiment"), experiment.run_item(numbers["n0"]):
        pass
    with pytest.raises(BadInput, match="run_item_raw"):
        client.create_experiment(name="by-hand").run_item(3)


# Names and numbers.


def test_experiments_of_one_name_are_numbered(client, numbers):
    assert client.create_experiment(name="same").number == 1
    assert client.create_experiment(name="same").label == "same #2"
    assert client.run(double, numbers, name="same").number == 3
    assert client.create_experiment(name="other").number == 1
    assert [e.label for e in client.experiments()][:2] == ["other #1", "same #3"]


def test_an_experiment_is_found_by_name_number_and_id(client, numbers):
    first = client.run(double, numbers, name="same")
    second = client.run(double, numbers, name="same")
    assert client.get_experiment("same").id == second.id
    assert client.get_experiment("same", 1).id == first.id
    assert client.get_experiment(first.id).number == 1
    with pytest.raises(NotFound, match=r"'sane'.*'same'"):
        client.get_experiment("sane")
    with pytest.raises(NotFound, match="same #3"):
        client.get_experiment("same", 3)


# Reopening.


def test_a_reopened_experiment_gives_the_same_frame(client, numbers):
    def task(number):
        if number == 5:
            raise ValueError("five")
        return {"double": 2 * number}

    def judge(output):
        return {"good": output["double"] > 6, "kind": "even", "status": 0.5}

    live = client.run(task, numbers, name="kept", evaluators=[judge], repetitions=2)
    frame, summary, line = live.to_frame(), live.summary(), live.summary_line()
    client.close()
    reopened = xn.get_client().get_experiment("kept", 1)
    assert reopened.status == "finished"
    pd.testing.assert_frame_equal(reopened.to_frame(), frame)
    pd.testing.assert_frame_equal(reopened.summary(), summary)
    assert reopened.summary_line().rpartition(" · ")[0] == line.rpartition(" · ")[0]
    assert reopened.task == live.task
    xn.get_client().close()


def test_a_reopened_experiment_shows_the_items_of_its_own_version(client, numbers):
    experiment = client.run(double, numbers)
    numbers.upsert_item(id="n3", input=33)
    numbers.upsert_item(id="new", input=1)
    frame = client.get_experiment(experiment.name).to_frame()
    assert frame["input"].tolist() == list(range(10))


def test_another_process_reads_the_same_rows(client, numbers):
    frame = client.run(double, numbers, name="kept", evaluators=["as_expected"]).to_frame()
    code = (
        "import xeroml_nb as xn\n"
        "frame = xn.get_client().get_experiment('kept').to_frame()\n"
        "print(*frame['trace_id'], *frame['output'], *frame['as_expected'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    rows = [*frame["trace_id"], *frame["output"], *frame["as_expected"]]
    assert done.stdout.split() == [str(value) for value in rows]


# What is shown.


def test_the_summary_line_tells_how_a_run_ended(client, numbers):
    def task(number):
        if number >= 8:
            raise ValueError("too large")
        return number

    def share(output):
        return None if output == 7 else output % 2

    experiment = client.run(task, numbers, name="triage", evaluators=[share])
    counts = r"10 attempted · 8 ok · 2 failed · share 0\.429 \(n 7, 1 unscored\)"
    expected = rf"✓ triage #1 · {counts} · [\d.]+ m?s"
    assert re.fullmatch(expected, experiment.summary_line())
    assert experiment.summary_line() in repr(experiment)


def test_the_summary_line_tells_what_was_not_run(client, numbers):
    gate = threading.Semaphore(3)
    experiment = client.start(
        lambda _: gate.acquire(timeout=20), numbers, name="halted", concurrency=1
    )
    while experiment.progress.done < 3:
        assert not experiment.wait_quietly(0.01)
    assert re.match(r"halted #1 · 3/10 · [\d.]+ items/s", experiment.progress_line())
    assert experiment.summary_line().startswith("▶ halted #1 · running · 3 attempted")
    experiment.stop().wait()
    gate.release(20)
    expected = "■ halted #1 · stopped · 3 attempted · 3 ok · 0 failed · 7 not run · "
    assert experiment.summary_line().startswith(expected)


@pytest.mark.parametrize(
    ("duration", "text"), [(0.25, "250 ms"), (61, "1 min 1 s"), (3_599.6, "1 h 0 min")]
)
def test_a_duration_is_said_in_the_units_that_tell_something(duration, text):
    assert seconds(duration) == text


def test_a_kernel_without_the_package_for_widgets_gets_lines(monkeypatch):
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "anywidget", SimpleNamespace())
    assert in_notebook()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    assert not in_notebook()


def test_a_process_of_somebody_else_is_alive(monkeypatch):
    def refuse(pid, signal):
        raise PermissionError

    monkeypatch.setattr(claims.os, "kill", refuse)
    assert claims._is_alive(1)


def test_a_run_in_a_terminal_leaves_its_summary_line(client, numbers, capsys):
    experiment = client.run(double, numbers)
    assert capsys.readouterr().err == f"{experiment.summary_line()}\n"


class Page(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, experiment):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        address = urlsplit(experiment.url)
        assert address.scheme == "file"
        self.source = Path(url2pathname(address.path)).read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"


def test_a_page_shows_data_as_text_and_never_as_markup(client):
    items = [{"id": f"{EVIL[:20]}{n}", "input": EVIL, "expected_output": EVIL} for n in range(3)]
    client.create_dataset(name=EVIL, items=items)

    def task(item):
        if item.id.endswith("2"):
            raise type("<b>Error</b>", (Exception,), {})(EVIL)
        return EVIL

    experiment = client.run(task, EVIL, name=EVIL, evaluators=[judge_evil])
    page = Page(experiment)
    assert {"script", "img", "b"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert EVIL in page.texts
    for shown in (experiment._repr_html_(), client.get_dataset(EVIL)._repr_html_()):
        assert "<script" not in shown
        assert "<img" not in shown


def judge_evil(output):
    return {EVIL: 1.0, "category": EVIL}


def test_a_page_needs_nothing_from_a_network(client, numbers):
    page = Page(client.run(double, numbers, evaluators=["as_expected"]))
    assert not re.search(r"https?:", page.source, re.IGNORECASE)
    assert {"script", "link", "iframe", "object"}.isdisjoint(page.tags)
    assert not [v for name, v in page.attributes if name in {"src", "href", "srcset"}]
    assert "url(" not in page.source
    assert "@import" not in page.source
    assert "double #1" in page.texts
    assert "n7" in page.texts
    assert "as_expected" in page.texts


def test_a_page_shows_the_moment_it_is_asked_for(client, numbers):
    experiment = client.create_experiment(name="growing", dataset_name="numbers")
    assert "done by hand" not in Page(experiment).texts
    with experiment.run_item(numbers["n3"]) as run:
        run.set_output("done by hand")
    assert "done by hand" in Page(experiment).texts


def test_links_in_outputs_stay_text(client, numbers):
    page = Page(client.run(lambda _: "https://example.org/x", numbers))
    assert "https://example.org/x" in page.texts
    assert not [v for _, v in page.attributes if v and "example.org" in v]


# What is kept.


@pytest.fixture
def repository(own_folder, monkeypatch):
    """The working directory as a git repository with one commit; gives its id."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (own_folder / "notes.txt").write_text("first\n")
    for words in (
        ["init", "--quiet"],
        ["add", "notes.txt"],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "x"],
    ):
        subprocess.run(["git", *words], cwd=own_folder, check=True)
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=own_folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_run_keeps_what_produced_it(client, numbers, own_folder, repository):
    run = client.run(double, numbers, name="kept", metadata={"model": "small"})
    experiment = client.get_experiment(run.name, run.number)
    record = experiment.record
    assert experiment.task.name == "double"
    assert experiment.task.source == inspect.getsource(double)
    assert re.fullmatch("[0-9a-f]{32}", experiment.task.fingerprint)
    assert record.environment["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record.environment["packages"]["pandas"] == pd.__version__
    assert "xeroml_nb" in record.environment["packages"]
    assert record.environment["git"] == {"commit": repository, "changed": False}
    assert record.metadata == {"model": "small"}
    assert record.dataset_name == "numbers"
    assert record.dataset_version == numbers.version
    assert record.content_hash == numbers.content_hash
    assert record.created_at <= record.finished_at

    (own_folder / "notes.txt").write_text("second\n")
    after = client.run(double, numbers, name="kept").record
    assert after.environment["git"] == {"commit": repository, "changed": True}


def test_a_run_outside_any_repository_has_no_commit(client, numbers, own_folder, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(own_folder.parent))
    assert client.run(double, numbers).record.environment["git"] is None


def test_a_run_where_git_is_not_installed_has_no_commit(client, numbers, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert client.run(double, numbers).record.environment["git"] is None


def test_a_loop_of_ones_own_keeps_what_surrounded_it_too(client, numbers, repository):
    record = client.create_experiment(name="by-hand", dataset_name="numbers").record
    assert record.environment["packages"]["pandas"] == pd.__version__
    assert record.environment["git"]["commit"] == repository
    assert record.dataset_version == numbers.version


def test_the_same_task_has_the_same_fingerprint_and_another_has_not(client, numbers):
    first, second = client.run(double, numbers), client.run(double, numbers)
    other = client.run(lambda number: 3 * number, numbers)
    assert first.task.fingerprint == second.task.fingerprint != other.task.fingerprint
