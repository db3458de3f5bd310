"""`make bench-deliver`: the first delivery of a million people, and one per cent of changes after it, into a folder."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from engine.operations import Workspace, apply_model_text, init, sync
from engine.settings import Settings, write_settings
from engine.warehouses.local import publishing
from tests.benchmarks.report import BUILD, write
from tests.support.delivering import MODEL, add, save_audience

PEOPLE = 1_000_000


def people(folder: Path, since: int) -> None:
    """A million people, numbered from somewhere: so many come and go."""
    with publishing(folder / "warehouse", "bench") as connection:
        connection.execute(
            "CREATE TABLE people AS SELECT range AS id, 'SP' AS city, 'person' || range || '@example.com' AS email, "
            "'+55119' || (80000000 + range % 19999999)::VARCHAR AS phone, true AS agreed "
            f"FROM range({since}, {since + PEOPLE})"
        )


def delivered(folder: Path) -> dict[str, Any]:
    """A run, and a sync of it in a process of its own: its time, memory and numbers."""
    for command in (["-m", "engine.cli", "run", "sp", "-w"], ["-m", "tests.benchmarks.deliver"]):
        done = subprocess.run([sys.executable, *command, str(folder)], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["state"] == "done", found
    return found


def only_sync(folder: Path) -> None:
    """The sync alone."""
    with Workspace(folder) as workspace:
        began = perf_counter()
        (found,) = sync(workspace)
        took = perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(
        json.dumps({"seconds": round(took, 1), "memory_mb": memory, "state": found.state, **found.summary})
    )


def main() -> None:
    """Everyone, then one per cent, then nothing."""
    folder = Path(BUILD / "bench-deliver")
    shutil.rmtree(folder, ignore_errors=True)
    init(folder).close()
    write_settings(folder, Settings(warehouse="local:"))
    people(folder, 0)
    with Workspace(folder) as workspace:
        apply_model_text(workspace, MODEL)
        settings = {"path": "exports", "format": "parquet"}
        add(workspace, "out", {"type": "folder", "settings": settings, "identifiers": ["email", "phone"]})
        save_audience(workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["out"], consent=["ads"])
    ours: dict[str, Any] = {}
    for name, since in (("first", 0), ("one per cent", PEOPLE // 100), ("nothing", PEOPLE // 100)):
        if name == "one per cent":
            people(folder, since)
        summary = delivered(folder)
        ours[name] = {key: summary[key] for key in ("seconds", "add", "remove", "memory_mb")}
        sys.stdout.write(f"{name}: {ours[name]}\n")
    ours["memory_mb"] = max(one["memory_mb"] for one in ours.values())
    first = ours["first"]["seconds"]
    line = (
        f"{PEOPLE:,} people with an address and a phone number: first delivery {first:.0f} s "
        f"({PEOPLE / first:,.0f} rows/s), one per cent of changes {ours['one per cent']['seconds']:.0f} s, "
        f"at most {ours['memory_mb']} MB"
    )
    write("deliver", ours, None, None, "s", line)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        only_sync(Path(sys.argv[1]))
    else:
        main()
