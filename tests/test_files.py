"""Experiments and labels as files: what comes back, what is refused, what people see in them."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
import time
import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelling import (
    EVERY_KIND,
    PREFERENCE,
    VERDICT,
    Page,
    client_of_copy,
    human_scores,
    labels_of,
    make_items,
    run_of,
    session_of,
    session_of_queue,
    store_with,
    terms,
)
from pandas.testing import assert_frame_equal

import xeroml_nb as xn
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.errors import BadInput, BadRow, MissingExtra, NotFound
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import (
    ExperimentStatus,
    ItemRun,
    ItemStatus,
)
from xeroml_nb.records.ids import create_trace_id
from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import experiments as stored
from xeroml_nb.store import scores as stored_scores
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.schema import metadata as tables
from xeroml_nb.sync.files import cells
from xeroml_nb.sync.files.cells import Cell
from xeroml_nb.sync.files.layout import EXPERIMENT
from xeroml_nb.sync.files.reading import FORMATS, opened
from xeroml_nb.sync.files.writing import head_of, write

SUFFIXES = tuple(FORMATS)
every_format = pytest.mark.parametrize("suffix", SUFFIXES)
ODD_OUTPUTS = [
    "Grüße, 世界\n\"quoted\", 'too'\r\nthird line\t.",
    '=HYPERLINK("http://example.com")',
    "",
    "'",
    "1",
    "null",
    "NaN",
    None,
    -0.5,
    1,
    1.0,
    True,
    {"a": [1, 2.5, None, {"b": ""}], "=x": "@y"},
    [],
    "\ud800 half a pair",
    "{no json",
    " @leading",
]


def odd_experiment(client):
    """An experiment with all that is hard to write down."""
    rows = [
        {"id": f"i{n}", "input": output, "expected_output": output, "metadata": {"n": n}}
        for n, output in enumerate(ODD_OUTPUTS)
    ]
    client.create_dataset(name="odd/ones", items=rows, description="=1+1")

    def task(item):
        if item.id in ("i1", "i3"):
            raise ValueError(f"=no\n{item.id}")
        return item.input

    def judge(output):
        return {"number": 1.0, "truth": output != "", "category": "1"}

    def broken(output):
        raise RuntimeError("evaluator says no")

    experiment = client.start(
        task,
        "odd/ones",
        name="odd",
        repetitions=2,
        evaluators=[judge, broken],
        metadata={"why": "=x", "n": 1},
    ).wait()
    traces = [r.trace_id for r in experiment.get_results()]
    client.score(trace_id=traces[0], name="number", value=3, source="human", author="ann")
    client.score(trace_id=traces[0], name="number", value=2, source="human", author="bob")
    client.score(trace_id=traces[0], name="number", value=4, source="human", author="ann")
    client.score(trace_id=traces[4], name="tone", value="@warm", comment="", metadata=[1, "é"])
    client.score(trace_id=traces[5], name="x", value=-0.25, observation_id="ab" * 8, author="+me")
    whole = new_score(ScoreTarget(experiment_id=experiment.id), "verdict", value=False)
    client.store.write_rows(Rows(scores=[whole]))
    return experiment


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    def labelled(client):
        experiment = run_of(client, list("abcdef"))
        for name, values in (("ann", "ppfff"), ("bob", "pfff")):
            page = Page(session_of(experiment, EVERY_KIND, name, agreed=terms(repeats=0.5)))
            for place, value in enumerate(values):
                page.set(place, {"p": "pass", "f": "fail"}[value])
            page.set(0, 4, "tone")
            page.set(0, 2.5, "cost", active_seconds=1.25)
            page.set(1, value=True, dimension="safe")
            page.set(1, "=because\nof", "why")
            page.do("flag", 2)
            page.do("comment", 2, value="@odd, 'quoted'")
            page.do("correct", 2, value="")
            page.do("skip", 5)
            page.set(3, "pass")
            page.do("undo", 3)

    fills = {"experiment": odd_experiment, "labelled": labelled}
    return {name: store_with(tmp_path_factory.mktemp(name), fills[name]) for name in fills}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The text of two files: of three item runs with a score each, and of labels."""
    folder = tmp_path_factory.mktemp("written")

    def fill(client):
        run = plain_run(client, evaluators=[has_text])
        Page(session_of(run)).set_all(["pass", "fail"])
        client.export(run, folder / "plain.jsonl")
        client.export(labels_of(session_of(run)), folder / "labels.jsonl")

    store_with(folder, fill)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl")}


def has_text(output):
    return bool(output)


@pytest.fixture
def exported(own_folder, written):
    """A file that a test may spoil: JSONL, of three item runs with a score each."""
    (own_folder / "plain.jsonl").write_text(written["plain.jsonl"], encoding="utf-8")
    return own_folder / "plain.jsonl"


@pytest.fixture
def exported_labels(own_folder, written):
    """A file that a test may spoil: JSONL, of two labels."""
    (own_folder / "labels.jsonl").write_text(written["labels.jsonl"], encoding="utf-8")
    return own_folder / "labels.jsonl"


@pytest.fixture
def client(own_folder, templates, request):
    """As everywhere, over a store that holds what a test asks for."""
    made = client_of_copy(templates, request.fixturenames, own_folder)
    yield made
    made.close()


@pytest.fixture
def experiment(client):
    """All that is hard to write down."""
    return client.get_experiment("odd")


@pytest.fixture
def labelled(client):
    """What two people said of six outputs."""
    return labels_of(session_of(client.get_experiment("run"), EVERY_KIND))


@pytest.fixture
def other(own_folder):
    """A client over another store, which is empty."""
    made = xn.get_client(own_folder / "other.db")
    yield made
    made.close()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A client over a store into which nothing ever gets."""
    made = xn.get_client(tmp_path_factory.mktemp("untouched") / "store.db")
    yield made
    made.close()


def everything(client):
    """All rows of a store."""
    client.store.flush()
    with client.store.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in tables.sorted_tables
        }


def plain_run(client, name="plain", outputs="abc", **options):
    return run_of(client, list(outputs), name, **options)


def rows_of(path):
    """The rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def put_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# Experiments there and back.


@every_format
def test_an_experiment_comes_back_as_it_was(client, experiment, other, suffix):
    path = client.export(experiment, f"odd{suffix}")
    found = other.import_file(path)
    assert_frame_equal(found.to_frame(), experiment.to_frame(), check_exact=True)
    assert_frame_equal(found.summary(), experiment.summary(), check_exact=True)
    assert [type(v) for v in found.to_frame()["output"]] == [
        type(v) for v in experiment.to_frame()["output"]
    ]
    assert found.get_results() == experiment.get_results()
    assert_frame_equal(other.get_scores(), client.get_scores())
    assert {type(v) for v in other.get_scores(name="number")["value"]} == {float}
    assert found.record == experiment.record
    assert (found.label, found.status, found.progress) == (
        experiment.label,
        experiment.status,
        experiment.progress,
    )
    before, after = (c.get_dataset("odd/ones") for c in (client, other))
    assert (after.items, after.version, after.id) == (before.items, before.version, before.id)
    assert after.content_hash == before.content_hash == found.record.content_hash
    assert other.export(found, f"again{suffix}").read_bytes() == path.read_bytes()


def test_importing_a_file_again_changes_nothing(client, experiment, other):
    path = client.export(experiment, "odd.csv")
    own = everything(client)
    assert client.import_file(path).id == experiment.id
    assert everything(client) == own
    other.import_file(path)
    once = everything(other)
    other.import_file(path)
    assert everything(other) == once


def test_what_a_loop_of_the_users_own_ran_comes_back(client, other):
    make_items(client, 2)
    mixed = client.create_experiment(name="loop", dataset_name="items")
    alone = client.create_experiment(name="loop", metadata={"a": 1})
    for experiment in (mixed, alone):
        for n in (2, 1, 2):
            with experiment.run_item_raw(input={"n": n}, metadata={"k": str(n)}) as run:
                run.set_output(n)
        with pytest.raises(ZeroDivisionError), experiment.run_item_raw(input="bad") as run:
            1 / 0  # noqa: B018
    with mixed.run_item(client.get_dataset("items").items[1]) as run:
        run.set_output("of the dataset")
    for experiment in (mixed, alone):
        found = other.import_file(client.export(experiment, f"{experiment.id}.csv"))
        assert_frame_equal(found.to_frame(), experiment.to_frame())
        assert found.get_results() == experiment.get_results()
        assert (found.status, found.label) == (ExperimentStatus.OPEN, experiment.label)


def test_a_stopped_run_over_a_selection_comes_back_with_the_whole_dataset(client, other):
    dataset = make_items(client, 20)
    chosen = dataset.sample(5, seed=3)

    ran = client.start(lambda number: number, chosen, name="some", concurrency=1).wait()
    gone = [ran.get_results()[i].item.id for i in (1, 3)]
    runs = tables.tables["item_runs"]
    client.store.write(lambda c: c.execute(runs.delete().where(runs.c.item_id.in_(gone))))
    client.store.write(lambda c: stored.set_status(c, ran.id, ExperimentStatus.STOPPED, None))
    path = client.export("some", "some.jsonl")
    found = other.import_file(path)
    before = client.get_experiment("some #1")
    assert_frame_equal(found.to_frame(), before.to_frame())
    assert list(found.to_frame()["status"]).count("pending") == 2
    assert found.record == before.record
    assert len(other.get_dataset("items")) == 20


def test_a_run_whose_process_was_killed_is_exported_as_stopped(client, other):
    plain_run(client)
    key = client.get_experiment("plain").id
    client.store.write(lambda c: stored.set_status(c, key, ExperimentStatus.RUNNING, None))
    fresh = xn.get_client(client.store.place)
    found = other.import_file(fresh.export("plain", "plain.csv"))
    assert found.status is ExperimentStatus.STOPPED


def test_a_number_that_is_taken_becomes_the_next_and_that_is_said(client, other):
    path = client.export(plain_run(client), "plain.csv")
    plain_run(other)
    with pytest.warns(UserWarning, match="plain #1 is plain #2 in this store"):
        found = other.import_file(path)
    assert found.label == "plain #2"
    assert other.import_file(path).label == "plain #2"
    assert len(other.experiments()) == 2


def test_a_file_goes_to_the_store_of_a_team_and_back(postgresql, client, labelled):
    experiment = odd_experiment(client)
    team = xn.get_client(postgresql("files"))
    try:
        found = team.import_file(client.export(experiment, "odd.csv"))
        assert_frame_equal(found.to_frame(), experiment.to_frame())
        again = team.export(found, "again.csv")
        assert again.read_text() == (again.parent / "odd.csv").read_text()
        team.import_file(client.export(client.get_experiment("run"), "run.csv"))
        assert_same_labels(team.import_file(client.export(labelled, "l.parquet")), labelled)
        known = everything(team)
        for name in ("odd.csv", "run.csv", "l.parquet"):
            team.import_file(name)
        assert everything(team) == known
    finally:
        team.close()


# What is there already.


def test_a_dataset_keeps_its_items_and_gets_those_of_the_file_as_a_version(client, other):
    early = client.export(plain_run(client, "early"), "early.csv")
    mine = other.create_dataset(name="items", items=[{"id": "i0", "input": "mine"}])
    client.create_dataset(name="items", items=[{"id": f"i{n}", "input": n} for n in (2, 1)])
    late = client.start(lambda n: n, "items", name="late").wait()
    own = other.start(lambda text: text, "items", name="own").wait()
    frame = own.to_frame()
    for path in (early, client.export(late, "late.csv")):
        with pytest.warns(UserWarning, match="has other items in this store and keeps them"):
            found = other.import_file(path)
        before = client.get_experiment(found.name)
        assert_frame_equal(found.to_frame(), before.to_frame())
        version = found.record.dataset_version
        wanted = client.get_dataset("items", version=version).items
        assert other.get_dataset("items", version=version).items == wanted
    assert other.get_dataset("items").items == mine.items
    assert other.get_dataset("items").id == mine.id
    assert_frame_equal(other.get_experiment("own").to_frame(), frame)
    early = client.get_experiment("early")
    assert_frame_equal(other.get_experiment("early").to_frame(), early.to_frame())


def test_a_dataset_with_the_same_items_is_the_same_dataset(client, other):
    make_items(other, 3)
    path = client.export(plain_run(client), "plain.csv")
    found = other.import_file(path)
    mine = other.start(lambda n: "abc"[n], "items", name="mine").wait()
    assert found.record.dataset_id == mine.record.dataset_id
    assert_frame_equal(found.to_frame(), client.get_experiment("plain").to_frame())


def test_other_items_at_the_very_version_of_the_file_are_refused(client, other):
    run = plain_run(client)
    rows = rows_of(client.export(run, "plain.jsonl"))
    other.import_file("plain.jsonl")
    known = everything(other)
    [dataset] = [row for row in rows if row["record"] == "dataset"]
    rows[rows.index(dataset)] = dataset | {"details": dataset["details"] | {"items_hash": ""}}
    put_rows(own := client.export(run, "plain.jsonl"), rows)
    with pytest.raises(BadInput, match="has other items here at its version"):
        other.import_file(own)
    assert everything(other) == known


def test_a_later_export_adds_what_is_new(client, other):
    def task(number):
        if number == 2 and not fixed:
            raise ValueError("not yet")
        return number

    fixed = []
    make_items(client, 3)
    run = client.start(task, "items", name="grows").wait()
    trace = run.get_results()[0].trace_id
    client.score(trace_id=trace, name="tone", value=1)
    other.import_file(client.export(run, "grows.csv"))
    fixed.append(1)
    run.retry_failed().wait()
    client.score(trace_id=trace, name="tone", value=2, comment="better")
    client.score(trace_id=trace, name="new", value="x")
    found = other.import_file(client.export(run, "grows.csv"))
    assert_frame_equal(found.to_frame(), run.to_frame())
    assert_frame_equal(other.get_scores(), client.get_scores())
    with other.store.reading() as connection:
        [tone] = stored_scores.find(connection, name="tone")
        assert stored_scores.history(connection, tone.id) == [(1.0, None)]


def test_what_was_changed_or_taken_back_here_meanwhile_stays(client, other):
    run = plain_run(client)
    traces = [r.trace_id for r in run.get_results()]
    changed = client.score(trace_id=traces[0], name="tone", value=1)
    gone = client.score(trace_id=traces[1], name="tone", value=1)
    path = client.export(run, "plain.csv")
    other.import_file(path)
    other.score(trace_id=traces[0], name="tone", value=5)
    other.store.write(lambda c: stored_scores.retract(c, [gone.id]))
    known = everything(other)
    other.import_file(path)
    assert everything(other) == known
    assert list(other.get_scores(name="tone")["id"]) == [changed.id]


def test_a_success_here_stays_where_the_file_has_another_output(client, other):
    path = client.export(plain_run(client), "plain.jsonl")
    other.import_file(path)
    rows = rows_of(path)
    for row in rows:
        if row["record"] == "run" and row["item_id"] == "i1":
            row["output"] = "changed"
    with pytest.warns(UserWarning, match="1 item runs have another output in this store"):
        found = other.import_file(put_rows(path, rows))
    assert list(found.to_frame()["output"]) == list("abc")


def test_the_id_of_another_experiment_is_refused(client, other):
    path = client.export(plain_run(client), "plain.jsonl")
    other.import_file(path)
    rows = rows_of(path)
    for row in rows:
        if row["record"] == "experiment":
            row["details"]["name"] = "another"
    with pytest.raises(BadInput, match=r"another #1 has the id .* which is that of plain #1 here"):
        other.import_file(put_rows(path, rows))


# What people see in a file.


def test_a_spreadsheet_runs_nothing_of_a_csv_file(client, experiment):
    text = client.export(experiment, "odd.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    for row in csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")):
        for cell in row:
            risky = cell.lstrip()[:1] in ("=", "+", "-", "@")
            assert not risky or float(cell) < 0


def test_pandas_reads_every_kind_of_file(client, experiment):
    readers = {
        ".csv": pd.read_csv,
        ".jsonl": lambda path: pd.read_json(path, lines=True),
        ".parquet": pd.read_parquet,
    }
    for suffix, read in readers.items():
        frame = read(client.export(experiment, f"odd{suffix}"))
        runs = frame[frame["record"] == "run"]
        assert list(runs["trace_id"]) == list(experiment.to_frame()["trace_id"])
        assert list(runs["item_id"])[:4] == ["i0", "i0", "i1", "i1"]
        named = frame[(frame["record"] == "score") & (frame["name"] == "category")]
        assert len(named) == (frame["status"] == "ok").sum()
    assert runs["started_at"].dtype.tz is not None


def test_a_parquet_file_says_in_its_schema_what_it_is(client, experiment):
    import pyarrow.parquet as pq

    schema = pq.read_schema(client.export(experiment, "odd.parquet"))
    head = json.loads(schema.metadata[b"xeroml_nb"])
    assert (head["xeroml_nb"], head["format"], head["id"]) == ("experiment", 1, experiment.id)
    assert schema.field("output").metadata == {b"holds": b"json"}


def test_a_text_stands_in_a_csv_cell_as_it_is(client):
    path = client.export(plain_run(client, outputs=["Hello,\nworld", "7 apples", "7"]), "p.csv")
    frame = pd.read_csv(path)
    runs = frame[frame["record"] == "run"]
    assert list(runs["output"]) == ["Hello,\nworld", "7 apples", "'7"]


# Cells.

plain_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5))]),
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
leading = st.sampled_from(["=", "+", "-", "@", "'", '"', "{", "[", " ", "\t", "\r", "1", "null"])
texts = plain_texts | st.builds(str.__add__, leading, plain_texts)
any_text = texts | st.text(max_size=5)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
OF_KIND = {
    Cell.TEXT: texts,
    Cell.INTEGER: st.integers(0, 2**31 - 1),
    Cell.NUMBER: numbers,
    Cell.TRUTH: st.booleans(),
    Cell.MOMENT: moments,
    Cell.JSON: jsons,
}
some_cells = st.sampled_from(Cell).flatmap(lambda kind: st.tuples(st.just(kind), OF_KIND[kind]))


@settings(max_examples=250, deadline=None)
@given(some_cells)
def test_a_csv_cell_comes_back_and_runs_nothing(cell):
    kind, value = cell
    text = cells.to_csv(kind, value)
    lines = io.StringIO(newline="")
    csv.writer(lines).writerow(["", text])
    [[_, read]] = csv.reader(io.StringIO(lines.getvalue(), newline=""), strict=True)
    assert read == text != ""
    text.encode()
    back = cells.from_csv(kind, read)
    assert (back, type(back)) == (value, type(value))
    if kind is Cell.JSON:
        assert to_json(back) == to_json(value)
    first = text.lstrip()[:1]
    assert first not in ("=", "+", "@", "＝", "＋", "－", "＠")
    assert first != "-" or math.isfinite(float(text))


rows = st.lists(
    st.fixed_dictionaries(
        {
            "record": st.just("run"),
            "item_id": texts,
            "repetition": OF_KIND[Cell.INTEGER],
            "status": st.just("ok"),
            "attempts": st.just(1),
            "trace_id": texts,
            "started_at": moments,
        },
        optional={
            "input": jsons,
            "output": jsons,
            "error": texts,
            "latency_s": numbers,
            "local": st.booleans(),
            "evaluator_errors": jsons,
        },
    ),
    max_size=4,
)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows)
def test_rows_come_back_from_a_file_as_they_were(own_folder, suffix, rows):
    head = head_of("experiment", "x", "=any")
    path = write(own_folder / f"any{suffix}", head, rows)
    with opened(path) as export:
        assert export.head == head
        found = [{"record": row.record, **row.cells} for row in export.rows]
    assert found == rows
    assert [to_json(row.get("output")) for row in found] == [
        to_json(row.get("output")) for row in rows
    ]


# What is refused.


def changed(path, record, spoilt, nth=0):
    """The file with other cells in one row; None takes a cell away."""
    rows = rows_of(path)
    row = [row for row in rows if row["record"] == record][nth]
    for name, value in spoilt.items():
        row[name] = value
        if value is None:
            del row[name]
    return put_rows(path, rows)


@contextmanager
def nothing_stored(client, *words, row=None):
    """The block is refused with these words, and the store stays as it is."""
    known = everything(client)
    with pytest.raises(BadInput) as caught:
        yield
    said = str(caught.value)
    assert all(word in said for word in words), said
    assert caught.value.next_step
    if row is not None:
        assert isinstance(caught.value, BadRow)
        assert caught.value.row == row
    assert everything(client) == known


SPOILT = [
    ("run", {"status": "great"}, "'great' is not a valid ItemStatus"),
    ("run", {"status": "pending"}, "what was not run has no row"),
    ("run", {"attempts": -1}, "its attempts is '-1'; use a whole number from 0"),
    ("run", {"attempts": 1.5}, "its attempts is '1.5'"),
    ("run", {"latency_s": "fast"}, "its latency_s is 'fast'; use a finite number"),
    ("run", {"started_at": "2026-01-01T00:00:00"}, "use a moment with its time zone"),
    ("run", {"item_id": None}, "it is a row of 'run' and has no item_id"),
    ("run", {"item_id": "i9"}, "its item is not 'i9' as the dataset of the file has it"),
    ("run", {"input": "other"}, "its item is not 'i0' as the dataset of the file has it"),
    ("run", {"local": "yes"}, "its local is 'yes'; use true or false"),
    ("run", {"name": "x"}, "it is a row of 'run', in which name stay empty"),
    ("run", {"colour": "red"}, "it has 'colour', which is not known"),
    ("run", {"evaluator_errors": {"a": 1}}, "its evaluator_errors are no object of texts"),
    ("score", {"value": "yes"}, "BOOLEAN score 'has_text' has the value 'yes'"),
    ("score", {"data_type": "TRUTH"}, "Use one of 'NUMERIC', 'BOOLEAN', 'CATEGORICAL'"),
    ("score", {"source": "dog"}, "'dog' is not a valid ScoreSource"),
    ("score", {"trace_id": "ab"}, "no run before it has its item, repetition and trace 'ab'"),
    ("score", {"trace_id": "\ud800"}, "its trace_id is"),
    ("score", {"score_id": ""}, "The score_id is ''"),
    ("score", {"record": "points"}, "its record is 'points'; use one of head, dataset"),
    ("item", {"input": None}, "it is a row of 'item' and has no input"),
    ("experiment", {"details": []}, "its details are no object"),
    ("experiment", {"details": {}}, "its details have status None; use a text"),
    ("dataset", {"details": {"created_at": "x"}}, "its details have created_at 'x'; use a moment"),
]


@pytest.mark.parametrize(("record", "spoilt", "said"), SPOILT, ids=[s[2][:40] for s in SPOILT])
def test_a_row_that_was_changed_into_something_invalid_is_named(
    untouched, exported, record, spoilt, said
):
    number = [row["record"] for row in rows_of(exported)].index(record) + 1
    changed(exported, record, spoilt)
    with nothing_stored(untouched, f"Row {number} of {exported}", said, row=number):
        untouched.import_file(exported)


SPOILT_DETAILS = [
    ("experiment", {"status": "running"}, "the experiment is running; none is in a file"),
    ("experiment", {"planned": True}, "have planned True; use a whole number from 0 on"),
    ("experiment", {"evaluators": [1]}, "have evaluators [1]; use a list of texts"),
    ("experiment", {"dataset_version": None}, "it ran over another version of the dataset"),
    ("dataset", {"created_at": "2026-01-01T00:00:00"}, "use a moment"),
    ("queue", {"kind": "dance"}, "its kind is 'dance'; use one of"),
    ("queue", {"repeats": 2}, "have repeats 2; use a number from 0 to 1"),
]


@pytest.mark.parametrize("case", SPOILT_DETAILS, ids=[s[2][:40] for s in SPOILT_DETAILS])
def test_one_detail_that_cannot_be_is_named(untouched, exported, exported_labels, case):
    record, spoilt, said = case
    path = exported_labels if record == "queue" else exported
    rows = rows_of(path)
    number = [row["record"] for row in rows].index(record)
    changed(path, record, {"details": rows[number]["details"] | spoilt})
    with nothing_stored(untouched, said, row=number + 1):
        untouched.import_file(path)


def test_json_that_is_nested_too_deeply_is_told_of(untouched, exported):
    lines = exported.read_text(encoding="utf-8").splitlines()
    deep = '{"record": "item", "input": ' + "[" * 100_000
    exported.write_text("\n".join([lines[0], "", deep]), encoding="utf-8")
    with nothing_stored(untouched, "it is nested too deeply"):
        untouched.import_file(exported)


def test_rows_that_stand_twice_or_are_missing_are_told(untouched, exported):
    whole = rows_of(exported)
    names = [row["record"] for row in whole]
    last = len(whole)

    def spoil(rows):
        return put_rows(exported, rows)

    for record in ("run", "score", "item", "experiment", "dataset"):
        place = names.index(record)
        spoil([*whole[: place + 1], *whole[place:]])
        with nothing_stored(
            untouched, "before it" if record in ("run", "score", "item") else "second"
        ):
            untouched.import_file(exported)
    spoil([*whole[: names.index("score")], *whole[names.index("score") + 1 :]])
    with nothing_stored(untouched, f"holds {last - 3} rows, and {last - 2} were written to it"):
        untouched.import_file(exported)
    spoil(whole[:-1])
    with nothing_stored(untouched, f"is cut short: it ends after {last - 2} rows"):
        untouched.import_file(exported)
    spoil([*whole, whole[-1]])
    with nothing_stored(untouched, "it stands after the end", row=last + 1):
        untouched.import_file(exported)
    spoil([whole[0], *whole[2:4], whole[1], *whole[4:]])
    with nothing_stored(untouched, "it stands before the row of 'experiment'", row=2):
        untouched.import_file(exported)
    spoil([*whole[:7], whole[4], *whole[7:]])
    with nothing_stored(untouched, "it is a row of 'item' out of its place", row=8):
        untouched.import_file(exported)
    spoil([*whole[:5], whole[-1] | {"details": {"rows": 4}}])
    with nothing_stored(untouched, "has no row of 'experiment'"):
        untouched.import_file(exported)
    spoil([row if row["record"] != "item" else row | {"input": 7} for row in whole])
    with nothing_stored(untouched, "are not those that were written to it"):
        untouched.import_file(exported)


@every_format
def test_a_file_that_was_cut_anywhere_is_refused(client, untouched, suffix):
    path = client.export(plain_run(client), f"plain{suffix}")
    whole = path.read_bytes()
    for share in (0.05, 0.3, 0.6, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        with nothing_stored(untouched, str(path)):
            untouched.import_file(path)


def test_a_csv_file_with_other_columns_is_refused(client, other):
    path = client.export(plain_run(client), "plain.csv")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.drop(columns=["output", "trace_id"]).to_csv(path, index=False)
    with nothing_stored(other, f"{path} lacks the columns output, trace_id"):
        other.import_file(path)
    frame.assign(notes="").to_csv(path, index=False)
    with nothing_stored(other, f"{path} has columns that are not known: 'notes'"):
        other.import_file(path)
    frame.to_csv(path, index=False)
    text = path.read_text()
    path.write_text(text.replace("source,author", "source,source"))
    with nothing_stored(other, f"{path} has the column 'source' twice"):
        other.import_file(path)
    path.write_text(text.replace("\nrun,", "\nrun,,", 1))
    with nothing_stored(other, "it has 29 cells, and the file 28 columns"):
        other.import_file(path)
    # Written anew by pandas it is still the same.
    path.write_text(text)
    assert_frame_equal(
        other.import_file(path).to_frame(), client.get_experiment("plain").to_frame()
    )


@every_format
def test_a_newer_format_says_what_to_do(untouched, own_folder, suffix):
    head = head_of("experiment", "x", "x") | {"format": 2}
    path = write(own_folder / f"newer{suffix}", head, [])
    with nothing_stored(untouched, "was written in format 2", "pip install -U xeroml_nb"):
        untouched.import_file(path)


def test_what_is_no_export_is_refused(untouched, own_folder):
    (own_folder / "rows.csv").write_text("input,output\n1,2\n")
    (own_folder / "empty.csv").write_text("")
    (own_folder / "rows.jsonl").write_text('{"input": 1}\n')
    (own_folder / "list.jsonl").write_text("[1]\n")
    (own_folder / "binary.csv").write_bytes(bytes(range(256)))
    pd.DataFrame({"a": [1]}).to_parquet(own_folder / "rows.parquet")
    (own_folder / "text.parquet").write_text("no parquet")
    (own_folder / "folder.csv").mkdir()
    said = {
        "rows.csv": "is no export of this package",
        "empty.csv": "is no export of this package",
        "rows.jsonl": "is no export of this package",
        "list.jsonl": "is no export of this package",
        "rows.parquet": "is no export of this package",
        "binary.csv": "cannot be read",
        "text.parquet": "cannot be read",
        "folder.csv": "There is no file",
        "missing.csv": "There is no file missing.csv",
        "rows.xlsx": "There is no file",
    }
    for name, words in said.items():
        with nothing_stored(untouched, words):
            untouched.import_file(name)
    (own_folder / "rows.xlsx").write_text("")
    with nothing_stored(untouched, "End it in .csv, .jsonl, .parquet"):
        untouched.import_file("rows.xlsx")


def test_a_running_experiment_is_not_exported(client):
    make_items(client, 30)
    run = client.start(lambda _: time.sleep(0.1), "items", name="slow", concurrency=1)
    try:
        with pytest.raises(BadInput, match="slow #1 is still running"):
            client.export(run, "slow.csv")
    finally:
        run.stop()


def test_an_export_replaces_only_an_earlier_one_of_the_same(client, own_folder):
    run, second = plain_run(client), plain_run(client)
    path = client.export(run, "plain.csv")
    client.score(trace_id=run.get_results()[0].trace_id, name="more", value=1)
    assert "more" in client.export(run, "plain.csv").read_text()
    kept = path.read_bytes()
    with pytest.raises(BadInput, match="is there already, and is the export of 'plain #1'"):
        client.export(second, "plain.csv")
    (own_folder / "notes.csv").write_text("mine")
    with pytest.raises(BadInput, match="is there already, and is no export of this package"):
        client.export(run, "notes.csv")
    with pytest.raises(BadInput, match="There is no folder"):
        client.export(run, "nowhere/plain.csv")
    with pytest.raises(BadInput, match="does not say which kind of file"):
        client.export(run, "plain.txt")
    assert path.read_bytes() == kept
    assert (own_folder / "notes.csv").read_text() == "mine"


def test_a_write_that_fails_leaves_the_earlier_file(client, own_folder, monkeypatch):
    path = client.export(plain_run(client), "plain.csv")
    kept = path.read_bytes()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xeroml_nb.sync.files.csv_file.to_csv", fails)
    with pytest.raises(BadInput, match="cannot be written \\(No space left on device\\)"):
        client.export("plain", "plain.csv")
    assert path.read_bytes() == kept
    assert [p.name for p in own_folder.iterdir() if "plain" in p.name] == ["plain.csv"]


def test_parquet_without_its_package_names_the_extra(client, monkeypatch):
    path = client.export(plain_run(client), "plain.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'xeroml_nb\[parquet\]'"):
        client.export("plain", "other.parquet")
    with pytest.raises(MissingExtra, match="Reading Parquet"):
        client.import_file(path)


def test_only_experiments_and_labels_of_this_store_are_exported(client, other, labelled):
    with pytest.raises(NotFound, match="no experiment 'nothing'"):
        client.export("nothing", "x.csv")
    with pytest.raises(BadInput, match="lives in another store"):
        other.export(client.get_experiment("run"), "x.csv")
    with pytest.raises(BadInput, match="live in another store"):
        other.export(labelled, "x.csv")
    with pytest.raises(BadInput, match=r"export\(\) was given a int"):
        client.export(1, "x.csv")


def test_memory_does_not_grow_with_the_file(client, other):
    long, many = "x" * 10_000, 1_500
    record = client.create_experiment(name="long").record
    runs = [
        ItemRun(
            record.id,
            f"i{n}",
            0,
            ItemStatus.OK,
            create_trace_id(str(n)),
            clock.now(),
            output_json=to_json(f"{n} {long}"),
        )
        for n in range(many)
    ]
    client.store.write_rows(Rows(item_runs=runs))
    del runs
    peaks = []
    tracemalloc.start()
    try:
        for work in (
            lambda: client.export("long", "long.csv"),
            lambda: other.import_file("long.csv"),
        ):
            tracemalloc.reset_peak()
            work()
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert max(peaks) < many * len(long) / 2


# Labels.


def assert_same_labels(found, before):
    assert_frame_equal(found.to_frame(), before.to_frame(), check_exact=True)
    assert found.rubric == before.rubric
    assert found.annotators == before.annotators
    assert_frame_equal(found.agreement(), before.agreement(), check_exact=True)
    for name in before.annotators:
        assert found.consistency(name) == before.consistency(name)


@every_format
def test_labels_come_back_as_they_were(client, labelled, other, suffix):
    path = client.export(labelled, f"labels{suffix}")
    with pytest.warns(UserWarning, match="is not in this store: import it too"):
        found = other.import_file(path)
    assert isinstance(found, Labels)
    assert_same_labels(found, labelled)
    assert_frame_equal(other.get_scores(source="human"), client.get_scores(source="human"))
    assert_frame_equal(other.score_configs(), client.score_configs())
    once = everything(other)
    again = other.export(other.import_file(path), f"again{suffix}")
    assert everything(other) == once
    assert again.read_bytes() == path.read_bytes()
    own = everything(client)
    client.import_file(path)
    assert everything(client) == own


def test_labelling_goes_on_where_labels_were_imported(client, labelled, other):
    run = client.get_experiment("run")
    there = other.import_file(client.export(run, "run.csv"))
    other.import_file(client.export(labelled, "labels.csv"))
    assert human_scores(other, there) == human_scores(client, run)
    pages = [Page(session_of(one, EVERY_KIND)) for one in (run, there)]
    for page in pages:
        assert page.session.saved == 15
        page.do("undo", 0)
        page.do("undo", 0)
        page.do("redo", 0)
        page.set(4, "pass")
    assert_frame_equal(
        *(labels_of(page.session).to_frame().drop(columns="decided_at") for page in pages)
    )
    assert human_scores(other, there) == human_scores(client, run)


def test_a_later_export_goes_on_with_each_log(client, labelled, other):
    run = client.get_experiment("run")
    there = other.import_file(client.export(run, "run.csv"))
    first = client.export(labelled, "first.csv")
    other.import_file(first)
    page = Page(session_of(run, EVERY_KIND))
    page.set(0, "fail")
    page.do("clear", 1, "verdict")
    found = other.import_file(client.export(labelled, "second.csv"))
    assert_same_labels(found, labelled)
    known = everything(other)
    other.import_file(first)
    assert everything(other) == known
    assert human_scores(other, there)["i0", "verdict"] == "fail"


def test_people_label_in_their_own_stores_and_agree_in_one(client, other):
    run = plain_run(client, outputs="abcd")
    there = other.import_file(client.export(run, "plain.csv"))
    Page(session_of(run, annotator="ann")).set_all(["pass", "fail", "pass"])
    page = Page(session_of(there, annotator="bob"))
    page.set_all(["pass", "pass", "pass", "fail"])
    both = client.import_file(other.export(labels_of(page.session), "bob.jsonl"))
    assert both.annotators == ["ann", "bob"]
    assert both.agreement().loc["verdict", "units"] == 3
    assert both.agreement().loc["verdict", "percent"] == pytest.approx(2 / 3)
    scores = client.get_scores(name="verdict", author="bob")
    assert sorted(scores["value"]) == ["fail", "pass", "pass", "pass"]


def test_a_log_that_went_another_way_here_is_refused(client, labelled, other):
    there = other.import_file(client.export(client.get_experiment("run"), "run.csv"))
    path = client.export(labelled, "labels.csv")
    other.import_file(path)
    Page(session_of(client.get_experiment("run"), EVERY_KIND)).set(4, "pass")
    Page(session_of(there, EVERY_KIND)).set(4, "fail")
    client.export(labelled, path)
    with nothing_stored(other, "'ann' said something else at its place in this store"):
        other.import_file(path)


def test_an_order_that_is_another_here_is_refused(client, labelled, other):
    there = other.import_file(client.export(client.get_experiment("run"), "run.csv"))
    session_of(there, EVERY_KIND, "bob", agreed=terms(xn.Order("shuffle", seed=5)))
    with nothing_stored(other, "labels the queue of", "in another order here"):
        other.import_file(client.export(labelled, "labels.csv"))


def test_preferences_of_a_pair_come_back(client, other):
    runs = [run_of(client, [f"{w} {n}" for n in range(4)], w) for w in ("one", "two")]
    page = Page(session_of(runs, PREFERENCE))
    page.set_all(["left", "right", "tie", "left"], "preference")
    before = labels_of(page.session)
    for run in runs:
        other.import_file(client.export(run, f"{run.name}.csv"))
    found = other.import_file(client.export(before, "pair.csv"))
    assert found.win_rates() == before.win_rates()
    assert_same_labels(found, before)
    assert_frame_equal(other.get_scores(), client.get_scores())


def test_a_queue_of_traces_comes_back_under_a_free_name(client, other):
    queue = client.create_annotation_queue(name="odd ones", rubric=VERDICT, description="=x")
    traces = [create_trace_id(str(n)) for n in range(3)]
    for trace_id in traces:
        client.add_to_annotation_queue(queue_id=queue.id, trace_id=trace_id)
    Page(session_of_queue(client.store, queue.id)).set_all(["pass", "fail"])
    path = client.export(queue, "queue.jsonl")
    other.create_annotation_queue(name="odd ones", rubric=VERDICT)
    with pytest.warns(UserWarning, match=r"'odd ones' is 'odd ones \(2\)' here"):
        found = other.import_file(path)
    made = next(q for q in other.annotation_queues() if q.id == queue.id)
    assert (made.id, made.rubric, made.description) == (queue.id, VERDICT, "=x")
    before = Labels(client.store, session_of_queue(client.store, queue.id).queue)
    assert_frame_equal(found.to_frame(), before.to_frame())
    page = Page(session_of_queue(other.store, queue.id))
    page.do("undo", 1)
    assert page.session.left()["open"] == [1, 2]


SPOILT_LABELS = [
    ("event", {"action": "dance"}, "'dance' is not a valid Action"),
    ("event", {"annotator": ""}, "The name of a annotator is ''"),
    ("event", {"repeat": None}, "has no repeat"),
    ("event", {"sequence": "1"}, "its sequence is '1'"),
    ("event", {"value": "perhaps"}, "'verdict' was given 'perhaps'. Use one of 'pass', 'fail'"),
    ("event", {"config_id": "x"}, "the file has no question 'verdict' with its config_id"),
    ("event", {"action": "comment", "value": 1}, "its value is 1; use a text"),
    ("place", {"part": 7}, "part 0 of the order of 'ann' is missing"),
    ("question", {"details": {"definition": {"a": 1}}}, "unexpected keyword argument"),
    ("queue", {"details": {}}, "its details have"),
    ("score", {"trace_id": None}, "A score needs exactly one"),
]


@pytest.mark.parametrize(("record", "spoilt", "said"), SPOILT_LABELS)
@pytest.mark.filterwarnings("ignore:The experiment behind")
def test_a_row_of_labels_that_is_invalid_is_named(untouched, exported_labels, record, spoilt, said):
    path = exported_labels
    number = [row["record"] for row in rows_of(path)].index(record) + 1
    changed(path, record, spoilt)
    with nothing_stored(untouched, f"Row {number} of {path}", said, row=number):
        untouched.import_file(path)


@pytest.mark.filterwarnings("ignore:The experiment behind")
def test_questions_and_events_that_are_not_their_own_are_refused(untouched, exported_labels):
    path = exported_labels
    whole = rows_of(path)
    place = [row["record"] for row in whole].index("question")
    details = whole[place]["details"]
    changed(path, "question", {"details": details | {"id": "x"}})
    with nothing_stored(untouched, "its definition is not the one of its id"):
        untouched.import_file(path)
    put_rows(path, [row for row in whole if row["record"] != "question"])
    with nothing_stored(untouched, "asks nothing"):
        untouched.import_file(path)
    events = [row for row in whole if row["record"] == "event"]
    changed(put_rows(path, whole), "event", {"sequence": events[0]["sequence"]}, nth=1)
    with nothing_stored(untouched, "there is an event of its session and sequence before it"):
        untouched.import_file(path)


def test_a_queue_that_asks_something_else_here_goes_on_doing_so(client, other):
    run = plain_run(client)
    there = other.import_file(client.export(run, "plain.csv"))
    page = Page(session_of(run, annotator="ann"))
    page.set_all(["pass"])
    session_of(there, EVERY_KIND, "bob")
    path = client.export(labels_of(page.session), "labels.csv")
    with pytest.warns(UserWarning, match="asks something else in this store"):
        found = other.import_file(path)
    assert found.rubric == EVERY_KIND
    assert found.annotators == ["ann"]


def test_the_columns_of_a_file_are_known_by_their_names():
    assert list(EXPERIMENT.columns)[:6] == [
        "record",
        "item_id",
        "repetition",
        "input",
        "expected_output",
        "output",
    ]
