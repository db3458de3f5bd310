"""Where the rows of a load come to lie: the directory of a table's parts is kept while files are loaded."""

from __future__ import annotations

from typing import Any

from engine.ingest.loading import Loaded
from engine.warehouses.partitions import forget_layout, layout_of, note_runs, remember_profiles, rows_of


class Place:
    """A table before a file is loaded into it; made before the transaction begins."""

    def __init__(self, connection: Any, table: str) -> None:
        self._connection, self._table = connection, table
        self._since = rows_of(connection, table) if layout_of(connection, table) is not None else None
        remember_profiles(connection, table)

    def note(self, loaded: Loaded) -> None:
        """After the transaction: where the new rows lie. When others were changed nothing is known of any; when the
        new ones were not sorted nothing is known of these."""
        if layout_of(self._connection, self._table) is None:
            return
        if loaded.changed or self._since is None or rows_of(self._connection, self._table) is None:
            forget_layout(self._connection, self._table)
        elif loaded.laid is not None:
            note_runs(self._connection, loaded.laid, self._since)
