"""The contract of a table at its door: bad rows stay outside, and a state that breaks it is not written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.operations.contracting import FOLDER, contracts_of
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    from engine.ingest.messages import Row
    from engine.quality.contracts import Check
    from engine.quality.door import Door

_OF_THE_STATE = ("unique", "reference")
"""What no file may break, told from the whole table; volume, freshness and SQL are looked at by `convoke quality run`,
since a file may be one of several."""


@dataclass(frozen=True)
class Gate:
    """The checks of a table that is written to."""

    table: str
    checks: Sequence[Check]

    def rules(self, column: Callable[[str], str | None]) -> Mapping[str, str]:
        """What makes a row a bad one, with why."""
        from engine.quality.conditions import bad_rows

        return bad_rows(self.checks, column)

    def must_hold(self, connection: Any, rows: int) -> None:
        """Raise EngineError("refused") when the table as it would be breaks its contract."""
        from engine.ingest.loading import in_words
        from engine.quality.checking import carried_out
        from engine.quality.conditions import quoted
        from engine.quality.measuring import Table

        wanted = [one for one in self.checks if one.kind in _OF_THE_STATE and not one.warning]
        if not wanted or not rows:
            return
        described = connection.execute(f"DESCRIBE {quoted(self.table)}").fetchall()
        columns = {str(row[0]): str(row[1]) for row in described}
        table = Table(quoted(self.table), columns, lambda sql: connection.execute(sql).fetchall())
        with in_words(connection):
            broken = [one for one in carried_out(wanted, table) if one.state == "red"]
        if broken:
            told = "; ".join(f"{one.check.id}: {one.sentence}" for one in broken[:3])
            raise EngineError(
                "refused",
                f'the table "{self.table}" would break its contract ({told})',
                hint="Nothing was written. Correct the file, or the contract.",
            )


class CollectedDoor:
    """The contracts of collected tables, at the door of what lands: those in the folder now. While one cannot be read,
    or a check cannot be carried out, everything is let in and checked afterwards, since what was acknowledged must
    land."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._door: Door | None = None

    def __call__(self, table: str, rows: Sequence[Row]) -> Sequence[str | None]:
        """For each row the check that keeps it out, or None."""
        from engine.warehouses.collected import COLLECTED

        everybody: list[str | None] = [None] * len(rows)
        if not (self._folder / FOLDER).is_dir():
            return everybody
        checks = self._checks(f"{COLLECTED}.{table}")
        if not checks:
            return everybody
        from engine.quality import door

        self._door = self._door or door.Door()
        try:
            return self._door.reasons(checks, [_by_columns(row) for row in rows])
        except door.Error:
            return everybody

    def _checks(self, table: str) -> Sequence[Check]:
        try:
            with Workspace(self._folder) as workspace:
                return gate_of(workspace, table).checks
        except EngineError:
            return ()

    def close(self) -> None:
        """Let go of what it looks with."""
        if self._door is not None:
            self._door.close()


def _by_columns(row: Row) -> dict[str, Any]:
    """The values of a row that have a column."""
    return {name: value for name, value in row.values.items() if not isinstance(value, dict)}


def gate_of(workspace: Workspace, table: str) -> Gate:
    """The gate of a table; a contract of it that cannot be read lets nothing in."""
    contracts = contracts_of(workspace, table)
    checks = next((some for name, some in contracts.checks.items() if name.lower() == table.lower()), ())
    return Gate(table, tuple(checks))
