"""Datasets: what they are made from, their versions, what is refused."""

from __future__ import annotations

import itertools
import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, BadRow, NotFound

ROWS = [
    {"question": "What is 2+2?", "answer": "4", "lang": "en", "key": "sum"},
    {"question": "Hauptstadt von Frankreich?", "answer": "Paris", "lang": "de", "key": "city"},
]
COLUMNS = {"input": "question", "expected_output": "answer", "metadata": "lang", "id": "key"}


def as_list(_):
    return ROWS


def as_frame(_):
    return pd.DataFrame(ROWS)


def as_csv(folder):
    pd.DataFrame(ROWS).to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


def as_jsonl(folder):
    text = "\n".join(json.dumps(row) for row in ROWS)
    (folder / "rows.jsonl").write_text(text, encoding="utf-8")
    return str(folder / "rows.jsonl")


def as_parquet(folder):
    pd.DataFrame(ROWS).to_parquet(folder / "rows.parquet")
    return folder / "rows.parquet"


def as_generator(_):
    return (row for row in ROWS)


def inputs(dataset):
    return [item.input for item in dataset]


def names(client):
    return [record.name for record in client.datasets()]


@pytest.fixture
def numbers(client):
    return client.create_dataset(
        name="numbers",
        items=[
            {"id": str(n), "input": n, "metadata": {"lang": "de" if n % 2 else "en"}}
            for n in range(10)
        ],
    )


# Sources.


@pytest.mark.parametrize("source", [as_list, as_frame, as_csv, as_jsonl, as_parquet, as_generator])
def test_every_source_gives_the_same_items(client, own_folder, source):
    made = client.create_dataset(name="qa", items=source(own_folder), **COLUMNS)

    found = client.get_dataset("qa")
    assert [(i.id, i.input, i.expected_output, i.metadata) for i in found] == [
        ("sum", "What is 2+2?", "4", {"lang": "en"}),
        ("city", "Hauptstadt von Frankreich?", "Paris", {"lang": "de"}),
    ]
    assert found.version == made.version
    assert found.content_hash == made.content_hash


def test_the_columns_have_the_names_of_the_fields_by_default(client):
    row = {"id": 7, "input": [1], "expected_output": 2, "metadata": {"lang": "en"}}
    [item] = client.create_dataset(name="qa", items=[row])
    assert item == xn.DatasetItem("7", [1], 2, {"lang": "en"})


def test_several_columns_become_a_dict(client):
    dataset = client.create_dataset(
        name="qa", items=ROWS, input=["question", "lang"], expected_output=["answer"]
    )
    assert dataset.items[0].input == {"question": "What is 2+2?", "lang": "en"}
    assert dataset.items[0].expected_output == {"answer": "4"}


def test_columns_that_make_nothing_else_become_metadata(client):
    [first, _] = client.create_dataset(name="qa", items=ROWS, input="question")
    assert first.metadata == {"answer": "4", "lang": "en", "key": "sum"}


def test_columns_beside_a_metadata_column_are_not_lost(client):
    row = {"input": "a", "metadata": {"lang": "en"}, "source": "mail"}
    [item] = client.create_dataset(name="qa", items=[row])
    assert item.metadata == {"lang": "en", "source": "mail"}


def test_an_id_comes_from_the_input_where_none_is_given(client):
    first = client.create_dataset(name="a", items=[{"input": {"q": 1, "r": 2}}]).items[0]
    again = client.create_dataset(name="b", items=[{"input": {"r": 2, "q": 1}}]).items[0]
    assert first.id == again.id


def test_equal_inputs_without_ids_stay_separate_items(client):
    dataset = client.create_dataset(name="qa", items=[{"input": "same"}] * 3)
    assert inputs(dataset) == ["same"] * 3
    assert len({item.id for item in dataset}) == 3


def test_items_of_a_dataset_can_make_another(client, numbers):
    copied = client.create_dataset(name="copy", items=numbers.filter(lambda i: i.input < 3))
    assert copied.items == numbers.items[:3]


def test_a_frame_of_a_dataset_makes_the_same_dataset_again(client, numbers):
    frame = numbers.to_frame()
    assert list(frame.columns) == ["item_id", "input", "expected_output", "metadata"]
    again = client.create_dataset(
        name="again", items=frame, id="item_id", expected_output="expected_output"
    )
    assert again.items == numbers.items


def test_missing_cells_of_a_frame_are_nothing(client):
    frame = pd.DataFrame(
        {
            "input": ["a", None],
            "expected_output": [1.5, None],
            "when": pd.to_datetime(["2026-01-02", None]),
            "count": pd.array([1, None], dtype="Int64"),
        }
    )
    first, second = client.create_dataset(name="gaps", items=frame)
    assert first.metadata == {"when": "2026-01-02T00:00:00", "count": 1}
    assert (second.input, second.expected_output, second.metadata) == (None, None, None)


def test_a_csv_file_holds_text_only(client, own_folder):
    path = own_folder / "rows.csv"
    path.write_text('\ufeffinput,expected_output\n007,"a\nb"\n,\n', encoding="utf-8")
    dataset = client.create_dataset(name="text", items=path)
    assert [(i.input, i.expected_output) for i in dataset] == [("007", "a\nb"), ("", "")]


def test_empty_lines_of_a_jsonl_file_are_no_rows(client, own_folder):
    path = own_folder / "rows.jsonl"
    path.write_text('{"input": "a\u2028b"}\n\n{"input": null}\n', encoding="utf-8")
    assert inputs(client.create_dataset(name="lines", items=path)) == ["a\u2028b", None]


def test_the_dataset_that_ships_with_the_package_can_be_read(client):
    dataset = client.create_dataset(
        name="support/triage", items=xn.example("support_triage"), input="message"
    )
    assert len(dataset) >= 60
    assert all(isinstance(value, str) and value for value in inputs(dataset))


@pytest.mark.parametrize("kind", ["list", "jsonl", "csv", "parquet"])
def test_an_item_may_hold_five_megabytes(client, own_folder, kind):
    big = "x" * 5_000_000
    frame = pd.DataFrame({"input": [big]})
    path = own_folder / f"big.{kind}"
    if kind == "jsonl":
        path.write_text(json.dumps({"input": big}), encoding="utf-8")
    elif kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path)
    client.create_dataset(name="big", items=[{"input": big}] if kind == "list" else path)

    assert inputs(client.get_dataset("big")) == [big]
    assert len(repr(client.get_dataset("big"))) < 200
    assert len(client.get_dataset("big")._repr_html_()) < 10_000


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**100), 2**100)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
plain_data = st.recursive(
    leaves,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)
plain_rows = st.fixed_dictionaries(
    {"input": plain_data, "expected_output": plain_data},
    optional={"metadata": st.dictionaries(st.text(), plain_data, max_size=3)},
)
fresh = map("examples/{}".format, itertools.count())


@settings(
    deadline=None,
    database=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(plain_rows, max_size=6))
def test_what_is_created_is_read_again(client, rows):
    name = next(fresh)
    made = client.create_dataset(name=name, items=rows)

    found = client.get_dataset(name)
    held = [(i.input, i.expected_output, i.metadata) for i in found]
    given_rows = [(r["input"], r["expected_output"], r.get("metadata")) for r in rows]
    assert repr(held) == repr(given_rows)
    assert found.items == made.items
    assert found.content_hash == made.content_hash
    assert client.create_dataset(name=name, items=rows).version == made.version


# Names.


def test_names_may_have_folders(client):
    for name in ("b/two", "a", "b/one", "b/deep/er"):
        client.create_dataset(name=name, items=[{"input": name}])

    assert names(client) == ["a", "b/deep/er", "b/one", "b/two"]
    assert inputs(client.get_dataset("b/deep/er")) == ["b/deep/er"]


def test_an_unknown_name_is_refused_with_near_matches(client):
    client.create_dataset(name="evaluation/qa-dataset", items=[])
    with pytest.raises(NotFound, match="Did you mean 'evaluation/qa-dataset'"):
        client.get_dataset("evaluation/qa-datset")


def test_an_unknown_name_is_refused_with_how_to_make_one(client):
    with pytest.raises(NotFound, match="create_dataset"):
        client.get_dataset("anything")


@pytest.mark.parametrize("name", ["", " ", None, 5, "x" * 201, "a\nb", "half \ud800"])
def test_a_name_that_cannot_be_stored_is_refused(client, name):
    with pytest.raises(BadInput, match="dataset"):
        client.create_dataset(name=name, items=[{"input": 1}])
    assert names(client) == []


def test_an_item_is_found_by_its_id_and_near_ids_are_named(client):
    dataset = client.create_dataset(name="qa", items=ROWS, **COLUMNS)
    assert dataset["city"].expected_output == "Paris"
    with pytest.raises(NotFound, match="Did you mean 'city'"):
        dataset["citty"]


# Versions.


def test_an_older_version_stays_readable(client, numbers):
    before = numbers.version
    numbers.upsert_item(id="3", input="three")
    numbers.upsert_item(id="new", input="ten")

    now = client.get_dataset("numbers")
    assert inputs(now) == [0, 1, 2, "three", 4, 5, 6, 7, 8, 9, "ten"]
    assert inputs(client.get_dataset("numbers", version=before)) == list(range(10))
    assert inputs(client.get_dataset("numbers", version=before.isoformat())) == list(range(10))
    newest, middle, first = now.versions()
    assert (newest, first) == (now.version, before)
    assert inputs(client.get_dataset("numbers", version=middle))[-1] == 9


def test_a_handle_of_an_older_version_does_not_change(client, numbers):
    held = client.get_dataset("numbers")
    numbers.upsert_item(id="3", input="three")
    assert inputs(held) == list(range(10))


def test_an_upserted_item_is_seen_by_the_handle_it_came_through(numbers):
    before = numbers.content_hash
    item = numbers.upsert_item(input={"q": "?"}, expected_output="!", metadata={"lang": "fr"})
    assert numbers[item.id] == xn.DatasetItem(item.id, {"q": "?"}, "!", {"lang": "fr"})
    assert numbers.content_hash != before


def test_the_same_item_upserted_again_makes_no_version(numbers):
    first = numbers.upsert_item(input="x", metadata={"lang": "fr"})
    version = numbers.version
    again = numbers.upsert_item(input="x", metadata={"lang": "fr"})
    assert again == first
    assert numbers.version == version
    assert len(numbers.versions()) == 2


def test_the_same_call_again_makes_no_version(client):
    first = client.create_dataset(name="qa", items=ROWS, **COLUMNS)
    again = client.create_dataset(name="qa", items=ROWS, **COLUMNS)
    assert again.version == first.version
    assert again.id == first.id
    assert again.versions() == [first.version]


def test_items_left_out_end_and_may_come_back(client):
    rows = [{"id": name, "input": name} for name in "abc"]
    first = client.create_dataset(name="letters", items=rows)
    second = client.create_dataset(name="letters", items=[rows[0], rows[2]])
    third = client.create_dataset(name="letters", items=rows)

    assert inputs(client.get_dataset("letters", version=first.version)) == ["a", "b", "c"]
    assert inputs(client.get_dataset("letters", version=second.version)) == ["a", "c"]
    assert sorted(inputs(third)) == ["a", "b", "c"]
    assert third.versions() == [third.version, second.version, first.version]
    assert client.datasets()[0].item_count == 3


def test_versions_go_up_even_where_the_clock_does_not(client, monkeypatch):
    moment = datetime.now(UTC)
    monkeypatch.setattr("xeroml_nb.records.clock.now", lambda: moment)
    dataset = client.create_dataset(name="still", items=[{"id": "a", "input": 0}])
    for value in range(1, 4):
        dataset.upsert_item(id="a", input=value)

    found = [inputs(client.get_dataset("still", version=v)) for v in dataset.versions()]
    assert found == [[3], [2], [1], [0]]


def test_a_moment_between_versions_shows_the_earlier_one(client, numbers):
    between = numbers.version + timedelta(microseconds=1)
    numbers.upsert_item(id="0", input="zero")
    assert inputs(client.get_dataset("numbers", version=between))[0] == 0


@pytest.mark.parametrize(
    "version",
    ["yesterday", "2026-01-02", datetime(2026, 1, 2), "2001-01-01T00:00:00+00:00"],  # noqa: DTZ001
)
def test_a_version_that_is_none_is_refused(client, numbers, version):
    with pytest.raises(BadInput, match="version"):
        client.get_dataset("numbers", version=version)


def test_sets_are_stored_the_same_way_every_time(client):
    words = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"}
    [item] = client.create_dataset(name="sets", items=[{"input": 1, "metadata": {"tags": words}}])
    assert item.metadata["tags"] == sorted(words)


# Bad rows.


@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        ([{"input": 1}, {"question": 2}], 2, "no column 'input'"),
        ([{"input": 1}, "text"], 2, "it is a str"),
        ([{"input": 1}, None], 2, "it is a NoneType"),
        ([{"input": float("nan")}], 1, "nan"),
        ([{"input": {"deep": [1j]}}], 1, "1j"),
        ([{"input": 1}, {"input": 2, "expected_output": object()}], 2, "expected_output"),
        ([{"input": 1, "metadata": {"when": float("inf")}}], 1, "metadata"),
        ([{"input": b"bytes"}], 1, "bytes"),
        ([{"id": "a", "input": 1}, {"id": "b", "input": 2}, {"id": "a", "input": 3}], 3, "row 1"),
        ([{"id": "", "input": 1}], 1, "id"),
        ([{"id": "x" * 201, "input": 1}], 1, "id"),
        ([{"id": "a\nb", "input": 1}], 1, "id"),
        ([{"id": ["a"], "input": 1}], 1, "id"),
        ([xn.DatasetItem("a", 1), xn.DatasetItem("a", 2)], 2, "row 1"),
        ([xn.DatasetItem("a", object())], 1, "object"),
        ([xn.DatasetItem("", 1)], 1, "id"),
        ([{"input": 10**5_000}], 1, "input"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_row_is_refused_by_number_and_nothing_is_stored(client, rows, row, reason):
    with pytest.raises(BadRow, match=f"Row {row} of ") as refused:
        client.create_dataset(name="bad", items=rows)
    assert refused.value.row == row
    assert reason in str(refused.value)
    assert names(client) == []


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("short.csv", b"input,expected_output\n1,2\n3\n", 2),
        ("long.csv", b"input,expected_output\n1,2,3\n", 1),
        ("quote.csv", b'input\n"a\n', 1),
        ("latin.csv", "input\ncaf\xe9\n".encode("latin-1"), 1),
        ("twice.csv", b"input,note,note\n1,2,3\n", 1),
        ("broken.jsonl", b'{"input": 1}\n{"input": \n', 2),
        ("nan.jsonl", b'{"input": 1}\n\n{"input": NaN}\n', 2),
        ("list.jsonl", b"[1, 2]\n", 1),
        ("latin.jsonl", b'{"input": "caf\xe9"}\n', 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_row_of_a_file_is_refused_by_number(client, own_folder, name, content, row):
    (own_folder / name).write_bytes(content)
    with pytest.raises(BadInput, match=f"{name}") as refused:
        client.create_dataset(name="bad", items=name)
    assert getattr(refused.value, "row", row) == row
    assert names(client) == []


def test_a_frame_with_two_columns_of_one_name_is_refused(client):
    frame = pd.DataFrame([["a", 1, 2]], columns=["input", "note", "note"])
    with pytest.raises(BadInput, match="note"):
        client.create_dataset(name="bad", items=frame)
    assert names(client) == []


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("nowhere.csv", "nowhere.csv"),
        (Path("rows.xlsx"), "CSV, JSONL or Parquet"),
        ({"input": 1}, "a dict"),
        (5, "an int|a int"),
        ("broken.parquet", "Parquet"),
    ],
    ids=str,
)
def test_a_source_that_cannot_be_read_is_refused(client, own_folder, items, said):
    (own_folder / "rows.xlsx").write_bytes(b"PK")
    (own_folder / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadInput, match=said):
        client.create_dataset(name="bad", items=items)
    assert names(client) == []


def test_a_bad_call_leaves_the_dataset_as_it_was(client, numbers):
    with pytest.raises(BadRow):
        client.create_dataset(name="numbers", items=[{"input": 1}, {"input": float("nan")}])
    with pytest.raises(BadInput):
        numbers.upsert_item(input=object())
    with pytest.raises(BadInput):
        numbers.upsert_item(input=1, id="a\nb")

    now = client.get_dataset("numbers")
    assert inputs(now) == list(range(10))
    assert now.versions() == [numbers.version]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("short.csv", "input,expected_output\n1\n"),
        ("quote.csv", 'input\n"a\n'),
        ("broken.jsonl", "{"),
        ("column.jsonl", '{"question": 1}'),
        ("schema.jsonl", '{"input": 1}'),
        ("id.jsonl", '{"input": 1, "id": ""}'),
    ],
)
def test_a_message_about_a_row_is_made_of_whole_sentences(client, own_folder, name, content):
    (own_folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadRow) as refused:
        client.create_dataset(name="bad", items=name, input_schema={"type": "string"})
    assert refused.value.problem.endswith(".")
    assert "Nothing of this call was stored" in refused.value.next_step


# Schemas.

QUESTION = {
    "type": "object",
    "properties": {"question": {"type": "string"}},
    "required": ["question"],
}


def test_items_have_to_meet_the_schemas(client):
    rows = [{"input": {"question": "2+2?"}, "expected_output": 4}]
    schemas = {"input_schema": QUESTION, "expected_output_schema": {"type": "integer"}}
    dataset = client.create_dataset(name="qa", items=rows, **schemas)
    assert len(dataset) == 1

    with pytest.raises(BadRow, match=r"Row 2 .*input.question: 5 is not of type 'string'"):
        client.create_dataset(name="qa", items=[*rows, {"input": {"question": 5}}])
    with pytest.raises(BadRow, match="expected_output: 'four' is not of type 'integer'"):
        client.create_dataset(name="qa", items=[rows[0] | {"expected_output": "four"}])
    assert client.get_dataset("qa").items == dataset.items


def test_an_upserted_item_has_to_meet_the_schema(client):
    client.create_dataset(name="qa", items=[], input_schema=QUESTION)
    dataset = client.get_dataset("qa")
    dataset.upsert_item(input={"question": "2+2?"})
    with pytest.raises(BadInput, match="'question' is a required property"):
        dataset.upsert_item(input={"q": "2+2?"})
    assert inputs(client.get_dataset("qa")) == [{"question": "2+2?"}]


def test_a_new_schema_is_checked_against_the_items_of_its_call(client):
    with pytest.raises(BadRow, match="Row 1 "):
        client.create_dataset(name="qa", items=[{"input": 1}], input_schema=QUESTION)
    assert names(client) == []


def test_a_schema_that_is_none_is_refused(client):
    with pytest.raises(BadInput, match="no JSON Schema"):
        client.create_dataset(name="qa", items=[{"input": 1}], input_schema={"type": "nonsense"})
    assert names(client) == []


def test_a_schema_elsewhere_is_refused_and_never_fetched(client, monkeypatch):
    asked = []

    def connect(*address, **_):
        asked.append(address)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", connect)
    with pytest.raises(BadInput, match="schema"):
        client.create_dataset(
            name="qa", items=[{"input": 1}], input_schema={"$ref": "http://example.com/x.json"}
        )
    assert asked == []
    assert names(client) == []


# Selections.


def test_a_selection_keeps_the_order_and_knows_it_is_one(numbers):
    chosen = numbers.filter(lambda item: item.input > 6)
    assert inputs(chosen) == [7, 8, 9]
    assert (chosen.is_selection, numbers.is_selection) == (True, False)
    assert (chosen.name, chosen.version) == (numbers.name, numbers.version)
    assert chosen.content_hash != numbers.content_hash
    assert len(chosen.to_frame()) == 3


def test_an_item_goes_into_the_dataset_and_not_into_a_selection_of_it(client, numbers):
    with pytest.raises(BadInput, match=r"This is a selection of dataset 'numbers'"):
        numbers.filter(lambda item: item.input > 6).upsert_item(input=1)
    assert len(client.get_dataset("numbers")) == 10


def test_a_version_that_is_no_moment_is_refused(client, numbers):
    with pytest.raises(BadInput, match=r"The version 'latest' is no moment"):
        client.get_dataset("numbers", version="latest")


def test_text_filters_look_at_metadata_or_anywhere(client, numbers):
    assert inputs(numbers.filter("lang=de")) == [1, 3, 5, 7, 9]
    assert inputs(numbers.filter("lang = en").filter(lambda i: i.input < 3)) == [0, 2]
    dataset = client.create_dataset(name="qa", items=ROWS, **COLUMNS)
    assert [item.id for item in dataset.filter("FRANKREICH")] == ["city"]
    assert [item.id for item in dataset.filter("sum")] == ["sum"]
    assert [item.id for item in dataset.filter("paris")] == ["city"]
    assert len(dataset.filter("nothing like it")) == 0


def test_a_sample_is_the_same_for_the_same_seed(client, numbers):
    first = numbers.sample(4, seed=1)
    assert inputs(first) == sorted(inputs(first))
    assert len(set(inputs(first))) == 4
    assert inputs(client.get_dataset("numbers").sample(4, seed=1)) == inputs(first)
    assert any(inputs(numbers.sample(4, seed=s)) != inputs(first) for s in range(2, 6))


def test_a_sample_of_more_than_there_is_holds_all(numbers):
    assert inputs(numbers.sample(100)) == inputs(numbers)


@pytest.mark.parametrize("n", [0, -1])
def test_a_sample_of_nothing_is_refused(numbers, n):
    with pytest.raises(BadInput, match="1 or more"):
        numbers.sample(n)


def test_a_frame_has_one_row_an_item(numbers):
    frame = numbers.to_frame()
    assert list(frame["item_id"]) == [str(n) for n in range(10)]
    assert list(frame["input"]) == list(range(10))
    assert frame["expected_output"].isna().all()
    assert frame["metadata"][1] == {"lang": "de"}


def test_a_dataset_without_items_has_an_empty_frame(client):
    dataset = client.create_dataset(name="empty")
    assert len(dataset) == 0
    assert list(dataset.to_frame().columns) == ["item_id", "input", "expected_output", "metadata"]


def test_a_dataset_shows_itself_without_markup_from_its_items(client):
    dataset = client.create_dataset(name="<b>", items=[{"input": "<script>alert(1)</script>"}])
    shown = dataset._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
    assert "<b>" not in shown
