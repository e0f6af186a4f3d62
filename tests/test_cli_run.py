"""`xeroml-nb run`: notebooks without anybody in front of them, and how each of them ends."""

from __future__ import annotations

import json
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import given
from hypothesis import settings as options
from hypothesis import strategies as st
from typer.testing import CliRunner

import xeroml_nb as xn
from xeroml_nb.cli import app
from xeroml_nb.errors import BadInput
from xeroml_nb.notebook.parameters import inject, literal, parse_parameters, parse_value
from xeroml_nb.settings import Settings

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@pytest.fixture
def folder(own_folder, monkeypatch):
    """A folder for notebooks, not the one that commands are given in."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(own_folder / name))
    made = own_folder / "work"
    made.mkdir()
    return made


@pytest.fixture
def run(folder):
    """Runs `xeroml-nb run` on a notebook of some cells; gives its status and what it printed."""

    def done(name, *words):
        result = CliRunner().invoke(app, ["run", str(folder / f"{name}.ipynb"), *words])
        return SimpleNamespace(status=result.exit_code, out=result.stdout, err=result.stderr)

    return done


def code(source, *tags):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def notebook(*cells, **metadata):
    made = [cell if isinstance(cell, dict) else code(cell) for cell in cells]
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": KERNEL} | metadata)


def write(folder, name, *cells, **metadata):
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook(*cells, **metadata), path)
    return path


def read(path):
    found = nbformat.read(path, as_version=4)
    nbformat.validate(found)
    return found


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


# It is still running when its cell, the last one, has ended.
EXPERIMENT = """
import time
import xeroml_nb as xn
dataset = xn.get_client().create_dataset(name="d", items=[{"input": n} for n in range(limit)])
run = xn.start(lambda n: time.sleep(0.2) or n + 1, dataset, name=name, concurrency=1)
"""


def test_a_notebook_runs_in_its_folder_with_its_parameters(run, folder, own_folder):
    stale = code("import os; print(os.getcwd(), limit, name, flags)")
    stale.outputs, stale.execution_count = [nbformat.v4.new_output("stream", text="old")], 9
    path = write(
        folder,
        "nightly",
        nbformat.v4.new_markdown_cell("# Nightly"),
        code("limit = 3\nname: str = 'v1'\nflags = []", "parameters"),
        stale,
        EXPERIMENT,
        code("raise ValueError", "skip-execution"),
        widgets={"application/vnd.jupyter.widget-state+json": {"state": {}}},
    )
    before = path.read_bytes()
    words = ["-p", "limit=5", "-p", "name=it's v2", "-p", "flags=[true, null]", "-p", "limt=1"]
    done = run("nightly", *words, "--store", "here.db")
    assert done.status == 0, done.err
    assert done.out.startswith("Ran 4 cells in ")
    assert done.out.strip().endswith("work/nightly.run.ipynb")
    assert path.read_bytes() == before
    assert done.err.splitlines()[:3] == [
        "Note: There is no parameter 'limt'. Did you mean 'limit'? It is set anyway.",
        "cell 1 of 3: limit = 3",
        "the cell of parameters: # Parameters",
    ]
    ran = read(folder / "nightly.run.ipynb")
    assert ran.cells[2].metadata.tags == ["injected-parameters"]
    assert ran.cells[2].source.splitlines()[1:3] == ["limit = 5", 'name = "it\'s v2"']
    assert printed(ran.cells[3]) == f"{folder} 5 it's v2 [True, None]\n"
    assert ran.cells[5].execution_count is None
    assert "widgets" not in ran.metadata
    client = xn.Client(Settings(str(own_folder / "here.db")))
    assert [r.output for r in client.get_experiment("it's v2").get_results()] == [1, 2, 3, 4, 5]
    client.close()


def test_an_error_names_its_cell_and_line_and_what_ran_is_kept(run, folder, own_folder):
    text = nbformat.v4.new_markdown_cell("Not counted.")
    cells = ["print('one')", text, "two = 2", "x = 1\n1 / 0  # and\nprint('no')", "print('never')"]
    write(folder, "broken", *cells)
    done = run("broken", "-o", str(own_folder / "out.ipynb"), "--json")
    assert done.status == 1
    *_, last = done.err.splitlines()
    assert last == (
        "broken.ipynb: cell 3, line 2: ZeroDivisionError: division by zero. "
        f"What ran is in {own_folder / 'out.ipynb'}"
    )
    assert "Traceback" not in done.err
    told = json.loads(done.out)
    assert (told["cells"], told["output"]) == (2, str(own_folder / "out.ipynb"))
    assert (told["failure"]["cell"], told["failure"]["line"]) == (3, 2)
    kept = read(own_folder / "out.ipynb")
    assert printed(kept.cells[0]) == "one\n"
    assert kept.cells[3].outputs[0].ename == "ZeroDivisionError"
    assert kept.cells[4].outputs == []


def test_a_notebook_that_asks_for_input_is_told_what_to_do(run, folder):
    write(folder, "asking", "name = input('who? ')")
    done = run("asking")
    assert done.status == 1
    *_, last = done.err.splitlines()
    assert last.startswith("asking.ipynb: cell 1 asks for input, which nobody can give here. ")


def test_a_notebook_that_never_ends_is_ended(run, folder):
    write(folder, "endless", "print('begun')", "while True:\n    pass")
    done = run("endless", "--timeout", "1")
    assert done.status == 1
    assert "endless.ipynb: cell 2 took longer than 1 s." in done.err
    assert printed(read(folder / "endless.run.ipynb").cells[0]) == "begun\n"


def test_a_kernel_that_dies_is_told(run, folder):
    write(folder, "dying", "import os", "os._exit(3)")
    done = run("dying")
    assert done.status == 1
    assert "dying.ipynb: the kernel died in cell 2." in done.err


def test_interrupting_the_command_keeps_what_ran(run, folder):
    interrupt = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(60)"
    write(folder, "long", "print('begun')", interrupt)
    done = run("long")
    assert done.status == 130
    assert "long.ipynb: cell 2 was stopped." in done.err
    assert printed(read(folder / "long.run.ipynb").cells[0]) == "begun\n"


def test_a_notebook_that_does_not_exist_names_those_that_come_near(run, folder):
    write(folder, "nightly", "1")
    done = run("nihgtly")
    assert done.status == 2
    assert done.err == "There is no notebook 'nihgtly.ipynb'. Did you mean 'nightly.ipynb'?\n"


CELL_WITHOUT_SOURCE = '{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{nope", "Notebook does not appear to be JSON"),
        (b"[]", "is no notebook."),
        (b"{}", "is no valid notebook"),
        (b"\xff\xfe\x00", "is no valid notebook"),
        (CELL_WITHOUT_SOURCE.encode(), "is no"),
        (b'{"cells": [], "metadata": {}, "nbformat": 9, "nbformat_minor": 0}', "version 9"),
    ],
)
def test_a_file_that_is_no_valid_notebook_is_refused_in_a_line(run, folder, content, said):
    (folder / "bad.ipynb").write_bytes(content)
    done = run("bad")
    assert done.status == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not (folder / "bad.run.ipynb").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-p", "limit"], "The parameter 'limit' has no value."),
        (["-p", "for=1"], "The parameter 'for' cannot be a variable."),
        (["-o", "out.txt"], "'out.txt' names none. End it in .ipynb."),
        (["-o", "no/out.ipynb"], "There is no folder "),
        (["-o", "work/plain.ipynb"], "is the notebook itself. Pass another output."),
        (["--kernel", "pyhton3"], "There is no kernel 'pyhton3'. Did you mean 'python3'?"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(run, folder, words, said):
    write(folder, "plain", "1")
    done = run("plain", *words)
    assert done.status == 2
    assert said in done.err
    assert not (folder / "plain.run.ipynb").exists()


def test_parameters_are_set_in_python_only():
    other = notebook("x <- 1", kernelspec={"name": "ir", "display_name": "R", "language": "R"})
    with pytest.raises(BadInput, match="The notebook is not in Python"):
        inject(other, {"x": 2})
    assert inject(other, {}) == []


def test_without_a_cell_of_defaults_parameters_stand_at_the_top_which_is_told():
    made = notebook("print(x)")
    [notice] = inject(made, {"x": 1})
    assert notice.startswith("No cell is tagged 'parameters'")
    assert made.cells[0].source == "# Parameters\nx = 1"


def test_parameters_of_an_earlier_run_are_replaced():
    made = notebook(code("%time x = 1\ny = 2", "parameters"), "print(x)")
    assert inject(made, {"y": 3}) == []
    assert inject(made, {"y": 4}) == []
    assert [cell.source for cell in made.cells[1:]] == ["# Parameters\ny = 4", "print(x)"]
    nbformat.validate(made)


def test_a_notebook_of_an_older_format_stays_in_it():
    made = nbformat.from_dict(notebook(code("x = 1", "parameters")))
    made.nbformat_minor = 4
    del made.cells[0]["id"]
    inject(made, {"x": 2})
    nbformat.validate(made)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10),
        ("-1.5e3", -1500.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", ""),
        ('"10"', "10"),
        ("'it''s'", "it's"),
        ("007", "007"),
        ("a=b", "a=b"),
        ('{"a": [1]}', {"a": [1]}),
        ("[broken", "[broken"),
        (".inf", float("inf")),
    ],
)
def test_a_value_is_read_as_json_or_as_a_text(text, value):
    read_again = parse_parameters([f"x={text}"])["x"]
    assert read_again == value
    assert type(read_again) is type(value)


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@options(max_examples=60, deadline=None)
@given(plain_values)
def test_what_stands_in_the_cell_is_the_value_that_was_given(value):
    again = parse_value(json.dumps(value))
    assert eval(literal(again)) == value
