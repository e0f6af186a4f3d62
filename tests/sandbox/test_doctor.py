"""`xeroml-nb doctor` says whether scoring code can run."""

from __future__ import annotations

import sys

from typer.testing import CliRunner

from xeroml_nb.cli import app
from xeroml_nb.scoring.sandbox.python import preparing


def asked(*words):
    return CliRunner().invoke(app, ["doctor", *words])


def test_where_all_is_ready_both_languages_are_tried(interpreter):
    done = asked("--prepare")
    assert done.exit_code == 0
    found = {line[:16].strip(): line[17:] for line in done.output.splitlines()}
    assert found["interpreter"] == str(interpreter.file)
    assert found["Python card"].startswith("scores, in 0.")
    assert found["JavaScript card"].startswith("scores, in 0.")
    assert found["wasmtime"].split(".")[0].isdigit()


def test_before_the_first_use_it_says_how_to_build(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = asked()
    assert done.exit_code == 0
    assert "not built; build it with --prepare" in done.output
    assert not list(tmp_path.iterdir())


def test_without_the_packages_it_fails_and_names_the_extra(monkeypatch):
    monkeypatch.setattr(preparing, "PACKAGES", ("no-such-package",))
    monkeypatch.setattr(sys.modules["xeroml_nb.cli.doctor"], "_PACKAGES", ("no-such-package",))
    preparing._key.cache_clear()
    try:
        done = asked()
    finally:
        preparing._key.cache_clear()
    assert done.exit_code == 1
    assert "no-such-package  not installed" in done.output
    assert "pip install 'xeroml_nb[sandbox]'" in done.output
