"""`convoke collect` killed for real at any moment: what was acknowledged is there once."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from engine import operations
from engine.operations import Workspace


@contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "engine.cli", "collect", "--address", "127.0.0.1:0", "-w", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Events are taken at http"), line
        yield process, line.split()[4].rstrip(";")
        assert process.wait(timeout=30) in (0, -signal.SIGKILL)


def send(url: str, key: str, numbers: range) -> bool:
    """Whether it was acknowledged."""
    return post(
        url, key, [{"type": "track", "event": "Seen", "userId": "u", "messageId": f"m{one}"} for one in numbers]
    )


def post(url: str, key: str, batch: list[dict[str, str]]) -> bool:
    headers = {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(), "Content-Type": "application/json"}
    request = Request(f"{url}/v1/batch", json.dumps({"batch": batch}).encode(), headers)  # noqa: S310
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            return bool(json.load(answer)["success"])
    except (URLError, OSError, ValueError):
        return False


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    with operations.init(tmp_path / "ws") as workspace:
        folder, key = workspace.folder, operations.add_token(workspace, "shop", ("collect",), 1)
    acknowledged: set[int] = set()
    sent, number = range(0), 0
    for _ in range(4):
        with started(folder) as (process, url):
            end = time.monotonic() + rng.uniform(0.2, 2.5)
            while process.poll() is None:
                if time.monotonic() > end:
                    process.kill()
                again = sent if rng.random() < 0.3 else range(number, number + rng.randrange(1, 30))
                sent, number = again, max(number, again.stop)
                if send(url, key, sent):
                    acknowledged |= set(sent)
    with started(folder) as (process, _):
        process.send_signal(signal.SIGTERM)
    with Workspace(folder) as opened:
        rows = opened.warehouse.rows("SELECT message_id, count(*) FROM collected.seen GROUP BY 1")
    assert all(count == 1 for _, count in rows)
    assert {f"m{one}" for one in acknowledged} <= {one for one, _ in rows}
    assert len(acknowledged) > 20


def test_status_says_what_was_collected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from engine.cli.__main__ import main

    with operations.init(tmp_path / "ws") as workspace:
        folder, key = workspace.folder, operations.add_token(workspace, "shop", ("collect",), 1)
    assert main(["collect", "status", "-w", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("No collector runs; 0 bytes wait")
    with started(folder) as (process, url):
        assert send(url, key, range(7))
        process.send_signal(signal.SIGINT)
    assert main(["collect", "status", "--json", "-w", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["rows"]) for one in told["tables"]] == [("seen", 7), ("tracks", 7)]


def test_what_is_aside_is_written_corrected_and_lands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a collector at work."""
    from engine.cli.__main__ import main

    with operations.init(tmp_path / "ws") as workspace:
        folder, key = workspace.folder, operations.add_token(workspace, "shop", ("collect",), 1)
    where, out = ["-w", str(folder)], tmp_path / "aside.jsonl"
    for command in ("aside", "replay"):
        assert main(["collect", command, *where]) == 0
        assert capsys.readouterr().out == "Nothing is aside.\n"
    with started(folder) as (process, url):
        assert send(url, key, range(2))
        assert post(url, key, [{"type": "track", "messageId": "lost", "event": "Seen"}])
        assert main(["collect", "replay", *where, "--json"]) == 1, "it is aside again"
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert told == {"rows": {}, "aside": {"neither userId nor anonymousId": 1}, "gone": 0}
        assert main(["collect", "aside", "--into", str(out), *where]) == 0
        assert "neither userId nor anonymousId" in capsys.readouterr().out
        line = json.loads(out.read_text())
        out.write_text(json.dumps(line | {"message": line["message"] | {"userId": "u9"}}))
        assert main(["collect", "replay", str(out), *where]) == 0
        assert "collected.seen" in capsys.readouterr().out
        assert main(["collect", "replay", str(out), *where]) == 0
        assert "1 of the file are not aside" in capsys.readouterr().out
        assert send(url, key, range(2, 5)), "the collector goes on"
        process.send_signal(signal.SIGINT)
    with Workspace(folder) as opened:
        sql = "SELECT count(*), count(DISTINCT message_id) FROM collected.seen"
        assert opened.warehouse.rows(sql) == [(6, 6)]
