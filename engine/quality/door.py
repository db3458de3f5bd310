"""A contract at the door of what is collected: which of some rows it does not let in, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import duckdb

from engine.quality.conditions import bad_rows, quoted
from engine.quality.contracts import Check
from engine.warehouses.duck import connect, lock


class Door:
    """Looks at rows as they come, by the checks of their table that no row may break."""

    def __init__(self) -> None:
        self._connection = connect(":memory:", read_only=False)
        lock(self._connection)

    def reasons(self, checks: Sequence[Check], rows: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """For each row the check that keeps it out; None for those that may come in. A value that a comparison cannot
        be made with breaks the check of its type, if there is one, and no other."""
        if not rows:
            return []
        names = {name.lower(): name for row in rows for name in row}
        batch = _table(rows, list(names.values()))
        rules: dict[str, str] = {}
        for one in checks:
            for test, why in bad_rows([one], partial(_column, one, names, batch)).items():
                rules.setdefault(test, why)
        if not rules:
            return [None] * len(rows)
        self._connection.register("batch", batch)
        cases = " ".join(f"WHEN coalesce(TRY({test}), false) THEN {_text(why)}" for test, why in rules.items())
        try:
            found = self._connection.execute(f"SELECT CASE {cases} END FROM batch ORDER BY convoke_place").fetchall()  # noqa: S608
        finally:
            self._connection.unregister("batch")
        return [why for (why,) in found]

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _column(one: Check, names: Mapping[str, str], batch: Any, wanted: str) -> str | None:
    """A column as a check looks at it: text is compared with numbers and times as one of these, if it is one."""
    name = names.get(wanted.lower())
    if name is None:
        return None
    is_text = str(batch.schema.field(name).type) in ("string", "null")
    if one.kind != "range" or not is_text:
        return quoted(name)
    numbers = all(isinstance(value, int | float | Decimal) for value in one.arguments.values())
    return f"TRY_CAST({quoted(name)} AS {'DOUBLE' if numbers else 'TIMESTAMP'})"


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    """The rows as columns; where values are of several kinds, as text."""
    import pyarrow as pa

    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            columns[name] = pa.array([None if one is None else str(one) for one in values], pa.string())
    return pa.table({**columns, "convoke_place": pa.array(range(len(rows)), pa.int64())})


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


Error = duckdb.Error
"""What a check that cannot be carried out raises."""
