"""Which secrets the workspace has. The store never holds one."""

from __future__ import annotations

from dataclasses import dataclass

from engine.store.database import Database


@dataclass(frozen=True)
class SecretRow:
    """A secret's name, what keeps it (keyring or vault), and who saved it when (ISO, UTC)."""

    name: str
    kept_in: str
    saved_by: str
    saved_at: str


class SecretNames:
    """The repository of secrets' names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, SecretRow]:
        """Every secret by name."""
        rows = (SecretRow(*row) for row in self._database.rows("secrets"))
        return {row.name: row for row in rows}

    def save(self, name: str, kept_in: str, by: str, at: str) -> None:
        """Note a secret (within the caller's transaction)."""
        self._database.run("save_secret", {"name": name, "kept_in": kept_in, "by": by, "at": at})

    def forget(self, name: str) -> None:
        """Forget a secret's name (within the caller's transaction)."""
        self._database.run("forget_secret", {"name": name})
