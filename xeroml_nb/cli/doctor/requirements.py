"""What this package says that it needs, beside what is installed."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = "xeroml_nb"


def version_of(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def required(extra: str = "") -> list[Requirement]:
    """What an extra needs here, or this package itself where no extra is named.

    Raises:
        PackageNotFoundError: If the package is used from its source and was never installed.
    """
    every = map(Requirement, metadata.requires(PACKAGE) or ())
    return [one for one in every if _is_of(one, extra)]


def versions(requirements: Iterable[Requirement]) -> dict[str, str | None]:
    """The version of each requirement's package; None for those that are not installed."""
    return {one.name: version_of(one.name) for one in requirements}


def shortcomings(requirements: Iterable[Requirement]) -> list[str]:
    """Which packages are not installed, or not in a version that is asked for, in a few words."""
    found = []
    for one in requirements:
        version = version_of(one.name)
        if version is None:
            found.append(f"{one.name} is not installed")
        elif not one.specifier.contains(version, prereleases=True):
            found.append(f"{one.name} {version} is not {one.specifier}")
    return found


def _is_of(requirement: Requirement, extra: str) -> bool:
    if requirement.marker is None:
        return not extra
    is_asked_for = requirement.marker.evaluate({"extra": extra})
    return is_asked_for and not (extra and requirement.marker.evaluate({"extra": ""}))
