"""Python, this package, and what it needs."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.finding import Finding, broken, fine, lacking
from xeroml_nb.cli.doctor.requirements import (
    PACKAGE,
    required,
    shortcomings,
    version_of,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.cli.doctor.finding import Asked


def installation(_: Asked) -> Iterator[Finding]:
    """What is installed here."""
    yield python()
    yield package()


def python() -> Finding:
    """Which Python this is, and where."""
    version = platform.python_version()
    system = f"{platform.system()} {platform.machine()}"
    text = f"{platform.python_implementation()} {version} on {system}, in {sys.prefix}"
    return fine("Python", text, version=version, system=system, executable=sys.executable)


def package() -> Finding:
    """Whether this package is installed, with all that it always needs, new enough."""
    version = version_of(PACKAGE)
    if version is None:
        text = "used from its source, not installed: what it needs is not known"
        return lacking(PACKAGE, text, "Install it, in the folder of its source: pip install -e .")
    needed = required()
    found = {PACKAGE: version} | versions(needed)
    if short := shortcomings(needed):
        text = f"{version}, which cannot work: {', '.join(short)}"
        return broken(PACKAGE, text, f"pip install -U {PACKAGE}", versions=found)
    text = f"{version}, with all {len(needed)} packages that it needs"
    return fine(PACKAGE, text, versions=found)
