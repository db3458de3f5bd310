"""Tokens of the services: made once, kept as hashes, with scopes and an end."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.store.database import Database

SCOPES = ("warehouse", "read", "members", "write", "deliver", "identity", "collect", "admin", "metrics")
"""What a token may: query the warehouse; see documents, sizes and runs; see who is a member; change documents and run;
deliver; look persons up; send events (a write key); manage tokens, secrets and the store; read metrics."""
_PREFIX = "cvk"


@dataclass(frozen=True)
class Token:
    """A token without its secret; times are ISO in UTC."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None

    def as_json(self) -> dict[str, Any]:
        """As `convoke token list --json` prints it."""
        return {**vars(self), "scopes": list(self.scopes)}


class Tokens:
    """The repository of tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, scopes: tuple[str, ...], created_at: str, expires_at: str | None) -> str:
        """Make a token (within the caller's transaction); gives it whole, for the only time."""
        identifier = secrets.token_hex(4)
        token = f"{_PREFIX}_{identifier}_{secrets.token_urlsafe(32)}"
        self._database.run(
            "save_token",
            {
                "id": identifier,
                "name": name,
                "hash": _hash(token),
                "scopes": json.dumps(scopes),
                "created_at": created_at,
                "expires_at": expires_at,
            },
        )
        return token

    def all(self) -> list[Token]:
        """Every token there ever was."""
        return [_token(row) for row in self._database.rows("tokens")]

    def revoke(self, identifier: str, at: str) -> bool:
        """End a token now (within the caller's transaction); whether it was still valid."""
        return bool(self._database.rows("revoke_token", {"id": identifier, "at": at}))

    def allows(self, token: str, scope: str, now: datetime) -> Token | None:
        """The token, if it is valid and has the scope."""
        found = self.valid(token, now)
        return None if found is None or scope not in found.scopes else found

    def valid(self, token: str, now: datetime) -> Token | None:
        """The token, if it is one of ours and not over; compared in constant time."""
        parts = token.split("_", 2)
        rows = self._database.rows("token", {"id": parts[1]}) if len(parts) == 3 and parts[0] == _PREFIX else []
        kept = bytes(rows[0][2]) if rows else bytes(32)
        if not hmac.compare_digest(kept, _hash(token)):
            return None
        found = _token(rows[0])
        over = found.expires_at is not None and datetime.fromisoformat(found.expires_at) <= now
        return None if over or found.revoked_at is not None else found


def is_formed(text: str) -> bool:
    """Whether a text looks like a token, so that the store need be asked."""
    parts = text.split("_", 2)
    return len(text) <= 100 and len(parts) == 3 and parts[0] == _PREFIX and len(parts[1]) == 8


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _token(row: tuple[Any, ...]) -> Token:
    return Token(row[0], row[1], tuple(json.loads(row[3])), row[4], row[5], row[6])
