"""Experiments, their item runs and their pages over HTTP."""

from __future__ import annotations

import pytest

import xeroml_nb as xn
from xeroml_nb.records.access import Role
from xeroml_nb.sync.wire.experiments import run_to_wire, to_wire

EXPERIMENT = {
    "id": "e1",
    "name": "triage v2",
    "status": "running",
    "task": {"name": "answer", "source": "def answer(): ...", "fingerprint": "f1"},
    "planned": 2,
    "evaluators": ["accuracy"],
    "environment": {"python": "3.12"},
    "metadata": {"model": "small"},
    "createdAt": "2026-01-02T03:04:05Z",
}
RUN = {
    "itemId": "a",
    "status": "ok",
    "traceId": "t1",
    "startedAt": "2026-01-02T03:04:06Z",
    "latency": 0.5,
    "input": {"q": 1},
    "expectedOutput": "x",
    "itemMetadata": {"language": "de"},
    "output": {"a": None},
    "evaluatorErrors": {"judge": "away"},
    "local": True,
}


def put_runs(api, *runs):
    answer = api.post("/experiments/e1/items", json={"items": list(runs)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def runs_of(api, **asked):
    return api.get("/experiment-items", params={"experimentId": "e1", **asked}).json()


def test_an_experiment_is_stored_and_brought_to_what_is_said_later(server, api):
    made = api.post("/experiments", json=EXPERIMENT).json()
    stopped = {**EXPERIMENT, "status": "stopped", "stopReason": "max_time=9 s have passed"}
    assert api.post("/experiments", json=stopped).json() == made
    assert api.get("/experiments/e1").json()["stopReason"] == "max_time=9 s have passed"
    ended = {**EXPERIMENT, "status": "finished", "finishedAt": "2026-01-02T04:00:00Z"}
    again = api.post("/experiments", json={**ended, "number": 7}).json()

    url = f"{server.url}/experiments/e1"
    assert made == again == {"id": "e1", "name": "triage v2", "number": 1, "url": url}
    found = api.get("/experiments/e1").json()
    assert (found["status"], found["finishedAt"]) == ("finished", "2026-01-02T04:00:00.000000Z")
    assert found["stopReason"] is None
    assert {**found, **EXPERIMENT, "status": 0, "createdAt": 0} == {
        **found,
        "status": 0,
        "createdAt": 0,
    }
    assert found["createdAt"] == "2026-01-02T03:04:05.000000Z"
    renamed = api.post("/experiments", json={**EXPERIMENT, "name": "other"})
    assert (renamed.status_code, "triage v2 #1" in renamed.json()["message"]) == (409, True)


def test_an_experiment_gets_the_number_it_asks_for_if_that_is_free(api):
    def number(**known):
        return api.post("/experiments", json={"name": "n", **known}).json()["number"]

    assert [number(), number(number=5), number(number=5), number(number=3), number()] == [
        *(1, 5, 6, 3, 7)
    ]


def test_experiments_are_listed_newest_first_by_name_and_dataset(api):
    api.post("/datasets", json={"name": "d/1"})
    for n, (name, dataset) in enumerate([("a", None), ("b", "d/1"), ("a", "d/1")]):
        given = {"name": name, "createdAt": f"2026-01-0{n + 1}T00:00:00Z"}
        api.post("/experiments", json={**given, "datasetName": dataset})

    def labels(query=""):
        data = api.get(f"/experiments{query}").json()["data"]
        return [f"{one['name']}{one['number']}" for one in data]

    assert labels() == ["a2", "b1", "a1"]
    assert labels("?name=a") == ["a2", "a1"]
    assert labels("?datasetName=d/1") == ["a2", "b1"]
    assert labels("?limit=2&page=2") == ["a1"]
    assert labels("?datasetName=none") == []
    missing = api.post("/experiments", json={"name": "c", "datasetName": "none"})
    assert (missing.status_code, "'none'" in missing.json()["message"]) == (404, True)


def test_a_success_is_immutable_and_a_failure_is_replaced_without_adding_up(api):
    api.post("/experiments", json=EXPERIMENT)
    failed = {**RUN, "itemId": "b", "status": "failed", "error": "away", "attempts": 3}
    del failed["output"]

    assert put_runs(api, RUN, failed) == {"stored": 2, "kept": 0}
    assert put_runs(api, RUN, failed) == {"stored": 2, "kept": 0}
    assert put_runs(api, {**RUN, "output": "another"}) == {"stored": 0, "kept": 1}
    found = {run["itemId"]: run for run in runs_of(api)["data"]}
    assert {**found["a"], **RUN, "startedAt": 0} == {**found["a"], "startedAt": 0}
    assert (found["b"]["attempts"], found["b"]["error"]) == (3, "away")
    put_runs(api, {**RUN, "itemId": "b", "attempts": 4, "output": None})
    [_, replaced] = runs_of(api)["data"]
    assert (replaced["status"], replaced["attempts"], replaced["output"]) == ("ok", 4, None)
    assert "error" not in replaced


def test_item_runs_come_in_pages_of_up_to_a_thousand(api):
    api.post("/experiments", json=EXPERIMENT)
    runs = [{**RUN, "itemId": "a", "repetition": n, "traceId": f"t{n}"} for n in range(1000)]
    assert put_runs(api, *runs)["stored"] == 1000

    page = runs_of(api, limit=1000)
    assert [run["repetition"] for run in page["data"]] == list(range(1000))
    assert runs_of(api, limit=3, page=2)["meta"]["totalPages"] == 334
    assert api.get("/experiment-items").status_code == 400
    assert api.get("/experiment-items?experimentId=none").status_code == 404
    too_many = api.post("/experiments/e1/items", json={"items": [*runs, RUN]})
    assert too_many.status_code == 400
    assert api.post("/experiments/none/items", json={"items": [RUN]}).status_code == 404


def test_a_deleted_experiment_takes_its_item_runs_and_its_own_scores_with_it(api):
    api.post("/experiments", json=EXPERIMENT)
    put_runs(api, RUN)
    own = api.post("/scores", json={"experimentId": "e1", "name": "total", "value": 1}).json()
    on_trace = api.post("/scores", json={"traceId": "t1", "name": "accuracy", "value": 1}).json()

    assert api.delete("/experiments/e1").json() == {"message": "triage v2 #1 is deleted."}
    assert api.delete("/experiments/e1").status_code == 404
    assert api.get(f"/scores/{own['id']}").status_code == 404
    assert api.get(f"/scores/{on_trace['id']}").status_code == 200
    api.post("/experiments", json=EXPERIMENT)
    assert runs_of(api)["data"] == []


def test_a_client_reads_an_experiment_that_was_sent(api, client):
    api.post("/datasets", json={"name": "d"})
    items = [{"id": name, "input": {"q": name}} for name in "ab"]
    api.post("/datasets/d/items", json={"items": items})
    api.post("/experiments", json={**EXPERIMENT, "datasetName": "d"})
    put_runs(api, *({**RUN, "itemId": i, "traceId": f"t{i}", "local": False} for i in "ab"))
    for name, value in (("a", 1), ("b", 0)):
        api.post("/scores", json={"traceId": f"t{name}", "name": "accuracy", "value": value})

    experiment = client.get_experiment("triage v2 #1")
    frame = experiment.to_frame()
    assert list(frame["input"]) == [{"q": "a"}, {"q": "b"}]
    assert list(frame["accuracy"]) == [1, 0]
    assert experiment.task.fingerprint == "f1"
    assert [r.output for r in experiment.get_results()] == [{"a": None}] * 2


def test_an_experiment_made_elsewhere_finds_the_version_that_has_its_items(api, tmp_path):
    elsewhere = xn.get_client(store=tmp_path / "elsewhere.db")
    dataset = elsewhere.create_dataset(name="d", items=[{"id": "a", "input": 1}])
    ran = elsewhere.run(lambda n: n + 1, dataset, name="plain")
    api.post("/datasets", json={"name": "d"})
    for value in (1, 2):
        api.post("/datasets/d/items", json={"id": "a", "input": value})
    runs = [run_to_wire(result.run, dataset.items[0]) for result in ran.get_results()]
    record = to_wire(ran.record)
    elsewhere.close()

    api.post("/experiments", json=record)
    api.post(f"/experiments/{ran.id}/items", json={"items": runs})
    found = api.get("/experiment-items", params={"experimentId": ran.id}).json()["data"]
    assert [(run["input"], run["output"]) for run in found] == [(1, 2)]


# Pages.


def test_the_page_of_an_experiment_shows_it_and_fetches_nothing(server, api):
    api.post("/experiments", json={**EXPERIMENT, "id": "e/1", "name": "<b>triage</b>"})
    run = {**RUN, "output": "<script>alert(1)</script>"}
    api.post("/experiments/e%2F1/items", json={"items": [run]})
    people = server.http(base="")

    answer = people.get("/experiments/e%2F1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "&lt;b&gt;triage&lt;/b&gt; #1" in answer.text
    assert "<script" not in answer.text
    assert people.get("/experiments/none").status_code == 404
    nobody = server.http(auth=None, base="").get("/experiments/e%2F1")
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("role", "status"), [(Role.READ_ONLY, (200, 403)), (Role.SCORES_ONLY, (403, 403))]
)
def test_who_may_only_read_or_score_changes_no_experiment(server, api, role, status):
    api.post("/experiments", json=EXPERIMENT)
    other = server.http(auth=server.key(role))

    answers = (
        other.get("/experiments/e1"),
        other.delete("/experiments/e1"),
    )
    assert tuple(answer.status_code for answer in answers) == status
    assert api.get("/experiments/e1").status_code == 200
