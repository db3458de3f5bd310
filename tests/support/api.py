"""The API of a workspace with tokens, asked in the same process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient

from engine.api.making import make_api
from engine.operations import Workspace, add_token
from engine.store.tokens import SCOPES


def token_of(workspace: Workspace, *scopes: str) -> dict[str, str]:
    """The header of a new token; without scopes it may do everything."""
    made = add_token(workspace, "test", scopes or SCOPES, 1)
    return {"Authorization": f"Bearer {made}"}


@contextmanager
def served(workspace: Workspace, *scopes: str, raising: bool = True) -> Iterator[TestClient]:
    """A client of the workspace's API, with a token of these scopes."""
    gate: Any = make_api(workspace.folder)
    with TestClient(gate, headers=token_of(workspace, *scopes), raise_server_exceptions=raising) as client:
        yield client
