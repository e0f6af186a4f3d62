"""A verdict as Markdown, as JUnit's XML and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from xeroml_nb.records.json_text import clean_text

if TYPE_CHECKING:
    from xeroml_nb.analysis.gate.rule import Rule
    from xeroml_nb.analysis.gate.verdict import Verdict

# What XML 1.0 cannot hold, and code points that are no characters.
_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACE = re.compile(r"\s+")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|@~&!])")


def verdict_markdown(verdict: Verdict) -> str:
    """A heading, a table of the rules, and the notes.

    All text from data is escaped: "#3" does not become a link to a pull request, nor "@name" a
    message to somebody.
    """
    rows = [_row(rule) for rule in verdict.rules]
    notes = [f"- {_plain(note)}" for note in verdict.notes]
    head = ["|  | rule | found |", "| --- | --- | --- |"]
    parts = [f"### {_plain(verdict.title)}", "", *head, *rows, *(["", *notes] if notes else [])]
    return "\n".join(parts) + "\n"


def verdict_junit(verdict: Verdict) -> str:
    """A test suite with a test case for each rule."""
    broken = str(len(verdict.broken))
    counts = {"tests": str(len(verdict.rules)), "failures": broken, "errors": "0"}
    suites = ET.Element("testsuites", counts)
    at = verdict.decided_at.isoformat(timespec="seconds")
    name = _fit(f"gate of {verdict.experiment}")
    suite = ET.SubElement(suites, "testsuite", {"name": name, **counts, "timestamp": at})
    for rule in verdict.rules:
        where = {"classname": _fit(verdict.experiment), "name": _fit(rule.name), "time": "0"}
        case = ET.SubElement(suite, "testcase", where)
        if rule.passed:
            ET.SubElement(case, "system-out").text = _fit(rule.details)
            continue
        said = {"message": _fit(rule.found), "type": rule.kind.value}
        failure = ET.SubElement(case, "failure", said)
        failure.text = _fit("\n".join([f"{rule.name}: {rule.details}", *verdict.notes]))
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def verdict_json(verdict: Verdict) -> str:
    """One object: `experiment, experiment_id, baseline, passed, counts, rules, notes, decided_at`.

    Each of the rules has `kind, subject, demand, passed, found, why, value, low, high, bound, n,
    items`.
    """
    held = {
        "experiment": verdict.experiment,
        "experiment_id": verdict.experiment_id,
        "baseline": verdict.baseline,
        "passed": verdict.passed,
        "counts": asdict(verdict.counts),
        "rules": [rule.to_dict() for rule in verdict.rules],
        "notes": list(verdict.notes),
        "decided_at": verdict.decided_at.isoformat(),
    }
    return json.dumps(held, ensure_ascii=False, indent=2, allow_nan=False)


def _row(rule: Rule) -> str:
    mark = "✅" if rule.passed else "❌"
    return f"| {mark} | {_plain(rule.name)} | {_plain(rule.details)} |"


def _plain(text: str) -> str:
    """Text that Markdown takes for nothing else, on one line."""
    line = _SPACE.sub(" ", clean_text(text)).strip()
    # A mark in front of what could be a reference or a mention keeps it from being one.
    return _MARKUP.sub(r"\\\1", line).replace(r"\#", "&#35;").replace(r"\@", "&#64;")


def _fit(text: str) -> str:
    return _UNFIT.sub("�", text)
