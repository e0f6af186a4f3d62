"""What produced one run and not the other: task, packages, dataset, commit."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, join, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.records.experiment import ExperimentRecord

_NONE = "–"


@dataclass(frozen=True)
class CodeDifference:
    """What differs between what produced two runs.

    Args:
        baseline: The first run.
        run: The second run.
    """

    baseline: ExperimentRecord
    run: ExperimentRecord

    @property
    def is_same_task(self) -> bool:
        """Both ran the same task: the same text, and the same prompts and tables it uses."""
        first, second = self.baseline.task, self.run.task
        return first is not None and second is not None and first.fingerprint == second.fingerprint

    @property
    def source(self) -> list[str]:
        """The lines of both tasks' text, each behind " ", "-" or "+"; three around a change."""
        first, second = (_lines(record) for record in (self.baseline, self.run))
        found = difflib.unified_diff(first, second, n=3, lineterm="")
        return list(found)[2:]

    @property
    def packages(self) -> dict[str, tuple[str, str]]:
        """The packages whose versions differ: name to both versions, a dash where it is none."""
        first, second = (
            dict(record.environment.get("packages", {})) for record in (self.baseline, self.run)
        )
        names = sorted(first.keys() | second.keys(), key=str.lower)
        both = {name: (first.get(name, _NONE), second.get(name, _NONE)) for name in names}
        return {name: versions for name, versions in both.items() if len(set(versions)) > 1}

    @property
    def facts(self) -> dict[str, tuple[str, str]]:
        """What else produced the runs: name to what it was in both."""
        first, second = (dict(_facts(record)) for record in (self.baseline, self.run))
        return {name: (first[name], second[name]) for name in first}

    @property
    def changed(self) -> dict[str, tuple[str, str]]:
        """The facts and packages that differ: name to what it was in both."""
        every = self.facts | self.packages
        return {name: both for name, both in every.items() if both[0] != both[1]}

    @property
    def unchanged(self) -> str:
        """What there is to say where no line of the tasks' text differs."""
        if self.baseline.task is None or self.run.task is None:
            return "A loop of the user's own, whose text is not known, produced one of them."
        if self.is_same_task:
            return "The tasks are the same."
        return "The tasks' text is the same; a value that it uses, such as a prompt, differs."

    def __repr__(self) -> str:
        lines = [f"{self.run.label} against {self.baseline.label}"]
        lines += [f"{name}: {was} → {now}" for name, (was, now) in self.changed.items()]
        lines += self.source or [self.unchanged]
        return "\n".join(lines)

    def _repr_html_(self) -> Markup:
        rows = [(name, *both) for name, both in [*self.facts.items(), *self.packages.items()]]
        heads = ("", self.baseline.label, self.run.label)
        marked = [(_marked(name, was, now), was, now) for name, was, now in rows]
        lines = self.source
        text = join(_line(line) for line in lines) if lines else tag("div", self.unchanged)
        style = "font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere"
        lines_html = tag("div", text, style=style)
        return tag("div", table(heads, marked, numeric=set()), lines_html, class_=NO_FORMULAS)


def _lines(record: ExperimentRecord) -> list[str]:
    return [] if record.task is None else record.task.source.splitlines()


def _facts(record: ExperimentRecord) -> Iterator[tuple[str, str]]:
    environment = record.environment
    git = environment.get("git") or {}
    commit = str(git.get("commit", _NONE))[:12]
    yield "task", _NONE if record.task is None else record.task.name
    yield "dataset", record.dataset_name or _NONE
    version = record.dataset_version
    yield "dataset version", _NONE if version is None else f"{version:%Y-%m-%d %H:%M:%S.%f} UTC"
    yield "dataset hash", (record.content_hash or _NONE)[:12]
    yield "evaluators", ", ".join(record.evaluators) or _NONE
    yield "commit", f"{commit} with changes" if git.get("changed") else commit
    yield "Python", str(environment.get("python", _NONE))


def _marked(name: str, was: str, now: str) -> Markup:
    return tag("strong", f"≠ {name}") if was != now else tag("span", name)


_TINTS = {"+": "rgba(0,114,178,.16)", "-": "rgba(213,94,0,.16)"}


def _line(text: str) -> Markup:
    tint = _TINTS.get(text[:1])
    return tag("div", text, style=None if tint is None else f"background:{tint}")
