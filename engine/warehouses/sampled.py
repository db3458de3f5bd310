"""A part of a warehouse in memory, filled table by table."""

from __future__ import annotations

from typing import Any

from engine.warehouses.duck import DuckSession, connect, lock


class SampledWarehouse(DuckSession):
    """Tables copied from another warehouse; ``version`` is that of the data they were copied from."""

    def __init__(self, version: str) -> None:
        super().__init__("sample:", connect(":memory:", read_only=False), version)
        lock(self._connection)

    def load(self, table: str, rows: Any) -> None:
        """Keep an Arrow table under a name."""
        self._connection.register("loading", rows)
        self._connection.execute(f'CREATE OR REPLACE TABLE "{table}" AS FROM loading')
        self._connection.unregister("loading")
