"""Local times in SQL are those of Python, also where a clock repeats or skips an hour."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.domain.durations import to_instant, zone
from engine.sql.build import cast, word
from engine.sql.moments import local_to_instant
from engine.warehouses.duck import connect


@pytest.mark.parametrize("name", ["America/Santiago", "America/Havana", "Europe/Madrid", "UTC", "Asia/Kolkata"])
@pytest.mark.parametrize(
    "local",
    ["2024-04-06 23:30:00", "2024-09-08 00:30:00", "2024-11-03 00:30:00", "2024-10-27 02:30:00", "2024-06-01 12:00:00"],
)
def test_local_times(name: str, local: str) -> None:
    connection = connect(":memory:", read_only=False)
    made = local_to_instant(cast(word(local), "TIMESTAMP"), zone(name)).sql(dialect="duckdb")
    (found,) = connection.execute(f"SELECT epoch({made})").fetchall()[0]
    connection.close()
    assert found == to_instant(datetime.fromisoformat(local), zone(name)).timestamp()
