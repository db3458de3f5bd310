"""What needs a person's look, and where the store shows it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.store.database import Database

Kind = Literal["run", "task", "sync", "held", "late", "size", "rejects", "identity", "ingest", "quality", "score"]


@dataclass(frozen=True)
class Alert:
    """Something that went wrong, when, and when it had passed. Times are ISO in UTC."""

    id: int
    kind: Kind
    subject: str
    message: str
    opened_at: str
    closed_at: str | None
    seen_at: str | None

    def as_json(self) -> dict[str, Any]:
        """A line of `convoke alert list --json`."""
        return asdict(self)


class Alerts:
    """The repository of alerts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, *, open_only: bool = False, most: int = 500) -> list[Alert]:
        """Those that are open, then those that have passed, the newest first."""
        return [Alert(*row) for row in self._database.rows("alerts", {"open": int(open_only), "most": most})]

    def untold(self) -> list[Alert]:
        """Those that were opened or have passed since they were last told."""
        return [Alert(*row) for row in self._database.rows("alerts_untold")]

    def open(self, kind: Kind, subject: str, message: str, at: str) -> None:
        """Open an alert, or say it anew (within the caller's transaction)."""
        self._database.run("open_alert", {"kind": kind, "subject": subject, "message": message, "at": at})

    def close(self, kind: Kind, subject: str, at: str) -> None:
        """It has passed (within the caller's transaction)."""
        self._database.run("close_alert", {"kind": kind, "subject": subject, "at": at})

    def tell(self, alert: Alert) -> None:
        """Note that it was told as it is (within the caller's transaction)."""
        self._database.run("tell_alert", {"id": alert.id, "closed": int(alert.closed_at is not None)})

    def see(self, at: str) -> None:
        """A person has seen them all (within the caller's transaction)."""
        self._database.run("see_alerts", {"at": at})

    def forget(self, before: str) -> None:
        """Forget what passed before a moment (within the caller's transaction)."""
        self._database.run("forget_alerts", {"before": before})


class Troubles:
    """What is wrong now, as the store's other tables show it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def runs(self) -> dict[str, dict[str, Any]]:
        """The error of each audience that failed when it was last run."""
        return {row[0]: json.loads(row[1]) for row in self._database.rows("trouble_runs")}

    def task(self) -> dict[str, Any] | None:
        """The summary of the last task, if it failed as a whole."""
        rows = self._database.rows("trouble_tasks")
        return json.loads(rows[0][1] or "{}") if rows else None

    def syncs(self) -> list[tuple[str, str, str, str]]:
        """(audience, destination, failed or held, reason) of the newest syncs that are so."""
        return [(row[0], row[1], row[2], row[3] or "") for row in self._database.rows("trouble_syncs")]

    def identity(self) -> tuple[str, str] | None:
        """(held or failed, why) of the newest run of identity, if it was so."""
        rows = [row for row in self._database.rows("identity_runs", {"most": 2}) if row[3] != "running"]
        return (rows[0][3], rows[0][6] or "") if rows and rows[0][3] != "published" else None

    def late(self, before: str) -> list[tuple[str, str]]:
        """(audience, when it was due) of those that were due before a moment and do not run."""
        return [(row[0], row[1]) for row in self._database.rows("trouble_late", {"before": before})]

    def ended_syncs(self, since: str) -> list[tuple[str, str, int, int, str | None]]:
        """(audience, destination, rows sent, rows rejected, why) of syncs that were done since a moment."""
        return [
            (row[0], row[1], row[2], row[3], row[4]) for row in self._database.rows("ended_syncs", {"since": since})
        ]

    def runs_after(self, run: int) -> list[tuple[int, str]]:
        """(run, as_of) of runs that were done after one, oldest first; after none, the newest alone."""
        rows = self._database.rows("runs_done_after", {"id": run, "most": 1_000 if run else 1})
        return [(row[0], row[1]) for row in reversed(rows)]

    def sizes_of_weekday(self, run: int, as_of: str) -> dict[str, list[tuple[str, int, int]]]:
        """(day, run, size) of each audience of a run, on the run's weekday in the five weeks before, oldest first."""
        found: dict[str, list[tuple[str, int, int]]] = {}
        for audience, day, number, size in self._database.rows("sizes_of_weekday", {"run_id": run, "as_of": as_of}):
            found.setdefault(audience, []).append((day, number, size))
        return found
