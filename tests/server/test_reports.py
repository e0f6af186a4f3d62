"""Reports and their score cards over HTTP."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from xeroml_nb.scoring.cards import card as card_module
from xeroml_nb.scoring.sandbox.envelope import Answer

CODE = "return {'score': 100 * sum(row['right'] for row in data) / len(data)}"
ITEMS = [
    {"itemId": f"i{n}", "status": "ok", "traceId": f"t{n}", "output": {"text": f"answer {n}"}}
    for n in range(4)
]


@pytest.fixture
def reports(server):
    """A client for the paths of the document that describes them."""
    return server.http(base="")


@pytest.fixture
def experiment(api):
    """Four item runs of a task, three of which are right; one more failed."""
    return make_experiment(api, "e1")


def make_experiment(api, experiment_id):
    task = {"name": "triage", "source": "def triage(): ...", "fingerprint": "f"}
    body = {"id": experiment_id, "name": "triage", "task": task, "planned": 6, "status": "finished"}
    assert api.post("/experiments", json=body).status_code in (200, 201)
    runs = [run | {"traceId": run["traceId"] + experiment_id} for run in ITEMS]
    failed = {"itemId": "i4", "status": "failed", "traceId": f"t4{experiment_id}", "error": "no"}
    sent = api.post(f"/experiments/{experiment_id}/items", json={"items": [*runs, failed]})
    assert sent.status_code in (200, 201), sent.text
    for n, run in enumerate(runs):
        give(api, run["traceId"], n != 3)
    return experiment_id


def give(api, trace_id, value, name="right"):
    score = {"traceId": trace_id, "name": name, "value": int(value), "dataType": "BOOLEAN"}
    assert api.post("/scores", json=score).status_code in (200, 201)


def make(client, **given):
    answer = client.post("/reports", json={"name": "weekly ü"} | given)
    assert answer.status_code == 201, answer.text
    return answer.json()


def shown(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["report"]


# The score card.


def test_a_card_is_kept_with_its_blueprint(reports):
    report_id = make(reports, column_names=["ok"])["report_id"]
    card = {"column_names": ["ok", "tone"], "code": CODE, "code_language": "JAVASCRIPT"}
    answer = reports.patch(f"/reports/{report_id}/score-card", json=card)

    assert answer.status_code == 200
    report = answer.json()["report"]
    assert answer.json()["success"] is True
    assert (report["id"], report["name"]) == (report_id, "weekly ü")
    assert report["score_configuration"] == {"code": CODE, "code_language": "JAVASCRIPT"}
    assert report["column_names"] == ["ok", "tone"]
    assert (report["score"], report["score_calculation_error"]) == (None, None)
    assert (report["experiment_id"], report["is_blueprint"]) == (None, True)
    assert report["updated_at"] > report["created_at"]
    assert shown(reports.get(f"/reports/{report_id}")) == report
    plain = reports.patch(f"/reports/{report_id}/score-card", json={"column_names": ["ok"]})
    usual = {"code": None, "code_language": "PYTHON"}
    assert plain.json()["report"]["score_configuration"] == usual


def test_a_completed_report_is_scored_before_the_reply(reports, experiment, api):
    report_id = make(reports, experiment_id=experiment)["report_id"]
    card = {"column_names": ["right"]}
    assert shown(reports.patch(f"/reports/{report_id}/score-card", json=card))["score"] == 75
    give(api, "t4e1", value=True)
    assert shown(reports.get(f"/reports/{report_id}"))["score"] == 80
    matrix = [[["right", {"value": 4, "positive_metric": True}]]]
    code = f"return {{'score': 100 * 4 / len(data), 'score_matrix': {matrix}}}"
    report = shown(reports.patch(f"/reports/{report_id}/score-card", json=card | {"code": code}))
    assert (report["score"], report["score_matrix"]) == (80, matrix)
    assert report["score_calculation_error"] is None
    listed = api.get("/scores", params={"name": "score card"}).json()["data"]
    assert [(one["value"], one["experimentId"]) for one in listed] == [(80, experiment)]


def test_a_card_that_fails_leaves_the_score_and_its_error(reports, experiment):
    report_id = make(reports, experiment_id=experiment, column_names=["right"])["report_id"]
    code = "total = 0\nfor row in data:\n    total += row['rigth']\nreturn {'score': total}"
    card = {"column_names": ["right"], "code": code}
    report = shown(reports.patch(f"/reports/{report_id}/score-card", json=card))
    assert report["score"] == 75
    assert report["score_configuration"]["code"] == code
    assert "line 3" in report["score_calculation_error"]
    assert "KeyError" in report["score_calculation_error"]
    score = reports.get(f"/reports/{report_id}/score").json()["score"]
    assert (score["overall_score"], score["score_type"]) == (75, "custom")
    assert score["details"] == {"message": report["score_calculation_error"]}


def test_an_unknown_column_is_unprocessable_and_changes_nothing(reports, experiment):
    report_id = make(reports, experiment_id=experiment, column_names=["right"])["report_id"]
    path = f"/reports/{report_id}/score-card"
    answer = reports.patch(path, json={"column_names": ["rihgt"]})
    assert answer.status_code == 422
    assert "Did you mean 'right'" in answer.json()["message"]
    assert shown(reports.get(f"/reports/{report_id}"))["column_names"] == ["right"]


def test_a_body_that_does_not_fit_is_unprocessable_and_changes_nothing(reports):
    report_id = make(reports)["report_id"]
    path = f"/reports/{report_id}/score-card"
    for given, place in {
        "{}": "column_names",
        '{"column_names": null}': "column_names",
        '{"column_names": "ok"}': "column_names",
        '{"column_names": [""]}': "column_names.0",
        '{"column_names": [1]}': "column_names.0",
        '{"column_names": ["a"], "code": 1}': "code",
        '{"column_names": ["a"], "code_language": "RUBY"}': "code_language",
        '{"column_names": ["a"], "other": 1}': "other",
        f'{{"column_names": ["a"], "code": "{"x" * 100_001}"}}': "code",
        '["column_names"]': "",
    }.items():
        headers = {"Content-Type": "application/json"}
        answer = reports.patch(path, content=given, headers=headers)
        assert answer.status_code == 422, given[:60]
        assert answer.json()["error"][0]["path"] == place
    assert shown(reports.get(f"/reports/{report_id}"))["column_names"] == []


def test_a_report_that_is_not_there_is_not_found(reports, server):
    card = {"column_names": ["a"]}
    for report_id, status in {"1": 404, "0": 422, "x": 422, "99999999999999999999": 422}.items():
        path = f"/reports/{report_id}"
        assert reports.get(path).status_code == status
        assert reports.get(f"{path}/score").status_code == status
        assert reports.patch(f"{path}/score-card", json=card).status_code == status
        assert reports.post(f"{path}/run", json={"name": "r"}).status_code == status
    missing = reports.post("/reports", json={"name": "r", "experiment_id": "none"})
    assert missing.status_code == 404
    nobody = server.http(auth=None, base="").patch("/reports/1/score-card", json=card)
    assert (nobody.status_code, nobody.json()["error"]) == (401, None)


def test_every_path_also_stands_where_all_others_do(reports, api):
    paths = reports.get("/openapi.json").json()["paths"]
    mine = {path: set(paths[path]) for path in paths if path.startswith("/report")}
    assert len(mine) == 6
    for path, methods in mine.items():
        assert set(paths[f"/api/public/v2{path}"]) == methods
    report_id = make(api)["report_id"]
    assert api.get(f"/reports/{report_id}").json() == reports.get(f"/reports/{report_id}").json()


# Reports and their columns.


def test_a_report_tells_how_far_its_experiment_is(reports, experiment):
    report_id = make(reports, experiment_id=experiment, comment="of this week")["report_id"]
    answer = reports.get(f"/reports/{report_id}").json()
    assert answer["status"] == "COMPLETED"
    counts = {"COMPLETED": 4, "FAILED": 1, "QUEUED": 1, "RUNNING": 0}
    assert answer["stats"] == {"status_counts": counts}
    assert answer["report"]["comment"] == "of this week"


def test_columns_are_made_with_the_report_or_added_to_it(reports, experiment):
    text = {"name": "text", "column_type": "SOURCE", "configuration": {"source": "output.text"}}
    right = {"name": "fine", "configuration": {"source": "right"}, "is_part_of_score": True}
    made = make(reports, experiment_id=experiment, columns=[text, right])
    assert [column["name"] for column in made["report_columns"]] == ["text", "fine"]
    assert (made["report"]["column_names"], made["report"]["score"]) == (["fine"], 75)

    code = "return {'score': sum(row['text'] == row['again'] for row in data)}"
    added = {
        "report_id": made["report_id"],
        "name": "again",
        "configuration": {"source": "output.text"},
        "position": 1,
    }
    answer = reports.post("/report-columns", json=added)
    assert answer.status_code == 201
    column = answer.json()["report_column"]
    assert (column["position"], column["report_id"]) == (1, made["report_id"])
    kept = [one["id"] for one in made["report_columns"]]
    assert column["id"] not in kept
    card = {"column_names": ["again", "fine"], "code": code}
    path = f"/reports/{made['report_id']}/score-card"
    assert shown(reports.patch(path, json=card))["score"] == 5

    for wrong in (added, added | {"name": "b", "configuration": {"source": "outptu.text"}}):
        refused = reports.post("/report-columns", json=wrong)
        assert (refused.status_code, bool(refused.json()["message"])) == (422, True)
    assert reports.post("/report-columns", json=added | {"report_id": 99}).status_code == 404
    kind = added | {"name": "c", "column_type": "LLM_ASSERTION"}
    assert reports.post("/report-columns", json=kind).status_code == 422


def test_the_score_tells_what_it_is_made_of(reports, experiment):
    def score_of(**given):
        report_id = make(reports, experiment_id=experiment, **given)["report_id"]
        answer = reports.get(f"/reports/{report_id}/score")
        assert answer.status_code == 200
        return answer.json()["score"]

    fine = {"name": "fine", "configuration": {"source": "right"}}
    tries = {"name": "tries", "configuration": {"source": "attempts"}}
    one = {"column_name": "fine", "score": 75, "score_type": "boolean", "num_skipped": 1}
    two = {"column_name": "tries", "score": 1, "score_type": "number", "num_skipped": 0}
    assert score_of(columns=[fine]) == {
        "overall_score": 75,
        "score_type": "single_column",
        "has_custom_scoring": False,
        "details": one,
    }
    several = score_of(columns=[fine, tries], column_names=["fine", "tries", "output"])
    assert (several["overall_score"], several["score_type"]) == (38, "multi_column")
    assert several["details"] == {"columns": [one, two]}
    none = score_of(column_names=["output"])
    assert (none["overall_score"], none["score_type"]) == (None, "none")
    assert "None of the columns" in none["details"]["message"]
    own = {"code": "return {score: data.length}", "code_language": "JAVASCRIPT"}
    custom = score_of(score_configuration=own)
    assert (custom["overall_score"], custom["has_custom_scoring"]) == (5, True)
    assert custom["details"] == {"matrix": None, "configuration": own}


# Blueprints.


def test_a_blueprint_is_run_on_an_experiment(reports, experiment, api):
    plan = make(reports, task_name="triage", column_names=["right"])
    path = f"/reports/{plan['report_id']}"
    assert reports.get(f"{path}/score").status_code == 400
    assert shown(reports.get(path))["task_name"] == "triage"
    for given in ({"name": "once"}, {"name": "once", "experiment_id": experiment}):
        answer = reports.post(f"{path}/run", json=given)
        assert answer.status_code == 201
        report = shown(reports.get(f"/reports/{answer.json()['report_id']}"))
        assert (report["score"], report["parent_report_id"]) == (75, plan["report_id"])
        assert (report["experiment_id"], report["is_blueprint"]) == (experiment, False)
    assert reports.post(f"{path}/run", json={"name": "r", "experiment_id": "x"}).status_code == 404
    assert reports.post(f"/reports/{report['id']}/run", json={"name": "r"}).status_code == 400
    alone = make(reports)["report_id"]
    assert reports.post(f"/reports/{alone}/run", json={"name": "r"}).status_code == 422
    both = {"name": "r", "experiment_id": experiment, "task_name": "triage"}
    assert reports.post("/reports", json=both).status_code == 422


def test_a_blueprint_makes_the_report_of_each_later_run_of_its_task(reports, api):
    make_experiment(api, "before")
    plan = make(reports, task_name="triage", column_names=["right"])["report_id"]
    make_experiment(api, "after")
    report = shown(reports.get(f"/reports/{plan + 1}"))
    assert (report["experiment_id"], report["parent_report_id"]) == ("after", plan)
    assert report["score"] == 75
    assert reports.get(f"/reports/{plan + 2}").status_code == 404


# Beside other requests.


def test_cards_that_run_leave_the_other_routes_free(server, experiment, monkeypatch):
    """More cards than the server has threads for its other routes."""
    let_go, begun = threading.Event(), threading.Event()

    def run_code(code, data, language, limits, name):
        begun.set()
        assert let_go.wait(30)
        return Answer({"score": 5}, "")

    monkeypatch.setattr(card_module, "run_code", run_code)
    report_id = make(server.http(), experiment_id=experiment)["report_id"]

    def set_card(number):
        card = {"column_names": [], "code": f"return {number}"}
        return shown(server.http().patch(f"/reports/{report_id}/score-card", json=card))["score"]

    with ThreadPoolExecutor(50) as pool:
        setting = pool.map(set_card, range(50))
        try:
            assert begun.wait(30)
            for _ in range(3):
                assert server.http().get("/scores?limit=1").status_code == 200
        finally:
            let_go.set()
        assert list(setting) == [5] * 50
