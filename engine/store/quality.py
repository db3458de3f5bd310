"""What checks came to, run by run, and which red ones people accept for a while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.store.audiences import now
from engine.store.database import Database


@dataclass(frozen=True)
class QualityRow:
    """What a check came to, at a moment, over a state of the data."""

    table: str
    check: str
    at: str
    data_version: str
    value: float | None
    state: str
    sentence: str


@dataclass(frozen=True)
class Accepted:
    """A check that may be red until then, and why."""

    table: str
    check: str
    reason: str
    who: str
    at: str
    until: str


class Qualities:
    """The repository of all that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> list[QualityRow]:
        """The newest results of each table."""
        return [QualityRow(*row) for row in self._database.rows("newest_quality")]

    def history(self, table: str, check: str, most: int = 400) -> list[tuple[str, float | None, str]]:
        """(moment, value, state) of a check, the newest first."""
        values = {"table_name": table, "check_id": check, "most": most}
        return [(row[0], row[1], row[2]) for row in self._database.rows("quality_history", values)]

    def save(self, rows: Iterable[QualityRow]) -> None:
        """Keep the results of a run."""
        with self._database.transaction():
            run = int(self._database.rows("next_quality_run")[0][0])
            for one in rows:
                values = {"run": run, "table_name": one.table, "check_id": one.check, "at": one.at}
                values |= {"data_version": one.data_version, "value": one.value, "state": one.state}
                self._database.run("save_quality_result", values | {"sentence": one.sentence})

    def accepted(self) -> list[Accepted]:
        """What is accepted, also what is over."""
        return [Accepted(*row) for row in self._database.rows("accepted_quality")]

    def accept(self, one: Accepted) -> None:
        """Keep that a check may be red."""
        values = {"table_name": one.table, "check_id": one.check, "reason": one.reason}
        with self._database.transaction():
            self._database.run("accept_quality", values | {"who": one.who, "at": one.at or now(), "until": one.until})

    def forget(self, before: str) -> None:
        """Results older than a moment; the newest of each table stay (within the caller's transaction)."""
        self._database.run("forget_quality", {"before": before})
