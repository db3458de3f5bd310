"""How long the marketplace of 200 thousand profiles takes to make."""

from __future__ import annotations

from datetime import date
from time import perf_counter

from sample_data import marketplace
from tests.benchmarks.report import BUILD, write


def main() -> None:
    """Three runs into fresh files."""
    import duckdb

    BUILD.mkdir(exist_ok=True)
    seconds, events = [], 0
    for _ in range(3):
        path = BUILD / "simulator.duckdb"
        path.unlink(missing_ok=True)
        connection = duckdb.connect(str(path))
        started = perf_counter()
        marketplace.generate(connection, 200_000, until=date(2026, 6, 1))
        seconds.append(perf_counter() - started)
        events = connection.execute("SELECT count(*) FROM events").fetchall()[0][0]
        connection.close()
        path.unlink()
    middle = sorted(seconds)[1]
    ours = {"seconds": [round(s, 1) for s in seconds], "events": events}
    line = f"200,000 profiles and {events:,} events in {middle:.1f} s (median of 3)"
    write("simulator", ours, None, None, "s", line)


if __name__ == "__main__":
    main()
