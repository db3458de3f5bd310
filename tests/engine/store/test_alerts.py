"""Alerts that are open stand before those that are over, the newest first."""

from __future__ import annotations

from pathlib import Path

from engine.store.alerts import Alerts
from engine.store.database import Database


def test_open_alerts_stand_first(tmp_path: Path) -> None:
    database = Database(tmp_path / "store.sqlite")
    alerts = Alerts(database)
    with database.transaction():
        for subject in ("first", "second", "third", "fourth"):
            alerts.open("late", subject, "it is late", "2026-01-01T00:00:00")
        alerts.close("late", "second", "2026-01-02T00:00:00")
        alerts.close("late", "fourth", "2026-01-02T00:00:00")
    assert [one.subject for one in alerts.all()] == ["third", "first", "fourth", "second"]
    assert [one.subject for one in alerts.all(open_only=True)] == ["third", "first"]
    assert [one.subject for one in alerts.all(most=3)] == ["third", "first", "fourth"]
    database.close()
