"""Where what is built once is kept: a folder that only its user can write."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xeroml_nb.errors import XeromlError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS_MAY_WRITE = 0o022


def cache_folder() -> Path:
    """The user's folder for what can be built again; it need not be there yet.

    It is in `XDG_CACHE_HOME` where that is set, on every system.
    """
    if given := os.environ.get("XDG_CACHE_HOME"):
        base = Path(given)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path.home() / ".cache"
    return base.absolute() / "xeroml_nb"


def private_folder() -> Path:
    """The cache folder, made if it is not there, and closed to others.

    What is in it is run as machine code, so nobody else may have put it there.

    Raises:
        XeromlError: If it cannot be written, or belongs to somebody else.
    """
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        is_own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        if is_own and os.name == "posix" and found.st_mode & _OTHERS_MAY_WRITE:
            folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, f"cannot be written: {error.strerror}") from error
    if not is_own or not os.access(folder, os.W_OK):
        raise _unusable(folder, "belongs to somebody else")
    return folder


def _unusable(folder: Path, why: str) -> XeromlError:
    return XeromlError(
        f"The cache folder {folder} of the scoring sandbox {why}.",
        "Set XDG_CACHE_HOME to a folder of your own.",
    )


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Keep other processes of this user out, where the system has locks of files.

    Args:
        lock: A file for it, in a folder that is there.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with lock.open("w") as held:
        with suppress(OSError):  # some shared disks have no locks; then two may do the same work
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
