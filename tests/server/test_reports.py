"""Reports and their score cards over HTTP."""

from __future__ import annotations

import pytest

CODE = "return {'score': sum(row['ok'] for row in data)}"


@pytest.fixture(params=["", "/api/public/v2"])
def reports(server, request):
    """A client under either of the two places where reports stand."""
    return server.http(base=request.param)


def test_a_score_card_is_kept_with_its_report(reports):
    made = reports.post("/reports", json={"name": "weekly ü", "column_names": ["ok"]})
    assert made.status_code == 201
    report_id = made.json()["report_id"]
    card = {"column_names": ["ok", "tone"], "code": CODE, "code_language": "JAVASCRIPT"}
    answer = reports.patch(f"/reports/{report_id}/score-card", json=card)

    assert answer.status_code == 200
    report = answer.json()["report"]
    assert answer.json()["success"] is True
    assert (report["id"], report["name"]) == (report_id, "weekly ü")
    assert report["score_configuration"] == {"code": CODE, "code_language": "JAVASCRIPT"}
    assert report["column_names"] == ["ok", "tone"]
    assert (report["score"], report["score_calculation_error"]) == (None, None)
    assert (report["experiment_id"], report["is_blueprint"]) == (None, False)
    assert report["updated_at"] > report["created_at"]
    assert reports.get(f"/reports/{report_id}").json() == answer.json()
    plain = reports.patch(f"/reports/{report_id}/score-card", json={"column_names": ["ok"]})
    usual = {"code": None, "code_language": "PYTHON"}
    assert plain.json()["report"]["score_configuration"] == usual


def test_a_body_that_does_not_fit_is_unprocessable_and_changes_nothing(reports):
    report_id = reports.post("/reports", json={"name": "r"}).json()["report_id"]
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
    assert reports.get(f"/reports/{report_id}").json()["report"]["column_names"] == []


def test_a_report_that_is_not_there_is_not_found(reports, server):
    card = {"column_names": ["a"]}
    for report_id, status in {"1": 404, "0": 422, "x": 422, "99999999999999999999": 422}.items():
        path = f"/reports/{report_id}"
        assert reports.get(path).status_code == status
        assert reports.patch(f"{path}/score-card", json=card).status_code == status
    missing = reports.post("/reports", json={"name": "r", "experiment_id": "none"})
    assert missing.status_code == 404
    nobody = server.http(auth=None, base="").patch("/reports/1/score-card", json=card)
    assert (nobody.status_code, nobody.json()["error"]) == (401, None)
