"""Work that is killed: the app's worker, a load, a run, an identity run, a collector and the API, each with what it
acknowledged and what has to be true after a death.

Everything runs in forked processes of one that has its imports, so that a kill costs the work and its check alone.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Acknowledge = Callable[[Any], None]
Found = dict[str, int]
"""What a check counts: lost, doubled, wrong."""
_AS_OF = "2031-01-01T00:00:00Z"


@dataclass(frozen=True)
class Work:
    """``prepare`` makes a folder; ``do`` works in it and says what it acknowledged; ``check`` is told those, finishes what
    was left undone (the next start has to work) and counts what is not as it should be."""

    name: str
    prepare: Callable[[Path], None]
    do: Callable[[Path, Acknowledge], None]
    check: Callable[[Path, Sequence[Any]], Found]


def _found(acknowledged: Sequence[Any], there: Sequence[Any], wrong: int = 0) -> Found:
    """Lost is what was acknowledged and is not there; doubled is what is there more than once."""
    have = Counter(there)
    return {
        "lost": sum(one not in have for one in acknowledged),
        "doubled": sum(count > 1 for count in have.values()),
        "wrong": wrong,
    }


# -- a run -------------------------------------------------------------------------------------------------------------

_PEOPLE = 60


def _prepare_run(folder: Path) -> None:
    from tests.support.delivering import make, person, publish

    memory = {"type": "folder", "settings": {"path": "out"}, "identifiers": ["email"], "max_removal": 100}
    with make(folder / "ws", [person(i) for i in range(_PEOPLE)], memory) as workspace:
        publish(workspace.folder, [person(i, city="SP" if i % 3 else "RJ") for i in range(_PEOPLE)])


def _run(folder: Path, acknowledge: Acknowledge) -> None:
    from engine import operations

    for number in range(2):
        with operations.Workspace(folder / "ws") as workspace:
            acknowledge(operations.run(workspace, ["sp"], as_of=f"2031-01-0{number + 1}T00:00:00Z").id)


def _check_run(folder: Path, acknowledged: Sequence[Any]) -> Found:
    from engine import operations

    with operations.Workspace(folder / "ws") as workspace:
        operations.run(workspace, ["sp"], as_of=_AS_OF)
        done = [one.id for one in workspace.runs.all() if one.state == "done"]
        kept = operations.snapshots(workspace, "sp")
        (size,) = operations.size(workspace, ["sp"], as_of=_AS_OF)
        sound = not operations.check_store(workspace).corrupt
        members = len(operations.members_then(workspace, "sp").keys)
        running = sum(one.state == "running" for one in workspace.runs.all())
        wrong = sum(one.size != size.size for one in kept) + (not sound) + running + (len(kept) != len(done))
        return _found(acknowledged, done, wrong + (members != size.size))


# -- a load ------------------------------------------------------------------------------------------------------------

_FILES, _LINES = 4, 50


def _prepare_load(folder: Path) -> None:
    from engine import operations

    operations.init(folder / "ws").close()
    for number in range(_FILES):
        lines = "".join(f"{number * _LINES + line};{line}\n" for line in range(_LINES))
        (folder / f"f{number}.csv").write_text(f"id;n\n{lines}", encoding="utf-8")


def _load(folder: Path, acknowledge: Acknowledge) -> None:
    from engine import operations
    from engine.domain.ingest import IngestDocument

    for number in range(_FILES):
        with operations.Workspace(folder / "ws") as workspace:
            operations.ingest_load(workspace, IngestDocument("people", "people"), [folder / f"f{number}.csv"])
        for line in range(_LINES):
            acknowledge(number * _LINES + line)


def _check_load(folder: Path, acknowledged: Sequence[Any]) -> Found:
    from engine import operations

    query = "SELECT id FROM people"
    lost = 0
    if acknowledged:
        with operations.Workspace(folder / "ws") as workspace:
            have = {row[0] for row in workspace.warehouse.rows(query)}
            lost = sum(one not in have for one in acknowledged)
    _load(folder, lambda _: None)
    with operations.Workspace(folder / "ws") as workspace:
        there = [row[0] for row in workspace.warehouse.rows(query)]
    found = _found(range(_FILES * _LINES), there)
    return found | {"lost": found["lost"] + lost}


# -- identity ----------------------------------------------------------------------------------------------------------


def _prepare_identity(folder: Path) -> None:
    from engine import operations
    from tests.support.people import PEOPLE, make, publish

    with make(folder) as workspace:
        operations.run_identity(workspace)
    publish(folder, [*PEOPLE, ("dora-1", "dora@mail.com", None, "phone-d"), ("dora-2", "dora@mail.com", None, None)])


def _resolve(folder: Path, acknowledge: Acknowledge) -> None:
    from engine import operations

    with operations.Workspace(folder / "ws") as workspace:
        acknowledge(operations.run_identity(workspace).state)


def _check_identity(folder: Path, acknowledged: Sequence[Any]) -> Found:
    from engine import operations
    from tests.support.people import persons

    keys = ["ana-1", "ana-2", "ana-3", "bruno-1", "carla-1"]

    def same(names: dict[str, str | None]) -> bool:
        ana = {names[one] for one in keys[:3]}
        return len(ana) == 1 and None not in names.values() and len(set(names.values())) == 3

    with operations.Workspace(folder / "ws") as workspace:
        before = persons(workspace, keys)
        late = persons(workspace, ["dora-1", "dora-2"])
        lost = bool(acknowledged) and None in late.values()
        wrong = (not same(before)) + ((late["dora-1"] is None) != (late["dora-2"] is None))
        operations.run_identity(workspace)
        operations.check_identity(workspace)
        after, late = persons(workspace, keys), persons(workspace, ["dora-1", "dora-2"])
        wrong += (after != before) + (late["dora-1"] is None) + (late["dora-1"] != late["dora-2"])
    return {"lost": int(lost), "doubled": 0, "wrong": wrong}


# -- the collector -----------------------------------------------------------------------------------------------------


def _prepare_collector(folder: Path) -> None:
    from engine import operations

    operations.init(folder / "ws").close()
    with operations.Workspace(folder / "ws") as workspace:
        (folder / "key").write_text(operations.add_token(workspace, "shop", ("collect",), 1), encoding="utf-8")


def _asked(location: str, method: str, path: str, body: Any, headers: dict[str, str]) -> int:
    host = location.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _event(number: int) -> dict[str, Any]:
    return {"type": "track", "messageId": f"m{number}", "userId": f"u{number % 7}", "event": "Seen"}


def _collect(folder: Path, acknowledge: Acknowledge) -> None:
    from engine.api.hosting import HostedCollector

    key = (folder / "key").read_text(encoding="utf-8")
    sender = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    hosted = HostedCollector(folder / "ws", "127.0.0.1:0")
    for number in range(0, 120, 3):
        batch = [_event(one) for one in range(number, number + 3)]
        if _asked(hosted.location, "POST", "/v1/batch", {"batch": batch}, sender) == 200:
            for one in batch:
                acknowledge(one["messageId"])
    hosted.stop()


def _check_collector(folder: Path, acknowledged: Sequence[Any]) -> Found:
    from engine import operations
    from engine.ingest.messages import Received
    from engine.operations.collecting import collecting_into

    with collecting_into(folder / "ws") as collecting:
        again = tuple(_event(number) for number in range(9))  # a client that got no answer sends once more
        collecting.journal.write([Received(datetime.now(UTC), "shop", again).as_bytes()])
        collecting.journal.close()
        while any(True for _ in (folder / "ws/warehouse/collected/journal").glob("*.log")):
            collecting.lander.land(collecting.journal.landed)
    with operations.Workspace(folder / "ws") as workspace:
        there = [row[0] for row in workspace.warehouse.rows("SELECT message_id FROM collected.seen")]
    return _found(acknowledged, there)


# -- the app's worker and the API --------------------------------------------------------------------------------------


def _document(number: int) -> dict[str, Any]:
    rule = {"trait": "city", "eq": f"C{number}"}
    return {"kind": "audience", "id": f"a{number % 5}", "name": "a", "rule": rule}


def _work_for_app(folder: Path, acknowledge: Acknowledge) -> None:
    from engine.worker.loop import Loop

    (source, into), (answers, out) = os.pipe(), os.pipe()

    def ask() -> None:
        with os.fdopen(into, "w") as requests, os.fdopen(answers) as replies:
            for number in range(40):
                ask = {"token": number, "op": "save", "args": {"document": _document(number)}, "lane": None}
                if number % 4 == 3:
                    ask |= {"op": "size", "args": {"document": _document(number), "token": number}}
                requests.write(json.dumps(ask) + "\n")
                requests.flush()
                while (reply := json.loads(replies.readline())).get("token") != number or "progress" in reply:
                    continue
                if ask["op"] == "save" and "result" in reply:
                    acknowledge([f"a{number % 5}", reply["result"]["version"], number])

    client = threading.Thread(target=ask, daemon=True)
    client.start()
    Loop(folder / "ws", os.fdopen(out, "wb", buffering=0)).serve(os.fdopen(source, "rb"))
    client.join()


def _serve_api(folder: Path, acknowledge: Acknowledge) -> None:
    from engine import operations
    from engine.api.hosting import HostedApi
    from engine.store.tokens import SCOPES

    with operations.Workspace(folder / "ws") as workspace:
        token = operations.add_token(workspace, "kills", SCOPES, 1)
    hosted = HostedApi(folder / "ws", "127.0.0.1:0")
    for number in range(40):
        name = f"a{number % 5}"
        sender = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{number:08d}"}
        for _ in range(2):  # the second is the same request, and changes nothing
            status = _asked(hosted.location, "PUT", f"/v1/audiences/{name}", _document(number), sender)
        if status == 200:
            acknowledge([name, None, number])
    hosted.stop()


def _check_saved(folder: Path, acknowledged: Sequence[Any]) -> Found:
    from engine import operations
    from engine.domain.audience_codec import write_audience

    with operations.Workspace(folder / "ws") as workspace:
        there: list[tuple[str, str]] = []
        wrong = 0
        for name in sorted({f"a{number}" for number in range(5)} & set(workspace.audiences.ids())):
            versions = workspace.audiences.versions(name)
            wrong += [one.version for one in versions] != list(range(1, len(versions) + 1))
            there += [
                (name, write_audience(one.audience)["rule"]["eq"]) for one in versions if one.audience is not None
            ]
        operations.save(workspace, _document(99))
        wrong += workspace.audiences.get("a4").audience is None
    return _found([(name, f"C{number}") for name, _, number in acknowledged], there, wrong)


WORKS = (
    Work("run", _prepare_run, _run, _check_run),
    Work("ingest", _prepare_load, _load, _check_load),
    Work("identity", _prepare_identity, _resolve, _check_identity),
    Work("collector", _prepare_collector, _collect, _check_collector),
    Work("app worker", _prepare_run, _work_for_app, _check_saved),
    Work("api", _prepare_run, _serve_api, _check_saved),
)
