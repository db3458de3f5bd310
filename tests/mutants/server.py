"""Runs tests against faults, one process a fault.

The tests are collected once. For each fault the process forks: the child exchanges the code of the functions that differ,
runs the tests in their order and ends at the first that fails. Where the fault is in what runs at import (a constant, a
table), a child of an emptier process imports everything with the fault in it. The faulty file lies in the copy of
the tree meanwhile, so that processes which tests start have it too.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.mutants.patching import exchange, pairs

Plain = dict[str, Any]
_HEAVY = (
    "duckdb",
    "pyarrow",
    "sqlglot",
    "numpy",
    "pandas",
    "pydantic",
    "fastapi",
    "apsw",
    "pyroaring",
    "cryptography",
    "httpx2",
)
_MARK, _RUN = "CONVOKE_FAULT", "CONVOKE_FAULTS_OF"


class FirstFailure:
    """Notes the first test that fails and ends the process with it."""

    def __init__(self, answer: int, most: float) -> None:
        self._answer = answer
        self._most = time.process_time() + most
        self._process = os.getpid()
        self.item: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Answer at the first failure."""
        if os.getpid() != self._process:
            return
        if report.when == "teardown" and not report.failed and time.process_time() > self._most:
            self.say({"state": "unfinished", "how": "the time was up"})
        if report.failed:
            if self.item is not None:
                with suppress(BaseException):
                    signal.alarm(20)
                    self.item.session._setupstate.teardown_exact(None)
            self.say({"state": "noticed", "by": report.nodeid, "how": _said(report)})

    def say(self, answer: Plain) -> None:
        """Answer, and end at once."""
        os.write(self._answer, json.dumps(answer).encode())
        os._exit(0)


def _said(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(getattr(crash, "message", report.longrepr))[:200]


@dataclass
class Limit:
    """How long a child may take."""

    wall: float
    cpu: int
    tests: float
    """After so long of its own time no further test is begun."""


def _begin(fault: str, limit: Limit) -> int:
    """What a child does first; where its words go."""
    os.setsid()
    os.environ[_MARK] = fault
    resource.setrlimit(resource.RLIMIT_CPU, (limit.cpu, limit.cpu + 5))
    return os.getpid()


def _wait(child: int, answer: int, limit: Limit) -> Plain:
    """What a child answers, or how it ended without an answer."""
    data = b""
    end = time.monotonic() + limit.wall
    while True:
        ready, _, _ = select.select([answer], [], [], max(end - time.monotonic(), 0))
        if not ready:
            break
        piece = os.read(answer, 65536)
        if not piece:
            break
        data += piece
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    late = not data and time.monotonic() >= end
    _, status = os.waitpid(child, 0)
    _end_what_is_left()
    if data:
        found: Plain = json.loads(data)
        return found
    if late:  # a busy machine is no fault
        return {"state": "unfinished", "how": f"not done after {limit.wall:.0f} s"}
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return {"state": "noticed", "by": "the limit of its time on the processor", "how": "endless"}
    return {"state": "noticed", "by": "the end of the process", "how": f"status {status}"}


def _end_what_is_left() -> None:
    """End what tests started and left behind: only processes that carry the mark of a fault of this very run."""
    mine = f"{_RUN}={os.environ[_RUN]}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                if mine in environment and any(one.startswith(f"{_MARK}=".encode()) for one in environment):
                    os.kill(int(folder.name), signal.SIGKILL)


class Emptier:
    """A process without the program in it, which forks one that imports it anew."""

    def __init__(self) -> None:
        for name in _HEAVY:
            with suppress(ImportError):
                import_module(name)
        ours, theirs = os.pipe(), os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(ours[1])
            os.close(theirs[0])
            self._serve(os.fdopen(ours[0], "r"), theirs[1])
        os.close(ours[0])
        os.close(theirs[1])
        self._to, self._from = os.fdopen(ours[1], "w"), os.fdopen(theirs[0], "r")

    def ask(self, fault: str, tests: list[str], limit: Limit, options: list[str]) -> Plain:
        """Run the tests with everything imported anew."""
        self._to.write(json.dumps([fault, tests, [limit.wall, limit.cpu, limit.tests], options]) + "\n")
        self._to.flush()
        found: Plain = json.loads(self._from.readline())
        return found

    def _serve(self, requests: Any, answers: int) -> None:
        for line in requests:
            fault, tests, limits, options = json.loads(line)
            limit = Limit(*limits)
            read, write = os.pipe()
            child = os.fork()
            if child == 0:
                _begin(fault, limit)
                _silently()
                first = FirstFailure(write, limit.tests)
                status = pytest.main([*tests, *options, "-q"], plugins=[first, Ordered(tests)])
                if status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                    first.say({"state": "survived"})
                first.say({"state": "noticed", "by": "collection", "how": str(status)})
            os.close(write)
            found = _wait(child, read, limit)
            os.close(read)
            os.write(answers, json.dumps(found).encode() + b"\n")
        os._exit(0)


def _is_loaded(exchanged: list[tuple[CodeType, CodeType]]) -> bool:
    """Whether the module of some code is there already; one that a test imports has the fault in it by itself."""
    files = {one.co_filename for one, _ in exchanged}
    return any(getattr(module, "__file__", None) in files for module in list(sys.modules.values()))


def _silently() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)


class Ordered:
    """Runs tests in the order they were named in."""

    def __init__(self, tests: list[str]) -> None:
        self._place = {name: number for number, name in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put them in order."""
        items.sort(key=lambda item: self._place.get(item.nodeid, len(self._place)))


class Loop:
    """In place of pytest's own loop: for each fault a child that runs its tests."""

    def __init__(self, plan: list[Plain], out: Path, emptier: Emptier, options: list[str], known: set[str]) -> None:
        self._plan, self._out, self._emptier, self._options = plan, out, emptier, options
        self._sound: dict[str, bool] = {}
        self._known = known
        self._words = os.dup(1)  # pytest takes the other one
        self._number = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Every fault."""
        items = {item.nodeid: item for item in session.items}
        plugins = session.config.pluginmanager
        capture: Any = plugins.get_plugin("capturemanager")
        capture.suspend_global_capture(in_=True)
        plugins.unregister(plugins.get_plugin("terminalreporter"))
        with self._out.open("a", encoding="utf-8") as out:
            for fault in self._plan:
                found = self._one(fault, items)
                out.write(json.dumps({"name": fault["name"], **found}) + "\n")
                out.flush()
                said = f"{found['state']:9} {found['seconds']:6.1f} s  {fault['name']}  {found.get('by', '')}\n"
                os.write(self._words, said.encode())
        return True

    def _one(self, fault: Plain, items: dict[str, pytest.Item]) -> Plain:
        began = time.monotonic()
        tests: list[str] = []
        for one in fault["tests"]:
            new = (name for name in items if name.startswith(f"{one}::") and name not in self._known)
            tests += new if one.endswith(".py") else (one,)
        tests = list(dict.fromkeys(tests))
        while True:
            found = self._run(fault, [name for name in tests if name in items], items)
            by = found.get("by", "")
            if found["state"] != "noticed" or by not in items or self._passes(by, items):
                return found | {"seconds": round(time.monotonic() - began, 1), "tests": len(tests)}
            tests.remove(by)  # it fails without any fault, too

    def _passes(self, name: str, items: dict[str, pytest.Item]) -> bool:
        """Whether a test passes without a fault."""
        if name not in self._sound:
            answer = self._forked("sound", [items[name]], Limit(300, 200, 200), [])
            self._sound[name] = answer["state"] == "survived"
        return self._sound[name]

    def _run(self, fault: Plain, tests: list[str], items: dict[str, pytest.Item]) -> Plain:
        path = Path(fault["path"])
        before, after = path.read_bytes(), fault["after"].encode()
        limit = Limit(100 + 8 * fault["estimate"], int(15 + 3 * fault["estimate"]), fault["most"])
        if not tests:
            return {"state": "survived", "how": "no test goes through it"}
        stamp = path.stat().st_mtime
        self._number += 1
        path.write_bytes(after)
        os.utime(path, (stamp + self._number, stamp + self._number))  # so that no compiled file is taken for it
        try:
            if path.suffix == ".sql":
                return self._emptier.ask(fault["name"], tests, limit, self._options)
            try:
                exchanged = pairs(path, before, after)
            except ValueError:
                return self._emptier.ask(fault["name"], tests, limit, self._options)
            found = self._forked(fault["name"], [items[name] for name in tests], limit, exchanged)
            if found["state"] == "import":
                found = self._emptier.ask(fault["name"], tests, limit, self._options)
            return found
        finally:
            path.write_bytes(before)
            os.utime(path, (stamp, stamp))

    def _forked(self, fault: str, items: list[pytest.Item], limit: Limit, exchanged: list[Any]) -> Plain:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            _begin(fault, limit)
            _silently()
            first = FirstFailure(write, limit.tests)
            items[0].config.pluginmanager.register(first)
            if exchanged and not exchange(exchanged) and _is_loaded(exchanged):
                first.say({"state": "import", "how": "nothing alive to exchange"})
            for item, following in zip(items, [*items[1:], None], strict=True):
                first.item = item
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            first.say({"state": "survived"})
        os.close(write)
        found = _wait(child, read, limit)
        os.close(read)
        return found


def main() -> None:
    """Read the plan and carry it out; the working folder is the copy of the tree."""
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    options = [
        "-W",
        "ignore:Module already imported",
        "-p",
        "no:xvfb",
        "-p",
        "no:cacheprovider",
        f"--basetemp={asked['scratch']}/base",
    ]
    emptier = Emptier()
    loop = Loop(asked["faults"], Path(asked["out"]), emptier, options, set(asked["known"]))
    pytest.main([*asked["files"], *options, "-q"], plugins=[loop])


if __name__ == "__main__":
    main()
