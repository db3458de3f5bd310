"""What tests of destinations share: a host with secrets, rows, and what every kind of destination must do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.destinations.host import Host, Reference
from engine.destinations.protocol import Batch, Destination, Misconfigured, Operation, Row, Sync

SYNC = Sync(7, "sp", "2026-11-25T00:00:00Z")
ROWS = [Row("1", (("email", "aa"), ("email", "bb"), ("phone", "cc"))), Row('ó"2,x\t\\', (("phone", "dd"),)), Row("3")]


def host(folder: Path, secrets: Mapping[str, str] | None = None) -> Host:
    """A host that knows these secrets, in a workspace whose owner allows servers of this machine."""

    def reveal(reference: Reference) -> str:
        try:
            return (secrets or {})[reference["secret"]]
        except KeyError:
            raise Misconfigured("there is no such secret", "Keep it.") from None

    return Host(folder, reveal, inside=lambda _: True, endpoints=("127.0.0.1", "localhost"), machine=True)


def batch(
    rows: list[Row], identifier: str = "b1", operation: Operation = "add", name: str = "00001", sync: Sync = SYNC
) -> Batch:
    """A batch of a sync."""
    return Batch(identifier, sync, name, operation, rows)


State = dict[str, tuple[tuple[str, str], ...]]


def conforms(destination: Destination, state: Callable[[], State]) -> None:
    """What every destination that keeps members must do: each batch counts once, in order, whatever comes again."""
    assert destination.check()
    assert "sha256" in destination.capabilities.profiles
    destination.send(batch(ROWS))
    first = state()
    assert first == {row.key: row.values for row in ROWS}
    destination.send(batch(ROWS))
    assert state() == first
    destination.send(batch([Row("1"), Row("9")], "b2", "remove", "00002"))
    assert set(state()) == {row.key for row in ROWS[1:]}
    changed = Row("3", (("email", "new"),))
    destination.send(batch([changed], "b3", "add", "00003"))
    assert state() == {ROWS[1].key: ROWS[1].values, "3": changed.values}
    many = [Row(f"m{i}", (("email", f"e{i}"),)) for i in range(2_500)]
    destination.send(batch(many, "b4", "add", "00004"))
    assert len(state()) == 2_502
    done: list[tuple[str, str, Operation]] = [
        ("b1", "00001", "add"),
        ("b2", "00002", "remove"),
        ("b3", "00003", "add"),
        ("b4", "00004", "add"),
    ]
    for _ in range(2):
        destination.finish(SYNC, done)
    assert len(state()) == 2_502


def replayed(files: Mapping[str, bytes]) -> State:
    """The members that a reader of JSON-lines files ends with, taking them in the order of their names."""
    found: State = {}
    for name in sorted(files):
        if not name.endswith(".jsonl"):
            continue
        for line in files[name].decode().splitlines():
            row: dict[str, Any] = json.loads(line)
            key = row.pop("key")
            if name.endswith("-add.jsonl"):
                found[key] = tuple((column, value) for column, values in row.items() for value in values)
            else:
                found.pop(key, None)
    return found
