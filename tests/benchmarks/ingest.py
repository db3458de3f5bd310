"""`make bench-ingest [ROWS=10000000]`: a file of so many rows into a table, beside DuckDB's own reading of the same file.

DuckDB is told the types and keeps nothing apart; ours finds them out, tells every value that does not fit, keeps the
fingerprint with the rows and puts all of it in force at once. The price of that is what is measured; and once more with a
contract of fourteen checks at the door, a unique key among them.
"""

from __future__ import annotations

import resource
import shutil
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import duckdb

from engine import operations
from engine.domain.documents import dump_yaml
from engine.domain.ingest import IngestDocument
from tests.benchmarks.report import BUILD, write

_TIMES = 3


def made(path: Path, rows: int) -> None:
    """A file of orders with a number, text, an address, an amount, a date, a moment and yes or no."""
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT i AS id, 'u' || (i * 7919 % 3000000) AS user_id, 'm' || i || '@mail.com' AS email, "
            "(i % 100000) / 100.0 AS amount, DATE '2024-01-01' + (i % 700)::INTEGER AS day, "
            "TIMESTAMP '2024-01-01' + to_seconds(i * 5) AS placed_at, i % 3 = 0 AS paid, 'city ' || i % 500 AS city "
            f"FROM range({rows}) AS t(i)) TO '{path}' (HEADER)"
        )


def plain(path: Path, folder: Path) -> float:
    """Seconds that DuckDB takes with the types given."""
    into = folder / "plain.duckdb"
    into.unlink(missing_ok=True)
    began = perf_counter()
    with duckdb.connect(str(into)) as connection:
        connection.execute(
            "CREATE TABLE orders (id BIGINT, user_id VARCHAR, email VARCHAR, amount DECIMAL(18,4), day DATE, "
            "placed_at TIMESTAMP, paid BOOLEAN, city VARCHAR)"
        )
        connection.execute(f"COPY orders FROM '{path}' (HEADER)")
        connection.execute("CHECKPOINT")
    return perf_counter() - began


def contract() -> dict[str, Any]:
    """What the orders are to be like."""
    required = [{"name": name, "required": True} for name in ("user_id", "day", "placed_at", "paid", "city")]
    properties = [
        {
            "name": "id",
            "logicalType": "integer",
            "required": True,
            "unique": True,
            "logicalTypeOptions": {"minimum": 0},
        },
        {
            "name": "email",
            "logicalType": "string",
            "required": True,
            "logicalTypeOptions": {"pattern": "@", "maxLength": 40},
        },
        {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0, "maximum": 1_000}},
        *required,
    ]
    table = {"name": "orders", "properties": properties}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "c",
        "version": "1",
        "status": "active",
        "schema": [table],
    }


def ours(path: Path, folder: Path, *, gate: bool = False) -> tuple[float, int]:
    """Seconds that `convoke ingest load` takes, and the rows; with a contract if there is to be one."""
    shutil.rmtree(folder / "ws", ignore_errors=True)
    with operations.init(folder / "ws") as workspace:
        if gate:
            (workspace.folder / "contracts").mkdir()
            (workspace.folder / "contracts" / "orders.yaml").write_text(dump_yaml(contract()))
        began = perf_counter()
        (found,) = operations.ingest_load(workspace, IngestDocument("orders", "orders"), [path])
        spent = perf_counter() - began
        assert found.bad == 0
        (kinds,) = [one.columns for one in workspace.warehouse.tables() if one.name == "orders"]
        assert list(kinds.values())[3:7] == ["DECIMAL(18,4)", "DATE", "TIMESTAMP", "BOOLEAN"], kinds
        return spent, found.rows


def main() -> None:
    """For so many rows."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    folder = BUILD / "bench-ingest"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "orders.csv"
    made(path, rows)
    theirs, mine, gated = [], [], []
    for _ in range(_TIMES):
        theirs.append(plain(path, folder))
        spent, loaded = ours(path, folder)
        assert loaded == rows
        mine.append(spent)
        gated.append(ours(path, folder, gate=True)[0])
    told = {
        "rows": rows,
        "MB": round(path.stat().st_size / 2**20),
        "seconds": [round(one, 2) for one in mine],
        "with a contract, seconds": [round(one, 2) for one in gated],
        "plain seconds": [round(one, 2) for one in theirs],
        "rows a second": round(rows / median(mine)),
        "GB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    shutil.rmtree(folder)
    line = (
        f"{rows:,} rows ({told['MB']:,} MB): {median(mine):.1f} s ({min(mine):.1f}–{max(mine):.1f}), "
        f"{told['rows a second']:,} rows a second, at most {told['GB']} GB; DuckDB's COPY with the types given: "
        f"{median(theirs):.1f} s ({min(theirs):.1f}–{max(theirs):.1f}); the price is {median(mine) / median(theirs):.2f}×; with a contract "
        f"{median(gated):.1f} s, {median(gated) / median(theirs):.2f}×"
    )
    write("ingest", told, None, None, "seconds", line)


if __name__ == "__main__":
    main()
