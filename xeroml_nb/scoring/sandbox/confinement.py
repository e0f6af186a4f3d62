"""What a child process gives up before it runs a stranger's code, for good.

Three layers, each of which holds by itself where its system has it: limits on what the process
may use (not on Windows), no file and no connection by Landlock (Linux 5.13 and later), and no
call of the kernel but those that compute, wait and write to open files, by seccomp (Linux on
x86-64 and arm64). They stand behind the engines, which hand the code nothing to begin with.
"""

from __future__ import annotations

import sys

from xeroml_nb.scoring.sandbox import landlock, seccomp

if sys.platform != "win32":
    import resource  # here, for when it is needed no file can be read any more

_MEGABYTE = 1024 * 1024
# For what an allocator takes beside what it is asked for.
_SPARE_MEMORY = 64 * _MEGABYTE


def layers() -> list[str]:
    """The names of the layers that this system has."""
    found = {
        "rlimits": sys.platform != "win32",
        "Landlock": landlock.version() > 0,
        "seccomp": seccomp.is_there(),
    }
    return [name for name, is_there in found.items() if is_there]


def confine() -> None:
    """Give up everything but computing, waiting, and using what is already open.

    From here on no file is opened, no connection made, no process or thread started, no program
    run, and no memory made executable; each such call of the kernel fails. Landlock binds the
    calling thread, the other layers all threads. Layers that the system lacks are left out.

    Raises:
        OSError: If the system has a layer, and refuses it. Nothing must be run then.
    """
    if landlock.version() > 0:
        landlock.forbid_all()
    _limit_resources()
    if seccomp.is_there():
        seccomp.forbid_all_but_computing()


def limit_memory(more: int) -> None:
    """Let this process take no more than so many bytes beyond what it has, where Linux counts it.

    Args:
        more: Bytes; a little is added for what an allocator needs.
    """
    if sys.platform == "linux":
        with open("/proc/self/statm") as counts:  # noqa: PTH123 - loads less
            pages = int(counts.read().split()[0])
        most = pages * resource.getpagesize() + more + _SPARE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_resources() -> None:
    """No file that grows, none that is opened, no process, and no image of memory on disk."""
    if sys.platform != "win32":
        for limit in (
            resource.RLIMIT_FSIZE,
            resource.RLIMIT_NOFILE,
            resource.RLIMIT_NPROC,
            resource.RLIMIT_CORE,
        ):
            resource.setrlimit(limit, (0, 0))
