"""`convoke token`: who may ask this workspace's services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.domain.documents import iso
from engine.errors import EngineError, nearest
from engine.operations.workspace import Workspace
from engine.store.tokens import SCOPES, Token, Tokens


def add_token(workspace: Workspace, name: str, scopes: tuple[str, ...], days: int | None) -> str:
    """Make a token for ``days`` (None: until it is revoked); gives it for the only time."""
    for scope in scopes:
        if scope not in SCOPES:
            raise EngineError("usage", f'there is no scope "{scope}"', "--scope", nearest(scope, SCOPES, "scope"))
    now = datetime.now(UTC).replace(microsecond=0)
    expires = None if days is None else iso(now + timedelta(days=days))
    with workspace.database.transaction():
        return Tokens(workspace.database).add(name, scopes, iso(now), expires)


def tokens(workspace: Workspace) -> list[Token]:
    """Every token, without its secret."""
    return Tokens(workspace.database).all()


def revoke_token(workspace: Workspace, identifier: str) -> None:
    """End a token at once; raises EngineError("not_found")."""
    with workspace.database.transaction():
        if not Tokens(workspace.database).revoke(identifier, iso(datetime.now(UTC).replace(microsecond=0))):
            known = [one.id for one in Tokens(workspace.database).all() if one.revoked_at is None]
            raise EngineError(
                "not_found", f'there is no valid token "{identifier}"', hint=nearest(identifier, known, "token")
            )
