"""Seccomp: a Linux process gives up all calls of the kernel but the few that it still needs.

What is not in the list fails with EPERM. The numbers are those of linux/seccomp.h,
linux/bpf_common.h, linux/audit.h, and the table of calls of each processor.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys

from xeroml_nb.scoring.sandbox import kernel

_SET_FILTER, _ALL_THREADS = 1, 1
_SAY_WHETHER_KNOWN = 2
_REFUSE = 0x0005_0000 | errno.EPERM
_ALLOW = 0x7FFF_0000
# Of the filter's machine: load a word, skip if equal, skip if a bit is set, end.
_LOAD, _IF_EQUAL, _IF_SET, _END = 0x20, 0x15, 0x45, 0x06
# Where the kernel puts what it asks the filter about, in bytes.
_CALL, _PROCESSOR, _THIRD_ARGUMENT = 0, 4, 32
_EXECUTABLE = 4


_PROCESSORS = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
"""As the kernel names them to the filter, so that the numbers of another's calls do not count."""
_SECCOMP = {"x86_64": 317, "aarch64": 277}
# What is still allowed, and its number on x86-64 and on arm64. First, for memory that cannot be
# executed:
_MAPPING = {"mmap": (9, 222), "mprotect": (10, 226)}
_COMPUTING = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "rseq": (334, 293),
}


class _Instruction(ctypes.Structure):
    """One step of the filter: what to do, how many steps to skip if so and if not, with what."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_so", ctypes.c_uint8),
        ("if_not", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    """A filter as the kernel takes it."""

    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Instruction)))


def is_there() -> bool:
    """Whether this kernel has it, on a processor whose numbers are known here."""
    if sys.platform != "linux" or platform.machine() not in _PROCESSORS:
        return False
    try:
        action = ctypes.c_uint32(_REFUSE & 0xFFFF_0000)
        kernel.call(_SECCOMP[platform.machine()], _SAY_WHETHER_KNOWN, 0, ctypes.byref(action))
    except OSError:
        return False
    return True


def forbid_all_but_computing() -> None:
    """Take the other calls from all threads of this process.

    Raises:
        OSError: If the kernel refuses.
    """
    machine = platform.machine()
    steps = _steps(_PROCESSORS[machine], list(_PROCESSORS).index(machine))
    program = _Program(len(steps), (_Instruction * len(steps))(*steps))
    kernel.gain_nothing_more()
    if kernel.call(_SECCOMP[machine], _SET_FILTER, _ALL_THREADS, ctypes.byref(program)) != 0:
        raise OSError(errno.EPERM, "a thread of this process is confined in another way")


def _steps(processor: int, column: int) -> list[_Instruction]:
    """The filter.

    Args:
        processor: Whose calls count.
        column: Of the tables of calls, which holds its numbers.
    """
    mapping = [numbers[column] for numbers in _MAPPING.values()]
    computing = [numbers[column] for numbers in _COMPUTING.values()]
    # A skip counts the steps between a comparison and what is done where it holds: first come
    # the other comparisons, then a refusal, then three steps on mapping, then the permission.
    calls = [*mapping, *computing]
    skips = [len(calls) - i + (0 if number in mapping else 3) for i, number in enumerate(calls)]
    return [
        _Instruction(_LOAD, 0, 0, _PROCESSOR),
        _Instruction(_IF_EQUAL, 1, 0, processor),
        _Instruction(_END, 0, 0, _REFUSE),
        _Instruction(_LOAD, 0, 0, _CALL),
        *(_Instruction(_IF_EQUAL, skip, 0, n) for skip, n in zip(skips, calls, strict=True)),
        _Instruction(_END, 0, 0, _REFUSE),
        _Instruction(_LOAD, 0, 0, _THIRD_ARGUMENT),
        _Instruction(_IF_SET, 0, 1, _EXECUTABLE),
        _Instruction(_END, 0, 0, _REFUSE),
        _Instruction(_END, 0, 0, _ALLOW),
    ]
