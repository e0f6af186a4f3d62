"""The OpenAPI document, and the page that shows it."""

from __future__ import annotations

import re

import pytest

ROOT = "/api/public"
# What every route can answer, and what every route with a body can.
ALWAYS = {"400", "401", "403", "429", "503"}
WITH_BODY = {"413", "415"}


@pytest.fixture(scope="module")
def document(shared):
    return shared.http(auth=None, base="").get("/openapi.json").json()


def operations(document):
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_document_names_every_path_of_this_topic(document):
    assert set(operations(document)) >= {
        f"GET {ROOT}/health",
        f"GET {ROOT}/v2/health",
        f"POST {ROOT}/v2/scores",
        f"GET {ROOT}/v2/scores",
        f"GET {ROOT}/v2/scores/{{score_id}}",
        f"DELETE {ROOT}/v2/scores/{{score_id}}",
        f"POST {ROOT}/ingestion",
        f"POST {ROOT}/otel/v1/traces",
    }


def test_every_operation_says_how_it_can_fail_and_in_which_shape(document):
    for name, operation in operations(document).items():
        if "health" in name:
            continue
        answers = operation["responses"]
        assert set(answers) >= ALWAYS | (WITH_BODY if "requestBody" in operation else set()), name
        shapes = {
            answer["content"]["application/json"]["schema"]["$ref"]
            for status, answer in answers.items()
            if status >= "400"
        }
        assert shapes == {"#/components/schemas/Failure"}, name


def test_every_shape_that_is_named_is_there(document):
    named = set(re.findall(r'"#/components/schemas/(\w+)"', str(document).replace("'", '"')))
    assert named <= set(document["components"]["schemas"])


def test_only_scores_can_be_given_with_a_public_key_alone(document):
    kinds = {
        name: {kind for way in operation.get("security", ()) for kind in way}
        for name, operation in operations(document).items()
    }
    assert kinds.pop(f"POST {ROOT}/v2/scores") == {"basic", "bearer"}
    assert {name for name, found in kinds.items() if not found} == {
        f"GET {ROOT}/health",
        f"GET {ROOT}/v2/health",
    }
    assert all(found <= {"basic"} for found in kinds.values())


def test_the_page_shows_every_operation_and_fetches_nothing(shared, document):
    answer = shared.http(auth=None, base="").get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for name in operations(document):
        method, path = name.split()
        assert f"<b>{method}</b><code>{path}</code>" in answer.text
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", answer.text)
    links = set(re.findall(r'href="([^"]*)"', answer.text))
    assert {link for link in links if not link.startswith("#")} == {"/openapi.json"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(
        re.findall(r'id="([^"]*)"', answer.text)
    )
