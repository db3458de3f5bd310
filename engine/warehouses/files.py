"""Warehouses in files: a DuckDB file opened read-only, and a folder of Parquet, CSV and JSON files."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from engine.domain.model import Source
from engine.errors import EngineError
from engine.faults.telling import file_failure
from engine.tabular.kinds import kind_of
from engine.tabular.packing import packed_parts
from engine.warehouses import computed
from engine.warehouses.collected import Collected, state
from engine.warehouses.computed import Computed
from engine.warehouses.csv_tables import TableReading, listed, table_reading
from engine.warehouses.duck import Attached, DuckSession, connect, lock
from engine.warehouses.naming import quoted
from engine.warehouses.parquet import verify
from engine.warehouses.protocol import TableInfo

_OLD = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")
_MORE = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".avro", ".zip")
"""What becomes a table too, unless another file has the name or it cannot be read."""
_JSON = (".json", ".jsonl", ".ndjson")
_PACKED = (".gz", ".zst", ".zip")
_LOAD_UP_TO = 256 * 1024 * 1024


def fingerprint(paths: list[Path], root: Path) -> str:
    """A short text that changes when a file's name, size or time of change does."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        status = path.stat()
        digest.update(f"{path.relative_to(root)}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _unchanged(paths: list[Path], root: Path, version: str) -> bool:
    try:
        return fingerprint(paths, root) == version
    except OSError:
        return False


@dataclass(frozen=True)
class Beside:
    """What is read beside a warehouse: a map of persons, and what was collected into ``collecting``, a folder."""

    people: Attached | None = None
    collecting: Path | None = None

    @cached_property
    def collected(self) -> Collected | None:
        """What was collected, as it was when this was first asked."""
        return None if self.collecting is None else state(self.collecting)

    @cached_property
    def computed(self) -> Computed | None:
        """The computed traits, as they were when this was first asked."""
        return None if self.collecting is None else computed.state(self.collecting)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to read beside."""
        return self.people is None and self.collected is None and self.computed is None

    def to(self, session: DuckSession, connection: duckdb.DuckDBPyConnection, *folders: Path) -> None:
        """Attach all there is and lock the connection; only files of ``folders`` may be read besides."""
        if self.people is not None:
            session.people = self.people.to(connection)
        if self.computed is not None:
            session.computed = self.computed
            self.computed.to(connection)
        if self.collected is not None:
            session.collected = self.collected
            self.collected.to(connection)
            folders = (self.collected.folder, *folders)
        lock(connection, folders)

    def current(self) -> bool:
        """Whether all of it is still the one to read."""
        newest = None if self.collecting is None else state(self.collecting)
        traits = None if self.collecting is None else computed.state(self.collecting)
        return self.same_people() and newest == self.collected and traits == self.computed

    def same_people(self) -> bool:
        """Whether the map of persons is still the one to read."""
        return self.people is None or self.people.current()


class DuckDBFile(DuckSession):
    """A DuckDB database file, read-only.

    DuckDB opens a path once a process, so a file put in place of one that is still open would not be seen: whoever
    keeps older states open opens each ``apart``, through a link of its own.
    """

    def __init__(self, url: str, path: Path, *, apart: bool = False, beside: Beside | None = None) -> None:
        if not path.is_file():
            raise EngineError(
                "warehouse_file", f"there is no warehouse file {path}", hint="Check the path given to convoke connect."
            )
        version = fingerprint([path], path.parent)
        # A file that another session of this process has open shares its instance, which takes no other file beside it.
        self.path, self._beside = path, beside or Beside()
        super().__init__(url, _opened(path, apart=apart, beside=not self._beside.empty), version)
        self._beside.to(self, self._connection)

    def still_current(self) -> bool:
        """Whether the file is still the one this session opened."""
        return self._same_file() and self._beside.current()

    def same_data(self) -> bool:
        """The same, though more may have been collected since."""
        return self._same_file() and self._beside.same_people()

    def _same_file(self) -> bool:
        return _unchanged([self.path], self.path.parent, self._version)


def _opened(path: Path, *, apart: bool, beside: bool) -> duckdb.DuckDBPyConnection:
    """Apart where that is wanted; beside another file too, but in a folder that takes no link without one."""
    if apart:
        return _open_apart(path)
    if beside:
        with suppress(EngineError):
            return _open_apart(path)
    return _open_file(path)


def _open_apart(path: Path) -> duckdb.DuckDBPyConnection:
    link = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        os.link(path, link)
    except OSError as error:
        raise EngineError(
            "warehouse_file",
            f"{path.parent} takes no link to the warehouse file: {error.strerror}",
            hint="Serve it from a folder that Convoke may write to.",
        ) from None
    try:
        return _open_file(link)
    finally:
        with suppress(OSError):  # Windows keeps the name as long as the file is open
            link.unlink()


def _open_file(path: Path) -> duckdb.DuckDBPyConnection:
    with path.open("rb") as file:
        head = file.read(12)
    if head[8:12] != b"DUCK":
        raise EngineError("warehouse_file", f"{path} is not a DuckDB file", hint="Connect a .duckdb file or a folder.")
    try:
        return connect(str(path), read_only=True)
    except duckdb.Error as error:
        text = str(error)
        if "lock" in text.lower():
            holder = re.search(r"held in ([^()\n]*?)\s*\(PID (\d+)\)", text)
            who = f" by {Path(holder[1]).name} (process {holder[2]})" if holder else " by another process"
            raise EngineError(
                "warehouse_file", f"{path} is locked{who}", hint="Close that program or wait until it has finished."
            ) from None
        hint = "Restore the file from a backup."
        raise file_failure("warehouse_file", f"{path} cannot be opened", error, hint=hint) from None


class Folder(DuckSession):
    """A folder in which each file or sub-folder is a table.

    Parquet is read in place. Other files up to 256 MB are loaded when first used (parsing once, not at every query);
    larger ones are read in place too. What a file holds counts, not its name; lines that are no rows are put aside and
    counted. CSV columns of digits that would lose leading zeros stay text.
    """

    def __init__(self, url: str, path: Path, *, beside: Beside | None = None) -> None:
        if not path.is_dir():
            raise EngineError("warehouse_file", f"there is no folder {path}", hint="Check the path.")
        self._files = _tables_in(path)
        if not self._files:
            raise EngineError(
                "warehouse_file",
                f"{path} holds no Parquet, CSV or JSON files",
                hint="Each file or sub-folder becomes a table.",
            )
        everything = [file for files in self._files.values() for file in files]
        super().__init__(url, connect(":memory:", read_only=False), fingerprint(everything, path))
        self.path, self._beside = path, beside or Beside()
        self._ready: set[str] = set()
        self._read: dict[str, TableReading] = {}
        self._stack = ExitStack()
        self._scratch = Path(tempfile.mkdtemp(prefix="convoke-"))
        self._forget = weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self._beside.to(self, self._connection, path, self._scratch)

    def still_current(self) -> bool:
        """Whether the files are still as they were when this session opened them."""
        return self._same_files() and self._beside.current()

    def same_data(self) -> bool:
        """The same, though more may have been collected since."""
        return self._same_files() and self._beside.same_people()

    def _same_files(self) -> bool:
        everything = [file for files in _tables_in(self.path).values() for file in files]
        return _unchanged(everything, self.path, self._version)

    def source_version(self, source: Source) -> str:
        """The state of one table's files; a SELECT may read any."""
        if source.table is None or source.where is not None:
            return self.data_version()
        for table, files in self._files.items():
            if table.lower() == source.table.lower():
                return fingerprint(files, self.path)
        return self.data_version()

    def rounded(self, table: str) -> Mapping[str, int]:
        """Columns of a CSV table that are read as floats though they hold long whole numbers, and how many of them."""
        self.locate(table)
        found = {key.lower(): one for key, one in self._read.items()}.get(table.lower())
        return {} if found is None else found.rounded

    def told(self, table: str) -> Sequence[str]:
        """Sentences on how a table's files were read, and which of their lines are no rows."""
        self.locate(table)
        found = {key.lower(): one for key, one in self._read.items()}.get(table.lower())
        return [] if found is None else found.sentences()

    def close(self) -> None:
        """Close the connection, and let go of temporary files."""
        super().close()
        self._stack.close()
        self._forget()

    def tables(self) -> list[TableInfo]:
        """Every file and sub-folder."""
        for table in self._files:
            self._prepare(table)
        return super().tables()

    def locate(self, table: str) -> tuple[str, ...]:
        """Loads the table when it is first named."""
        for name in self._files:
            if name.lower() == table.lower():
                self._prepare(name)
                return ("main", name)
        for name in self._files:
            self._prepare(name)
        return super().locate(table)

    def prepare_for(self, sql: str) -> None:
        """Load the files whose tables a text may name."""
        text = sql.lower()
        for table in self._files:
            if table not in self._ready and table.lower() in text:
                self._prepare(table)

    def _prepare(self, table: str) -> None:
        if table in self._ready or table not in self._files:
            return
        files = self._files[table]
        small = sum(file.stat().st_size for file in files) <= _LOAD_UP_TO
        self._ready.add(table)
        try:
            if _suffix(files[0]) == ".parquet":
                verify(files, self._beside.collecting)
                self._make(table, TableReading(f"read_parquet({listed(files)}{_many(files)})"), "VIEW")
            elif _suffix(files[0]) in _JSON and not _is_text(files[0]) and self._is_json(table, files, small=small):
                return
            else:
                with ExitStack() if small else nullcontext(self._stack) as stack:
                    found = table_reading(self._connection, files, stack, self._scratch, small=small)
                    self._make(table, found, "TABLE" if small else "VIEW")
        except duckdb.Error as error:
            self._ready.discard(table)
            lead = f'the table "{table}" cannot be read'
            raise file_failure("warehouse_file", lead, error, hint=f"Check {files[0].name}.") from None
        except EngineError:
            self._ready.discard(table)
            raise

    def _is_json(self, table: str, files: list[Path], *, small: bool) -> bool:
        """Make a table of JSON files as DuckDB reads them; False where it does not."""
        try:
            reading = TableReading(f"read_json({listed(files)}{_many(files)})")
            self._make(table, reading, "TABLE" if small else "VIEW")
        except duckdb.Error:
            return False
        return True

    def _make(self, table: str, found: TableReading, kind: str) -> None:
        self._connection.execute(f"CREATE {kind} {quoted(table)} AS FROM {found.reader}")
        self._read[table] = found


def _is_text(path: Path) -> bool:
    """Whether a file begins as CSV does and JSON does not."""
    with path.open("rb") as file:
        begin = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(begin) and begin[:1] not in b"{[" and begin[:1].isascii() and begin[:1].isalnum()


def _many(files: Sequence[Path]) -> str:
    return ", union_by_name = true" if len(files) > 1 else ""


def _suffix(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    return suffixes[-2] if len(suffixes) > 1 and suffixes[-1] in _PACKED else (suffixes or [""])[-1]


def _stem(path: Path) -> str:
    name = path.name
    for ending in _PACKED:
        if _suffix(path) != ending:
            name = name.removesuffix(ending)
    return name.rsplit(".", 1)[0]


def _tables_in(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    entries = [one for one in sorted(folder.iterdir()) if not one.name.startswith((".", "_"))]
    for entry in entries:
        if entry.is_file() and _suffix(entry) in _OLD:
            name, files = _stem(entry), [entry]
        elif entry.is_dir():
            inner = sorted(p for p in entry.rglob("*") if p.is_file() and _suffix(p) in _OLD)
            inner = inner or sorted(p for p in entry.rglob("*") if p.is_file() and _is_more(p))
            if not inner:
                continue
            name, files = entry.name, [p for p in inner if _suffix(p) == _suffix(inner[0])]
        else:
            continue
        if name in found:
            raise EngineError("warehouse_file", f'two files would be the table "{name}"', str(entry), "Rename one.")
        found[name] = files
    for entry in entries:
        if entry.is_file() and _is_more(entry):
            found.setdefault(_stem(entry), [entry])
    return found


def _is_more(path: Path) -> bool:
    """Whether a file of a kind that a folder may hold for other reasons can be read as a table."""
    if _suffix(path) not in _MORE or path.name.startswith(("~$", ".")):
        return False
    try:
        with path.open("rb") as file:
            kind = kind_of(path, file.read(4096), path.name)
    except (EngineError, OSError):
        return False
    return kind != "zip" or len(packed_parts(path)) == 1
