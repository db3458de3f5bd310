"""Dates and times in the ways of spreadsheets, people and programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from engine.tabular.values.moments import FORMATS, dated, value

CONNECTION = duckdb.connect()


def read(text: str, pattern: str, to: str = "TIMESTAMP") -> Any:
    made = value("v", "nullif(trim(v), '')", to, pattern)
    return (CONNECTION.execute(f"SELECT {made} FROM (SELECT ?::VARCHAR AS v)", [text]).fetchone() or [None])[0]


@pytest.mark.parametrize(
    ("text", "pattern", "wanted"),
    [
        ("25/12/85", "%d/%m/%y", datetime(1985, 12, 25)),
        ("25/12/69", "%d/%m/%y", datetime(1969, 12, 25)),
        ("25/12/68", "%d/%m/%y", datetime(2068, 12, 25)),
        ("25/12/85", "%d/%m/%Y", None),
        ("25/12/2026 14:30", "%d/%m/%Y %H:%M:%S", datetime(2026, 12, 25, 14, 30)),
        ("25/12/2026, 14:30:05", "%d/%m/%Y %H:%M:%S", datetime(2026, 12, 25, 14, 30, 5)),
        ("25/12/2026 14:30:15.25", "%d/%m/%Y %H:%M:%S", datetime(2026, 12, 25, 14, 30, 15, 250000)),
        ("12/25/2026 2:30 PM", "%m/%d/%Y %I:%M:%S %p", datetime(2026, 12, 25, 14, 30)),
        ("12/25/2026 12:30 a. m.", "%m/%d/%Y %I:%M:%S %p", datetime(2026, 12, 25, 0, 30)),
        ("12/25/2026 2:30pm", "%m/%d/%Y %I:%M:%S %p", datetime(2026, 12, 25, 14, 30)),
        ("25-dez-2026", "%d-%b-%Y", datetime(2026, 12, 25)),
        ("25-DIC-2026", "%d-%b-%Y", datetime(2026, 12, 25)),
        ("1 de março de 2026", "%d de %b de %Y", datetime(2026, 3, 1)),
        ("Sept. 5, 2026", "%b %d %Y", datetime(2026, 9, 5)),
        ("25-foo-2026", "%d-%b-%Y", None),
        ("20261225T143000Z", "%Y%m%dT%H%M%SZ", datetime(2026, 12, 25, 14, 30)),
        ("1767225600", "epoch_s", datetime(2026, 1, 1)),
        ("1767225600123", "epoch_ms", datetime(2026, 1, 1, 0, 0, 0, 123000)),
        ("1767225600123456", "epoch_us", datetime(2026, 1, 1, 0, 0, 0, 123456)),
        ("45000.5", "excel", datetime(2023, 3, 15, 12)),
        ("59", "excel", datetime(1900, 2, 28)),
        ("60", "excel", None),
        ("61", "excel", datetime(1900, 3, 1)),
        ("0", "excel_1904", datetime(1904, 1, 1)),
        ("1e3", "epoch_s", None),
        ("soon", "epoch_s", None),
    ],
)
def test_patterns(text: str, pattern: str, wanted: datetime | None) -> None:
    assert read(text, pattern) == wanted


def test_shapes_of_dates() -> None:
    assert [one for one in ("99999999", "999.999.999-99", "9/9/9", "99:99", "2026-1") if dated(one) is not None] == []
    found = dated("9999-99-99T99:99:99.999-99:99")
    assert found is not None
    assert (found.timed, found.zoned) == (True, True)
    assert set(FORMATS) == {"epoch_s", "epoch_ms", "epoch_us", "excel", "excel_1904"}
