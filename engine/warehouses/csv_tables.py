"""Tables of a folder that are CSV files: read as they are where they are clean, else through rewritten ones.

The types are DuckDB's, found by all rows. Files of one shape are read as one file: DuckDB takes milliseconds to look at
each of many.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import duckdb

from engine.domain.ingest import Dialect
from engine.errors import EngineError
from engine.tabular.encodings import scanned
from engine.tabular.layout import below
from engine.tabular.naming import named, quoted
from engine.tabular.reader import Readable, readable
from engine.tabular.repair import line_numbers, private

_NUMBERS = ("BIGINT", "DOUBLE", "HUGEINT")
_REJECTS = "convoke_rejects"
_numbers = count(1)


@dataclass
class TableReading:
    """How a table of text files is read: a FROM item (``temporary``: over files that go when the table is made or the
    folder is closed), the columns that it rounds with how many of their values, the numbers of broken lines by file,
    and sentences on what was found out."""

    reader: str
    temporary: bool = False
    rounded: Mapping[str, int] = field(default_factory=dict)
    broken: dict[str, list[int]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """What is to be told: remarks, and the lines that were put aside."""
        return [*self.remarks, *(broken_message(name, numbers) for name, numbers in self.broken.items() if numbers)]


def broken_message(name: str, numbers: Sequence[int]) -> str:
    """Lines of a file that are no rows."""
    shown = ", ".join(f"{one:,}" for one in sorted(numbers)[:5])
    if len(numbers) == 1:
        return f"{name}: line {shown} is no row and was put aside."
    if len(numbers) > 5:
        return f"{name}: {len(numbers):,} lines are no rows, such as {shown}, and were put aside."
    return f"{name}: lines {shown} are no rows and were put aside."


def table_reading(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], stack: ExitStack, folder: Path, *, small: bool
) -> TableReading:
    """How files are read as one table, by what they hold: CSV, workbooks, JSON, Avro, Parquet. Temporary files are
    in ``folder`` until ``stack`` is closed."""
    if all(is_blank(one) for one in files):
        return TableReading(f"read_csv({listed(files)}, header = true)", True)
    parts = _parts(files, stack, folder)
    formats = {one.format for one in parts}
    if len(formats) > 1:
        raise EngineError(
            "warehouse_file",
            f"the files of one table are of several formats: {files[0].name} and others",
            hint="Put them into folders of their own.",
        )
    if formats == {"parquet"}:
        many = ", union_by_name = true" if len(parts) > 1 else ""
        return TableReading(f"read_parquet({listed([one.file for one in parts])}{many})", True)
    if formats == {"jsonl"}:
        return _json_reading(parts, stack, folder)
    found, bad = _read(connection, parts, stack, folder, small=small)
    if bad:
        parts = [
            stack.enter_context(readable(one.path, Dialect(), folder, careful=True, header=True))
            if place in bad
            else one
            for place, one in enumerate(parts)
        ]
        found, bad = _read(connection, parts, stack, folder, small=small)
    for place, one in enumerate(parts):
        found.remarks += [f"{one.path.name}: {note}" for note in one.notes]
        numbers = [each.line for each in one.broken] + [one.lines.original(line) for line in bad.get(place, ())]
        if numbers:
            found.broken[one.path.name] = numbers
    return found


def listed(files: Sequence[Path]) -> str:
    """Files as SQL lists them."""
    return "[" + ", ".join(quoted(str(one.resolve())) for one in files) + "]"


def _json_reading(parts: Sequence[Readable], stack: ExitStack, folder: Path) -> TableReading:
    """JSON that DuckDB did not read as it stands: lines that are none are put aside."""
    found, clean = TableReading("", True), []
    for part in parts:
        path = stack.enter_context(_temporary(folder))
        numbers = [one.line for one in part.broken]
        with private(path) as target, part.file.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and not _is_object(line):
                    numbers.append(part.lines.original(number))
                elif line.strip():
                    target.write(line.rstrip("\r\n").encode("utf-8", "replace") + b"\n")
        clean.append(path)
        found.broken[part.path.name] = numbers
        found.remarks += [f"{part.path.name}: {note}" for note in part.notes]
    many = ", union_by_name = true" if len(parts) > 1 else ""
    found.reader = f"read_json({listed(clean)}, format = 'newline_delimited'{many})"
    return found


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parts(files: Sequence[Path], stack: ExitStack, folder: Path) -> list[Readable]:
    """The files made readable; those that look like the first one are not looked at as long. Files without a
    character are passed over."""
    files = [one for one in files if not is_blank(one)]
    first = stack.enter_context(readable(files[0], Dialect(), folder, header=True))
    parts = [first]
    head = _head(first.file) if first.is_original and first.layout is not None and first.layout.is_plain else None
    for path in files[1:]:
        like = None if head is None else _like(path, first, head)
        parts.append(like or stack.enter_context(readable(path, Dialect(), folder, header=True)))
    return parts


def is_blank(path: Path) -> bool:
    """Whether nothing stands in a file, or blank lines only."""
    if path.stat().st_size > 4096:
        return False
    return not path.read_bytes().removeprefix(b"\xef\xbb\xbf").strip()


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(1 << 20).rstrip(b"\r\n")


def _like(path: Path, first: Readable, head: bytes) -> Readable | None:
    """A file that begins as the first one does and is clean; None for others."""
    layout = first.layout
    if layout is None or not head or _head(path) != head:
        return None
    scan = scanned(path)
    clean = scan.encoding == "utf-8" and not scan.damaged and scan.uniform and scan.quotes % 2 == 0
    if not clean or (layout.width == 1 and scan.blank) or below(path, layout):
        return None
    return replace(first, path=path, file=path, scan=scan, fingerprint=scan.fingerprint, notes=())


# -- one FROM item -----------------------------------------------------------------------------------------------------


def _read(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[Readable], stack: ExitStack, folder: Path, *, small: bool
) -> tuple[TableReading, dict[int, list[int]]]:
    """How the parts are read as one table, and by part the lines that DuckDB does not take."""
    temporary = not all(one.is_original for one in parts)
    alike = len({_shape(one) for one in parts}) == 1
    if alike and (len(parts) == 1 or small):
        file, starts = parts[0].file, [1]
        if len(parts) > 1:
            file = stack.enter_context(_temporary(folder))
            starts, temporary = _join(parts, file), True
        options = f"{quoted(str(file.resolve()))}, header = true, {_dialect(parts[0])}"
        sniffed = _sniffed(connection, f"{options}, store_rejects = true, {_into(_REJECTS)}")
        if len(parts) == 1 or not _may_be_typed(connection, options, sniffed):
            types, rounded = _odd_columns(connection, options, sniffed, rejects=True)
            bad = _rejected(connection, file, starts)
            reader = f"read_csv({options}{types}, allow_quoted_nulls = false, sample_size = -1, ignore_errors = true)"
            return TableReading(reader, temporary, rounded), bad
    bad = {place: lines for place, one in enumerate(parts) if (lines := _broken_in(connection, one))}
    if bad:
        return TableReading("", temporary), bad
    options = f"{listed([one.file for one in parts])}, header = true, allow_quoted_nulls = false, "
    options += "sample_size = -1, union_by_name = true"
    options += f", {_dialect(parts[0])}" if alike else ""
    types, rounded = _odd_columns(connection, options, _sniffed(connection, options, more=""), rejects=False)
    return TableReading(f"read_csv({options}{types})", temporary, rounded), {}


def _broken_in(connection: duckdb.DuckDBPyConnection, part: Readable) -> list[int]:
    """The lines of a part that DuckDB does not take."""
    assert part.layout is not None  # noqa: S101 - it is CSV
    names = [f"c{place}" for place in range(part.layout.width)]
    options = f"{quoted(str(part.file.resolve()))}, header = true, {_dialect(part)}"
    rows = _as_text(options, names, f", store_rejects = true, {_into(_REJECTS)}")
    connection.execute(f"SELECT count({names[-1]}) FROM {rows}").fetchall()  # noqa: S608 - our names
    return _rejected(connection, part.file, [1]).get(0, [])


def _shape(part: Readable) -> tuple[object, ...]:
    layout = part.layout
    assert layout is not None  # noqa: S101 - it is CSV
    return layout.delimiter, layout.quote, layout.escape, layout.named, layout.width


def _dialect(part: Readable) -> str:
    layout = part.layout
    assert layout is not None  # noqa: S101 - it is CSV
    escape = layout.escape or layout.quote
    return f"delim = {quoted(layout.delimiter)}, quote = {quoted(layout.quote)}, escape = {quoted(escape)}, skip = 0"


def _into(table: str) -> str:
    return f"rejects_table = '{table}', rejects_scan = '{table}_scan'"


def _sniffed(
    connection: duckdb.DuckDBPyConnection, options: str, more: str = ", allow_quoted_nulls = false, sample_size = -1"
) -> dict[str, str]:
    """The columns and the types that DuckDB finds."""
    return {
        str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE FROM read_csv({options}{more})").fetchall()
    }


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A path for a file that goes at the end."""
    path = folder / f".joined-{next(_numbers)}.csv"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _join(parts: Sequence[Readable], into: Path) -> list[int]:
    """Write files with one header as one; the line there at which the rows of each begin."""
    starts, line = [], 1
    with private(into) as target:
        for place, part in enumerate(parts):
            with part.file.open("rb") as source:
                head = source.readline()
                if not place:
                    target.write(head.removeprefix(b"\xef\xbb\xbf"))
                    line += 1
                starts.append(line)
                begin = target.tell()
                shutil.copyfileobj(source, target, 1 << 20)
                if target.tell() > begin:
                    target.write(b"" if _ends(part.file) else b"\n")
            scan = part.scan
            lines = scan.lf if scan is not None and part.is_original else _count(part.file)
            line += max(0, lines - 1 + (0 if _ends(part.file) else 1))
    return starts


def _ends(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if not size:
            return True
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _may_be_typed(connection: duckdb.DuckDBPyConnection, options: str, sniffed: Mapping[str, str]) -> bool:
    """Whether a column that is text in all files together may have a type in each: dates of several forms."""
    texts = [named(one) for one, kind in sniffed.items() if kind == "VARCHAR"]
    if not texts:
        return False
    checks = ", ".join(
        f"count({one}) > 0 AND bool_and(regexp_full_match({one}, '[-0-9.:/T Zz+]*[-/:][-0-9.:/T Zz+]*'))"
        for one in texts
    )
    rows = connection.execute(f"SELECT {checks} FROM {_as_text(options, list(sniffed))}").fetchall()  # noqa: S608
    return any(rows[0])


def _as_text(options: str, columns: Sequence[str], more: str = ", ignore_errors = true") -> str:
    kinds = ", ".join(f"{quoted(one)}: 'VARCHAR'" for one in columns)
    return f"read_csv({options}, auto_detect = false, columns = {{{kinds}}}{more})"


def _rejected(connection: duckdb.DuckDBPyConnection, file: Path, starts: Sequence[int]) -> dict[int, list[int]]:
    """By part the lines of it that DuckDB did not take."""
    rows = connection.execute(f"SELECT DISTINCT line_byte_position FROM {_REJECTS}").fetchall()  # noqa: S608
    for table in (_REJECTS, f"{_REJECTS}_scan"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    found: dict[int, list[int]] = {}
    for line in sorted(line_numbers(file, [int(place) for (place,) in rows]).values()):
        part = max((at for at, start in enumerate(starts) if start <= line), default=0)
        found.setdefault(part, []).append(line if len(starts) == 1 else line - starts[part] + 2)
    return found


def _odd_columns(
    connection: duckdb.DuckDBPyConnection, options: str, sniffed: Mapping[str, str], *, rejects: bool
) -> tuple[str, dict[str, int]]:
    """The columns whose types DuckDB would not choose, and those that become floats though they hold whole numbers with
    more digits than a float keeps. With ``rejects`` broken lines go to a table.

    Columns of digits stay text when some value has a leading zero, such as a postcode; columns of whole numbers of up
    to 38 digits are integers (DuckDB 1.5 takes them for floats).
    """
    numeric = {name: kind for name, kind in sniffed.items() if kind in _NUMBERS}
    if not numeric and not rejects:
        return "", {}
    checks = ", ".join([*(_looked_at(named(name)) for name in numeric), *(f"count({named(one)})" for one in sniffed)])
    if rejects:
        rows = _as_text(options, list(sniffed), f", store_rejects = true, {_into(_REJECTS)}")
    else:
        rows = f"read_csv({options}, all_varchar = true)"
    found = connection.execute(f"SELECT {checks} FROM {rows}").fetchall()[0]  # noqa: S608 — names are quoted
    types: dict[str, str] = {}
    rounded: dict[str, int] = {}
    for place, (name, kind) in enumerate(numeric.items()):
        zeros, long, whole = found[place * 3 : place * 3 + 3]
        if zeros:
            types[name] = "VARCHAR"
        elif kind == "DOUBLE" and long and whole:
            types[name] = "HUGEINT"
        elif kind == "DOUBLE" and long:
            rounded[name] = int(long)
    if not types:
        return "", rounded
    pairs = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in types.items())
    return f", types = {{{pairs}}}", rounded


def _looked_at(column: str) -> str:
    """Whether a column of digits has a leading zero, how many long whole numbers it has, and whether all are whole."""
    return (
        f"bool_or(regexp_matches({column}, '^\\s*[-+]?0[0-9]')), "
        f"count_if(regexp_matches({column}, '^\\s*[-+]?[0-9]{{16,}}\\s*$')), "
        f"bool_and(regexp_matches({column}, '^\\s*[-+]?[0-9]{{1,38}}\\s*$'))"
    )
