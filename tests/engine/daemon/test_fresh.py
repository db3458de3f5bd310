"""Events on their way through the daemon, whose children are killed: who is in is right, and nobody is sent twice."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from engine import operations
from engine.domain.documents import dump_yaml
from engine.operations import Workspace
from engine.settings import write_settings
from tests.support.crashing import hurried
from tests.support.shop import RULES, Shop


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def send(port: int, key: str, who: list[str]) -> bool:
    """Whether it was acknowledged."""
    batch = [{"type": "track", "event": "Bought", "userId": one, "properties": {"amount": 5}} for one in who]
    for one in batch:
        one["messageId"] = f"m{random.getrandbits(64)}"
    headers = {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(), "Content-Type": "application/json"}
    request = Request(f"http://127.0.0.1:{port}/v1/batch", json.dumps({"batch": batch}).encode(), headers)
    try:
        with urlopen(request, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def there(out: Path) -> Counter[str]:
    """How often each key is at the destination."""
    found: Counter[str] = Counter()
    for path in out.rglob("*.jsonl"):
        for line in path.read_text().splitlines():
            found[json.loads(line)["key"]] += 1 if "add" in path.name else -1
    return found


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def logged(folder: Path, what: str, name: str = "daemon.jsonl") -> list[dict[str, object]]:
    path = folder / "logs" / name
    lines = path.read_text().splitlines() if path.exists() else []
    return [one for one in map(json.loads, lines) if one["what"] == what]


def test_from_an_event_to_the_destination_though_children_and_daemon_are_killed(tmp_path: Path) -> None:
    rng, port, out = random.Random(11), free_port(), tmp_path / "out"
    shop = Shop(tmp_path)
    folder = shop.workspace.folder
    settings = {"path": str(out), "format": "jsonl"}
    document = {"kind": "destination", "id": "out", "type": "folder", "settings": settings, "max_removal": 100}
    operations.save_destination(shop.workspace, document)
    shop.save("buyers", RULES["buyers"], destinations=["out"])
    write_settings(folder, replace(shop.workspace.settings, collect=f"127.0.0.1:{port}"))
    key = operations.add_token(shop.workspace, "shop", ("collect",), 1)
    shop.workspace.close()
    process = hurried(folder)
    acknowledged: set[str] = set()
    killed = 0
    try:
        until(lambda: bool(logged(folder, "sync done")))
        for turn in range(24):
            who = [f"u{rng.randrange(40)}" for _ in range(2)]
            if send(port, key, who):
                acknowledged |= set(who)
            time.sleep(rng.uniform(0.1, 0.5))
            children = [one["child"] for one in logged(folder, "following events")]
            if turn % 4 == 1 and children:
                try:
                    os.kill(int(str(children[-1])), signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    continue
            if turn == 14:
                process.kill()
                process.wait()
                process = hurried(folder)
                until(lambda: len(logged(folder, "the collector is served")) == 2)
        with Workspace(folder) as workspace:
            before = set(there(out))
            until(lambda: acknowledged <= set(+there(out)))
            until(lambda: len(operations.syncs(workspace)) > 0)
            assert before
            until(lambda: acknowledged <= set(operations.members_then(workspace, "buyers").keys))
    finally:
        process.terminate()
        process.wait(30)
    assert killed > 1
    assert logged(folder, "followed", "following.jsonl"), "some steps were taken between the kills"
    counts = there(out)
    assert set(counts.values()) == {1}, "each is there once"
    assert "u1" not in (folder / "logs" / "following.jsonl").read_text()


def test_a_daemon_that_was_there_before_the_first_event_sees_it(tmp_path: Path) -> None:
    port = free_port()
    with operations.init(tmp_path / "ws") as workspace:
        write_settings(workspace.folder, replace(workspace.settings, collect=f"127.0.0.1:{port}"))
        key = operations.add_token(workspace, "shop", ("collect",), 1)
    process = hurried(workspace.folder)
    try:
        until(lambda: bool(logged(workspace.folder, "the collector is served")))
        until(lambda: send(port, key, ["u1"]))
        with Workspace(workspace.folder) as after:
            until(lambda: bool(operations.collect_state(after).tables))
            operations.apply_model_text(after, dump_yaml(FIRST))
            rule = {"did": "bought"}
            document = {"kind": "audience", "id": "buyers", "name": "B", "rule": rule, "refresh": "on_data"}
            operations.save(after, document)
            until(lambda: bool(operations.runs(after)) and operations.runs(after)[-1]["state"] == "done")
            assert send(port, key, ["u2"])
            until(lambda: operations.members_then(after, "buyers").keys == ["u1", "u2"])
    finally:
        process.terminate()
        process.wait(30)


FIRST = {
    "kind": "model",
    "profile": {"sql": "SELECT DISTINCT user_id FROM collected.bought", "key": "user_id"},
    "events": {"bought": {"table": "collected.bought", "profile": "user_id", "time": "ts"}},
}
