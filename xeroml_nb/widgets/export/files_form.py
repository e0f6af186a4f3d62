"""Write what is here into files, one an experiment or queue."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.markup import tag
from xeroml_nb.sync.files.reading import FORMATS
from xeroml_nb.widgets.export.job import Job
from xeroml_nb.widgets.host import answer_while_busy, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.client import Client
    from xeroml_nb.widgets.export.choice import Choice, Fixed

_FORMATS = [ending.removeprefix(".") for ending in FORMATS]
_FOLDER = "export"
_LONGEST = 80
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


class FilesForm(widgets.VBox):
    """A format, a path, and a button.

    Args:
        client: Whose experiments and labels.
        what: What goes into the files.
        written: Called with a line that says what was written, on another thread.
    """

    def __init__(
        self, client: Client, what: Choice | Fixed, written: Callable[[str], None]
    ) -> None:
        self._client = client
        self._what = what
        self._written = written
        self._suggested = ""
        self._job = Job(self, self.offer)
        wide = {"description_width": "initial"}
        self._format = widgets.Dropdown(options=_FORMATS, description="format", style=wide)
        self._path = widgets.Text(description="path", style=wide, continuous_update=False)
        self._write = widgets.Button(
            description="Write a file", icon="file-text-o", tooltip="Write it on this machine"
        )
        self._said = widgets.HTML()
        super().__init__([widgets.HBox([self._format, self._path, self._write]), self._said])
        self.children[0].add_class("xn-form")
        self._path.add_class("xn-path")
        self.add_class("xn-files")
        self.offer()
        self._format.observe(self._format_chosen, names="value")
        self._write.on_click(self._write_pressed)

    def offer(self) -> None:
        """Suggest a path for what is chosen, unless somebody wrote one."""
        names = [] if self._what.is_empty else self._what.names()
        self._write.disabled = not names or bool(self._job.doing)
        several = len(names) > 1
        self._write.description = f"Write {len(names):,} files" if several else "Write a file"
        suffix = self._format.value
        suggested = _FOLDER if several else "".join(f"{s}.{suffix}" for s in _stems(names))
        if self._path.value in ("", self._suggested):
            self._path.value = suggested
        self._path.description = "folder" if several else "path"
        self._suggested = suggested
        answer_while_busy(self._write)

    def show_trouble(self, text: str) -> None:
        """Show an error below the form; an empty text clears it."""
        self._said.value = tag("div", text, class_="xn-trouble", role="alert") if text else ""

    def _format_chosen(self, change: Any) -> None:
        """Let the path end as the format does."""
        self.offer()
        path = Path(self._path.value)
        if path.suffix == f".{change['old']}":
            self._path.value = str(path.with_suffix(f".{change['new']}"))

    @shown
    def _write_pressed(self, _: Any) -> None:
        place, names = self._path.value.strip(), self._what.names()
        if not place:
            raise BadInput("There is no path.", "Write where the file goes.")
        paths = _paths(Path(place).expanduser().absolute(), names, self._format.value)
        things = self._what.things()
        if self._job.start("Writing…", lambda: self._write_all(things, paths)):
            self._write.disabled = True

    def _write_all(self, things: list[Any], paths: list[Path]) -> None:
        if len(paths) > 1:
            paths[0].parent.mkdir(parents=True, exist_ok=True)
        for thing, path in zip(things, paths, strict=True):
            self._client.export(thing, path)
        where = paths[0] if len(paths) == 1 else f"{len(paths):,} files in {paths[0].parent}"
        line = f"Wrote {where} ({_size(paths)})"
        self._said.value = tag(
            "div", f"✓ {line}", class_="xn-outcome xn-outcome-good", role="status"
        )
        self._written(line)


def _paths(place: Path, names: list[str], suffix: str) -> list[Path]:
    """Of one thing the file, of several a file each in the folder."""
    if len(names) == 1:
        return [place]
    return [place / f"{stem}.{suffix}" for stem in _stems(names)]


def _stems(names: list[str]) -> list[str]:
    """File names without their ends, each another one.

    Example:
        >>> _stems(["triage_v2 #3", "a/b", "a b"])
        ['triage_v2-3', 'a-b', 'a-b-2']
    """
    found: list[str] = []
    for name in names:
        base = _NOT_IN_NAMES.sub("-", name).strip("-.")[:_LONGEST] or _FOLDER
        offered = (base if number == 1 else f"{base}-{number}" for number in count(1))
        found.append(next(stem for stem in offered if stem not in found))
    return found


def _size(paths: list[Path]) -> str:
    """How large some files are together: "12 kB"."""
    total = sum(path.stat().st_size for path in paths)
    return f"{total / 1e6:,.1f} MB" if total >= 1e6 else f"{max(1, round(total / 1e3)):,} kB"  # noqa: PLR2004
