"""Workers that do what no worker of the package does; each runs in a child process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from xeroml_nb.scoring.sandbox.ended import Status

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def work(parts, arguments):
    return globals()[arguments[0]](parts, arguments[1:])


def give_back(parts, arguments):
    return Status.ANSWERED, b"|".join([*parts, *(a.encode() for a in arguments)])


def say_surroundings(parts, arguments):
    variables = " ".join(sorted(os.environ.keys() - {"LC_CTYPE"}))
    return (
        Status.ANSWERED,
        f"{variables}|{'site' in sys.modules}|{os.getsid(0) == os.getpid()}".encode(),
    )


def fail(parts, arguments):
    raise RuntimeError("a fault of the worker")


def end(parts, arguments):
    os._exit(int(arguments[0]))


def end_by_signal(parts, arguments):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(parts, arguments):
    time.sleep(60)


def sleep_on(parts, arguments):
    """Sleep with the clock of one's own put off."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    os.close(1)
    time.sleep(60)


def leave_another(parts, arguments):
    """Sleep beside a process that also holds the pipes."""
    subprocess.Popen(SLEEPER)
    time.sleep(60)


def talk_on(parts, arguments):
    while True:
        os.write(1, b"x" * 1_000_000)


def complain_much(parts, arguments):
    os.write(2, b"x" * 3_000_000 + b"the end")
    os._exit(3)
