"""`make proof-points [STEP=1] [KINDS="kill power full broken"]`: a run and its delivery with a fault at every single point, then once more without.

A kind may have a step of its own, as in `KINDS="kill/11 full/45"`.

Killed, power lost, disk full, disk broken, at each write and sync of the store, each rename, each side of each effect at
the destination. Afterwards a run without faults has to bring everything to where it belongs, each effect once.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from engine.destinations import opening
from engine.destinations.host import Host
from engine.destinations.protocol import Batch, Capabilities, Operation, Receipt, Sync
from engine.operations import Workspace, activating, delivering, run, sync
from tests.benchmarks.delivery_crash import counted, lines
from tests.benchmarks.report import write
from tests.support.delivering import Person, expected, make, person, publish
from tests.support.faults import KINDS, Faults, Kind, under
from tests.support.warm import warm

BEFORE = [person(i) for i in range(1, 13)]
AFTER = [*BEFORE[:5], *(person(i, email=f"New{i}@Example.com") for i in range(6, 9)), *BEFORE[9:], person(20)]
_FAULTS = Faults()
_CONTROL_STEP = 16


class Log:
    """Appends every batch to a file, with a point on each side; without a ledger it takes a batch twice."""

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], host: Host) -> None:
        self._path, self._ledger = Path(settings["path"]), bool(settings["ledger"])
        self.capabilities = Capabilities(3, "batch", "protocol")

    def check(self) -> str:
        """It is always there."""
        return "It is there."

    def send(self, batch: Batch) -> Receipt:
        """One line."""
        _FAULTS.point()
        if not self._ledger or batch.id not in {one["batch"] for one in lines(self._path)}:
            rows = [[row.key, row.values] for row in batch.rows]
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"batch": batch.id, "operation": batch.operation, "rows": rows}) + "\n")
                file.flush()
                os.fsync(file.fileno())
        _FAULTS.point()
        return Receipt({})

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """A call with two sides, too."""
        _FAULTS.point()

    def close(self) -> None:
        """Nothing."""


def work(folder: Path) -> None:
    """A run of the audience, and its delivery."""
    with Workspace(folder) as workspace:
        run(workspace, ["sp"])
        sync(workspace)


def _later(folder: Path) -> None:
    """The same once more, eight hours later by the deliveries' clock: what waits is due."""
    later = lambda: datetime.now(UTC).replace(microsecond=0) + timedelta(hours=8)  # noqa: E731
    delivering.clock = later
    activating.clock = later  # type: ignore[attr-defined]
    delivering.Delivering.__init__.__defaults__ = (None, later)
    work(folder)


def _faulty(folder: Path, faults: Faults) -> None:
    global _FAULTS
    _FAULTS = faults
    work(folder)


def template(folder: Path, *, ledger: bool) -> None:
    """A workspace whose first delivery was made, and whose data changed since."""
    settings = {"path": "log", "ledger": ledger}
    given = {"type": "log", "settings": settings, "identifiers": ["email"], "max_removal": 100}
    make(folder, BEFORE, given).close()
    os.chdir(folder)
    work(folder)
    publish(folder, AFTER)


def tried(base: Path, folder: Path, kind: Kind, at: int) -> tuple[str, dict[str, int]]:
    """How the work ended with a fault, and what is wrong after it was done once more."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    os.chdir(folder)
    ended = under(Faults(kind, at, seed=at), lambda faults: _faulty(folder, faults))
    again = under(Faults(), lambda _: _later(folder))
    wrong = counted(folder / "log", expected(_people()))
    wrong["odd"] = int(ended not in ("done", "killed", "said")) + int(again != "done")
    if any(wrong.values()):
        sys.stdout.write(f"{kind} at {at}: {wrong}, {ended}, then {again}\n")
    return ended, wrong


def _people() -> list[Person]:
    return AFTER


def every(steps: Mapping[Kind, int], *, ledger: bool) -> dict[str, Any]:
    """Every so many points of each kind of fault: how it ended, and what was wrong in sum."""
    with tempfile.TemporaryDirectory() as name:
        base, folder = Path(name) / "base", Path(name) / "ws"
        base.mkdir()
        made = under(Faults(), lambda _: template(base, ledger=ledger))  # DuckDB's threads do not survive a fork
        assert made == "done", made
        shutil.copytree(base, folder)
        os.chdir(folder)
        count = Faults()
        found = under(count, lambda faults: _faulty(folder, faults))
        assert found == "done", found
        ends: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for kind, step in steps.items():
            for at in range(1, count.points + 1, step):
                ended, wrong = tried(base, folder, kind, at)
                ends[f"{kind}: {ended if len(ended) < 10 else 'odd'}"] += 1
                total.update(wrong)
        os.chdir("/")
    return {"points": count.points, "ends": dict(ends), "wrong": dict(total)}


def _steps(given: Sequence[str]) -> dict[Kind, int]:
    """The kinds that were asked for (all, if none), each with its step."""
    step, *kinds = given or ("1",)
    asked = {name: int(own or step) for name, _, own in (one.partition("/") for one in kinds or KINDS)}
    return {kind: asked[kind] for kind in KINDS if kind in asked}


def main() -> int:
    """Ours at every point, and the control at those where the process dies."""
    opening.BUILT_IN = {**opening.BUILT_IN, "log": Log}
    warm("activation", "operations", "store", "warehouses")
    gc.freeze()  # each process that is forked would look through all of it
    steps = _steps(sys.argv[1:])
    whole = steps == dict.fromkeys(KINDS, 1)
    started = perf_counter()
    ours = every(steps, ledger=True)
    sys.stdout.write(f"{ours}\n")
    control = every({"kill": 1 if whole else _CONTROL_STEP}, ledger=False)
    sys.stdout.write(f"control: {control}\n")
    wrong, tries = ours["wrong"], sum(ours["ends"].values())
    line = (
        f"{tries} faults at {ours['points']} points of a run and its delivery, each then done once more: "
        f"{wrong['lost']} lost, {wrong['doubled']} doubled, {wrong['out of order']} out of order, {wrong['odd']} ended "
        f"without a sentence; the control, which does not look at batch ids, doubled {control['wrong']['doubled']} "
        f"({round(perf_counter() - started)} s)"
    )
    write("points" if whole else "points-sample", ours, control, None, "rows", line)
    return 0 if not any(wrong.values()) and control["wrong"]["doubled"] else 1


if __name__ == "__main__":
    sys.exit(main())
