"""Which room knows which, and what importing the package costs."""

from __future__ import annotations

import ast
import doctest
import functools
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import xeroml_nb as xn

PACKAGE = Path(xn.__file__).parent
# Each room may import from itself and from the rooms before it.
ROOMS = (
    "errors",
    "provided",
    "records",
    "settings",
    "examples",
    "store",
    "tracing",
    "experiments",
    "scoring",
    "annotation",
    "analysis",
    "sync",
    "client",
    "charts",
    "widgets",
    "notebook",
    "server",
    "cli",
    "pytest_plugin",
)
# What a later room does for an earlier one has a type of that later room, which is named there
# for readers and type checkers: nothing is imported for it.
HANDED_ON = {
    "xeroml_nb.analysis.calibration.calibration": ["xeroml_nb.widgets.labeller"],
    "xeroml_nb.experiments.experiment": [
        "xeroml_nb.scoring.reports.columns",
        "xeroml_nb.scoring.reports.report",
    ],
    "xeroml_nb.scoring.judging.pairwise": ["xeroml_nb.analysis.pairwise_judging"],
}
WITHOUT_SCREEN = ROOMS[: ROOMS.index("charts")]
SCREEN_PACKAGES = (
    "IPython",
    "altair",
    "anywidget",
    "ipykernel",
    "ipywidgets",
    "jupyterlab",
    "traitlets",
)
HEAVY_PACKAGES = (
    "IPython",
    "altair",
    "anywidget",
    "ipywidgets",
    "jsonschema",
    "numpy",
    "opentelemetry",
    "pandas",
    "pyarrow",
    "sqlalchemy",
    "stamina",
)


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
INSIDE = [name for name in MODULES if name != "xeroml_nb"]
WITH_EXAMPLES = [n for n, path in MODULES.items() if ">>>" in path.read_text(encoding="utf-8")]


@functools.cache
def tree_of(name):
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def room_of(module):
    return module.split(".")[1]


def imported_by(name):
    """Every module of this package that a module imports, wherever in its text."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            if node.module == "xeroml_nb":
                yield from (f"xeroml_nb.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def named_for_types(name):
    """The modules that type checkers alone see imported."""
    for part in tree_of(name).body:
        if isinstance(part, ast.If) and ast.unparse(part.test) == "TYPE_CHECKING":
            yield from (one.module for one in part.body if isinstance(one, ast.ImportFrom))


def home_of(imported):
    """The module behind a name of the front page, and any other module as it is."""
    first, _, name = imported.partition(".")
    if first == "xeroml_nb" and name in xn._HOMES:
        return f"xeroml_nb.{xn._HOMES[name]}"
    return imported


def output_of(code, *words):
    """What a fresh Python process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_stands_in_a_known_room():
    assert {room_of(name) for name in INSIDE} <= set(ROOMS)


@pytest.mark.parametrize("name", INSIDE)
def test_a_room_imports_only_rooms_above_it(name):
    own = [home_of(found) for found in imported_by(name) if found.split(".")[0] == "xeroml_nb"]
    assert "xeroml_nb" not in own, "the front page knows every room"

    allowed = ROOMS[: ROOMS.index(room_of(name)) + 1]
    later = [found for found in own if room_of(found) not in allowed]
    assert later == HANDED_ON.get(name, [])
    assert set(later) <= set(named_for_types(name))


BLOCKED = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

blocked, modules = (words.split(",") for words in sys.argv[1:])
sys.meta_path.insert(0, Blocker())
for module in modules:
    importlib.import_module(module)
import xeroml_nb as xn
client = xn.get_client()
dataset = client.create_dataset(name="d", items=[{"input": 1}, {"input": 2}])
experiment = xn.run(lambda n: n + 1, dataset, name="plain")
print(list(experiment.to_frame()["output"]))
"""


def test_a_run_needs_no_notebook_packages():
    modules = [name for name in INSIDE if room_of(name) in WITHOUT_SCREEN]
    printed = output_of(BLOCKED, ",".join(SCREEN_PACKAGES), ",".join(modules))
    assert printed == "[2, 3]\n"


LOADED = """
import sys
import xeroml_nb
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_importing_the_package_loads_nothing_heavy():
    loaded = set(output_of(LOADED).split())
    assert "xeroml_nb" in loaded
    assert sorted(loaded.intersection(HEAVY_PACKAGES)) == []


def test_the_front_page_is_sorted_and_has_no_name_twice():
    assert xn.__all__ == sorted(set(xn.__all__))
    assert xn.__all__ == sorted({*xn._HOMES, *xn._MODULES})
    assert set(xn.__all__) <= set(dir(xn))


@pytest.mark.parametrize("name", xn.__all__)
def test_every_name_of_the_front_page_is_there_and_described(name):
    found = getattr(xn, name)
    home = importlib.import_module(f"xeroml_nb.{(xn._MODULES | xn._HOMES)[name]}")
    assert found is (home if name in xn._MODULES else getattr(home, name))
    assert (found.__doc__ or "").strip()


def test_type_checkers_see_the_same_front_page():
    tree = tree_of("xeroml_nb")
    [checked] = [n for n in tree.body if isinstance(n, ast.If) and "not" not in ast.unparse(n.test)]
    seen = {
        (alias.asname or alias.name, node.module.removeprefix("xeroml_nb."))
        for node in checked.body
        for alias in node.names
    }
    assert seen == {*xn._HOMES.items(), ("charts", "xeroml_nb"), ("evaluators", "scoring")}


def test_the_built_in_evaluators_stand_on_the_front_page():
    assert xn.evaluators.exact_match("a", "a")
    assert "evaluators" in dir(xn)


def test_the_charts_are_a_room_of_the_front_page():
    printed = output_of("import xeroml_nb as xn; print(*xn.charts.__all__)")
    assert printed.split() == sorted(printed.split())
    assert {"summary", "differences", "trend", "offline"} <= set(printed.split())


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        xn.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_every_module_and_its_public_parts_are_described(name):
    tree = tree_of(name)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    public = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
    assert ast.get_docstring(tree)
    overloads = {
        part.name
        for part in public
        if any(isinstance(d, ast.Name) and d.id == "overload" for d in part.decorator_list)
    }
    bare = {part.name for part in public if not ast.get_docstring(part)}
    assert bare <= overloads


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_are_true(name, client):
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
    for example in finder.find(module):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
