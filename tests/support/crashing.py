"""Killing the daemon at random moments until everything that was asked is done, and counting what went wrong."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from engine import operations
from engine.operations import Workspace
from engine.operations.scheduling import DAEMON_LOCK
from engine.store.schedules import Daemons
from tests.support.small import AS_OF, make_workspace, write_audience

_ROOT = Path(__file__).parents[2]
_LONGEST_SECONDS = 120
_SUPERSEDED = 3


@dataclass(frozen=True)
class Outcome:
    """``lost`` tasks never done, ``twice`` moments with two finished runs, ``wrong`` sizes, ``disorder`` in time.

    ``frozen``: daemons that slept while another took over; ``stood_down``: those that ended by themselves on waking up;
    ``recovered``: the seconds from starting a daemon until it was in charge and what the dead one left was queued again.
    """

    kills: int
    tasks: int
    lost: int
    twice: int
    wrong: int
    disorder: int
    continued: int
    frozen: int
    stood_down: int
    recovered: tuple[float, ...]


def daemon(folder: Path, module: str = "engine.cli") -> subprocess.Popen[bytes]:
    """The daemon in a process of its own."""
    command = [sys.executable, "-m", module, "daemon", "run", "-w", str(folder)]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def hurried(folder: Path) -> subprocess.Popen[bytes]:
    """The same, but it looks every second where it usually waits for ten or more."""
    return daemon(folder, "tests.support.hurried")


class Warm:
    """The daemon in a process forked from one that has its imports and nothing else: it starts for a tenth of the price,
    and dies as any other. Looks like a Popen where a test needs one."""

    def __init__(self, folder: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(_IMPORTED))
        self._process = context.Process(target=_daemon, args=(str(folder),), daemon=True)
        self._process.start()
        self.pid = int(self._process.pid or 0)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("daemon", timeout or 0)
        return self._process.exitcode


_IMPORTED = (
    "engine.cli.commands",
    "engine.cli.daemon",
    "engine.daemon.loop",
    "engine.daemon.services",
    "engine.operations.running",
    "engine.operations.scheduling",
    "engine.store.schedules",
    "tests.support.crashing",
)


def _daemon(folder: str) -> None:
    from engine.cli.__main__ import main

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.exit(main(["daemon", "run", "-w", folder]))


Daemon = subprocess.Popen[bytes] | Warm


def killed_again_and_again(
    folder: Path,
    kills: int,
    tasks: int,
    seed: int,
    *,
    longest: float = 3.0,
    frozen_each: int = 6,
    daemon: Callable[[Path], Daemon] = daemon,
) -> Outcome:
    """Queue tasks as of many moments; kill the daemon ``kills`` times, each after ``longest`` seconds at most, freezing
    one of so many of them before; then let it end its work."""
    rng = random.Random(seed)
    workspace = make_workspace(folder)
    write_audience(folder / "audiences", "buyers", {"did": "purchase", "within": "30d"})
    write_audience(folder / "audiences", "others", {"not": {"audience": "buyers"}})
    operations.apply(workspace, folder / "audiences", as_of=AS_OF)
    moments = [datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=n) for n in range(tasks)]
    for moment in moments:
        operations.run_soon(workspace, ["buyers", "others"], as_of=moment)
    frozen = stood_down = 0
    recovered: list[float] = []
    for number in range(kills):
        process = daemon(workspace.folder)
        recovered += _watched(workspace, process, rng.uniform(0.2, longest))
        if number % frozen_each == frozen_each - 1 and _in_charge(workspace, process):
            frozen += 1
            stood_down += _frozen(workspace.folder, process, rng, daemon)
        process.kill()  # nothing happens to one that ended by itself
        process.wait()
    process = daemon(workspace.folder)
    end = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < end and any(t.state in ("queued", "running") for t in operations.tasks(workspace)):
        time.sleep(0.1)
    process.terminate()
    process.wait(30)
    return _outcome(workspace, kills, moments, (frozen, stood_down, tuple(recovered)))


def _watched(workspace: Workspace, process: Daemon, seconds: float) -> list[float]:
    """Let a daemon work for a while; the time after which it was in charge, when it came to that."""
    started = time.monotonic()
    found: list[float] = []
    while (passed := time.monotonic() - started) < seconds:
        current = Daemons(workspace.database).current()
        if not found and current is not None and current.pid == process.pid:
            found.append(passed)
        time.sleep(0.02)
    return found


def _in_charge(workspace: Workspace, process: Daemon) -> bool:
    """Whether a daemon has begun; waited for."""
    for _ in range(100):
        current = Daemons(workspace.database).current()
        if current is not None and current.pid == process.pid:
            return True
        time.sleep(0.1)
    return False


def _frozen(folder: Path, process: Daemon, rng: random.Random, daemon: Callable[[Path], Daemon]) -> bool:
    """A daemon sleeps, as a laptop does, and its lock is lost, as over a network; another one takes over. Whether the
    first ends by itself when it wakes up, for its fence is an older one. The other is killed then."""
    os.kill(process.pid, signal.SIGSTOP)
    (folder / DAEMON_LOCK).unlink(missing_ok=True)
    other = daemon(folder)
    time.sleep(rng.uniform(1.0, 7.0))
    os.kill(process.pid, signal.SIGCONT)
    ended = False
    with suppress(subprocess.TimeoutExpired):
        ended = process.wait(30) == _SUPERSEDED
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    return ended


def _outcome(
    workspace: Workspace, kills: int, moments: list[datetime], sleeping: tuple[int, int, tuple[float, ...]]
) -> Outcome:
    done = [t for t in operations.tasks(workspace, most=10_000) if t.state == "done"]
    runs = Counter(r.as_of for r in workspace.runs.all() if r.state == "done")
    wrong = disorder = 0
    for moment in moments:
        expected = {one.id: one.size for one in operations.size(workspace, ["buyers", "others"], as_of=moment)}
        for identifier, size in expected.items():
            found = [
                s for s in operations.snapshots(workspace, identifier) if datetime.fromisoformat(s.as_of) == moment
            ]
            wrong += [s.size for s in found] != [size]
    ended = [t.finished_at or "" for t in sorted(done, key=lambda t: t.id)]
    disorder = sum(later < earlier for earlier, later in pairwise(ended))
    return Outcome(
        kills,
        len(moments),
        len(moments) - len(done),
        sum(count > 1 for count in runs.values()),
        wrong,
        disorder,
        sum(t.attempt > 1 for t in done),
        *sleeping,
    )
