"""Task cells and line magics, in the shell that every notebook runs its cells in."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Runs cells as a notebook does and tells how each one went.
SHELL = """
import contextlib, io, json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
ran = []
for cell in json.load(sys.stdin):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        result = shell.run_cell(cell, store_history=True)
    error = result.error_before_exec or result.error_in_exec
    kinds = [kind.__name__ for kind in type(error).__mro__]
    ran.append([printed.getvalue(), "" if error is None else str(error), kinds])
print(json.dumps(ran))
"""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

SETUP = """\
import inspect, json
import xeroml_nb as xn
%load_ext xeroml_nb
client = xn.get_client()
rows = [
    {"id": f"n{n}", "input": n, "expected_output": 2 * n, "metadata": {"odd": n % 2}}
    for n in range(3)
]
numbers = client.create_dataset(name="numbers", items=rows)

def outputs(name="doubled"):
    return client.get_experiment(name).wait().to_frame()["output"].tolist()

@xn.evaluator
def exact(output, expected_output):
    return output == expected_output
"""


@dataclass
class Ran:
    """How a cell went: what it printed, tracebacks included, and what it raised."""

    printed: str
    message: str
    kinds: list[str]

    @property
    def worked(self) -> bool:
        return self.kinds == ["NoneType", "object"]

    @property
    def value(self):
        """What `print(json.dumps(...))` in the cell's last line printed."""
        assert self.worked, self.printed
        return json.loads(self.printed.splitlines()[-1])


def in_shell(*cells: str) -> list[Ran]:
    """Run cells in a process of their own, after those of `SETUP`."""
    done = subprocess.run(
        [sys.executable, "-c", SHELL],
        input=json.dumps([SETUP, *cells]),
        env=os.environ | {"IPYTHONDIR": str(Path.cwd() / "ipython")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    prepared, *ran = (
        Ran(COLOURS.sub("", printed), message, kinds)
        for printed, message, kinds in json.loads(done.stdout.splitlines()[-1])
    )
    assert prepared.worked, prepared.printed
    return ran


def test_the_body_sees_its_item_and_the_notebooks_names_and_its_last_expression_is_the_output():
    *_, seen = in_shell(
        "factor = 2",
        "%%xeroml task doubled -d numbers\n"
        "twice = factor * input\n"
        "[twice, expected_output, metadata['odd'], item.id]\n",
        "print(json.dumps(outputs()))",
    )
    assert seen.value == [[0, 0, 0, "n0"], [2, 2, 1, "n1"], [4, 4, 0, "n2"]]


def test_the_notebooks_names_are_looked_up_when_the_task_runs():
    *_, seen = in_shell(
        "factor = 2",
        "%%xeroml task doubled\nfactor * input\n",
        "factor = 10",
        "print(json.dumps([doubled(1), xn.run(doubled, numbers).to_frame()['output'].tolist()]))",
    )
    assert seen.value == [10, [0, 10, 20]]


def test_a_body_that_ends_in_a_statement_gives_no_output():
    *_, seen = in_shell(
        "%%xeroml task doubled -d numbers\ntwice = 2 * input\n",
        "print(json.dumps(outputs()))",
    )
    assert seen.value == [None, None, None]


def test_a_body_that_awaits_is_asynchronous_and_one_that_only_defines_a_coroutine_is_not():
    defined = "async def slow():\n    await asyncio.sleep(0)\n    return 2 * input\n"
    *_, seen, kinds = in_shell(
        "import asyncio",
        f"%%xeroml task doubled -d numbers\n{defined}await slow()\n",
        f"%%xeroml task plain\n{defined}input\n",
        "%%xeroml task gathered\nfrom_loop = [n async for n in input]\nfrom_loop\n",
        "print(json.dumps(outputs()))",
        "print(json.dumps([inspect.iscoroutinefunction(f) for f in (doubled, plain, gathered)]))",
    )
    assert seen.value == [0, 2, 4]
    assert kinds.value == [True, False, True]


def test_the_notebooks_own_syntax_works_in_a_body():
    *_, seen = in_shell(
        "%%xeroml task doubled -d numbers\n"
        "said = !echo {input}{input}\n"
        "where = %pwd\n"
        "[said[0], bool(where)]\n",
        "print(json.dumps(outputs()))",
    )
    assert seen.value == [["00", True], ["11", True], ["22", True]]


def test_without_a_dataset_the_task_is_only_defined():
    defined, seen = in_shell(
        "%%xeroml task doubled\n1 / 0\n",
        "print(json.dumps([callable(doubled), len(client.experiments())]))",
    )
    assert defined.worked
    assert seen.value == [True, 0]


def test_a_failing_trial_shows_the_cells_lines_and_nothing_else_and_stores_nothing():
    tried, stored = in_shell(
        "%%xeroml task doubled -d numbers\ndef share(of):\n    return 1 / of\n\nshare(input)\n",
        "print(json.dumps(len(client.experiments())))",
    )
    assert "ZeroDivisionError" in tried.kinds
    frames = re.findall(r"^(?:Cell|File) .*$", tried.printed, re.MULTILINE)
    assert [re.sub(r", in .*", "", frame) for frame in frames] == [
        "Cell In[2], line 5",
        "Cell In[2], line 3",
    ]
    assert re.search(r"-> 5 +share\(input\)", tried.printed)
    assert re.search(r"-> 3 +return 1 / of", tried.printed)
    assert "xeroml" not in tried.printed
    assert stored.value == 0


def test_a_failing_row_keeps_the_cells_own_line():
    *_, seen = in_shell(
        "%%xeroml task doubled -d numbers\n"
        "if input == 1:\n"
        "    raise KeyError('not this one')  # on purpose\n"
        "input\n",
        "results = client.get_experiment('doubled').wait().get_results()\n"
        "print(json.dumps([(r.status.value, r.run.traceback) for r in results]))",
    )
    (first, none), (failed, traceback), _ = seen.value
    assert (first, none, failed) == ("ok", None, "failed")
    assert "line 3, in doubled" in traceback
    assert "raise KeyError('not this one')  # on purpose" in traceback
    assert traceback.count("File ") == 1


def test_a_syntax_error_points_at_its_line_in_the_cell():
    wrongs = ["twice = = 2", "twice = 'two", "if input:\ntwice = 2"]
    cells = [f"%%xeroml task doubled -d numbers\nfactor = 2\n{wrong}\n" for wrong in wrongs]
    *tried, seen = in_shell(
        *cells, "print(json.dumps(['doubled' in globals(), len(client.experiments())]))"
    )
    for number, (wrong, one) in enumerate(zip(wrongs, tried, strict=True), start=2):
        line = 3 + wrong.count("\n")
        assert "SyntaxError" in one.kinds
        shown = rf"Cell In\[{number}\], line {line}\n +{wrong.splitlines()[-1]}"
        assert re.search(shown, one.printed)
    assert seen.value == [False, 0]


def test_the_dataset_can_be_a_variable_that_holds_one_or_a_picker():
    *_, seen = in_shell(
        "few = numbers.filter('odd=1')",
        "picker = xn.pick_dataset('numbers')",
        "%%xeroml task chosen -d few\ninput\n",
        "%%xeroml task picked -d picker --name by-mouse\ninput\n",
        "print(json.dumps([outputs('chosen'), outputs('by-mouse')]))",
    )
    assert seen.value == [[1], [0, 1, 2]]


def test_the_options_reach_the_run():
    *_, seen = in_shell(
        "@xn.evaluator\ndef small(output): return output < 3",
        "%%xeroml task doubled -d numbers --name twice -e exact -e small -c 2 -r 2 --timeout 9\n"
        "2 * input\n",
        "run = client.get_experiment('twice').wait()\n"
        "frame = run.to_frame()\n"
        "print(json.dumps([run.record.evaluators, len(frame), run.task.name, run.task.source,"
        " frame['exact'].all().item(), frame['small'].sum().item()]))",
    )
    assert seen.value == [["exact", "small"], 6, "doubled", "2 * input\n", True, 4]


def test_the_timeout_is_that_of_the_run():
    *_, seen = in_shell(
        "import time",
        "%%xeroml task doubled -d numbers --timeout 0.2\n"
        "if input == 1:\n"
        "    time.sleep(1)\n"
        "input\n",
        "frame = client.get_experiment('doubled').wait().to_frame()\n"
        "print(json.dumps(frame['status'].tolist()))",
    )
    assert seen.value == ["ok", "timeout", "ok"]


def test_unknown_names_are_refused_with_those_that_come_near():
    dataset, evaluator, known = in_shell(
        "%%xeroml task doubled -d nunbers\ninput\n",
        "%%xeroml task doubled -d numbers -e exakt\ninput\n",
        "print(json.dumps(len(client.experiments())))",
    )
    assert "NotFound" in dataset.kinds
    assert dataset.message == "There is no dataset 'nunbers'. Did you mean 'numbers'?"
    assert "NotFound" in evaluator.kinds
    near = "Did you mean 'exact' or 'exact_match'?"
    assert evaluator.message == f"There is no evaluator 'exakt'. {near}"
    assert known.value == 0


def test_bad_options_are_refused_as_a_usage_error():
    named = {
        "task doubled -d numbers -c many": "concurrency",
        "task doubled -d numbers --speed 9": "--speed",
        "task doubled -d numbers --timeout": "--timeout",
        "task": "name",
        "tusk doubled": "tusk",
    }
    *tried, known = in_shell(
        *(f"%%xeroml {line}\ninput\n" for line in named),
        "print(json.dumps(len(client.experiments())))",
    )
    for word, one in zip(named.values(), tried, strict=True):
        assert "UsageError" in one.kinds
        assert word in one.message
        assert "Traceback" not in one.printed
    assert known.value == 0


def test_a_name_that_no_function_can_have_is_refused():
    names = ["1st", "two-words", "class"]
    for name, tried in zip(
        names, in_shell(*(f"%%xeroml task {name}\ninput\n" for name in names)), strict=True
    ):
        assert "BadInput" in tried.kinds
        assert repr(name) in tried.message


def test_a_number_out_of_range_is_refused_before_the_task_is_called():
    tried, called = in_shell(
        "%%xeroml task doubled -d numbers -c 0\nprint('called')\n",
        "print(json.dumps(len(client.experiments())))",
    )
    assert "BadInput" in tried.kinds
    assert "concurrency" in tried.message
    assert "called\n" not in tried.printed
    assert called.value == 0


def test_the_line_magic_lists_datasets_and_runs_and_explains_itself():
    _, datasets, _, runs, text, wrong, options = in_shell(
        "_ = client.create_dataset(name='support/empty')",
        "%xeroml datasets",
        "%%xeroml task doubled -d numbers\n2 * input\n",
        "client.get_experiment('doubled').wait(); get_ipython().run_line_magic('xeroml', 'runs')",
        "%xeroml help",
        "%xeroml dataset",
        "%%xeroml?",
    )
    assert re.search(r"numbers +3 +just now", datasets.printed)
    assert re.search(r"support/empty +0 +just now", datasets.printed)
    assert re.search(r"doubled #1 +finished +numbers +3 +just now", runs.printed)
    assert "%%xeroml task NAME" in text.printed
    assert "UsageError" in wrong.kinds
    assert "'dataset'" in wrong.message
    assert "%%xeroml" in options.printed
    assert "%cell" not in options.printed


def test_the_fingerprint_outlives_the_process_and_changes_with_a_prompt_the_cell_uses():
    cell = "%%xeroml task doubled -d numbers\nf'{PROMPT} {helper(input)}'\n"
    shown = "print(json.dumps(client.get_experiment('doubled').wait().task.fingerprint))"
    helper = "def helper(n): return n + {}"

    def fingerprint(prompt, added=1):
        *_, seen = in_shell(f"PROMPT = {prompt!r}\n{helper.format(added)}", cell, shown)
        return seen.value

    first = fingerprint("Double it:")
    assert fingerprint("Double it:") == first
    assert len({first, fingerprint("Please double it:"), fingerprint("Double it:", 2)}) == 3


def test_running_the_cell_again_after_a_stop_executes_only_the_rest():
    cell = (
        "%%xeroml task doubled -d many -c 1\n"
        "open('ran.txt', 'a').write(f'{input}\\n')\n"
        "time.sleep(0.05 if slow else 0)\n"
        "input\n"
    )
    *_, stopped, _, finished = in_shell(
        "import time\n"
        "slow = True\n"
        "many = client.create_dataset(name='many', items=[{'input': n} for n in range(30)])",
        cell,
        "run = client.get_experiment('doubled')\n"
        "while run.progress.done < 3: time.sleep(0.01)\n"
        "run.stop()\n"
        "print(json.dumps([run.status.value, run.progress.done]))",
        cell,
        "run = client.get_experiment('doubled').wait()\n"
        "ran = [int(n) for n in open('ran.txt').read().split()]\n"
        "print(json.dumps([run.label, run.status.value, sorted(ran[1:])]))",
    )
    status, done = stopped.value
    assert status == "stopped"
    assert 3 <= done < 30
    # The first item once more each time the cell is run: the trial.
    assert finished.value == ["doubled #1", "finished", sorted([0, *range(30)])]
