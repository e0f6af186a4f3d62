"""What a process that has confined itself can still do, tried out from inside by Python."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.sandbox import confinement
from xeroml_nb.scoring.sandbox.limits import Limits
from xeroml_nb.scoring.sandbox.running import run_code

ROOT = Path(__file__).parents[2]
# Everything is loaded first, as a worker does; what it finds out leaves by what was already open.
PROBE = """
import ctypes, json, mmap, os, socket, sys, threading
from xeroml_nb.scoring.sandbox import confinement, landlock, seccomp
secret, written, port, user, layer, asked = json.loads(sys.argv[1])
if user: os.setuid(user)
{
    "all": confinement.confine, "rlimits": confinement._limit_resources,
    "Landlock": landlock.forbid_all, "seccomp": seccomp.forbid_all_but_computing,
}[layer]()

def fork():
    if os.fork() == 0: os._exit(0)
    os.wait()

def connect():
    with socket.socket() as s: s.settimeout(5); s.connect(("127.0.0.1", port))

attempts = {
    "read": lambda: open(secret).close(),
    "write": lambda: open(written, "w").close(),
    "list": lambda: os.listdir("/"),
    "look": lambda: os.stat(secret),
    "delete": lambda: os.unlink(secret),
    "own variables": lambda: open("/proc/self/environ").close(),
    "connect": connect,
    "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).close(),
    "socket pair": lambda: [s.close() for s in socket.socketpair()],
    "fork": fork,
    "start": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "thread": lambda: threading.Thread(target=int).start(),
    "signal": lambda: os.kill(os.getppid(), 0),
    "program memory": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close(),
    "run": lambda: os.execv("/bin/true", ["true"]),
}
done = []
for name in asked:
    try: attempts[name](); done.append(name)
    except (OSError, RuntimeError): pass
computed = sum(len(bytearray(2**20)) for _ in range(50))
sys.stdout.write(json.dumps([done, computed])); sys.stdout.flush()
os._exit(0)
"""
ALL = (
    "read", "write", "list", "look", "delete", "own variables", "connect", "datagram",
    "socket pair", "fork", "start", "thread", "signal", "program memory", "run",
)  # fmt: skip
FORBIDDEN = {
    "all": ALL,
    "seccomp": ALL,
    "Landlock": ("read", "write", "list", "delete", "own variables", "connect", "start", "run"),
    "rlimits": ("read", "write", "list", "own variables", "connect", "datagram", "socket pair"),
}
# How many processes there may be binds everybody but root.
BUT_FOR_ROOT = {"rlimits": ("fork", "start", "thread")}


@pytest.fixture(params=[0, 65534], ids=["as this user", "as nobody"])
def user(request):
    if request.param and os.geteuid() != 0:
        pytest.skip("only root can become nobody")
    return request.param


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_each_layer_by_itself_forbids_what_it_is_there_for(layer, user, tmp_path, listener):
    if layer != "all" and layer not in confinement.layers():
        pytest.skip(f"this system has no {layer}")
    asked = FORBIDDEN[layer] + (BUT_FOR_ROOT.get(layer, ()) if user else ())
    secret, written = tmp_path / "secret", tmp_path / "written"
    secret.write_text("secret")
    told = [str(secret), str(written), listener.getsockname()[1], user, layer, asked]
    assert probe(told) == [[], 50 * 2**20]
    assert secret.read_text() == "secret"
    assert not written.exists()
    with pytest.raises(BlockingIOError):
        listener.accept()


def probe(told):
    """Which attempts succeeded, and what was computed after them."""
    command = [sys.executable, "-c", PROBE, json.dumps(told)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it of a process")
def test_javascript_runs_in_a_confined_process_that_knows_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "hush")
    ours = set(psutil.Process().children())
    with ThreadPoolExecutor() as pool:
        running = pool.submit(
            run_code, "for (;;);", "[]", "JAVASCRIPT", Limits(seconds=1), "endless"
        )
        status, variables = once_confined(ours)
        assert isinstance(running.exception(), CardFailed)
    assert {"NoNewPrivs:\t1", "Seccomp:\t2"} <= set(status.splitlines())
    assert "hush" not in variables


def once_confined(ours):
    """What the kernel says of the child and of its variables, as soon as it has confined itself."""
    for _ in range(200):
        for child in set(psutil.Process().children()) - ours:
            folder = Path(f"/proc/{child.pid}")
            status = (folder / "status").read_text()
            if "Seccomp:\t2" in status or "seccomp" not in confinement.layers():
                return status, (folder / "environ").read_text()
        time.sleep(0.004)
    raise AssertionError("no child confined itself")
