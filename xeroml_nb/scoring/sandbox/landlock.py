"""Landlock: a Linux process gives up all access to files and, later on, to the network.

The numbers are those of linux/landlock.h; a newer kernel knows more rights, and says how many by
its version of the interface.
"""

from __future__ import annotations

import ctypes
import os
import sys

from xeroml_nb.scoring.sandbox import kernel

# The same on every processor.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_GIVE_VERSION = 1
# How many rights over files each version can take away, and the first that takes others.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_FIRST_WITH_TCP, _FIRST_WITH_SCOPES = 4, 6
_TCP_BIND_AND_CONNECT = 0b11
_OTHERS_SOCKETS_AND_SIGNALS = 0b11


class _Ruleset(ctypes.Structure):
    """What is taken away: rights over files, rights over the network, and reach to others."""

    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


def version() -> int:
    """Of the kernel's Landlock; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    try:
        return kernel.call(_CREATE_RULESET, 0, 0, _GIVE_VERSION)
    except OSError:
        return 0


def forbid_all() -> None:
    """Take every right that this kernel's Landlock knows from the calling thread.

    Raises:
        OSError: If the kernel refuses.
    """
    known = version()
    taken = _Ruleset(
        files=(1 << _FILE_RIGHTS.get(known, max(_FILE_RIGHTS.values()))) - 1,
        network=_TCP_BIND_AND_CONNECT if known >= _FIRST_WITH_TCP else 0,
        scopes=_OTHERS_SOCKETS_AND_SIGNALS if known >= _FIRST_WITH_SCOPES else 0,
    )
    kernel.gain_nothing_more()
    rules = kernel.call(_CREATE_RULESET, ctypes.byref(taken), ctypes.sizeof(taken), 0)
    try:
        kernel.call(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
