"""Files of known values are read as they were written, in every way that people and programs have of writing them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.tabular.values import shapes
from engine.warehouses.duck import connect
from tests.support.written import failures, written

FILES = 24


@pytest.mark.parametrize("rows", [shapes.SAMPLE, 5])
def test_written_and_read(tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of what ``make proof-files`` does; ``rows``: so many are looked at before all of them."""
    monkeypatch.setattr(shapes, "SAMPLE", rows)
    with connect(":memory:", read_only=False) as connection:
        assert [wrong for seed in range(rows, rows + FILES) for wrong in failures(connection, tmp_path, seed)] == []


def test_every_way_is_among_the_files() -> None:
    ways = {column.way.split()[0] for seed in range(300) for column in written(seed).columns.values()}
    numbers = {"amount", "groups", "thousands", "accounting", "currency", "percent", "whole", "whole.0"}
    assert ways == numbers | {"id", "codes", "text", "truth", "dates", "moments"}
