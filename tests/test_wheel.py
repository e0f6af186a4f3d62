"""The package as it is handed out: a wheel in an environment that knows no source tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
# What needs the package alone: quick, and from most rooms below the charts.
CORE = (
    "test_records.py",
    "test_builtin.py",
    "test_rubric.py",
    "test_spec_examples.py",
    "sync/test_wire.py",
)
# These look at the text of the modules and the examples in it, which are the same here.
OF_TEXTS = "not (rooms_above_it or public_parts or examples_of_a_module or charts_are_a_room)"
# The settings of the project name their options; all others would only cost time.
PLUGINS = ("-p", "xdist", "-p", "pytest_timeout")
WHERE = """
import sys
from pathlib import Path
import xeroml_nb
print(Path(xeroml_nb.__file__).parent)
print(*[path for path in sys.path if (Path(path) / "xeroml_nb").exists()])
"""


def printed_by(*command, **options):
    """What a command prints, which has to succeed."""
    # The inner tests are none of the processes of the outer ones.
    inner = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    inner["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        command, env=inner, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    alone = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    printed_by(sys.executable, "-m", "pip", "wheel", *alone, "--wheel-dir", folder, ROOT)
    [made] = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Python of a new environment that holds the wheel, and sees what is installed here."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    made = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", made, "--quiet", "install", "--no-index")
    printed_by(*pip, "--no-deps", wheel)
    [packages] = folder.glob("lib/*/site-packages")
    # A folder that is named like this has no say of its own: that the package is installed here
    # from its source tree stands in such a file too, which is not read.
    (packages / "installed.pth").write_text(sysconfig.get_path("purelib"))
    return made


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    files = [path for path in (ROOT / "xeroml_nb").rglob("*") if path.is_file()]
    ours = {str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"}
    held = set(ZipFile(wheel).namelist())
    assert {name for name in held if ".dist-info/" not in name} == ours
    assert {"xeroml_nb/py.typed", "xeroml_nb/examples/support_triage.jsonl"} <= held
    assert {Path(name).suffix for name in ours} >= {".js", ".css", ".wit"}


def test_the_package_is_found_in_the_environment_alone(python, tmp_path):
    home, places = printed_by(python, "-c", WHERE, cwd=tmp_path).splitlines()
    assert Path(home).is_relative_to(python.parents[1])
    assert places == str(Path(home).parent)


def test_the_command_is_installed(python, tmp_path):
    assert "serve" in printed_by(python.with_name("xeroml-nb"), "--help", cwd=tmp_path)


def test_the_core_of_the_tests_passes_without_the_source_tree(python, tmp_path):
    shutil.copytree(
        ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    names = [f"tests/{name}" for name in CORE]
    options = ("-q", "-n", "0", "-p", "no:cacheprovider", "-k", OF_TEXTS, *PLUGINS)
    said = printed_by(python, "-m", "pytest", *options, *names, cwd=tmp_path)
    assert int(re.search(r"(\d+) passed", said)[1]) > 400
