"""Metrics in Prometheus' text format: requests, and what waits in the store."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from engine import operations

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """What is counted while the API runs, and read from the store when it is asked for. No label holds an id of a
    person or of an audience."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter("convoke_requests", "By route and status.", ["route", "status"], registry=registry)
        self.seconds = Histogram("convoke_request_seconds", "How long they took.", ["route"], registry=registry)
        self._gauges = {
            name: Gauge(f"convoke_{name}", text, registry=registry)
            for name, text in (
                ("daemon_up", "Whether the scheduler runs."),
                ("daemon_beat_age_seconds", "Seconds since the scheduler last said that it lives."),
                ("tasks_queued", "Tasks that wait."),
                ("tasks_running", "Tasks that run."),
                ("tasks_failed", "Tasks that failed and were not tried again."),
                ("oldest_due_age_seconds", "Seconds since the oldest waiting task was due."),
                ("audiences_scheduled", "Audiences with a schedule."),
                ("audiences_paused", "Audiences whose schedule is paused."),
            )
        }
        self._syncs = Gauge(
            "convoke_syncs", "The newest thousand deliveries by state.", ["state"], registry=self._registry
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answer; ``route`` is the route's pattern."""
        self.requests.labels(route, str(status)).inc()
        self.seconds.labels(route).observe(seconds)

    def text(self, workspace: operations.Workspace) -> bytes:
        """Everything, now."""
        state = operations.daemon_state(workspace)
        now = datetime.now(UTC)
        found: dict[str, float] = {
            "daemon_up": float(state.state == "running"),
            "daemon_beat_age_seconds": _age(state.beat_at, now),
            "tasks_queued": state.queued,
            "tasks_running": state.running,
            "tasks_failed": state.failed,
            "oldest_due_age_seconds": _age(state.oldest_due, now),
            "audiences_scheduled": state.scheduled,
            "audiences_paused": state.paused,
        }
        for name, value in found.items():
            self._gauges[name].set(value)
        self._syncs.clear()
        for name, count in Tally[Any](one.state for one in operations.syncs(workspace, None, 1_000)).items():
            self._syncs.labels(name).set(count)
        return generate_latest(self._registry)


def _age(moment: str | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())
