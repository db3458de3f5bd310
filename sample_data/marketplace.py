"""The marketplace simulator: a seeded DuckDB generator from ten thousand to a hundred million profiles by one number.

Every value is drawn from a hash of (seed, row, purpose), so the same number, seed and day give the same data whatever
the threads. What drives behaviour is kept in the schema ``truth``: who is really the same person, how much each likes
phones, which purchases an ad click caused.

Run it on a file:  python -m sample_data.marketplace out.duckdb 200000 2026-06-01
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sample_data import shape

if TYPE_CHECKING:
    import duckdb

MODEL_FILE = str(Path(__file__).parent / "model.yaml")
STEPS = (
    ("users", "profiles"),
    ("identifiers", "identifiers and devices"),
    ("visits", "visits and searches"),
    ("advertising", "advertising and e-mail"),
    ("purchases", "purchases, payments and refunds"),
    ("events", "sorting events"),
)
DAYS = 365
SLICE = 1_000_000
"""Profiles made at a time, so that memory does not grow with their number; events are sorted within a slice."""


def generate(
    connection: duckdb.DuckDBPyConnection,
    profiles: int,
    *,
    seed: int = 7,
    until: date | None = None,
    report: Callable[[float, str], None] = lambda share, step: None,
) -> None:
    """Fill a database with the marketplace of ``profiles`` profiles over the year before ``until`` (default: today,
    UTC).

    About 20 events a profile. ``report`` is told the share done and the step; it may raise to stop.
    """
    _variables(connection, seed, until or datetime.now(UTC).date())
    _run(connection, "setup")
    slices = range(1, profiles + 1, SLICE)
    for done, first in enumerate(slices):
        for name, value in (("first", first), ("past", min(first + SLICE, profiles + 1))):
            connection.execute(f"SET VARIABLE {name} = $1", [value])
        for i, (name, step) in enumerate(STEPS):
            report(0.95 * (done + i / len(STEPS)) / len(slices), step)
            _run(connection, name)
    report(0.95, "written")


def _run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute((Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8"))


def _variables(connection: duckdb.DuckDBPyConnection, seed: int, until: date) -> None:
    """The lookup lists and numbers that the SQL reads."""
    values: dict[str, Any] = {
        "seed": seed,
        "until": until,
        "days": shape.day_lookup(until, DAYS),
        "minutes": shape.minute_lookup(),
        "category_of": shape.zipf_lookup(len(shape.CATEGORIES)),
        "categories": list(shape.CATEGORIES),
        "site_of": shape.weighted_lookup([market.share for market in shape.MARKETS]),
        "sites": [market.id for market in shape.MARKETS],
        "utc_offsets": [market.utc_offset for market in shape.MARKETS],
        "price_levels": [market.price_level for market in shape.MARKETS],
        "states": [list(market.states) for market in shape.MARKETS],
        "ad_channels": list(shape.AD_CHANNELS),
        "ad_lifts": list(shape.AD_CHANNELS.values()),
        "first_names": list(shape.FIRST_NAMES),
        "surnames": list(shape.SURNAMES),
        "mail_hosts": list(shape.MAIL_HOSTS),
    }
    for name, value in values.items():
        connection.execute(f"SET VARIABLE {name} = $1", [value])


def main() -> None:
    """Write a marketplace into a new DuckDB file."""
    import duckdb

    until = _day(sys.argv[3]) if len(sys.argv) == 4 else None
    if len(sys.argv) not in (3, 4) or not sys.argv[2].isdigit() or (until is None and len(sys.argv) == 4):
        sys.exit("Usage: python -m sample_data.marketplace FILE.duckdb PROFILES [UNTIL, such as 2026-06-01]")
    # DuckDB would keep what it wrote in 80 % of the memory; a slice needs less than this.
    connection = duckdb.connect(sys.argv[1], config={"memory_limit": "6GB"})
    generate(connection, int(sys.argv[2]), until=until, report=_told)
    connection.close()


def _told(share: float, step: str) -> None:
    print(f"{share:6.1%} {step}", flush=True)  # noqa: T201


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


if __name__ == "__main__":
    main()
