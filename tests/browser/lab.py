"""A real JupyterLab in a headless Chromium that can reach nothing but this machine."""

from __future__ import annotations

import ast
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

import httpx
import nbformat
import psutil
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import (
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
        WebSocket,
    )

_LOOPBACK = ("127.0.0.1", "localhost", "::1", "")
_CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
    # Every other name and address fails to resolve.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
_FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}
_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}
# What every kernel begins with: a store beside its notebook, and a note of whatever it asks for
# that is not on this machine.
_KERNEL_START = """
def _begin():
    import os, sys
    os.environ["XEROML_STORE"] = os.path.join(os.getcwd(), "store.db")

    def note(event, given):
        address = {"socket.connect": 1, "socket.getaddrinfo": 0}.get(event)
        if address is None:
            return
        host = given[address][0] if isinstance(given[address], tuple) else given[address]
        if host not in ("127.0.0.1", "localhost", "::1", None) and not str(host).startswith("/"):
            with open(os.environ["TEST_OUTSIDE"], "a") as file:
                print(host, file=file)

    sys.addaudithook(note)

_begin()
del _begin
"""
# How each application is started, what its settings belong to, and where it shows a notebook.
_APPS = {
    "jupyterlab": ("LabApp", "doc/tree"),
    "notebook": ("JupyterNotebookApp", "notebooks"),
}
_PANEL = "window.jupyterapp.shell.currentWidget"
_PATIENCE = 30_000  # milliseconds
_NOTEBOOKS_OWN = "Cannot read properties of undefined (reading 'schema')"  # Notebook 7 as it starts


class Lab:
    """A Jupyter server and a browser, with folders of their own; a context manager.

    Args:
        home: An empty folder for all that is written.
        chromium: The browser's path.
        settings: JupyterLab's settings by plug-in.
        size: Of the browser's window.
        app: "jupyterlab", or "notebook" for Notebook 7.
        python: Of the environment that the application runs in; this one by default.
        beside: Another, whose driver of browsers is used: a process can have only one.
    """

    def __init__(  # noqa: PLR0913 - which application, where, how it looks
        self,
        home: Path,
        chromium: str,
        *,
        settings: Mapping[str, Any] | None = None,
        size: tuple[int, int] = (1280, 1400),
        app: str = "jupyterlab",
        python: str = sys.executable,
        beside: Lab | None = None,
    ) -> None:
        self.root = home / "notebooks"
        self._app = app
        self._python = python
        self._beside = beside
        self._home = home
        self.chromium = chromium
        self._settings = _SETTINGS | dict(settings or {})
        self._size = size
        self._token = secrets.token_hex(16)
        self._noted: list[str] = []
        self.errors: list[str] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start_server(stack)
            driver = self._beside and self._beside._playwright
            self._playwright = driver or stack.enter_context(sync_playwright())
            self._context = self._launch(stack)
            self._context.on("request", self._note_request)
            expect.set_options(timeout=_PATIENCE)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def outside(self) -> list[str]:
        """What the browser or a kernel asked for that is not on this machine."""
        kernels = self._home / "outside.txt"
        return self._noted + (kernels.read_text().splitlines() if kernels.exists() else [])

    def forget(self) -> None:
        """Begin the notes on requests and errors again."""
        self._noted.clear()
        self.errors.clear()
        (self._home / "outside.txt").unlink(missing_ok=True)

    def open(self, path: Path) -> Notebook:
        """Open a notebook below `root` in a page of its own, and wait for its kernel."""
        page = self._context.new_page()
        page.set_default_timeout(_PATIENCE)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self._note_error(str(error)))
        page.on("websocket", self._note_request)
        place = quote(path.relative_to(self.root).as_posix())
        page.goto(f"{self._url}/{_APPS[self._app][1]}/{place}?token={self._token}&reset")
        _wait_until_ready(page)
        return Notebook(self, page, path)

    def end_session(self, session: str) -> None:
        """Shut a notebook's kernel down."""
        self._ask("DELETE", f"sessions/{session}")

    def _launch(self, stack: ExitStack) -> BrowserContext:
        """A browser with a profile on disk: what it compiled for one page it has for the next."""
        width, height = self._size
        context = self._playwright.chromium.launch_persistent_context(
            self._home / "browser",
            executable_path=self.chromium,
            args=_CHROMIUM_ARGS,
            viewport={"width": width, "height": height},
        )
        stack.callback(context.close)
        return context

    def _start_server(self, stack: ExitStack) -> None:
        environment = self._environment()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        log = stack.enter_context((self._home / "server.log").open("w"))
        server = subprocess.Popen(
            [
                *(self._python, "-m", self._app, "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"),
                *("--ServerApp.port_retries=0", f"--IdentityProvider.token={self._token}"),
                f"--ServerApp.root_dir={self.root}",
                f"--{_APPS[self._app][0]}.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
            ],
            cwd=self.root,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        stack.callback(_end, server)
        deadline = time.monotonic() + 60
        while not self._is_up():
            if server.poll() is not None or time.monotonic() > deadline:
                said = (self._home / "server.log").read_text()[-3_000:]
                raise RuntimeError(f"{self._app} did not start:\n{said}")
            time.sleep(0.1)

    def _environment(self) -> dict[str, str]:
        """This process's environment, without what would lead to anybody's own settings."""
        ours = ("JUPYTER", "IPYTHON", "XEROML", "OPENAI", "PYTHONWARNINGS")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        for variable, name in _FOLDERS.items():
            (self._home / name).mkdir(parents=True)
            kept[variable] = str(self._home / name)
        self.root.mkdir()
        startup = self._home / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "begin.py").write_text(_KERNEL_START)
        for plugin, values in self._settings.items():
            package, _, name = plugin.partition(":")
            folder = self._home / "settings" / package
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
        own = {"JUPYTER_PREFER_ENV_PATH": "1", "TEST_OUTSIDE": str(self._home / "outside.txt")}
        return kept | own

    def _ask(self, method: str, path: str) -> httpx.Response:
        headers = {"Authorization": f"token {self._token}"}
        return httpx.request(
            method, f"{self._url}/api/{path}", headers=headers, timeout=10, trust_env=False
        )

    def _is_up(self) -> bool:
        try:
            return self._ask("GET", "status").is_success
        except httpx.TransportError:
            return False

    def _note_request(self, request: Request | WebSocket) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in _LOOPBACK:
            self._noted.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note_error(message.text)

    def _note_error(self, text: str) -> None:
        if _NOTEBOOKS_OWN not in text:
            self.errors.append(text)


class Notebook:
    """An open notebook.

    Args:
        lab: Where it is open.
        page: The browser's page.
        path: Its file.
    """

    def __init__(self, lab: Lab, page: Page, path: Path) -> None:
        self.page = page
        self.path = path
        self._lab = lab

    @property
    def folder(self) -> Path:
        """Where its kernel works."""
        return self.path.parent

    @property
    def cell_count(self) -> int:
        """How many cells it has."""
        return int(self.page.evaluate(f"{_PANEL}.content.widgets.length"))

    def source(self, cell: int) -> str:
        """The text of a cell."""
        content = f"{_PANEL}.content.widgets"
        return str(self.page.evaluate(f"k => {content}[k].model.sharedModel.getSource()", cell))

    def run(self, *cells: int) -> None:
        """Run cells, each to its end."""
        for cell in cells:
            self.wait(self.start(cell))

    def start(self, cell: int) -> int:
        """Run a cell without waiting for it; `wait` takes what this returns."""
        return int(
            self.page.evaluate(
                f"""k => {{
                    const content = {_PANEL}.content;
                    content.mode = 'command';
                    content.deselectAll();
                    content.activeCellIndex = k;
                    window.ended ??= [];
                    const number = window.ended.push(false) - 1;
                    window.jupyterapp.commands.execute('notebook:run-cell')
                        .finally(() => {{ window.ended[number] = true; }});
                    return number;
                }}""",
                cell,
            )
        )

    def has_ended(self, started: int) -> bool:
        """Tell whether a started cell has run to its end."""
        return bool(self.page.evaluate("n => window.ended[n]", started))

    def wait(self, started: int) -> None:
        """Wait for the end of a started cell."""
        self.page.wait_for_function("n => window.ended[n]", arg=started, timeout=2 * _PATIENCE)

    def output(self, cell: int) -> Locator:
        """What is shown below a cell."""
        return self.page.locator(".jp-Notebook-cell").nth(cell).locator(".jp-Cell-outputArea")

    def value(self, expression: str) -> Any:
        """The plain value that an expression has in the kernel."""
        reply = self.page.evaluate(
            f"""async expression => {{
                const kernel = {_PANEL}.sessionContext.session.kernel;
                const request = {{code: '', silent: true, user_expressions: {{it: expression}}}};
                const reply = await kernel.requestExecute(request).done;
                return reply.content.user_expressions.it;
            }}""",
            expression,
        )
        assert reply["status"] == "ok", reply
        return ast.literal_eval(reply["data"]["text/plain"])

    def interrupt(self) -> None:
        """Interrupt the kernel, as the toolbar's square does."""
        self.page.evaluate(f"{_PANEL}.sessionContext.session.kernel.interrupt()")

    def restart(self) -> None:
        """Restart the kernel, as the toolbar's arrow does once it is confirmed."""
        self.page.evaluate(f"{_PANEL}.sessionContext.restartKernel()")
        self.page.wait_for_function(f"() => {_PANEL}.sessionContext.kernelDisplayStatus === 'idle'")

    def reload(self) -> None:
        """Load the page again, as it was saved; the kernel goes on."""
        self.page.reload()
        _wait_until_ready(self.page)

    def save(self) -> nbformat.NotebookNode:
        """Save it, and read what was written."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        return nbformat.read(self.path, as_version=4)

    def close(self) -> None:
        """Close the page and end the kernel; once more does nothing."""
        if self.page.is_closed():
            return
        session = self.page.evaluate(f"{_PANEL}.sessionContext.session.id")
        self.page.close()
        self._lab.end_session(session)


def _wait_until_ready(page: Page) -> None:
    page.wait_for_function(
        """() => {
            const panel = window.jupyterapp?.shell?.currentWidget;
            return panel?.sessionContext?.kernelDisplayStatus === 'idle'
                && panel.content.widgets.length > 0;
        }""",
        timeout=2 * _PATIENCE,
    )


def write_notebook(path: Path, cells: tuple[str, ...]) -> Path:
    """Write a notebook of code cells."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    path.parent.mkdir(parents=True)
    nbformat.write(made, path)
    return path


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a process and those it started, each by its own id."""
    try:
        every = [*psutil.Process(server.pid).children(recursive=True), psutil.Process(server.pid)]
    except psutil.NoSuchProcess:
        return
    for act in ("terminate", "kill"):
        for process in every:
            try:
                getattr(process, act)()
            except psutil.NoSuchProcess:
                continue
        _, every = psutil.wait_procs(every, timeout=8)
    server.wait()
