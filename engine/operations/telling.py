"""What happened lately: the scheduler's state, its tasks, deliveries, alerts, and the newest lines of its log."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from engine.operations.activating import syncs
from engine.operations.alerting import Seen, alerts, watch
from engine.operations.scheduling import daemon_state, tasks
from engine.operations.workspace import Workspace

LOG = "daemon.jsonl"
_LINES = 300


def recent_log(workspace: Workspace, most: int = _LINES) -> list[dict[str, Any]]:
    """The newest lines of the scheduler's log, oldest first; lines that were cut off are left out."""
    path = workspace.folder / "logs" / LOG
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-most:]:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found


def activity(workspace: Workspace) -> dict[str, Any]:
    """Everything of it at once, as the app shows it; looks for alerts when no scheduler does."""
    state = daemon_state(workspace)
    if state.state != "running":
        watch(workspace, Seen())
    return {
        "daemon": state.as_json(),
        "alerts": [one.as_json() for one in alerts(workspace)],
        "tasks": [asdict(one) for one in tasks(workspace, most=200)],
        "syncs": [one.as_json() for one in syncs(workspace, None, 200)],
        "log": recent_log(workspace),
    }
