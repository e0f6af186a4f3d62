"""Prompts over HTTP: versions stay, labels move."""

from __future__ import annotations

NAME = "support/greeting ü"
PATH = "/prompts/support%2Fgreeting%20%C3%BC"


def add(api, text, *labels, **known):
    answer = api.post("/prompts", json={"name": NAME, "prompt": text, "labels": labels, **known})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_post_is_a_version_and_takes_its_labels_along(api):
    assert add(api, "one", "production")["version"] == 1
    second = add(api, "two", "production", config={"model": "small"}, tags=["a"])

    assert (second["version"], second["labels"]) == (2, ["production", "latest"])
    assert (second["type"], second["config"], second["tags"]) == ("text", {"model": "small"}, ["a"])
    assert api.get(PATH).json() == second
    first = api.get(f"{PATH}?version=1").json()
    assert (first["prompt"], first["labels"]) == ("one", [])
    assert api.get(f"{PATH}?label=latest").json()["prompt"] == "two"


def test_going_back_is_moving_a_label(api):
    add(api, "one")
    add(api, "two", "production")
    moved = api.patch(PATH, json={"label": "production", "version": 1})

    assert (moved.status_code, moved.json()["labels"]) == (200, ["production"])
    assert api.get(PATH).json()["prompt"] == "one"
    assert api.get(f"{PATH}?label=latest").json()["labels"] == ["latest"]
    again = api.patch(PATH, json={"label": "production", "version": 1})
    assert again.json()["labels"] == ["production"]
    assert api.patch(PATH, json={"label": "production", "version": 9}).status_code == 404
    assert api.patch(PATH, json={"label": "latest", "version": 1}).status_code == 400
    assert api.patch("/prompts/none", json={"label": "a", "version": 1}).status_code == 404


def test_a_version_that_is_not_there_is_answered_with_those_that_are(api):
    add(api, "one", "staging")

    for query in ("", "?label=other", "?version=2"):
        answer = api.get(PATH + query)
        assert answer.status_code == 404
        assert "1 (staging, latest)" in answer.json()["message"]
    assert api.get("/prompts/none").status_code == 404


def test_prompts_are_listed_without_their_texts(api):
    add(api, "one", "production", tags=["old"])
    add(api, "two", tags=["new"])
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{q}}"}]
    api.post("/prompts", json={"name": "chat", "prompt": chat, "type": "chat"})

    def names(query=""):
        return [one["name"] for one in api.get(f"/prompts{query}").json()["data"]]

    assert names() == ["chat", NAME]
    assert names("?limit=1&page=2") == [NAME]
    assert names(f"?name={NAME}") == [NAME]
    assert (names("?label=production"), names("?label=none")) == ([NAME], [])
    assert (names("?tag=new"), names("?tag=old")) == ([NAME], [])
    listed = api.get("/prompts").json()["data"][1]
    assert (listed["versions"], listed["labels"]) == ([1, 2], ["latest", "production"])
    assert api.get("/prompts/chat?label=latest").json()["prompt"] == chat


def test_a_prompt_keeps_its_type(api):
    add(api, "one")

    answer = api.post("/prompts", json={"name": NAME, "prompt": [{"role": "user"}]})
    assert (answer.status_code, "text prompt" in answer.json()["message"]) == (409, True)
    for given in (
        {"name": "x", "prompt": "a", "type": "chat"},
        {"name": "x", "prompt": []},
        {"name": "x", "prompt": ["a"]},
        {"name": "x", "prompt": "a", "labels": ["Not A Label"]},
        {"name": "", "prompt": "a"},
        {"name": "x"},
    ):
        assert api.post("/prompts", json=given).status_code == 400, given
