"""The described API against the served one: schemathesis makes up requests, and the answers must be as described."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from engine.version import VERSION
from tests.web.kit import PATIENCE, Server
from web.api import OPERATIONS
from web.api.openapi import document

UNENDING = ("/events", "/socket")
"""The tests of events are theirs."""
DOCUMENT = document(OPERATIONS, VERSION)

described = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=list(UNENDING))
described.config.generation.update(modes=list(GenerationMode))

UNSAID = (positive_data_acceptance, ignored_auth)
"""What a schema cannot say: which objects are workflows that run; and loopback needs no token."""
HABITS: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "phases": (Phase.explicit, Phase.generate),
    "suppress_health_check": list(HealthCheck),
}


def test_the_served_document_is_the_one_that_is_tested(served: Server) -> None:
    assert served.get("/api/v1/openapi.json") == DOCUMENT


@described.parametrize()
@settings(max_examples=10, **HABITS)
def test_answers_are_as_described(case: schemathesis.Case, served: Server) -> None:
    validate(case, served)


@pytest.mark.slow
@described.parametrize()
@settings(max_examples=100, **HABITS)
def test_answers_are_as_described_at_length(case: schemathesis.Case, served: Server) -> None:
    validate(case, served)


def validate(case: schemathesis.Case, served: Server) -> None:
    """Send the request and hold the answer against the document; the queue goes on meanwhile."""
    case.call_and_validate(base_url=f"{served.url}/api/v1", excluded_checks=list(UNSAID), timeout=PATIENCE)
    if case.path == "/queue/pause":
        served.post("/api/v1/queue/resume")
