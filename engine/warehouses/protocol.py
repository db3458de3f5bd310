"""What every warehouse can do, and what some cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from engine.domain.model import Source
from engine.jobs import Job
from engine.warehouses.computed import Computed


@dataclass(frozen=True)
class Capabilities:
    """Flags that decide how work is given to a warehouse."""

    dialect: str = "duckdb"
    cancel: bool = True
    writable: bool = False
    live: bool = False  # data may change between two queries


@dataclass(frozen=True)
class TableInfo:
    """A table by name, with its columns and their DuckDB types, and its row count where that is cheap."""

    name: str
    columns: Mapping[str, str]
    rows: int | None = None


class Scratch(Protocol):
    """A reading session with room for temporary tables of its own; what it stages is gone when it closes."""

    def stage(self, table: str, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> None:
        """Keep the rows of a SELECT under a name, in place of what was there."""

    def stage_keys(self, table: str, batches: Iterable[tuple[Any, int]]) -> None:
        """Make a table of (key, ordinal); each batch is an Arrow array of keys and the ordinal of its first."""

    def rows(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> list[tuple[Any, ...]]:
        """Run a SELECT, which may read staged tables as temp.NAME, and give its rows."""

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Run such a SELECT and give its columns as numpy arrays."""

    def table(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> Any:
        """Run such a SELECT and give an Arrow table."""

    def drop(self, table: str) -> None:
        """Forget a staged table."""

    def close(self) -> None:
        """Let go of the session and all it staged."""


@runtime_checkable
class Rounding(Protocol):
    """A warehouse that reads some columns of text less exactly than they were written."""

    def rounded(self, table: str) -> Mapping[str, int]:
        """Columns that are read as floats though they hold whole numbers longer than a float keeps: how many."""


@runtime_checkable
class Telling(Protocol):
    """A warehouse that tells how it read a table's files."""

    def told(self, table: str) -> Sequence[str]:
        """Sentences on how the files were read, and which of their lines are no rows."""


ASIDE = "put aside."
"""How a sentence on lines that are no rows ends."""


def telling(warehouse: Warehouse, table: str) -> Sequence[str]:
    """Sentences on how a table's files were read; none for other warehouses."""
    return warehouse.told(table) if isinstance(warehouse, Telling) else ()


def rounding(warehouse: Warehouse, table: str | None, column: str) -> str | None:
    """A sentence about a column that is read less exactly than it was written."""
    if table is None or not isinstance(warehouse, Rounding):
        return None
    count = {key.lower(): many for key, many in warehouse.rounded(table).items()}.get(column.lower())
    if count is None:
        return None
    return f"the column is read as a float because of {count:,} whole numbers of more than 15 digits, which it rounds"


class Warehouse(Protocol):
    """A place that holds customer data.

    Every method raises EngineError with a sentence for people; ``job`` cancels the very query that runs.
    """

    url: str
    capabilities: Capabilities
    people: str | None
    """The table of (key, person) in the map that is read beside the data; None without one."""

    @property
    def landed(self) -> int | None:
        """The last file of the collector's journal whose events are read beside the data; None where none are."""

    computed: Computed | None
    """The computed traits that are read beside the data."""

    def tables(self) -> list[TableInfo]:
        """The tables there are."""

    def locate(self, table: str) -> tuple[str, ...]:
        """The parts of a table's full name."""

    def columns(self, source: Source, path: str) -> Mapping[str, str]:
        """Column names and types of a model's source."""

    def describe(self, sql: str, path: str) -> Mapping[str, str]:
        """Column names and types a SELECT returns, without running it."""

    def rows(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> list[tuple[Any, ...]]:
        """Run a SELECT and give its rows."""

    def arrays(self, sql: str, parameters: Sequence[Any] = (), job: Job | None = None) -> dict[str, Any]:
        """Run a SELECT and give its columns as numpy arrays."""

    def regex_error(self, pattern: str) -> str | None:
        """Why the engine refuses a regular expression; None when it accepts it."""

    def scratch(self) -> Scratch:
        """A reading session with temporary tables."""

    def limit_memory(self, megabytes: int) -> None:
        """Keep queries within this much memory; what does not fit goes to disk."""

    def limit_time(self, seconds: float) -> None:
        """Interrupt queries that take longer."""

    def limit_process(self, most: int) -> None:
        """Interrupt queries while this process takes more bytes of memory."""

    def data_version(self) -> str:
        """A short text that changes whenever the data does; of the data as this session reads it."""

    def source_version(self, source: Source) -> str:
        """The same for what one source of the model reads; at worst that of everything."""

    def still_current(self) -> bool:
        """Whether the data on disk is still what this session reads."""

    def same_data(self) -> bool:
        """Whether this session still reads what it read at first, though more may have been collected since."""

    def close(self) -> None:
        """Let go of files and connections."""
