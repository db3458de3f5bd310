"""A shop whose people buy: events are collected, audiences follow them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine import operations
from engine.daemon.queue import DueQueue
from engine.domain.documents import dump_yaml
from engine.ingest.messages import Received
from engine.operations import Workspace
from engine.operations.collecting import collecting_into
from engine.operations.targets import ById
from engine.settings import write_settings
from engine.warehouses.local import publishing
from tests.support.filling import insert

MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {"table": "people", "key": "id", "traits": {"city": {"type": "string"}}},
    "events": {
        "bought": {
            "table": "collected.bought",
            "profile": "user_id",
            "time": "ts",
            "properties": {"amount": {"type": "decimal"}},
        },
        "seen": {"table": "collected.tracks", "profile": "user_id", "time": "ts"},
        "big": {
            "sql": "SELECT user_id AS who, ts AS happened, amount FROM collected.bought WHERE amount >= 20",
            "profile": "who",
            "time": "happened",
            "properties": {"amount": {"type": "decimal"}},
        },
        "old": {"table": "visits", "profile": "id", "time": "ts"},
    },
}
RULES: dict[str, Any] = {
    "buyers": {"did": "bought"},
    "heavy": {"did": "bought", "measure": {"sum": "amount"}, "gte": 100},
    "never": {"all": [{"did": "bought", "times": 0}, {"trait": "city", "eq": "SP"}]},
    "big": {"did": "big", "times": {"gte": 2}, "within": "30d"},
    "both": {"all": [{"audience": "buyers"}, {"not": {"audience": "heavy"}}]},
}


NAMES: dict[bool, Callable[[int], Any]] = {True: lambda number: number, False: lambda number: f"u{number}"}


class Shop:
    """A workspace whose people buy; ``users``: they are those who told who they are, else a table has them."""

    def __init__(self, folder: Path, *, integer: bool = False, users: bool = False) -> None:
        self.rng, self.sent, self.name, self.users = random.Random(7), 0, NAMES[integer], users
        self.workspace = operations.init(folder / "ws")
        write_settings(self.workspace.folder, replace(self.workspace.settings, warehouse="local:"))
        vars(self.workspace).pop("settings")
        with publishing(self.workspace.folder / "warehouse", "test") as connection:
            kind = "BIGINT" if integer else "VARCHAR"
            connection.execute(f"CREATE TABLE people (id {kind}, city VARCHAR)")
            insert(connection, "people", [[self.name(i), "SP"] for i in range(40)])
            connection.execute("CREATE TABLE visits AS SELECT id, TIMESTAMP '2026-01-01' AS ts FROM people")
        self.land(5)
        model = dict(MODEL)
        if users:
            traits = {"city": {"type": "string"}}
            model["profile"] = {"table": "collected.users", "key": "user_id", "traits": traits}
            model["events"] = {name: one for name, one in MODEL["events"].items() if name != "old"}
        operations.apply_model_text(self.workspace, dump_yaml(model))
        for name, rule in RULES.items():
            self.save(name, rule)

    def save(self, name: str, rule: Any, **more: Any) -> None:
        document = {"kind": "audience", "id": name, "name": name, "rule": rule, "refresh": "on_data"}
        operations.save(self.workspace, document | more)
        follow_schedules(self.workspace)

    def land(self, events: int, people: int = 40) -> None:
        """Some events of random people, acknowledged and landed."""
        messages: list[dict[str, Any]] = []
        for _ in range(events):
            self.sent += 1
            who = str(self.name(self.rng.randrange(people)))
            one: dict[str, Any] = {"messageId": f"m{self.sent}", "userId": who, "type": "track", "event": "Bought"}
            one["properties"] = {"amount": self.rng.choice([5, 20, 90])}
            if self.users:
                self.sent += 1
                told = {"city": self.rng.choice(["SP", "RJ"])}
                messages.append({"messageId": f"m{self.sent}", "userId": who, "type": "identify", "traits": told})
            messages.append(one)
        with collecting_into(self.workspace.folder) as collecting:
            collecting.journal.write([Received(datetime.now(UTC), "web", tuple(messages)).as_bytes()])
            collecting.journal.close()
            collecting.lander.land(collecting.journal.landed)

    def whole(self, name: str) -> list[Any]:
        """Who is in by looking at everybody now."""
        self.workspace.reload()
        later = datetime.now(UTC) + timedelta(seconds=2)
        return list(operations.members(self.workspace, [ById(name)], as_of=later)[0].keys)

    def now(self, name: str) -> list[Any]:
        """Who is in by the newest snapshot."""
        return list(operations.members_then(self.workspace, name).keys)


def follow_schedules(workspace: Workspace) -> None:
    """As the daemon does."""
    DueQueue(workspace).follow(datetime.now(UTC))
