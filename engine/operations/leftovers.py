"""Files that a killed process left behind: copies of rows, of which no later step would take a person out."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.locks import is_held
from engine.operations.workspace import IDENTITY, Workspace

_WRITING = "warehouse.lock"
_ROWS = ("warehouse.duckdb.new*", ".*.utf8", ".pull-*", "*@*.parquet", ".warehouse.duckdb.*", "*.tmp")
"""In the warehouse's folder: a new state, a file being read or pulled, another name of an old state, spilled rows."""
_OTHERS = ("traits/*.wal", "collected/*/*.new", "collected/*.new", "kept/*/*.new")


def remove_leftovers(workspace: Workspace) -> tuple[int, int]:
    """Remove them all; how many there were, and how many are left since a process that writes the warehouse may be
    using them."""
    folder = workspace.warehouse_folder
    rows = [path for pattern in _ROWS for path in folder.glob(pattern)]
    others = [path for pattern in _OTHERS for path in folder.glob(pattern)]
    others += (workspace.folder / IDENTITY).rglob("*.new")
    if rows and is_held(folder / _WRITING):
        return len(rows) + len(others), len(rows)
    return len(rows) + len(others), sum(not _removed(path) for path in (*rows, *others))


def _removed(path: Path) -> bool:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
