"""`make proof-scale [PROFILES=100000000]`: the simulator at any size, and some of its audiences counted exactly.

The data are made by the same command a user types, checked (keys whole and unique, events in order of the slices), and
sized by the command line, one by one, in a workspace of its own. A hundred million profiles take about 55 GB of disk under build/.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import rmtree
from time import perf_counter
from typing import Any

from engine.domain.documents import load_one
from engine.operations import Workspace, save_all
from tests.benchmarks.report import BUILD, write

SIZED = (
    "loyal-gold",
    "birthday-next-week",
    "cart-abandoners",
    "ad-clickers-not-buyers",
    "first-purchase-30d",
    "best-prospects",
)
"""Some of the ready audiences: traits, counts, windows, ads, a first purchase, and one made of others."""
AS_OF = "2026-06-01T00:00:00Z"
PYTHON = [sys.executable, "-m"]


def measured(*command: str, out: Path | None = None) -> dict[str, Any]:
    """Run a command to its end: seconds and the most memory it held."""
    started = perf_counter()
    with (out or Path(os.devnull)).open("w", encoding="utf-8") as to:
        child = subprocess.Popen(command, stdout=to)
        _, status, used = os.wait4(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        sys.exit(f"{' '.join(command[2:])} ended with {code}")
    return {"seconds": round(perf_counter() - started, 1), "peak_gb": round(used.ru_maxrss / 1024**2, 2)}


def checked(path: Path, profiles: int) -> dict[str, int]:
    """Rows of each table; ends the proof when a key is missing, doubled or unknown."""
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:

        def one(query: str) -> int:
            return int(connection.execute(query).fetchall()[0][0])

        tables = [
            name
            for (name,) in connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name='main'"
            ).fetchall()
        ]
        rows = {name: one(f'SELECT count(*) FROM "{name}"') for name in tables}
        found = connection.execute("SELECT count(*), min(user_id), max(user_id) FROM users").fetchall()[0]
        if found != (profiles, 1, profiles):
            sys.exit(f"users are {found}, not 1 to {profiles:,} once each")
        if one(f"SELECT bit_count(bitstring_agg(user_id, 1, {profiles})) FROM users") != profiles:
            sys.exit("a user key is doubled")
        strangers = one(f"SELECT count(*) FROM events WHERE user_id NOT BETWEEN 1 AND {profiles}")
        if strangers:
            sys.exit(f"{strangers:,} events are of nobody")
    return rows


def main() -> None:
    """Make, check, size."""
    profiles = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000
    home = BUILD / f"scale-{profiles}"
    home.mkdir(parents=True, exist_ok=True)
    data, workspace, sizes = home / "marketplace.duckdb", home / "workspace", home / "sizes.json"
    made: dict[str, Any] = {"profiles": profiles}
    if not data.exists():
        half = home / "making.duckdb"
        half.unlink(missing_ok=True)
        made |= measured(
            *PYTHON, "sample_data.marketplace", str(half), str(profiles), "2026-06-01", out=home / "making.log"
        )
        half.rename(data)
        (home / "made.json").write_text(json.dumps(made))
    made = json.loads((home / "made.json").read_text())
    made["file_gb"] = round(data.stat().st_size / 1024**3, 1)
    made["rows"] = checked(data, profiles)
    rmtree(workspace, ignore_errors=True)
    convoke = (*PYTHON, "engine.cli", "--workspace", str(workspace))
    measured(*PYTHON, "engine.cli", "init", str(workspace))
    measured(*convoke, "connect", f"duckdb:///{data}")
    measured(*convoke, "model", "apply", "sample_data/model.yaml")
    with Workspace(workspace) as opened:
        saved = save_all(
            opened, [load_one(path.read_bytes()) for path in Path("sample_data/audiences/en").glob("*.yaml")]
        )
    sized: dict[str, Any] = {}
    for name in (one for one in SIZED if one in saved):
        taken = measured(*convoke, "size", name, "--as-of", AS_OF, "--json", out=sizes)
        sized[name] = {"size": json.loads(sizes.read_text(encoding="utf-8"))["size"], **taken}
        sys.stdout.write(f"{name}: {sized[name]}\n")
        sys.stdout.flush()
    seconds, most = sum(one["seconds"] for one in sized.values()), max(one["peak_gb"] for one in sized.values())
    line = (
        f"{profiles:,} profiles and {made['rows']['events']:,} events in {made['seconds']:,.0f} s ({made['peak_gb']} GB of "
        f"memory, {made['file_gb']} GB of disk); {len(sized)} audiences sized exactly, one command each, in "
        f"{seconds:,.0f} s (at most {most} GB)"
    )
    write("scale", {"made": made, "sized": sized}, None, None, "s", line)


if __name__ == "__main__":
    main()
