"""Grants: which destination or ingest document may use which secret, variable or path, and at which host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.store.database import Database

What = Literal["secret", "env", "machine", "path"]


@dataclass(frozen=True)
class Grant:
    """``user`` is the id of a destination or ingest document; ``place`` is HOST:PORT, or HOST for every port."""

    what: What
    name: str
    user: str
    place: str
    granted_by: str = ""
    granted_at: str = ""

    def covers(self, place: str) -> bool:
        """Whether a connection to HOST:PORT is within the grant."""
        return self.place == place or (bool(self.place) and place.rpartition(":")[0] == self.place)


class Grants:
    """The repository of grants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Grant]:
        """Every grant."""
        return [Grant(*row) for row in self._database.rows("grants")]

    def save(self, grant: Grant) -> None:
        """Keep a grant (within the caller's transaction)."""
        values = {"what": grant.what, "name": grant.name, "user": grant.user, "place": grant.place}
        self._database.run("save_grant", values | {"by": grant.granted_by, "at": grant.granted_at})

    def forget_user(self, user: str) -> None:
        """Forget what a destination or ingest document was given (within the caller's transaction)."""
        self._database.run("forget_grants_of_user", {"user": user})

    def forget_name(self, what: What, name: str, user: str | None = None) -> None:
        """Forget to whom something was given, or one of them (within the caller's transaction)."""
        self._database.run("forget_grants_of_name", {"what": what, "name": name, "user": user})

    def pending(self) -> bool:
        """Whether the documents of an older workspace have not been given yet what they use now."""
        return any(row[0] for row in self._database.rows("granting_pending"))

    def done(self) -> None:
        """They have (within the caller's transaction)."""
        self._database.run("granting_done")
