"""`make proof-soak [MINUTES=60]`: the daemon works for long while its data changes, dies now and then, and never grows.

Real processes: a daemon that refreshes on new data and every minute, a destination that is a log. Now and then the
daemon is killed, frozen, or asked to stop. At the end nothing may be lost, doubled or out of order, no files of its own
may be left over, and the daemon's memory may not have grown.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engine import operations
from engine.operations import Workspace
from tests.benchmarks.delivery_crash import counted, lines
from tests.benchmarks.report import BUILD, write
from tests.support.crashing import daemon
from tests.support.delivering import expected, make, person, publish, save_audience

_PEOPLE = 2_000
_SETTLE = 180.0


def memory(process: subprocess.Popen[bytes]) -> float:
    """The megabytes a process holds; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0
    found = next((line for line in text.splitlines() if line.startswith("VmRSS")), "VmRSS: 0 kB")
    return int(found.split()[1]) / 1024


def disturb(process: subprocess.Popen[bytes], folder: Path, rng: random.Random) -> tuple[subprocess.Popen[bytes], str]:
    """Kill, freeze for a while, or stop and start; often nothing."""
    what = rng.choice(("kill", "freeze", "stop", "", "", "", "", "", "", ""))
    if what == "kill":
        process.kill()
    elif what == "freeze":
        process.send_signal(signal.SIGSTOP)
        time.sleep(rng.uniform(1, 8))
        process.send_signal(signal.SIGCONT)
    elif what == "stop":
        process.terminate()
    if what in ("kill", "stop"):
        process.wait(60)
        process = daemon(folder)
    return process, what


def settled(workspace: Workspace) -> bool:
    """Whether nothing is left to be done."""
    tasks = any(task.state in ("queued", "running") for task in operations.tasks(workspace))
    return not tasks and not any(one.state in ("queued", "planned") for one in operations.syncs(workspace))


def soaked(base: Path, minutes: float) -> dict[str, Any]:
    """Let it work, and count."""
    rng = random.Random(7)
    shutil.rmtree(base, ignore_errors=True)
    log, folder = base / "log.d", base / "ws"
    many = [person(i) for i in range(1, _PEOPLE)]
    given = {"type": "folder", "settings": {"path": str(log), "format": "jsonl"}, "identifiers": ["email"]}
    with make(folder, many, given | {"max_removal": 100}, refresh="on_data") as workspace:
        save_audience(workspace, "rest", {"not": {"audience": "sp"}}, refresh={"every": "1min"})
        process = daemon(folder)
        end, published = time.monotonic() + minutes * 60, 0
        disturbed: dict[str, int] = {}
        sizes: list[float] = []
        people = many
        while time.monotonic() < end:
            people = [one for one in many if rng.random() < 0.9]
            publish(folder, people)
            published += 1
            time.sleep(rng.uniform(4, 20))
            process, what = disturb(process, folder, rng)
            disturbed[what or "nothing"] = disturbed.get(what or "nothing", 0) + 1
            sizes.append(round(memory(process), 1))
        publish(folder, people)
        last = time.monotonic() + _SETTLE
        time.sleep(15)
        while time.monotonic() < last and not settled(workspace):
            time.sleep(1)
        process.terminate()
        process.wait(60)
        log_of = base / "log"
        log_of.write_text("".join(_as_lines(log)), encoding="utf-8")
        runs = len(operations.syncs(workspace, most=100_000))
    found = counted(log_of, expected(people))
    left = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.name.endswith((".new", ".part"))]
    third = max(1, len(sizes) // 3)
    return found | {
        "published": published,
        "syncs": runs,
        "batches": len(lines(log_of)),
        "disturbed": disturbed,
        "megabytes at first and at last": [max(sizes[:third]), max(sizes[-third:])],
        "left over": left,
    }


def _as_lines(log: Path) -> list[str]:
    """The delivered files as the lines that are counted."""
    import json

    found = []
    for path in sorted(log.rglob("*.jsonl")):
        operation = "add" if path.name.endswith("-add.jsonl") else "remove"
        rows = []
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append([row.pop("key"), [[name, value] for name, values in row.items() for value in values]])
        found.append(json.dumps({"batch": path.name, "operation": operation, "rows": rows}) + "\n")
    return found


def main() -> int:
    """For so many minutes."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    ours = soaked(BUILD / "proof-soak", minutes)
    first, last = ours["megabytes at first and at last"]
    wrong = ours["lost"] + ours["doubled"] + ours["out of order"] + len(ours["left over"])
    line = (
        f"{minutes:g} minutes, {ours['published']} states of the data, {ours['syncs']} syncs, disturbed {ours['disturbed']}: "
        f"{ours['lost']} lost, {ours['doubled']} doubled, {ours['out of order']} out of order, "
        f"{len(ours['left over'])} files left over; the daemon held at most {first:.0f} MB in the first third and "
        f"{last:.0f} MB in the last"
    )
    write("soak", ours, None, None, "rows", line)
    return 0 if not wrong and last < first * 1.25 + 10 else 1


if __name__ == "__main__":
    sys.exit(main())
