"""The notebook side: the front end, its widgets, the kernel, and the magics."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from xeroml_nb.cli.doctor.finding import Finding, broken, fine, lacking
from xeroml_nb.cli.doctor.requirements import version_of
from xeroml_nb.records.json_text import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.cli.doctor.finding import Asked

_LAB = "pip install 'xeroml_nb[lab]'"
_LOSING = SpecifierSet(">=7,<7.4")  # ipython/ipykernel issue 1554, pull request 1529
# Packages of Python, with what the browser loads for them.
_FRONT_ENDS = {"anywidget": "anywidget", "ipywidgets": "@jupyter-widgets/jupyterlab-manager"}


def notebook(_: Asked) -> Iterator[Finding]:
    """What notebooks need, as far as it lies in this environment."""
    if version_of("ipykernel") is None:
        yield lacking("kernel", "no notebook can run in this Python: ipykernel is missing", _LAB)
        return
    yield front_end()
    yield widgets()
    yield kernel()
    yield magics()


def front_end() -> Finding:
    """What shows notebooks."""
    found = {name: version_of(name) for name in ("jupyterlab", "notebook")}
    text = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    if text:
        return fine("front end", text, versions=found)
    text = "no JupyterLab is installed here, which is fine with that of another environment"
    return lacking("front end", text, f"Or: {_LAB}", versions=found)


def widgets() -> Finding:
    """Whether what the browser needs for widgets is where JupyterLab looks for it."""
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    found = {name: _extension(folders, path) for name, path in _FRONT_ENDS.items()}
    absent = [name for name, version in found.items() if version is None]
    if absent:
        text = f"JupyterLab finds no front end of {' and '.join(absent)}: widgets stay blank"
        step = "Where JupyterLab is installed: pip install anywidget ipywidgets"
        return lacking("widgets", text, step, versions=found)
    text = "the browser's parts of anywidget and ipywidgets are where JupyterLab looks"
    return fine("widgets", text, versions=found)


def kernel() -> Finding:
    """Whether a kernel runs this Python: notebooks with another one do not find this package."""
    from jupyter_client.kernelspec import KernelSpecManager

    every = KernelSpecManager().get_all_specs()
    own = [name for name, found in every.items() if _runs_here(found["spec"]["argv"])]
    version = version_of("ipykernel")
    if own and Version(str(version)) in _LOSING:
        text = f"ipykernel {version} loses a request now and then: that cell never ends"
        return lacking("kernel", text, "pip install -U 'ipykernel>=7.4'", kernels=own)
    if own:
        text = f"{', '.join(own)} (ipykernel {version}) runs this Python"
        return fine("kernel", text, kernels=own)
    step = f"{sys.executable} -m ipykernel install --user --name xeroml"
    return lacking("kernel", f"none of {', '.join(every)} runs this Python", step, kernels=own)


def magics() -> Finding:
    """Whether `%load_ext xeroml_nb` works."""
    try:
        from xeroml_nb.notebook.magics import load_ipython_extension

        load_ipython_extension(_Shell())
    except Exception as error:  # noqa: BLE001 - whatever a package raises when it is loaded
        text = f"%load_ext xeroml_nb fails: {said(error)}"
        return broken("magics", text, f"pip install -U{_LAB.removeprefix('pip install')}")
    return fine("magics", "%load_ext xeroml_nb works")


class _Shell:
    """Takes magics as IPython does, without its files in the home folder."""

    def register_magics(self, _: type[Any]) -> None:
        """Take them, and leave them."""


def _extension(folders: list[Path], name: str) -> str | None:
    """The version of an extension of JupyterLab; None where there is none."""
    for folder in folders:
        file = folder / name / "package.json"
        if file.is_file():
            return str(json.loads(file.read_text(encoding="utf-8")).get("version"))
    return None


def _runs_here(command: list[str]) -> bool:
    # A bare name is replaced by the Python that runs Jupyter.
    named = command[0] if command else ""
    return named in ("python", "python3") or Path(named).absolute() == Path(sys.executable)
