"""The API against its own description: whatever a client sends, no answer is a failure of the server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from engine.api.making import make_api
from engine.operations import make_vault_key, save
from tests.support.api import token_of
from tests.support.small import make_workspace

EXAMPLES = int(os.environ.get("CONVOKE_EXAMPLES", "6"))
"""Requests of each kind for each operation; `make proof-api` asks for more."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patched, make_workspace(folder) as workspace:
        patched.setattr("engine.api.gate.BURST", 1e9)  # it is to be asked, not slowed down
        make_vault_key(workspace, folder / "key")
        save(workspace, {"kind": "audience", "id": "a", "name": "A", "rule": {"trait": "age", "gte": 1}})
        loaded = schemathesis.openapi.from_asgi("/openapi.json", make_api(workspace.folder))
        loaded.config.headers = token_of(workspace)
        yield loaded


def test_no_request_makes_it_fail(described: Any) -> None:
    """Every operation, with requests made from its schema: good ones, and ones broken in a single place."""
    tried = 0
    for found in described.get_all_operations():
        operation = found.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            tried += _tried(operation, mode)
    assert tried > 500


def _tried(operation: Any, mode: schemathesis.GenerationMode) -> int:
    """How many requests were answered."""
    count = 0

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        nonlocal count
        answer = case.call()
        count += 1
        assert answer.status_code < 500, f"{operation.label}: {answer.status_code} {answer.text}"
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0].startswith("application/problem+json"), operation.label

    try:
        ask()
    except Unsatisfiable:  # such as a broken request to a route that takes nothing
        return 0
    return count


def test_the_description_names_every_document(described: Any) -> None:
    schemas = described.raw_schema["components"]["schemas"]
    assert {"Audience", "Model", "Destination", "Problem"} <= set(schemas)
