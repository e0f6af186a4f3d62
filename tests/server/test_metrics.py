"""Counts by day over HTTP."""

from __future__ import annotations

from xeroml_nb.store.rows import Rows

from .test_traces import a_call, a_span

DAY = 86_400


def test_traces_and_their_usage_are_counted_by_the_day_they_began(server, api):
    late = 11.9 * 3600
    observations = [
        a_span("t1", "r", user_id="ann"),
        a_call("t1", "c1", parent="r"),
        a_call("t1", "c2", parent="r", attributes={"gen_ai.request.model": "large"}),
        # Begins before midnight and goes on after it.
        a_span("t2", "r", at=late, user_id="bob"),
        a_call("t2", "c", parent="r", at=late + 3600),
        a_span("t3", "r", at=DAY),
    ]
    server.store.write_rows(Rows(observations=observations))
    api.post("/traces", json={"id": "t1", "name": "as a whole"})

    found = api.get("/metrics/daily").json()
    small = {
        "model": "small",
        "inputUsage": 20,
        "outputUsage": 10,
        "totalUsage": 30,
        "countTraces": 2,
        "countObservations": 2,
        "totalCost": 0.5,
    }
    large = {
        "model": "large",
        "inputUsage": 0,
        "outputUsage": 0,
        "totalUsage": 0,
        "countTraces": 1,
        "countObservations": 1,
        "totalCost": 0,
    }
    assert found["data"] == [
        {
            "date": "2026-03-02",
            "countTraces": 1,
            "countObservations": 1,
            "totalCost": 0,
            "usage": [],
        },
        {
            "date": "2026-03-01",
            "countTraces": 2,
            "countObservations": 5,
            "totalCost": 0.5,
            "usage": [large, small],
        },
    ]
    assert found["meta"]["total"] == 2


def test_days_are_chosen_paged_and_split_by_user(server, api):
    spans = [a_call(f"t{n}", "c", at=n * DAY, user_id="ann") for n in range(4)]
    spans += [a_call("other", "c", at=DAY, user_id="bob"), a_call("nobody", "c", at=DAY)]
    server.store.write_rows(Rows(observations=spans))

    def rows(**asked):
        data = api.get("/metrics/daily", params=asked).json()["data"]
        return [(r["date"][8:], r.get("userId", "-"), r["countTraces"]) for r in data]

    assert rows(startDate="2026-03-02", endDate="2026-03-03") == [("03", "-", 1), ("02", "-", 3)]
    assert rows(limit=1, page=2) == [("03", "-", 1)]
    by_user = rows(startDate="2026-03-02", endDate="2026-03-02", groupBy="userId")
    assert sorted(by_user, key=str) == sorted(
        [("02", None, 1), ("02", "ann", 1), ("02", "bob", 1)], key=str
    )
    assert rows(startDate="2027-01-01") == []
    for asked in ("startDate=today", "endDate=2026-02-30", "groupBy=name", "startDate=0001-01-01"):
        assert api.get(f"/metrics/daily?{asked}").status_code == 400
    [row, *_] = api.get("/metrics/daily?groupBy=userId&startDate=2026-03-04").json()["data"]
    assert (row["userId"], row["usage"][0]["countObservations"]) == ("ann", 1)
