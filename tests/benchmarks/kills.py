"""`make proof-kills [KILLS=500] [WORKS="run api"]`: processes killed at random moments and at the points of their writes.

A run, a load, an identity run, a collector, the app's worker and the API; after each death nothing acknowledged is lost,
nothing is doubled, and the next start works. Figures go to build/kills.json as they come.
"""

from __future__ import annotations

import json
import os
import random
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.report import write
from tests.support.faults import Faults, under
from tests.support.killed_work import WORKS, Found, Work
from tests.support.power import copy
from tests.support.warm import warm

_CHECK_SECONDS = 120


def forked(work: Callable[[Callable[[Any], None]], None], stop_after: float | None) -> tuple[list[Any], int]:
    """What a forked process said until it ended or was killed, and its status."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os._exit(_child(work, writer))
    os.close(writer)
    end = time.monotonic() + (_CHECK_SECONDS if stop_after is None else stop_after)
    said = b""
    while (left := end - time.monotonic()) > 0:
        if select.select([reader], [], [], left)[0]:
            part = os.read(reader, 1 << 16)
            if not part:
                break
            said += part
    else:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while part := os.read(reader, 1 << 16):  # acknowledged before it died
        said += part
    os.close(reader)
    return [json.loads(line) for line in said.split(b"\n")[:-1]], status


def _child(work: Callable[[Callable[[Any], None]], None], writer: int) -> int:
    def say(told: Any) -> None:
        os.write(writer, json.dumps(told).encode() + b"\n")

    try:
        work(say)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def checked(work: Work, folder: Path, acknowledged: list[Any]) -> Found:
    """What a check in a process of its own found; one that fails or hangs is a start that did not work."""
    found, status = forked(lambda say: say(work.check(folder, acknowledged)), None)
    if status or len(found) != 1:
        return {"lost": 0, "doubled": 0, "wrong": 0, "no start": 1}
    return dict(found[0])


def killed(work: Work, base: Path, kills: int, say: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """So many deaths: one half at a random moment, the other at a write, sync or rename."""
    folder, total = base / "at", Counter[str]()
    _, status = forked(lambda _: work.prepare(folder), None)
    assert status == 0, f"{work.name} was not prepared"
    copy(folder, base / "before")
    began = time.monotonic()
    _, status = forked(lambda told: work.do(folder, told), None)
    whole = time.monotonic() - began
    assert status == 0, f"{work.name} does not work"
    copy(base / "before", folder)
    counting = Faults()
    assert under(counting, lambda _: work.do(folder, lambda _: None)) == "done"
    for number in range(kills):
        rng = random.Random(f"{work.name} {number}")
        copy(base / "before", folder)
        if number % 2:
            at = rng.randrange(1, counting.points + 1)
            acknowledged, status = forked(lambda told, at=at: _at_point(work, folder, told, at), None)  # type: ignore[misc]
        else:
            acknowledged, status = forked(lambda told: work.do(folder, told), rng.uniform(0, whole))
        total["killed" if os.WIFSIGNALED(status) else "ended before"] += 1
        found = checked(work, folder, acknowledged)
        total.update(found)
        total["acknowledged"] += len(acknowledged)
        if any(found.values()):
            sys.stdout.write(f"{work.name} #{number}: {found}, {len(acknowledged)} acknowledged\n")
            sys.stdout.flush()
        if number % 10 == 9:
            say(dict(total) | {"points": counting.points})
    return dict(total) | {"points": counting.points}


def _at_point(work: Work, folder: Path, told: Callable[[Any], None], at: int) -> None:
    from tests.support.faults import _points_of_files, _System

    faults = Faults("kill", at)
    system = _System(faults)
    _points_of_files(faults)
    work.do(folder, told)
    del system


def main() -> int:
    """Every kind of work."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    wanted = sys.argv[2:]
    figures: dict[str, Any] = {}
    warm()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for work in WORKS:
        if wanted and work.name not in wanted:
            continue
        began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = used.ru_utime + used.ru_stime
        with tempfile.TemporaryDirectory() as name:

            def say(so_far: dict[str, Any], work: Work = work) -> None:
                figures[work.name] = so_far
                write("kills", figures, None, None, "deaths", f"{work.name}: {so_far}")

            figures[work.name] = killed(work, Path(name), kills, say)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures[work.name]["seconds"] = round(time.monotonic() - began)
        figures[work.name]["CPU seconds"] = round(used.ru_utime + used.ru_stime - spent)
        sys.stdout.write(f"{work.name}: {figures[work.name]}\n")
        sys.stdout.flush()
    bad = ("lost", "doubled", "wrong", "no start")
    total = Counter[str]()
    for one in figures.values():
        total.update({name: count for name, count in one.items() if isinstance(count, int)})
    line = (
        f"{total['killed']} deaths of {', '.join(figures)}: {total['acknowledged']} acknowledged, {total['lost']} lost, "
        f"{total['doubled']} doubled, {total['wrong']} wrong, {total['no start']} starts that did not work"
    )
    write("kills", figures, None, None, "deaths", line)
    return 1 if any(total[name] for name in bad) else 0


if __name__ == "__main__":
    sys.exit(main())
