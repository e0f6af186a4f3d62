"""`xeroml-nb doctor` says whether scoring code can run."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from xeroml_nb.cli import app
from xeroml_nb.cli.doctor.finding import Asked, Health
from xeroml_nb.cli.doctor.sandboxes import sandbox
from xeroml_nb.scoring.sandbox.python import preparing


def found(*, prepare=False):
    return {one.what: one for one in sandbox(Asked(prepare=prepare))}


def test_where_all_is_ready_both_languages_are_tried(interpreter):
    done = CliRunner().invoke(app, ["doctor", "--prepare", "--json"])
    findings = json.loads(done.stdout)["findings"]
    told = {one["what"]: one for one in findings if one["topic"] == "Sandbox"}
    assert {one["health"] for one in told.values()} == {"ok"}
    assert told["interpreter"]["text"] == str(interpreter.file)
    assert told["Python card"]["text"].startswith("scores, in ")
    assert told["JavaScript card"]["facts"]["seconds"] > 0


def test_before_the_first_use_it_says_how_to_build(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told = found()
    assert told["interpreter"].health is Health.WARNING
    assert told["interpreter"].next_step == "Build it now: xeroml-nb doctor --prepare"
    assert "Python card" not in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("prepare", [False, True])
def test_without_the_packages_it_names_the_extra_and_fails_only_where_they_are_asked_for(
    monkeypatch, prepare
):
    monkeypatch.setattr(preparing, "PACKAGES", ("no-such-package",))
    preparing._key.cache_clear()
    try:
        told = found(prepare=prepare)["interpreter"]
    finally:
        preparing._key.cache_clear()
    assert told.health is (Health.FAILED if prepare else Health.WARNING)
    assert told.next_step == "Install them with: pip install 'xeroml_nb[sandbox]'"
