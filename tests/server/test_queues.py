"""Score configs and annotation queues over HTTP."""

from __future__ import annotations

import pytest

import xeroml_nb as xn
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.queue import open_for_experiments
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.sync.wire import configs as wire

CONFIGS = {
    "helpful": {"dataType": "BOOLEAN"},
    "tone": {"dataType": "NUMERIC", "minValue": 1, "maxValue": 5, "description": "how kind"},
    "verdict": {
        "dataType": "CATEGORICAL",
        "categories": [{"label": "good", "value": 1}, {"label": "bad", "value": 0}],
    },
    "why": {"dataType": "TEXT"},
}


def put_configs(api, *names):
    answers = [api.post("/score-configs", json={"name": n, **CONFIGS[n]}) for n in names or CONFIGS]
    assert [a.status_code for a in answers] == [200] * len(answers)
    return [a.json()["id"] for a in answers]


def put_queue(api, config_ids, **known):
    given = {"id": "q1", "name": "front end", "scoreConfigIds": config_ids, **known}
    return api.post("/annotation-queues", json=given)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_score_config_is_shown_as_it_was_sent(api, name):
    [config_id] = put_configs(api, name)
    assert put_configs(api, name) == [config_id]

    found = api.get(f"/score-configs/{config_id}").json()
    assert {**found, **CONFIGS[name]} == found
    assert (found["name"], found["isArchived"]) == (name, False)
    assert [one["id"] for one in api.get("/score-configs").json()["data"]] == [config_id]


def test_a_dimension_of_a_rubric_keeps_all_of_its_parts(api):
    options = [xn.Option("yes", "p", 1, "clearly"), xn.Option("no", "x", 0)]
    dimension = Dimension("a / long ü name", options=options, direction="higher", required=False)
    config = wire.Config(dimension.config_id, 1, dimension.definition())

    made = api.post("/score-configs", json=wire.to_wire(config)).json()
    assert made["id"] == dimension.config_id
    assert Dimension(**made["definition"]) == dimension
    other = api.post("/score-configs", json={"id": made["id"], "name": "x", "dataType": "TEXT"})
    assert other.status_code == 409


def test_what_cannot_be_asked_is_refused(api):
    for given in (
        {"name": "x"},
        {"name": "x", "dataType": "OTHER"},
        {"name": "x", "dataType": "CATEGORICAL"},
        {"name": "x", "dataType": "CATEGORICAL", "categories": []},
        {"name": "x", "dataType": "CATEGORICAL", "categories": [{"label": "a"}, {"label": "a"}]},
        {"name": "x", "dataType": "NUMERIC", "minValue": 2, "maxValue": 1},
        {"name": "__proto__", "dataType": "TEXT"},
        {"name": "x", "definition": {"no": "dimension"}},
        {"name": "x", "definition": {"name": "x", "kind": "scale"}},
        {"name": "x", "definition": {"name": "x", "kind": ["text"], "options": 5}},
        {"name": " ", "dataType": "TEXT"},
    ):
        answer = api.post("/score-configs", json=given)
        assert answer.status_code == 400, given
    assert api.get("/score-configs").json()["data"] == []
    assert api.get("/score-configs/none").status_code == 404


def test_a_queue_that_was_sent_is_there_to_be_labelled(api, client):
    config_ids = put_configs(api)
    made = put_queue(api, config_ids, description="from users").json()
    for trace_id in ("t/1", "t2", "t/1"):
        api.post("/annotation-queues/q1/items", json={"objectId": trace_id, "objectType": "TRACE"})

    assert (made["id"], made["scoreConfigIds"]) == ("q1", config_ids)
    assert api.get("/annotation-queues/q1").json() == made
    [queue] = client.annotation_queues()
    assert (queue.id, queue.name, queue.description) == ("q1", "front end", "from users")
    assert [d.name for d in queue.rubric.dimensions] == list(CONFIGS)
    assert not client.add_to_annotation_queue(queue_id="q1", trace_id="t/1")
    items = api.get("/annotation-queues/q1/items").json()["data"]
    assert [one["id"] for one in items] == ["t/1", "t2"]


def test_a_queue_of_the_notebook_is_shown_and_filled(api, client):
    queue = client.create_annotation_queue(name="mine", rubric=Rubric.thumbs())
    client.add_to_annotation_queue(queue_id=queue.id, trace_id="t1")

    [shown] = api.get("/annotation-queues").json()["data"]
    assert (shown["id"], shown["name"]) == (queue.id, "mine")
    config = api.get(f"/score-configs/{shown['scoreConfigIds'][0]}").json()
    assert (config["name"], config["dataType"]) == ("thumb", "BOOLEAN")
    added = api.post(f"/annotation-queues/{queue.id}/items", json={"objectId": "t2"}).json()
    assert (added["objectId"], added["status"]) == ("t2", "PENDING")


def test_a_trace_is_completed_when_people_answered_all_that_has_to_be(api):
    put_queue(api, put_configs(api, "helpful", "tone"))
    for trace_id in ("t1", "t2", "t3"):
        api.post("/annotation-queues/q1/items", json={"objectId": trace_id})

    def give(trace_id, name, source="human"):
        given = {"traceId": trace_id, "name": name, "value": 1, "source": source}
        assert api.post("/scores", json=given).status_code == 200

    def listed(status):
        found = api.get(f"/annotation-queues/q1/items?status={status}").json()["data"]
        return [one["objectId"] for one in found]

    give("t1", "helpful")
    give("t1", "tone")
    give("t2", "helpful")
    give("t3", "helpful", source="api")
    give("t3", "tone")
    assert (listed("COMPLETED"), listed("PENDING")) == (["t1"], ["t2", "t3"])
    done = api.get("/annotation-queues/q1/items/t1").json()
    assert done["completedAt"] == done["updatedAt"] > done["createdAt"]


def test_a_trace_is_taken_out_and_put_back_at_the_end(api):
    put_queue(api, put_configs(api, "why"))
    path = "/annotation-queues/q1/items"
    for trace_id in ("t/1", "t2", "t3"):
        api.post(path, json={"objectId": trace_id})

    assert api.delete(f"{path}/t%2F1").status_code == 200
    assert api.delete(f"{path}/t%2F1").status_code == 404
    assert api.get(f"{path}/t%2F1").status_code == 404
    api.post(path, json={"objectId": "t/1"})
    found = api.get(path).json()["data"]
    assert [one["id"] for one in found] == ["t2", "t3", "t/1"]


def test_a_queue_is_changed_under_its_id_and_refused_under_a_name_that_is_taken(api):
    [helpful, tone] = put_configs(api, "helpful", "tone")
    put_queue(api, [helpful])
    changed = put_queue(api, [tone], name="back end").json()

    assert (changed["name"], changed["scoreConfigIds"]) == ("back end", [tone])
    put_queue(api, [tone], id="q2", name="other")
    assert put_queue(api, [tone], id="q3", name="other").status_code == 409
    assert put_queue(api, ["none"], name="x").status_code == 404
    preference = api.post(
        "/score-configs",
        json={"name": "p", "definition": {"name": "p", "kind": "preference"}},
    ).json()
    assert put_queue(api, [preference["id"]], name="x").status_code == 400
    assert put_queue(api, [tone, tone], name="x").status_code == 400
    assert [q["id"] for q in api.get("/annotation-queues").json()["data"]] == ["q2", "q1"]


def test_what_is_no_queue_of_traces_is_not_there(api, client):
    experiment = client.create_experiment(name="own loop")
    opened = open_for_experiments(client.store, [experiment], Rubric.pass_fail(), None)
    [config_id] = put_configs(api, "why")

    assert api.get("/annotation-queues").json()["data"] == []
    assert api.get(f"/annotation-queues/{opened.record.id}").status_code == 404
    assert put_queue(api, [config_id], id=opened.record.id).status_code == 409
    assert api.post("/annotation-queues/q/items", json={"objectId": "t"}).status_code == 404
    for given in ({"objectId": "t", "objectType": "SESSION"}, {"objectType": "TRACE"}):
        assert api.post("/annotation-queues/q/items", json=given).status_code == 400
