"""The server keeps what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .running import running

_REQUESTS = 8  # to each operation
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The document of a server that runs, whose keys every request brings along."""
    place = str(tmp_path_factory.mktemp("openapi") / "store.db")
    with running(place, rate_limit=0) as server:
        loaded = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
        loaded.config.auth.update(basic=(server.public, server.secret))
        yield loaded


def _failure(operation):
    """What the first request that shows a fault does; None where none does."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=_REQUESTS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case):
        case.call_and_validate(checks=_CHECKS)

    try:
        holds()
    except (FailureGroup, Failure) as failure:
        return f"{operation.label}: {failure!s} {getattr(failure, 'exceptions', '')}"
    return None


def test_no_request_finds_a_fault_or_an_answer_that_is_not_declared(document):
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 50
    found = [failure for operation in operations if (failure := _failure(operation))]
    assert found == []
