"""`make proof-delivery [KILLS=300]`: real processes that deliver, killed at random moments; then what arrived is counted.

The destination is a log: every batch is a line. With the engine's batch ids each counts once; a destination that does
not look at them, as when one sends first and marks afterwards, is the control, in the same run.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.destinations import opening
from engine.destinations.host import Host
from engine.destinations.protocol import Batch, Capabilities, Operation, Receipt, Sync
from engine.errors import EngineError
from engine.operations import Workspace, sync
from tests.benchmarks.report import BUILD, write
from tests.support.delivering import expected, make, person, refresh

PEOPLE = 1_500
_REFUSED = 42
Rows = dict[str, tuple[tuple[str, str], ...]]


class Log:
    """Appends every batch to a file; with a ledger it knows the ids that are there."""

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        self._path, self._ledger = Path(settings["path"]), bool(settings["ledger"])
        self.capabilities = Capabilities(100, "batch", "protocol")

    def check(self) -> str:
        """It is always there."""
        return "It is there."

    def send(self, batch: Batch) -> Receipt:
        """One line, on the disk before the answer."""
        known = {one["batch"] for one in lines(self._path)} if self._ledger else set()
        if batch.id not in known:
            rows = [[row.key, row.values] for row in batch.rows]
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"batch": batch.id, "operation": batch.operation, "rows": rows}) + "\n")
                file.flush()
                os.fsync(file.fileno())
        time.sleep(0.01)  # a longer way back for the answer: more deaths between effect and mark
        return Receipt({})

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def lines(path: Path) -> list[dict[str, Any]]:
    """What arrived; a line that was half written when its process died never did."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def counted(path: Path, wanted: Rows) -> dict[str, int]:
    """Lost: what is not as it should be at the end. Doubled: effects that came once more. Out of order: a removal of
    something else than what was there."""
    state: Rows = {}
    doubled = disordered = 0
    for one in lines(path):
        for key, pairs in one["rows"]:
            values = tuple((name, value) for name, value in pairs)
            if one["operation"] == "add":
                doubled += state.get(key) == values
                state[key] = values
            elif key not in state:
                doubled += 1
            else:
                disordered += state.pop(key) != values
    lost = sum(state.get(key) != wanted.get(key) for key in state.keys() | wanted.keys())
    return {"lost": lost, "doubled": doubled, "out of order": disordered}


def killed(folder: Path, kills: int, rng: random.Random, *, ledger: bool) -> dict[str, int]:
    """So many deliveries that die, one that does not, and what arrived."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "log"
    many = [person(i) for i in range(1, PEOPLE)]
    settings = {"path": str(log), "ledger": ledger}
    workspace = folder / "ws"
    make(workspace, many, {"type": "log", "settings": settings, "identifiers": ["email"], "max_removal": 100}).close()
    command = [sys.executable, "-m", "tests.benchmarks.delivery_crash", "child", str(workspace)]
    died = frozen = kept_out = 0
    for number in range(kills):
        people = [one for one in many if rng.random() < 0.7]
        with Workspace(workspace) as opened:
            refresh(opened, people)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.35, 1.1))
        if number % 4 == 3:  # frozen in the middle, as a laptop that sleeps; another one may not deliver meanwhile
            process.send_signal(signal.SIGSTOP)
            other = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            frozen, kept_out = frozen + (process.poll() is None), kept_out + (other.returncode == _REFUSED)
            process.send_signal(signal.SIGCONT)
            time.sleep(rng.uniform(0.0, 0.3))
        process.kill()
        died += process.wait() == -9
    with Workspace(workspace) as opened:
        refresh(opened, many)
    subprocess.run(command, check=True)
    about = {"killed": died, "frozen": frozen, "kept out": kept_out, "batches": len(lines(log))}
    return about | counted(log, expected(many))


def child(folder: Path) -> None:
    """Deliver; a process that finds another one delivering ends with a code of its own."""
    try:
        with Workspace(folder) as workspace:
            sync(workspace)
    except EngineError as error:
        sys.exit(_REFUSED if error.code == "refused" else 1)


def main(kills: int) -> int:
    """Ours and the control."""
    rng = random.Random(11)
    opening.BUILT_IN = {**opening.BUILT_IN, "log": Log}
    if len(sys.argv) > 1 and sys.argv[1] == "child":
        child(Path(sys.argv[2]))
        return 0
    ours = killed(BUILD / "proof-delivery", kills, rng, ledger=True)
    sys.stdout.write(f"{ours}\n")
    control = killed(BUILD / "proof-delivery-control", max(20, kills // 5), rng, ledger=False)
    sys.stdout.write(f"control: {control}\n")
    sound = not any(ours[name] for name in ("lost", "doubled", "out of order"))
    line = (
        f"{ours['killed']} deliveries killed, {ours['frozen']} of them frozen before (others kept out {ours['kept out']} "
        f"times), {ours['batches']} batches arrived: {ours['lost']} lost, "
        f"{ours['doubled']} doubled, {ours['out of order']} out of order; the control, which does not look at batch ids, "
        f"doubled {control['doubled']} in {control['killed']} kills"
    )
    write("delivery-crash", ours, control, None, "rows", line)
    return 0 if sound and control["doubled"] else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdecimal() else 300))
