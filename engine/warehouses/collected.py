"""What was collected, beside a warehouse: views over files of rows, in a catalog that is replaced when rows come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from engine.durable import read_checked
from engine.errors import EngineError
from engine.faults.telling import file_failure
from engine.warehouses.parquet import verify

COLLECTED = "collected"
"""The name it is attached by, so `collected.pages` in a model or in SQL is a table of it; and the folder's name."""
POINTER = "current.json"


@dataclass(frozen=True)
class Collected:
    """A state of what was collected: its number, the file with the views, and the last file of the journal whose
    messages are in it."""

    folder: Path
    version: int
    catalog: str
    landed: int = 0

    def to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Attach it; its views read files of its folder."""
        quoted = str(self.folder / self.catalog).replace("'", "''")
        verify(sorted(self.folder.glob("*/*.parquet")), self.folder.parent)
        try:
            connection.execute(f"ATTACH '{quoted}' AS {COLLECTED} (READ_ONLY)")
        except duckdb.Error as error:
            raise file_failure(
                "warehouse_file",
                "what was collected cannot be read beside the warehouse",
                error,
                hint="Is the warehouse's file called collected? Rename it.",
            ) from None


def state(folder: Path) -> Collected | None:
    """The newest state in a folder of warehouses; None before anything was collected."""
    found = read_pointer(folder / COLLECTED)
    if not found:
        return None
    return Collected(folder / COLLECTED, int(found["version"]), str(found["catalog"]), int(found["landed"]))


def read_pointer(folder: Path) -> dict[str, Any]:
    """The state as it is kept; empty before the first."""
    try:
        return read_checked((folder / POINTER).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise EngineError(
            "warehouse_file", f"{folder / POINTER} cannot be read", hint="Restore it from a backup."
        ) from None


def read_state(folder: Path, version: int) -> dict[str, Any]:
    """The tables of a state with their files."""
    path = folder / f"state-{version}.json"
    try:
        return read_checked(path.read_bytes())
    except (OSError, ValueError):
        raise EngineError("warehouse_file", f"{path} cannot be read", hint="Restore it from a backup.") from None
