"""`convoke serve` and `convoke token` as real processes: reached, killed in the middle, told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from engine.errors import EngineError
from engine.operations import Workspace, connect, init
from engine.settings import write_settings
from engine.warehouses.flight import FlightWarehouse
from tests.engine.serving.test_warehouse import SLOW
from tests.support.crashing import daemon
from tests.support.small import make_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_workspace(tmp_path)
    made.close()
    return made.folder


@pytest.fixture
def server(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "engine.cli", "serve", "-w", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "served at flight+unix://" in process.stdout.readline()
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stdout.close()


def url(folder: Path) -> str:
    return f"flight+unix://{(folder / 'warehouse.sock').resolve()}"


def test_a_workspace_reads_what_another_serves(folder: Path, server: subprocess.Popen[str], tmp_path: Path) -> None:
    assert (folder / "warehouse.sock").stat().st_mode & 0o077 == 0
    with init(tmp_path / "far") as far:
        found = connect(far, url(folder))
        assert found["warehouse"] == url(folder)
        assert found["tables"]
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0
    assert not (folder / "warehouse.sock").exists()
    with Workspace(tmp_path / "far") as far, pytest.raises(EngineError, match="nobody answers"):
        far.warehouse.tables()


def test_a_server_that_dies_in_the_middle_is_said(folder: Path, server: subprocess.Popen[str]) -> None:
    opened = FlightWarehouse(url(folder))
    killer = threading.Timer(0.5, server.kill)
    killer.start()
    with pytest.raises(EngineError) as caught:
        opened.rows(SLOW)
    assert caught.value.exit_code in (2, 3)
    assert "Traceback" not in str(caught.value)
    assert server.wait(20) == -signal.SIGKILL
    again = subprocess.Popen([sys.executable, "-m", "engine.cli", "serve", "-w", str(folder)], stdout=subprocess.PIPE)
    assert again.stdout is not None
    assert again.stdout.readline()
    with pytest.raises(EngineError, match="is over"):
        opened.rows("SELECT 1")
    assert FlightWarehouse(url(folder)).rows("SELECT 1") == [(1,)]
    again.terminate()
    assert again.wait(20) == 0
    again.stdout.close()


def test_the_daemon_serves_where_the_settings_say(folder: Path) -> None:
    with Workspace(folder) as workspace:
        write_settings(folder, replace(workspace.settings, serve="unix"))
    process = daemon(folder)
    end = time.monotonic() + 30
    while not (folder / "warehouse.sock").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    opened = FlightWarehouse(url(folder))
    assert opened.rows("SELECT 1") == [(1,)]
    opened.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert not (folder / "warehouse.sock").exists()


def test_a_daemon_that_cannot_serve_still_runs(folder: Path) -> None:
    with Workspace(folder) as workspace:
        write_settings(folder, replace(workspace.settings, serve="0.0.0.0:1"))
    process = daemon(folder)
    end = time.monotonic() + 30
    while not any("the warehouse is not served" in p.read_text() for p in folder.glob("logs/*")):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_tokens_are_made_listed_and_ended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["token", "add", "ana's laptop", "--scope", "warehouse", "--days", "7", "-w", str(folder), "--json"]) == 0
    )
    made = json.loads(capsys.readouterr().out)["token"]
    assert main(["token", "list", "-w", str(folder), "--json"]) == 0
    listed = capsys.readouterr().out
    assert made not in listed
    identifier = json.loads(listed)["id"]
    assert main(["token", "list", "-w", str(folder)]) == 0
    assert "ana's laptop" in capsys.readouterr().out
    assert main(["token", "revoke", identifier, "-w", str(folder)]) == 0
    capsys.readouterr()
    assert main(["token", "revoke", identifier, "-w", str(folder)]) == 2
    assert "no valid token" in capsys.readouterr().err
    assert main(["token", "add", "x", "--scope", "everything", "-w", str(folder)]) == 2
    assert 'no scope "everything"' in capsys.readouterr().err
    for file in folder.glob("store.sqlite*"):
        assert made.split("_", 2)[2].encode() not in file.read_bytes()


def test_serving_twice_or_nothing_is_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init(tmp_path / "empty").close()
    assert main(["serve", "-w", str(tmp_path / "empty")]) == 2
    assert "no warehouse yet" in capsys.readouterr().err
    with Workspace(folder) as workspace:
        write_settings(folder, replace(workspace.settings, warehouse="flight://127.0.0.1:9"))
    assert main(["serve", "-w", str(folder)]) == 2
    assert "served already" in capsys.readouterr().err
    assert os.environ.get("CONVOKE_TOKEN") is None
