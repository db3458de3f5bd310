"""Answers to requests that may come again."""

from __future__ import annotations

from dataclasses import dataclass

from engine.store.database import Database


@dataclass(frozen=True)
class Repeat:
    """A request seen before: what it was, who works on it, and its answer once there is one."""

    fingerprint: bytes
    process: str
    status: int | None
    media_type: str | None
    body: bytes | None


class Repeats:
    """The repository of such answers, by token and key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, token: str, key: str, fingerprint: bytes, process: str, at: str) -> Repeat | None:
        """What is known of the key; None when the caller is to do the work: nobody did, or who began is gone."""
        with self._database.transaction():
            rows = self._database.rows("repeat", {"token": token, "key": key})
            if rows:
                found = Repeat(bytes(rows[0][0]), rows[0][1], rows[0][2], rows[0][3], rows[0][4])
                if found.status is not None or found.process == process or found.fingerprint != fingerprint:
                    return found
            values = {"token": token, "key": key, "fingerprint": fingerprint, "process": process, "at": at}
            self._database.run("begin_repeat", values)
        return None

    def finish(self, token: str, key: str, status: int, media_type: str, body: bytes) -> None:
        """Keep the answer."""
        values = {"token": token, "key": key, "status": status, "media_type": media_type, "body": body}
        with self._database.transaction():
            self._database.run("finish_repeat", values)

    def forget(self, token: str, key: str) -> None:
        """Forget a request that was not done, so that it may be tried again."""
        with self._database.transaction():
            self._database.run("forget_repeat", {"token": token, "key": key})

    def clean(self, before: str) -> None:
        """Forget answers made before a moment (ISO, UTC)."""
        with self._database.transaction():
            self._database.run("forget_repeats", {"before": before})
