"""The contract of a table at its door: bad rows stay outside, and a state that breaks it is not written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.operations.contracting import contracts_of
from engine.operations.workspace import Workspace

if TYPE_CHECKING:
    from engine.quality.contracts import Check

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
        from engine.quality.checking import bad_rows

        return bad_rows(self.checks, column)

    def must_hold(self, connection: Any, rows: int) -> None:
        """Raise EngineError("refused") when the table as it would be breaks its contract."""
        from engine.ingest.loading import in_words
        from engine.quality.checking import Table, carried_out, quoted

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


def gate_of(workspace: Workspace, table: str) -> Gate:
    """The gate of a table; a contract that cannot be read lets nothing in."""
    checks = next((some for name, some in contracts_of(workspace).checks.items() if name.lower() == table.lower()), ())
    return Gate(table, tuple(checks))
