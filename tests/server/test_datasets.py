"""Datasets, their items and their versions over HTTP."""

from __future__ import annotations

import pytest

import xeroml_nb as xn

FOLDER = "support/triage ü"
ENCODED = "/datasets/support%2Ftriage%20%C3%BC"


def texts(answer):
    assert answer.status_code == 200, answer.text
    return [one["input"] for one in answer.json()["data"]]


def test_a_dataset_is_made_changed_and_found_under_its_name(api):
    schema = {"type": "object"}
    made = api.post(
        "/datasets",
        json={"name": FOLDER, "description": "first", "metadata": {"a": 1}, "inputSchema": schema},
    ).json()
    api.post("/datasets", json={"name": FOLDER, "expectedOutputSchema": {"type": "string"}})

    found = api.get(ENCODED).json()
    assert found == api.get("/datasets/support/triage ü").json()
    assert (found["id"], found["name"], found["itemCount"]) == (made["id"], FOLDER, 0)
    assert (found["description"], found["metadata"]) == ("first", {"a": 1})
    assert (found["inputSchema"], found["expectedOutputSchema"]) == (schema, {"type": "string"})
    assert found["version"] == found["updatedAt"] == found["createdAt"]
    api.post("/datasets", json={"name": "a", "id": "mine", "metadata": [2]})
    listed = api.get("/datasets?limit=1").json()
    assert [(one["name"], one["metadata"]) for one in listed["data"]] == [("a", [2])]
    assert (listed["meta"]["totalItems"], listed["meta"]["totalPages"]) == (2, 2)
    assert api.get("/datasets/a").json()["id"] == "mine"
    assert api.post("/datasets", json={"name": "b", "id": "mine"}).status_code == 409
    assert api.get("/datasets/none").status_code == 404


def test_items_are_added_changed_and_read_at_any_version(api):
    api.post("/datasets", json={"name": FOLDER})
    many = {"items": [{"id": f"i/{n}", "input": n, "metadata": {"n": n}} for n in range(3)]}
    first = api.post(f"{ENCODED}/items", json=many).json()
    one = {"id": "i/1", "input": "changed", "expectedOutput": None, "metadata": "text"}
    second = api.post(f"{ENCODED}/items", json=one).json()
    again = api.post(f"{ENCODED}/items", json=one).json()
    gone = api.delete(f"{ENCODED}/items/i%2F0").json()

    assert [item["id"] for item in first["items"]] == ["i/0", "i/1", "i/2"]
    assert (second["input"], second["metadata"]) == ("changed", "text")
    assert first["version"] < second["version"] == again["version"] < gone["version"]
    assert second["createdAt"] == first["version"]
    assert texts(api.get(f"{ENCODED}/items")) == ["changed", 2]
    assert texts(api.get(f"{ENCODED}/items?version={first['version']}")) == [0, 1, 2]
    assert texts(api.get(f"{ENCODED}/items?version={second['version']}&limit=1&page=2")) == [
        "changed"
    ]
    assert texts(api.get("/dataset-items", params={"datasetName": FOLDER})) == ["changed", 2]
    assert api.get(ENCODED).json()["version"] == gone["version"]
    assert api.delete(f"{ENCODED}/items/i%2F0").status_code == 404
    assert api.get(f"{ENCODED}/items/i%2F0").status_code == 404
    assert api.get(f"{ENCODED}/items/i%2F1").json()["input"] == "changed"
    early = api.get(f"{ENCODED}/items?version=2020-01-01T00:00:00Z")
    assert (early.status_code, "did not exist" in early.json()["message"]) == (400, True)


def test_a_page_of_items_may_hold_a_thousand(api):
    api.post("/datasets", json={"name": "d"})
    for start in (0, 1000):
        many = [{"id": str(n), "input": n} for n in range(start, start + 1000)]
        assert api.post("/datasets/d/items", json={"items": many}).status_code == 200

    assert texts(api.get("/datasets/d/items?limit=1000&page=2")) == list(range(1000, 2000))
    assert len(texts(api.get("/datasets/d/items"))) == 50
    assert api.get("/datasets/d/items?limit=1001").status_code == 400
    too_many = [{"input": n} for n in range(1001)]
    assert api.post("/datasets/d/items", json={"items": too_many}).status_code == 400
    assert api.get("/datasets/d").json()["itemCount"] == 2000


def test_all_items_of_a_request_are_stored_or_none(api):
    api.post("/datasets", json={"name": "d", "inputSchema": {"type": "string"}})
    for bad, said in {
        '{"input": 5}': "5 is not of type 'string'",
        '{"id": "a", "input": "again"}': "already that of row 1",
        '{"expectedOutput": "x"}': "has no input",
        '{"input": "x", "metadata": {"__repr__": "f", "type": "t"}}': "JSON cannot hold",
        '{"input": "x", "metadata": NaN}': "number that JSON does not have",
    }.items():
        body = f'{{"items": [{{"id": "a", "input": "good"}}, {bad}]}}'
        headers = {"Content-Type": "application/json"}
        answer = api.post("/datasets/d/items", content=body, headers=headers)
        assert answer.status_code == 400, bad
        assert said in str(answer.json()), bad
    assert texts(api.get("/datasets/d/items")) == []


def test_an_archived_item_leaves_the_newest_version(api):
    api.post("/datasets", json={"name": "d"})
    first = api.post("/datasets/d/items", json={"id": "a", "input": 1}).json()
    gone = api.post("/datasets/d/items", json={"id": "a", "status": "ARCHIVED"}).json()

    assert (gone["status"], gone["input"]) == ("ARCHIVED", 1)
    assert texts(api.get("/datasets/d/items")) == []
    assert texts(api.get(f"/datasets/d/items?version={first['version']}")) == [1]
    missing = api.post("/datasets/d/items", json={"id": "b", "status": "ARCHIVED"})
    assert missing.status_code == 404


def test_an_item_by_its_own_id_keeps_what_is_not_said(api):
    for name in ("d", "e"):
        api.post("/datasets", json={"name": name})
    given = {"datasetName": "d", "id": "a", "input": 1, "expectedOutput": 2, "metadata": {"m": 3}}
    api.post("/dataset-items", json=given)
    api.post("/dataset-items", json={"datasetName": "d", "id": "a", "expectedOutput": 5})

    found = api.get("/dataset-items/a").json()
    assert (found["input"], found["expectedOutput"], found["metadata"]) == (1, 5, {"m": 3})
    assert (found["datasetName"], found["status"]) == ("d", "ACTIVE")
    api.post("/dataset-items", json={"datasetName": "e", "id": "a", "input": 9})
    assert api.get("/dataset-items/a").status_code == 409
    assert api.get("/dataset-items/a?datasetName=e").json()["input"] == 9
    assert api.delete("/dataset-items/a?datasetName=e").status_code == 200
    assert api.delete("/dataset-items/a").status_code == 200
    assert api.get("/dataset-items/a").status_code == 404
    assert api.post("/dataset-items", json={**given, "datasetName": "f"}).status_code == 404


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "nothing"}, "no JSON Schema"),
        ({"$ref": "https://example.com/schema"}, "refers to"),
        ({"$ref": "#"}, "cannot be checked"),
        ({"pattern": "("}, ""),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_where_it_shows(api, schema, said):
    made = api.post("/datasets", json={"name": "d", "inputSchema": schema})
    answer = made if made.status_code == 400 else api.post("/datasets/d/items", json={"input": "x"})

    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_name_may_end_like_a_path_of_the_api(api):
    for name in ("a", "a/items", "a/items/b"):
        api.post("/datasets", json={"name": name})
        path = name.replace("/", "%2F")
        api.post(f"/datasets/{path}/items", json={"id": "b", "input": name})

    assert api.get("/datasets/a%2Fitems").json()["name"] == "a/items"
    assert texts(api.get("/datasets/a/items")) == ["a"]
    assert texts(api.get("/datasets/a%2Fitems/items")) == ["a/items"]
    assert texts(api.get("/datasets/a%2Fitems%2Fb/items")) == ["a/items/b"]
    assert api.delete("/datasets/a%2Fitems/items/b").status_code == 200
    assert texts(api.get("/datasets/a%2Fitems/items")) == []


def test_server_and_client_see_the_same_datasets(api, client):
    api.post("/datasets", json={"name": FOLDER})
    version = api.post(f"{ENCODED}/items", json={"id": "a", "input": {"q": 1}}).json()["version"]
    dataset = client.get_dataset(FOLDER)
    dataset.upsert_item(input={"q": 2}, id="b")

    assert [item.input for item in dataset.items] == [{"q": 1}, {"q": 2}]
    assert [i.id for i in client.get_dataset(FOLDER, version=version).items] == ["a"]
    assert [one["id"] for one in api.get(f"{ENCODED}/items").json()["data"]] == ["a", "b"]
    assert xn.get_client().datasets()[0].item_count == 2
