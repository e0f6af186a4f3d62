"""The plugin of pytest: a test that is an experiment, and the report of the gates."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

# Before pytest runs inside of pytest, which lets go of what is first imported there.
import xeroml_nb.analysis.gate.deciding  # noqa: F401
from tests.test_comparison import run_with
from tests.test_imports import HEAVY_PACKAGES

pytest_plugins = ["pytester"]

PLAIN = ("-p", "xeroml_nb.pytest_plugin", "-p", "no:cacheprovider", "-W", "error")
TASK = """
import pytest

@pytest.mark.xeroml("words", evaluators=["exact_match"], min={"exact_match": 0.75})
def test_loud(input):
    return input.upper()
"""


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch):
    """Only the plugin that is tested, under this very name."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def words(client):
    items = [
        {"id": f"i{n}", "input": w, "expected_output": w.upper()} for n, w in enumerate("abcd")
    ]
    return client.create_dataset(name="words", items=items)


def inside(pytester, text, *options):
    pytester.makepyfile(text)
    return pytester.runpytest_inprocess(*PLAIN, *options)


def test_a_marked_test_is_a_task_and_the_gate_reports_at_the_end(pytester, client, words):
    done = inside(pytester, TASK, "--strict-markers")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(
        [
            "*= xeroml gates =*",
            "*::test_loud[[]words]",
            "✓ test_loud #1 passes all 4 rules",
            "  ✓ exact_match at least 0.75: 1 [[]*] · 4 items*",
        ]
    )
    run = client.get_experiment("test_loud")
    assert list(run.to_frame()["output"]) == ["A", "B", "C", "D"]
    assert "def test_loud(input):" in run.task.source


def test_where_the_gate_fails_the_test_does_and_shows_the_verdict_alone(pytester, words):
    done = inside(pytester, TASK.replace("input.upper()", "'A'"))
    done.assert_outcomes(failed=1)
    said = done.stdout.str()
    assert "✗ test_loud #1 fails 1 of 4 rules" in said
    assert "✗ exact_match at least 0.75: 0.25 [" in said
    assert "see i1, i2, i3" in said
    assert "Traceback" not in said
    assert "pytest_plugin.py" not in said


def test_a_failed_assertion_is_an_item_run_that_failed(pytester, words):
    done = inside(
        pytester,
        """
        import pytest

        @pytest.mark.xeroml("words", allow_failed="25%")
        def test_loud(input, expected_output):
            assert input.upper() != "B"
            return expected_output

        @pytest.mark.xeroml("words")
        async def test_again(item):
            assert item.input != "c", "no c"
        """,
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "  ✗ failed item runs at most 0: 1 of 4 item runs; see i2",
            "  1 × AssertionError, first on item i2: AssertionError: no c*",
            "  ✓ failed item runs at most 25%: 1 of 4 item runs; see i1",
        ],
        consecutive=False,
    )


def test_fixtures_parameters_and_classes_work_as_in_any_test(pytester, client, words):
    done = inside(
        pytester,
        """
        import pytest

        @pytest.fixture
        def ending():
            return "!"

        class TestLoud:
            @pytest.mark.parametrize("times", [1, 2])
            @pytest.mark.xeroml("words", concurrency=2, repetitions=2)
            def test_times(self, input, times, ending):
                return input * times + ending

        @pytest.mark.xeroml("words", name="named")
        def test_named(input):
            return input
        """,
    )
    done.assert_outcomes(passed=3)
    names = {record.name for record in client.experiments()}
    [twice] = [name for name in names if name.startswith("test_times[") and "2" in name]
    assert len(names) == 3
    assert "named" in names
    assert list(client.get_experiment(twice).to_frame()["output"])[:3] == ["aa!", "aa!", "bb!"]


def test_a_baseline_of_the_same_name_is_the_run_before(pytester, client, words):
    for right, outcome in ((True, "failed"), (True, "passed"), (False, "failed")):
        gate = 'no_worse_than="test_loud", margin=0.9'
        text = TASK.replace('min={"exact_match": 0.75}', gate)
        done = inside(pytester, text if right else text.replace("input.upper()", "input"))
        done.assert_outcomes(**{outcome: 1})
        if outcome == "failed" and right:
            assert "There is no experiment 'test_loud'" in done.stdout.str()
            client.run(str.upper, "words", name="test_loud", evaluators=["exact_match"])
    assert "exact_match not worse than test_loud #2" in done.stdout.str()


WRONG = {
    "option": ('"words", evaluator=[]', "Did you mean 'evaluators'"),
    "bound": ('"words", min={"right": "0.8"}', "min of 'right' is '0.8'. Use a finite number."),
    "dataset": ("min={'right': 0.8}", "The marker xeroml needs a dataset."),
    "unknown": ('"wrods"', "There is no dataset 'wrods'. Did you mean 'words'?"),
}


def test_what_is_wrong_with_a_marker_is_said_before_anything_runs(pytester, client, words):
    text = "import pytest\n\n@pytest.mark.xeroml({})\ndef test_it({}):\n    return 1"
    files = {f"test_{name}": text.format(given, "item") for name, (given, _) in WRONG.items()}
    pytester.makepyfile(**files, test_nothing=text.format('"words"', ""))
    done = pytester.runpytest_inprocess(*PLAIN, "--continue-on-collection-errors")
    done.assert_outcomes(errors=4, failed=1)
    said = done.stdout.str()
    assert [name for name, (_, expected) in WRONG.items() if expected not in said] == []
    assert "test_it is a task, and asks for nothing of an item." in said
    assert not client.experiments()


def test_the_fixture_is_the_client_and_its_gates_are_reported(pytester, client):
    run_with(client, "v1", [{"right": True}] * 3 + [{"right": False}])
    done = inside(
        pytester,
        """
        def test_good(xeroml):
            assert xeroml.gate("v1", min={"right": 0.7})

        def test_bad(xeroml):
            xeroml.gate("v1", min={"right": 0.9}).raise_if_failed()
        """,
    )
    done.assert_outcomes(passed=1, failed=1)
    said = done.stdout.str()
    assert said.count("v1 #1 passes all 4 rules") == 1
    assert 'xeroml.gate("v1", min={"right": 0.9}).raise_if_failed()' in said
    assert "GateFailed: ✗ v1 #1 fails 1 of 4 rules" in said
    assert "verdict.py" not in said, "the test shows its own line alone"
    assert "gate" not in vars(client)


def test_interrupting_a_test_stops_its_run_and_pytest(pytester, client, words):
    pytester.makepyfile(
        """
        import signal, time
        import pytest

        @pytest.mark.xeroml("words", concurrency=1)
        def test_slow(input):
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.3)

        def test_other():
            raise AssertionError("never comes")
        """
    )
    done = pytester.runpytest_inprocess(*PLAIN, no_reraise_ctrlc=True)
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.assert_outcomes()
    assert client.get_experiment("test_slow").status == "stopped"


def test_verdicts_come_home_from_other_processes_and_into_junit(pytester, client, words):
    pytester.makepyfile(test_a=TASK, test_b=TASK.replace("test_loud", "test_too"))
    options = ("-p", "xdist", "-n", "1", "--dist", "loadfile", "--junitxml=all.xml")
    done = pytester.runpytest_subprocess(*PLAIN, *options)
    done.assert_outcomes(passed=2)
    gates = done.stdout.str().partition("xeroml gates")[2]
    assert gates.count("passes all 4 rules") == 2
    assert gates.index("test_a.py") < gates.index("test_b.py")
    assert 'name="xeroml gate" value="✓ test_loud #1 passes' in (
        pytester.path / "all.xml"
    ).read_text(encoding="utf-8")
    assert {record.name for record in client.experiments()} == {"test_loud", "test_too"}


UNUSED = """
import sys, pytest
status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "xeroml_nb.pytest_plugin", "."])
assert status == 0
print("loaded", *{name.partition(".")[0] for name in sys.modules})
"""


def test_the_plugin_loads_nothing_where_it_is_not_used(pytester):
    pytester.makepyfile("def test_plain():\n    pass")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNUSED],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = done.stdout.rpartition("loaded ")[2].split()
    assert "xeroml_nb" in loaded
    assert set(loaded).isdisjoint(HEAVY_PACKAGES)


def test_pytest_finds_the_plugin_by_itself():
    [found] = entry_points(group="pytest11", name="xeroml_nb")
    assert found.value == "xeroml_nb.pytest_plugin"
