"""No value of the data in any message: every operation with every fault, and the API after each.

A workspace in which each cell is a canary; 26 kinds of data that do not fit the saved model any more, and 13 exceptions
that a query may raise, each with every operation of the table. What was said, the logs, the store with its WAL and all
other files are searched. Any canary ends the proof with 1.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

from engine.destinations import opening
from engine.jobs import Job
from engine.store.tokens import SCOPES
from tests.benchmarks.report import write
from tests.support.api import served
from tests.support.canaries import (
    CANARY,
    DATA,
    RAISED,
    World,
    asked_by_http,
    break_data,
    leaks,
    make_world,
    operations_tried,
    raising,
)
from tests.support.delivering import Memory


def main() -> int:
    """Try everything; the number of leaks is the exit code, at most 1."""
    warnings.simplefilter("ignore")
    opening.BUILT_IN = {**opening.BUILT_IN, "memory": Memory()}  # type: ignore[dict-item]
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "base"
        make_world(base).close()
        found: list[str] = []
        matrix: dict[str, dict[str, int]] = {}
        codes: Counter[str] = Counter()
        for number, name in enumerate((*DATA, *RAISED, "cancelled")):
            folder = Path(place) / f"w{number}"
            shutil.copytree(base, folder)
            world = World(folder)
            tried = _tried(world, name)
            matrix[name] = {"operations": world.tried, "failed": world.failed, "requests": tried}
            codes.update(text.split("'code': '")[1].split("'")[0] for _, text in world.said)
            found += [f"{name}: {one}" for one in leaks(world)]
            world.close()
            shutil.rmtree(folder)
            sys.stdout.write(f"{name}: {world.tried} operations, {world.failed} failed, {tried} requests\n")
    for one in found[:40]:
        sys.stdout.write(f"LEAK {one[:400]}\n")
    total = sum(one["operations"] for one in matrix.values())
    failed = sum(one["failed"] for one in matrix.values())
    line = f"{len(matrix)} faults, {total} operations, {failed} failures, {len(found)} leaks"
    write("canaries", {"matrix": matrix, "codes": dict(codes)}, None, None, "leaks", line)
    return min(1, len(found))


def _tried(world: World, name: str) -> int:
    """Every operation with a fault; then, for data, the API. How many requests were made."""
    if name in DATA:
        break_data(world, name)
        _all(world)
        with served(world.workspace, *set(SCOPES) - {"members"}, raising=False) as client:
            answers = list(asked_by_http(world, client))
        world.said += [(route, f"'code': 'http' {body}") for route, status, body in answers if status >= 400]
        assert not any(CANARY.search(body.encode()) for route, _, body in answers if route.endswith("/metrics"))
        return len(answers)
    if name == "cancelled":
        world.job = Job()
        world.job.cancel()
        _all(world)
        return 0
    with raising(RAISED[name]):
        _all(world)
    return 0


def _all(world: World) -> None:
    for operation in operations_tried():
        world.call(operation)


if __name__ == "__main__":
    sys.exit(main())
