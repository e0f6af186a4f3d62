"""The export panel without a browser: what it shows, what it sends, what it writes."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field, replace

import pytest
from labelling import Page, run_of, session_of
from server.running import running

import xeroml_nb as xn
from xeroml_nb.errors import AccessDenied, BadInput, NotFound
from xeroml_nb.records.access import Secret
from xeroml_nb.settings import ServerAddress
from xeroml_nb.sync.parcels.base import Scope
from xeroml_nb.sync.sending.planning import Action
from xeroml_nb.sync.sending.preview import Counts, Example, Preview
from xeroml_nb.sync.sending.push import Push
from xeroml_nb.sync.sending.tallies import Done, Refusal
from xeroml_nb.sync.sending.undo import Undone
from xeroml_nb.sync.transport.checking import Check
from xeroml_nb.widgets.export.preview_view import preview_html, preview_line
from xeroml_nb.widgets.export.progress import ProgressBar

MARKUP = "<img src=x onerror=alert(1)>"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"
SECRETS = ("pk-xm-0123456789abcdef", "sk-xm-fedcba9876543210")


def until(condition, *, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ready(panel):
    """The panel, once it does nothing any more."""
    until(lambda: not panel._job.doing and not panel._is_old)
    until(lambda: panel._primary.description not in ("Looking…", "Sending…"))
    return panel


def button(panel):
    """What the main button says, and whether it can be pressed."""
    return panel._primary.description, not panel._primary.disabled


def offers_undo(panel):
    return panel._undo.layout.display != "none"


def state_of(widget):
    """All that a page is told of a widget and of what is in it, style sheets left out."""
    own = {n: v for n, v in widget.get_state().items() if n not in ("_esm", "_css")}
    inner = [state_of(child) for child in getattr(widget, "children", ())]
    return json.dumps(own, default=str) + "".join(inner)


@dataclass(frozen=True)
class Offered(Preview):
    """A preview whose sending is the test's own."""

    sent: object = None

    def send(self, progress=None):
        return self.sent(progress)


@dataclass
class Made(Push):
    """A push whose undoing is the test's own."""

    undone: object = field(default=None)

    def undo(self):
        return self.undone()


class StandIn:
    """A client over a real store, whose server does what a test wants."""

    def __init__(self, client):
        self._client = client
        address = ServerAddress("https://cloud.test", SECRETS[0], Secret(SECRETS[1]))
        self.settings = replace(client.settings, server=address)
        self.counts = {"score": Counts(creates=1_102, updates=12, deletes=3, unchanged=400)}
        self.sample = {}
        self.sent = self.reply
        self.outcome = Made("p1", "everything", "https://cloud.test", None)
        self.check = lambda: Check(ok=True, text="reached https://cloud.test as pk-xm-0123…: all")
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._client, name)

    def preview(self, what=None):
        self.asked.append(what)
        scope = Scope("everything", everything=True)
        return Offered(scope, "https://cloud.test", self.counts, self.sample, None, self._send)

    def _send(self, progress):
        return self.sent(progress)

    def reply(self, progress):
        progress(1_117, 1_517)
        self.counts = {"score": Counts(unchanged=1_517)}
        return self.outcome


@pytest.fixture
def stand_in(client):
    return StandIn(client)


@pytest.fixture
def sending(client, own_folder):
    """A client with a real server, and what that server is."""
    with running(own_folder / "server.db") as server:
        made = xn.get_client(host=server.url, public_key=server.public, secret_key=server.secret)
        yield made, server
        made.close()


# With a real server.


def test_what_is_sent_is_there_once_and_can_be_taken_back(sending):
    client, server = sending
    experiment = run_of(client, [1, 2, 3, 4], "triage")
    client.flush()
    panel = ready(xn.export_panel(experiment, client=client))
    assert f"reached {server.url}" in panel._server.value
    assert "read and write" in panel._server.value
    changes = client.preview(experiment).total.changes
    assert changes > 4
    assert button(panel) == (f"Send {changes} changes", True)
    assert not offers_undo(panel)
    assert repr(panel).startswith("Export panel (triage #1 · ")
    assert f"not sent to {server.url} yet" in repr(panel)

    panel._primary.click()
    assert not button(panel)[1]
    ready(panel)
    assert f"triage #1 · {changes} sent to {server.url}" in panel._outcome.value
    assert "0 not seen · 0 refused" in panel._outcome.value
    assert button(panel) == ("Everything is there already", False)
    with server.http() as there:
        listed = there.get("/experiments").json()["data"]
    assert [one["name"] for one in listed] == ["triage"]
    assert panel._trouble.value == panel._bar.value == ""
    left = repr(panel._remainder._content)
    assert left.startswith(f"triage #1 · {changes} sent to {server.url} ({changes} new)")

    assert offers_undo(panel)
    panel._undo.click()
    ready(panel)
    assert "push undone" in panel._outcome.value
    assert not offers_undo(panel)
    assert button(panel)[0].startswith("Send ")
    with server.http() as there:
        assert there.get("/experiments").json()["data"] == []
    for secret in (server.public, server.secret):
        assert secret not in state_of(panel) + repr(panel) + repr(panel._remainder._content)


# Without a server.


def test_without_a_server_it_says_how_to_set_one_and_writes_files(client, own_folder):
    experiment = run_of(client, [1], "a/b: <c>")
    panel = xn.export_panel(experiment, client=client)
    assert "XEROML_HOST" in panel._server.value
    assert "xeroml-nb serve" in panel._server.value
    for part in (panel._primary, panel._again, panel._table):
        assert part.layout.display == "none"
    form = panel._files
    assert form._path.value == "a-b-c-1.csv"
    form._format.value = "jsonl"
    assert form._path.value == "a-b-c-1.jsonl"
    form._write.click()
    until(lambda: form._said.value)
    assert (own_folder / "a-b-c-1.jsonl").exists()
    assert repr(panel._remainder._content).startswith(f"Wrote {own_folder / 'a-b-c-1.jsonl'} (")
    until(lambda: not form._write.disabled)

    (own_folder / "other.csv").write_text("mine")
    form._path.value = "other.csv"
    form._write.click()
    until(lambda: "is there already" in form._said.value)
    assert (own_folder / "other.csv").read_text() == "mine"
    form._path.value = " "
    form._write.click()
    until(lambda: "There is no path." in form._said.value)


def labelled(client, name="triage"):
    """An experiment that somebody labelled."""
    experiment = run_of(client, [1, 2], name)
    Page(session_of(experiment)).set(0, "pass")
    return experiment


def test_of_several_a_file_each_is_written_into_a_folder(client, own_folder):
    labelled(client, "a b")
    run_of(client, [1, 2], "a/b")
    panel = xn.export_panel(client=client)
    form = panel._files
    assert form._write.description == "Write 3 files"
    assert (form._path.description, form._path.value) == ("folder", "export")
    form._path.value = "out"
    form._write.click()
    until(lambda: "3 files in" in form._said.value)
    written = {path.name for path in (own_folder / "out").iterdir()}
    assert written == {"a-b-1.csv", "a-b-1-2.csv", "labels-of-a-b-1.csv"}


# What is chosen.


def test_experiments_and_labels_are_chosen_from_lists(client, stand_in):
    experiment = labelled(client)
    panel = ready(xn.export_panel(client=stand_in))
    choice = panel._what
    assert stand_in.asked == [None]
    assert choice._list.layout.display == "none"

    choice._kind.value = "experiments"
    assert button(ready(panel)) == ("Choose what to send", False)
    assert panel._table.value == ""
    assert panel._files._write.disabled
    [(text, chosen)] = choice._list.options
    assert text.startswith("triage #1 · finished · ")
    choice._list.value = [chosen]
    ready(panel)
    assert [one.id for one in stand_in.asked[-1]] == [experiment.id]
    assert button(panel) == ("Send 1,117 changes", True)
    assert panel._files._path.value == "triage-1.csv"
    run_of(client, [1, 2], "triage")
    panel.refresh()
    assert len(choice._list.options) == 2
    assert choice._list.value == (chosen,)

    choice._kind.value = "labels"
    [(text, queue_id)] = choice._list.options
    assert text == "triage #1 · labels · ann"
    choice._list.value = [queue_id]
    ready(panel)
    assert [one.queue_id for one in stand_in.asked[-1]] == [queue_id]
    assert panel._files._path.value == "labels-of-triage-1.csv"


def test_what_is_handed_in_is_named_and_cannot_be_changed(client, stand_in):
    experiment = run_of(client, [1], MARKUP)
    panel = ready(xn.export_panel([experiment, experiment.label], client=stand_in))
    assert f"{ESCAPED} #1, {ESCAPED} #1" in panel._what.value
    assert stand_in.asked == [[experiment, experiment.label]]
    with pytest.raises(NotFound, match="no experiment 'nobody'"):
        xn.export_panel("nobody", client=stand_in)


# What is shown.


def test_a_preview_has_a_row_a_kind_and_unfolds_to_a_sample(stand_in):
    stand_in.counts = {
        "item run": Counts(creates=2),
        "score": Counts(creates=1_102, updates=12, deletes=3, unchanged=400, refused_before=2),
        "queue": Counts(unchanged=1),
    }
    stand_in.sample = {
        "score": [
            Example(Action.UPDATE, f"accuracy on {MARKUP}", "value: 0 → 1"),
            Example(Action.DELETE, "score b", "0.5"),
        ]
    }
    preview = stand_in.preview()
    html = preview_html(preview)
    assert "<b>1,102</b>" in html
    for word in ("+ new", "~ changed", "− taken back", "= unchanged", "✕ refused before"):
        assert word in html
    assert html.count("<details") == 1
    assert f"accuracy on {ESCAPED}" in html
    assert "… and 1,115 more changes" in html
    assert "<img" not in html
    assert "✕ 2 changes were refused before: client.dead_letters() tells why." in html
    assert preview_line(preview) == (
        "everything · 1,104 new · 12 changed · 3 taken back · 401 unchanged · 2 refused before"
        " · not sent to https://cloud.test yet"
    )


def test_an_outcome_tells_all_that_went_wrong_in_the_servers_words(stand_in):
    stand_in.outcome.counts = {"score": Done(created=20, refused=12, not_seen=1, left=3)}
    stand_in.outcome.refused = [Refusal(f"score {n}", MARKUP, "Mend it.") for n in range(12)]
    stand_in.outcome.not_seen = ["accuracy on trace 1"]
    panel = ready(xn.export_panel(client=stand_in))
    panel._primary.click()
    ready(panel)
    html = panel._outcome.value
    assert "20 sent to https://cloud.test (20 new) · 19 read back · 1 not seen · 12 refused" in html
    assert "3 left for later" in html
    assert f"score 0</span><q>{ESCAPED}</q>" in html
    assert "Mend it." in html
    assert "client.dead_letters()" in html
    assert "score 9<" in html
    assert "score 10<" not in html
    assert "… and 2 more" in html
    assert "accuracy on trace 1" in html
    assert "<img" not in html


def test_what_could_not_be_taken_back_is_told(stand_in):
    left = [f"score {MARKUP} was changed since"]
    undone = Undone("everything", "https://cloud.test", removed=7, restored=2, stays=1, left=left)
    stand_in.outcome.undone = lambda: undone
    panel = ready(xn.export_panel(client=stand_in))
    panel._primary.click()
    ready(panel)._undo.click()
    ready(panel)
    html = panel._outcome.value
    assert "7 removed · 2 put back as they were · 1 left as they are · 1 of a kind" in html
    assert f"score {ESCAPED} was changed since" in html
    assert not offers_undo(panel)


def test_a_server_that_cannot_be_used_is_told_with_the_next_step(stand_in):
    said = f"https://cloud.test refuses the keys: {MARKUP} Make new ones."
    stand_in.check = lambda: Check(ok=False, text=said)
    panel = ready(xn.export_panel(client=stand_in))
    assert "✕" in panel._server.value
    assert f"refuses the keys: {ESCAPED} Make new ones." in panel._server.value
    stand_in.check = lambda: Check(ok=True, text="reached https://cloud.test")
    panel._again.click()
    ready(panel)
    assert "✓" in panel._server.value
    assert "reached https://cloud.test" in panel._server.value


def test_what_goes_wrong_on_the_thread_is_shown_and_the_panel_goes_on(stand_in):
    def denied(progress):
        progress(500, 1_517)
        raise AccessDenied(f"The server said {MARKUP}.", "Ask for rights.")

    stand_in.sent = denied
    panel = ready(xn.export_panel(client=stand_in))
    panel._primary.click()
    until(lambda: panel._trouble.value)
    ready(panel)
    assert f"The server said {ESCAPED}. Ask for rights." in panel._trouble.value
    assert panel._bar.value == panel._outcome.value == ""
    assert button(panel) == ("Send 1,117 changes", True)
    assert not offers_undo(panel)
    stand_in.sent = stand_in.reply
    panel._primary.click()
    ready(panel)
    assert panel._trouble.value == ""
    assert button(panel) == ("Everything is there already", False)

    def broken(*_):
        raise OSError("disk I/O error")

    stand_in.outcome.undone = broken
    panel._undo.click()
    until(lambda: "OSError: disk I/O error" in panel._trouble.value)
    assert offers_undo(ready(panel))
    stand_in.preview = broken
    panel._again.click()
    until(lambda: button(panel) == ("Not looked at yet", False))
    assert "OSError: disk I/O error" in panel._trouble.value


# What is pressed.


def test_a_second_click_starts_no_second_push_and_the_notebook_stays_alive(stand_in):
    going, calls = threading.Event(), []

    def slow(progress):
        calls.append(1)
        progress(300, 1_517)
        assert going.wait(20)
        return stand_in.reply(progress)

    stand_in.sent = slow
    panel = ready(xn.export_panel(client=stand_in))
    panel._primary.click()
    panel._primary.click()
    panel._again.click()
    panel.refresh()
    assert button(panel) == ("Sending…", False)
    assert panel._again.disabled
    going.set()
    ready(panel)
    panel._primary.click()
    ready(panel)
    assert calls == [1]


def test_the_bar_moves_at_most_five_times_a_second_and_shows_the_end():
    bar, drawn = ProgressBar(), []
    bar.observe(lambda change: drawn.append(change["new"]), names="value")
    bar.begin(10_000)
    for done in range(0, 10_001, 10):
        bar.move(done, 10_000)
    assert len(drawn) < 20
    assert 'aria-valuenow="10000"' in drawn[-1]
    assert "10,000 done · reading back" in drawn[-1]
    bar.end()
    assert bar.value == ""


def test_nothing_to_send_is_no_button_to_press(stand_in):
    stand_in.counts = {}
    panel = ready(xn.export_panel(client=stand_in))
    assert button(panel) == ("Nothing to send", False)
    stand_in.counts = {"trace": Counts(creates=1)}
    panel.refresh()
    assert button(ready(panel)) == ("Send 1 change", True)


def test_the_state_is_small_and_holds_no_key(stand_in, client):
    for name in ("dataset", "item", "trace", "experiment", "item run", "score config", "queue"):
        stand_in.counts[name] = Counts(creates=10_000_000, refused_before=5)
        stand_in.sample[name] = [Example(Action.CREATE, "t" * 300, "d" * 300)] * 5
    stand_in.outcome.counts = {"score": Done(created=10_000_000, refused=10_000)}
    stand_in.outcome.refused = [Refusal("t" * 300, "s" * 300, "n" * 300)] * 10_000
    panel = ready(xn.export_panel(client=stand_in))
    panel._primary.click()
    ready(panel)
    held = state_of(panel)
    assert 10_000 < len(held) < 60_000
    kept = (
        held
        + repr(panel)
        + repr(panel._remainder._content)
        + panel._remainder._content._repr_html_()
    )
    assert not [secret for secret in SECRETS if secret in kept]


def test_what_cannot_be_sent_is_refused_before_anything_is_shown(stand_in):
    with pytest.raises(BadInput, match="given a int"):
        xn.export_panel(3, client=stand_in)
    with pytest.raises(BadInput, match="an empty list"):
        xn.export_panel([], client=stand_in)
