"""Files to load: made readable by :mod:`engine.tabular`, and a relation of DuckDB that reads them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from engine.domain.ingest import Dialect, Format
from engine.faults.telling import file_failure
from engine.tabular.layout import Layout
from engine.tabular.reader import Readable, readable
from engine.tabular.repair import Broken, line_numbers
from engine.warehouses.parquet import verify

LINE = "line"
"""The one column of a file of JSON lines."""


@dataclass(frozen=True)
class Opened:
    """A file to read: its fingerprint (SHA-256), format, the encoding it was written in, and a FROM item of DuckDB with
    its columns, all text unless ``typed``. ``broken`` lines were put aside already; ``notes`` are sentences on what was
    found out. ``careful``: each line was looked at."""

    path: Path
    fingerprint: str
    format: Format
    encoding: str
    relation: str
    columns: Sequence[str]
    typed: bool
    readable: Readable
    careful: bool = False

    @property
    def broken(self) -> Sequence[Broken]:
        """Lines that are no rows, as far as they were seen."""
        return self.readable.broken

    @property
    def notes(self) -> Sequence[str]:
        """What was found out, a sentence each."""
        return self.readable.notes

    def rejected(self, connection: Any, table: str) -> list[Broken]:
        """The lines that DuckDB put into a table of rejects, each once, by their numbers in the file."""
        rows = connection.execute(
            f"SELECT min(line_byte_position), any_value(csv_line), any_value(error_type)::VARCHAR FROM {table} "  # noqa: S608
            "GROUP BY line"
        ).fetchall()
        numbers = line_numbers(self.readable.file, [int(place) for place, *_ in rows])
        found = []
        for place, text, why in rows:
            line = self.line(numbers[int(place)])
            found.append(Broken(line, str(text).lstrip("\r\n"), str(why).lower().replace("_", " ")))
        return sorted(found, key=lambda one: one.line)

    def line(self, number: int) -> int:
        """The number of a line in the file, by its number in what DuckDB reads."""
        return self.readable.lines.original(number)


@contextmanager
def opened(
    connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, folder: Path, *, careful: bool = False
) -> Iterator[Opened]:
    """A file to read. What DuckDB does not read as it is is rewritten in ``folder`` meanwhile. ``careful``: the file is
    read line by line, because a quote that is never closed hides what follows it."""
    with readable(path, dialect, folder, careful=careful) as found:
        if found.format == "parquet":
            verify([found.file])
        relation, columns = _relation(found)
        if found.format == "parquet":
            columns = _described(connection, relation, path)
        typed = found.format == "parquet"
        yield Opened(
            path, found.fingerprint, found.format, found.encoding, relation, columns, typed, found, careful=careful
        )


def _relation(found: Readable) -> tuple[str, list[str]]:
    """The FROM item, and the columns of a text file."""
    file = quoted(str(found.file))
    if found.format == "parquet":
        return f"read_parquet({file})", []
    if found.layout is None:
        # A character that JSON never has bare makes each line one value.
        said = "delim = '\x01', quote = '', escape = '', header = false, auto_detect = false"
        rows = f"read_csv({file}, {said}, columns = {{'{LINE}': 'VARCHAR'}}, max_line_size = 16777216)"
        return f"(FROM {rows} WHERE trim({LINE}, E' \\t\\r') <> '')", [LINE]
    return f"read_csv({file}, {csv_options(found.layout, found.has_header)}, REJECTS)", list(found.columns)


def csv_options(layout: Layout, has_header: bool) -> str:
    """The options of DuckDB's reader. Nothing is left for it to find out, since it may choose any dialect in which a
    broken line is none."""
    beyond = [f"convoke_beyond_{place}" for place in range(len(layout.columns), layout.width)]
    columns = ", ".join(f"{quoted(one)}: 'VARCHAR'" for one in (*layout.columns, *beyond))
    escape = layout.escape or layout.quote
    return (
        f"auto_detect = false, delim = {quoted(layout.delimiter)}, quote = {quoted(layout.quote)}, "
        f"escape = {quoted(escape)}, header = {str(has_header).lower()}, nullstr = '', allow_quoted_nulls = false, "
        f"strict_mode = true, columns = {{{columns}}}"
    )


def reading(relation: str, rejects: str | None = None) -> str:
    """The FROM item; lines that are no rows are told of in the table ``rejects``, or passed over."""
    said = "ignore_errors = true"
    if rejects is not None:
        said = f"store_rejects = true, rejects_table = '{rejects}', rejects_scan = '{rejects}_scan'"
    return relation.replace(", REJECTS)", f", {said})")


def _described(connection: Any, relation: str, path: Path) -> list[str]:
    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM {reading(relation)}").fetchall()  # noqa: S608 - quoted
    except duckdb.Error as error:
        raise file_failure("file", f"{path.name} cannot be read", error, hint="Name how it is written.") from None
    return [str(row[0]) for row in found]


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def named(text: str) -> str:
    """An identifier as SQL has it."""
    return '"' + text.replace('"', '""') + '"'


def plain_name(text: str) -> str:
    """The name of a table's column for one of a file: without accents and capitals, other characters as _."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9]+", "_", ascii_).strip("_")[:60]
    return found if found and found[0].isalpha() else f"c_{found}".rstrip("_")
