"""The daemon as a real process: alone, killed, told to stop, asked to cancel."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.operations import Workspace, make_vault_key
from engine.settings import write_settings
from tests.support import people
from tests.support.crashing import Warm, daemon, hurried, killed_again_and_again
from tests.support.delivering import make, person
from tests.support.small import AS_OF, make_workspace, write_audience
from tests.support.telling import told


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = make_workspace(tmp_path)
    write_audience(tmp_path / "audiences", "hourly", {"trait": "age", "gte": 30}, refresh={"every": "1h"})
    write_audience(tmp_path / "audiences", "fresh", {"did": "purchase"}, refresh="on_data")
    write_audience(tmp_path / "audiences", "asked", {"all": []})
    operations.apply(found, tmp_path / "audiences", as_of=AS_OF)
    return found


@pytest.fixture
def running(workspace: Workspace) -> Iterator[subprocess.Popen[bytes]]:
    process = daemon(workspace.folder)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def until(true: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def states(workspace: Workspace) -> list[str]:
    return [one.state for one in operations.tasks(workspace)]


def test_what_is_due_is_run_and_only_one_daemon_runs(
    workspace: Workspace, running: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    until(lambda: states(workspace) == ["done", "done"])
    causes = {one.cause: one.audiences for one in operations.tasks(workspace)}
    assert causes == {"schedule": ("hourly",), "data": ("fresh",)}
    assert [s.size for s in operations.snapshots(workspace, "hourly")] == [3]
    assert operations.daemon_state(workspace).state == "running"
    where = ["-w", str(workspace.folder)]
    assert main(["daemon", "run", *where]) == 1
    assert "is run by convoke daemon" in capsys.readouterr().err
    assert main(["daemon", "status", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["pid"] == running.pid
    assert main(["daemon", "start", *where]) == 0
    assert main(["daemon", "next", *where]) == 0
    assert "when the data changes" in capsys.readouterr().out
    assert main(["daemon", "now", "asked", *where]) == 0
    until(lambda: states(workspace) == ["done"] * 3)
    assert main(["daemon", "stop", *where]) == 0
    assert running.wait(10) == 0
    assert main(["daemon", "status", *where]) == 1
    log = [json.loads(line) for line in (workspace.folder / "logs" / "daemon.jsonl").read_text().splitlines()]
    assert log[0]["what"] == "started"
    assert log[-1]["what"] == "stopped"


def test_of_forty_kills_none_loses_or_repeats_anything(tmp_path: Path) -> None:
    found = killed_again_and_again(tmp_path, kills=40, tasks=12, seed=0, longest=0.6, frozen_each=20, daemon=Warm)
    assert (found.lost, found.twice, found.wrong, found.disorder) == (0, 0, 0, 0)
    assert found.continued, "no kill came while a task was at work"


def test_persons_are_found_anew_when_the_data_changes(tmp_path: Path) -> None:
    with people.make(tmp_path, document=people.DOCUMENT | {"refresh": "on_data"}) as workspace:
        process = daemon(workspace.folder)
        try:
            until(lambda: operations.identity_state(workspace).in_force is not None)
            before = people.persons(workspace, ["ana-1", "carla-1"])
            people.publish(tmp_path, [*people.PEOPLE, ("carla-9", "carla@mail.com", None, None)])
            until(
                lambda: len([one for one in operations.identity_state(workspace).runs if one.state == "published"]) == 2
            )
            after = people.persons(workspace, ["ana-1", "carla-1", "carla-9"])
            assert after == {**before, "carla-9": before["carla-1"]}
        finally:
            process.terminate()
            process.wait(30)
        log = (workspace.folder / "logs" / "daemon.jsonl").read_text()
        assert '"identity published"' in log
        assert "mail.com" not in log


def test_files_that_come_are_loaded(tmp_path: Path) -> None:
    with operations.init(tmp_path / "ws") as workspace:
        for folder in ("ingest", "in"):
            (workspace.folder / folder).mkdir()
        document = {"kind": "ingest", "id": "people", "into": "people", "path": "in/*.csv"}
        (workspace.folder / "ingest" / "people.yaml").write_text(dump_yaml(document))
        (workspace.folder / "ingest" / "wrong.yaml").write_text("kind: ingest\nid: wrong\n")
        (workspace.folder / "in" / "a.csv").write_text("id,name\n1,Ana\n")
        (workspace.folder / "in" / "b.csv").write_text("id,name\nx,Ana\n2,y\n")
        for path in workspace.folder.rglob("*"):
            os.utime(path, (time.time() - 60,) * 2)
        process = daemon(workspace.folder)
        try:
            until(lambda: len(operations.ingest_status(workspace)) == 2)
            log = workspace.folder / "logs" / "daemon.jsonl"
            until(lambda: log.read_text().count("file refused") == 2)
        finally:
            process.terminate()
            process.wait(30)
        assert workspace.warehouse.rows("SELECT * FROM people") == [(1, "Ana")]
        told = log.read_text()
        assert "1 of 2 rows of b.csv are bad" in told
        assert "wrong.yaml" in told
        assert not operations.ingest_due(workspace), "each is told once"
        assert operations.ingest_all(workspace) == []
        operations.watch(workspace, operations.Seen())
        assert {(one.kind, one.subject) for one in operations.alerts(workspace, open_only=True)} == {
            ("ingest", "people"),
            ("ingest", "wrong.yaml"),
        }
        (workspace.folder / "in" / "b.csv").write_text("id,name\n5,Bruno\n")
        os.utime(workspace.folder / "in" / "b.csv", (time.time() - 50,) * 2)
        assert [one.state for one in operations.ingest_all(workspace)] == ["loaded"]
        operations.watch(workspace, operations.Seen())
        assert [one.subject for one in operations.alerts(workspace, open_only=True)] == ["wrong.yaml"]
        (workspace.folder / "warehouse" / "watched.json").unlink()
        assert [one.file for one in operations.ingest_all(workspace)] == ["wrong.yaml"], "the others are in the ledger"


def test_no_child_outlives_its_daemon(workspace: Workspace, running: subprocess.Popen[bytes]) -> None:
    lines = workspace.folder / "logs" / "daemon.jsonl"
    until(lambda: lines.exists() and '"begun"' in lines.read_text())
    child = next(json.loads(line)["child"] for line in lines.read_text().splitlines() if '"begun"' in line)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])


def test_systemd_is_told(workspace: Workspace, tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.settimeout(20)
    command = [sys.executable, "-m", "engine.cli", "daemon", "run", "-w", str(workspace.folder)]
    environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert listener.recv(100) == b"READY=1"
    assert listener.recv(100) == b"WATCHDOG=1"
    process.terminate()
    heard = b""
    while heard != b"STOPPING=1":
        heard = listener.recv(100)
    assert process.wait(30) == 0
    listener.close()


def test_tasks_can_be_given_up_and_tried_again(workspace: Workspace) -> None:
    task = operations.run_soon(workspace, ["asked"], as_of=AS_OF)
    operations.cancel_task(workspace, task)
    with pytest.raises(EngineError, match="is cancelled"):
        operations.cancel_task(workspace, task)
    operations.retry_task(workspace, task)
    assert states(workspace) == ["queued"]
    for wrong, code in ((99, "not_found"), (task, "refused")):
        with pytest.raises(EngineError) as raised:
            operations.retry_task(workspace, wrong)
        assert raised.value.code == code
    with pytest.raises(EngineError, match="no audience"):
        operations.run_soon(workspace, ["nobody"])


def test_a_run_that_fails_says_why_and_is_tried_again(workspace: Workspace) -> None:
    operations.run_soon(workspace, ["asked"], as_of=AS_OF)
    (workspace.folder.parent / "data.duckdb").write_bytes(b"broken")
    workspace.reload()
    process = daemon(workspace.folder)
    try:
        until(lambda: any(one.summary.get("error") for one in operations.tasks(workspace)))
    finally:
        process.terminate()
        process.wait(30)
    (task,) = [one for one in operations.tasks(workspace) if one.cause == "asked"]
    assert (task.state, task.attempt, task.summary["error"]["code"]) == ("queued", 1, "warehouse_file")
    assert task.not_before > (task.started_at or "")


def test_a_moment_filled_in_later_changes_nothing_after_it(workspace: Workspace) -> None:
    """A backfill is compared with what was before it, and the next run with what was before that."""

    def added(moment: str) -> tuple[int | None, int | None]:
        one = operations.run(workspace, ["fresh"], as_of=moment).audiences[0]
        return one.added, one.removed

    assert added("2026-06-05T00:00:00Z") == (1, 0)
    assert added("2026-06-14T00:00:00Z") == (1, 0)
    write_audience(workspace.folder.parent / "audiences", "fresh", {"did": "purchase", "within": "10d"})
    operations.apply(workspace, workspace.folder.parent / "audiences", as_of=AS_OF)
    operations.run(workspace, ["fresh"], as_of="2026-06-20T00:00:00Z")
    operations.run(workspace, ["fresh"], as_of="2026-05-02T00:00:00Z")
    assert [s.as_of[:10] for s in operations.snapshots(workspace, "fresh")] == [
        "2026-05-02",
        "2026-06-05",
        "2026-06-14",
        "2026-06-20",
    ]
    assert added("2026-06-21T00:00:00Z") == (0, 0)


def test_alerts_are_told_by_the_daemon(tmp_path: Path) -> None:
    """A delivery that a person must look at: found by the daemon, told by a child of its own."""
    out = {"type": "folder", "settings": {"path": "out"}, "min_size": 100}
    with told() as receiver, make(tmp_path / "ws", [person(i) for i in range(1, 9)], out) as workspace:
        make_vault_key(workspace, tmp_path / "key")
        operations.set_secret(workspace, "ops", receiver.address)
        write_settings(workspace.folder, replace(workspace.settings, alerts="ops"))
        operations.run(workspace, ["sp"])
        process = hurried(workspace.folder)
        try:
            until(lambda: receiver.messages, 60)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0
    assert receiver.messages[0]["title"] == "Convoke: A delivery waits for a person"
    assert "only 8 people would be there" in receiver.messages[0]["message"]
