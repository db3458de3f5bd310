"""The real worker process: answers, cancels, and survives nonsense."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.client import Reply, Request, SizeAnswer, cancel_line, overview_request, size_request, values_request


class Process:
    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "engine.worker", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, *requests: Request | bytes) -> None:
        assert self.process.stdin is not None
        for request in requests:
            self.process.stdin.write(request if isinstance(request, bytes) else request.line())
        self.process.stdin.flush()

    def reply(self) -> Reply:
        assert self.process.stdout is not None
        while True:
            reply = Reply.from_line(self.process.stdout.readline())
            if reply.progress is None:
                return reply


@pytest.fixture
def worker(demo_folder: Path) -> Iterator[Process]:
    made = Process(demo_folder)
    yield made
    made.process.communicate()
    assert made.process.returncode == 0


def audience(rule: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "audience", "id": "it", "name": "It", "rule": rule}


def test_sizes_are_those_of_the_operation(worker: Process, demo: operations.Workspace) -> None:
    rule = {"all": [{"trait": "age", "gte": 30}, {"did": "purchase"}]}
    worker.send(size_request(1, audience(rule)))
    reply = worker.reply()
    assert reply.error is None
    answer = SizeAnswer.from_result(reply.result)
    document = {"kind": "audience", "id": "it", "rule": rule}
    from datetime import datetime

    expected = operations.size_document(demo, document, as_of=datetime.fromisoformat(answer.as_of))
    assert answer.size == expected.size > 0
    assert answer.nodes["rule.all[0]"].size == expected.conditions[0].size


def test_errors_values_and_overview(worker: Process) -> None:
    worker.send(size_request(1, audience({"trait": "stat", "eq": "x"})))
    error = worker.reply().error
    assert error is not None
    assert (error.code, error.path) == ("unknown_name", "rule")
    worker.send(values_request(2, "state", None), overview_request(3))
    values = worker.reply().result
    assert values[0]["count"] >= values[1]["count"]
    overview = worker.reply().result
    assert len(overview["audiences"]) == 20
    worker.send(b"nonsense\n", Request(4, "fly"))
    fourth = worker.reply()
    assert fourth.token == 4
    assert fourth.error is not None


def test_a_newer_size_cancels_the_older_ones(worker: Process) -> None:
    slow = {"any": [{"did": "view", "times": {"gte": n}, "within": f"{n}d"} for n in range(1, 300)]}
    worker.send(size_request(1, audience(slow)), size_request(2, audience({"all": []})))
    first, second = worker.reply(), worker.reply()
    assert first.token == 1
    assert first.error is not None
    assert first.error.code == "cancelled"
    assert second.result["size"] == 3000


def test_cancel_stops_a_running_query(worker: Process) -> None:
    slow = {"any": [{"did": "view", "times": {"gte": n}, "within": f"{n}d"} for n in range(1, 300)]}
    worker.send(size_request(1, audience(slow)))
    worker.send(cancel_line(1))
    error = worker.reply().error
    assert error is not None
    assert error.code == "cancelled"
    worker.send(json.dumps({"cancel": 99}).encode() + b"\n", size_request(2, audience({"all": []})))
    assert worker.reply().result["size"] == 3000
