"""`convoke destination` and `convoke sync` as one meets them, and as real processes that are killed in the middle."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from engine.operations import Workspace, run, sync, syncs
from tests.support.crashing import daemon
from tests.support.delivering import Person, expected, make, person, publish, refresh, save_audience

KILLS = 3
FOLDER = {"type": "folder", "settings": {"path": "../exports"}, "identifiers": ["email"], "max_removal": 100}


def replayed(exports: Path) -> tuple[dict[str, tuple[tuple[str, str], ...]], list[str]]:
    """What the manifests' files come to, and what is wrong with their order."""
    state: dict[str, tuple[tuple[str, str], ...]] = {}
    wrong: list[str] = []
    for manifest in sorted(exports.glob("sp/*/manifest.json")):
        for entry in json.loads(manifest.read_text())["files"]:
            with (manifest.parent / entry["name"]).open(newline="") as file:
                for row in csv.DictReader(file):
                    value = tuple(("email", one) for one in row["email"].split("|"))
                    if entry["operation"] == "add":
                        wrong += [f"{row['key']} twice"] if row["key"] in state else []
                        state[row["key"]] = value
                    elif state.pop(row["key"], None) != value:
                        wrong.append(f"{row['key']} removed as something else")
    return state, wrong


def test_the_way_of_a_user(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = [person(i) for i in range(1, 6)]
    folder = tmp_path / "ws"
    make(folder, people, FOLDER).close()
    document = tmp_path / "two.yaml"
    document.write_text(dump_yaml({"kind": "destination", "id": "two", **FOLDER}))

    def ask(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "-w", str(folder)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    assert ask("destination", "add", str(document))[0] == 0
    assert "can be written to" in ask("destination", "test", "two")[1]
    assert "two" in ask("destination", "list")[1]
    code, _, said = ask("sync", "sp")
    assert (code, "no snapshot yet" in said) == (2, True)
    assert ask("run", "sp")[0] == 0
    code, out, _ = ask("sync", "--dry-run", "--json")
    assert (code, json.loads(out)["add"]) == (0, 5)
    code, out, _ = ask("sync", "--json")
    assert (code, json.loads(out)["state"]) == (0, "done")
    assert replayed(tmp_path / "exports") == (expected(people), [])
    assert "add" in ask("sync", "--who", "3")[1]
    assert "done" in ask("sync", "--history")[1]
    assert ask("destination", "pause", "two")[0] == ask("destination", "resume", "two")[0] == 0
    code, _, said = ask("destination", "remove", "out")
    assert (code, "because sp goes there" in said) == (1, True)
    assert ask("destination", "remove", "two")[0] == 0
    document.write_text("kind: destination\nid: two\ntype: carrier-pigeon\n")
    code, _, said = ask("destination", "add", str(document))
    assert (code, 'no destination of type "carrier-pigeon"' in said) == (2, True)


def test_killed_again_and_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    rng = random.Random(3)
    folder = tmp_path / "ws"
    many = [person(i) for i in range(1, 4_000)]
    make(folder, many, FOLDER).close()
    command = [sys.executable, "-m", "engine.cli", "sync", "-w", str(folder)]
    killed = 0
    for turn in range(KILLS):
        people = [one for one in many if rng.random() < 0.7]
        with Workspace(folder) as workspace:
            refresh(workspace, people)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.3, 1.4))
        process.kill()
        killed += process.wait() == -9
        del turn
    with Workspace(folder) as workspace:
        refresh(workspace, many[:3_000])
        assert all(one.state == "done" for one in sync(workspace))
        assert {one.state for one in syncs(workspace)} <= {"done", "superseded"}
    assert replayed(tmp_path / "exports") == (expected(many[:3_000]), [])
    assert killed > 0


def test_a_run_that_fails_to_count_queues_nothing(tmp_path: Path) -> None:
    with make(tmp_path / "ws", [person(1)], FOLDER) as workspace:
        before: Any = type(workspace.warehouse).same_data
        try:
            type(workspace.warehouse).same_data = lambda self: False  # type: ignore[method-assign]
            with pytest.raises(Exception, match="changed while the run"):
                run(workspace, ["sp"])
        finally:
            type(workspace.warehouse).same_data = before  # type: ignore[method-assign]
        assert syncs(workspace) == []


def test_the_daemon_delivers_what_its_runs_found(tmp_path: Path) -> None:
    people = [person(i) for i in range(1, 50)]
    folder = tmp_path / "ws"
    with make(folder, people, FOLDER) as workspace:
        rule = {"trait": "city", "eq": "SP"}
        save_audience(workspace, "sp", rule, destinations=["out"], consent=["ads"], refresh="on_data")
    process = daemon(folder)
    try:
        until(tmp_path / "exports", people)
        changed = [replace(one, agreed=one.id % 10 != 0) for one in people]
        publish(folder, changed)
        until(tmp_path / "exports", changed)
    finally:
        process.terminate()
        assert process.wait(40) == 0
    log = (folder / "logs" / "daemon.jsonl").read_text()
    assert '"sync done"' in log
    assert "@" not in log


def until(exports: Path, people: list[Person]) -> None:
    """Wait until the files come to this."""
    end = time.monotonic() + 60
    while replayed(exports) != (expected(people), []):
        assert time.monotonic() < end, replayed(exports)
        time.sleep(0.2)
