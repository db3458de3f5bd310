"""From the journal into tables: what was acknowledged becomes rows once, however often it is tried.

What is in force is one small file that names everything else: the state of the tables, the catalog of views over their
files, and the last file of the journal whose messages are among them. It is replaced in one step. The list of messages
that were seen follows it, and a journal file goes only after that; what dies in between is made up for at the next
start.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw

from engine.durable import make_folder, remove_file, replace_file, with_checksum
from engine.errors import EngineError
from engine.ingest import exact, journal
from engine.ingest.journal import closed, lines
from engine.ingest.messages import ASIDE, PAIRS, Policy, Received, Row, put_aside, rows_of
from engine.ingest.parts import MOST_TABLES, Table, catalog, merged, put_parquet, written
from engine.ingest.stitching import Pairs, pairs_before
from engine.locks import holding
from engine.warehouses.collected import COLLECTED, POINTER, read_pointer, read_state

JOURNAL = "journal"
_LOCK = "landing.lock"
_SEEN_FOR = 30
"""Days that a message's id is remembered for; Segment says a day."""
_GRACE = 3_600
"""Seconds that a file of rows stays which was merged into a larger one: somebody may be reading it."""
_AT_ONCE = 64 << 20
"""Bytes of the journal that are landed in one go."""


Gate = Callable[[str, Sequence[Row]], Sequence[str | None]]
"""Why rows of a table are kept out: for each the reason, or None."""


@dataclass
class Landed:
    """What became of messages: rows by table, how many had come before, and how many were put aside."""

    messages: int = 0
    again: int = 0
    aside: int = 0
    rows: dict[str, int] = field(default_factory=dict)


class Lander:
    """Lands what is in a folder's journal. One that is not the ``owner`` of the journal only changes the tables."""

    def __init__(self, warehouses: Path, policy: Policy, *, owner: bool = True, gate: Gate | None = None) -> None:
        self.folder, self.policy, self._gate = warehouses / COLLECTED, policy, gate
        make_folder(self.folder)
        self._seen = _Seen(self.folder / "seen.sqlite")
        self._load()
        if owner:
            self._recover()

    def _load(self) -> None:
        """The state that is in force."""
        found = read_pointer(self.folder)
        self._version, self.last = int(found.get("version", 0)), int(found.get("landed", 0))
        told: dict[str, Any] = {}
        if self._version:
            told = read_state(self.folder, self._version)
        self._tables = {name: Table.from_json(one) for name, one in told.get("tables", {}).items()}
        self._retired: dict[str, float] = dict(told.get("retired", {}))
        self._pairs = Pairs()

    @staticmethod
    def _state(version: int) -> str:
        return f"state-{version}.json"

    def land(self, done: Callable[[Sequence[Path]], None]) -> Landed:
        """Land what is closed, a bounded part of it, and say which files of the journal are ``done`` with. Where that
        fails (a full disk) nothing has changed. While a person is being erased nothing is landed."""
        with self.alone() as mine:
            return self._landed(done) if mine else Landed()

    def _landed(self, done: Callable[[Sequence[Path]], None]) -> Landed:
        paths = _some([path for path in closed(self.folder / JOURNAL) if journal.number(path) > self.last])
        if not paths:
            return Landed()
        found, by_table, ids = self._read(paths)
        found.aside += _kept_out(by_table, self._gate)
        number = journal.number(paths[-1])
        with self._all_or_nothing():
            self._begin_or_end_stitching()
            self._note_pairs(by_table)
            for name, rows in sorted(by_table.items()):
                table = self._tables.setdefault(name, Table.new(name))
                written(self.folder, table, name, number, rows)
                if name != PAIRS:
                    found.rows[name] = len(rows)
                gone = merged(self.folder, table, name, number)
                self._retired |= dict.fromkeys(gone, time.time())
            self._commit(number)
        self._seen.add(ids, number)
        done(paths)
        return found

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else changes the tables meanwhile; the state is the one in force then."""
        with ExitStack() as held:
            try:
                held.enter_context(holding(self.folder / _LOCK, "a collector", "refused", "events are being landed"))
            except EngineError:
                yield False
                return
            if int(read_pointer(self.folder).get("version", 0)) != self._version:
                self._load()
            yield True

    def files(self, name: str | None = None) -> list[str]:
        """The files of all tables, or of one."""
        return [one for of, table in self._tables.items() if name in (None, of) for one in table.files]

    def put_instead(self, rows: Mapping[str, Any]) -> None:
        """Put others (Arrow tables) in the place of some files, which are removed at once: they hold what is to be
        gone. To be called while :meth:`alone`."""
        with self._all_or_nothing():
            self._exchange(rows)
            over = [one for one in self._retired if (self.folder / one).exists()]
            self._retired, self._pairs = {}, Pairs()
            self._commit(self.last)
        for one in (*rows, *over):
            remove_file(self.folder / one)

    def put_again(self, rows: Mapping[str, Any], messages: Iterable[Sequence[Row]]) -> dict[str, list[Row]]:
        """The same, and land the rows of messages that were taken out so, through the contracts of their tables; what
        there is now, by table. Who follows what lands finds them in files of the next landing."""
        by_table: dict[str, list[Row]] = {}
        for message in messages:
            for row in self._in_bounds(message, by_table):
                by_table.setdefault(row.table, []).append(row)
        _kept_out(by_table, self._gate)
        with self._all_or_nothing():
            self._exchange(rows)
            self._note_pairs(by_table)
            for name, some in sorted(by_table.items()):
                table = self._tables.setdefault(name, Table.new(name))
                written(self.folder, table, name, self.last + 1, some, f"-again-{self._version + 1}")
            self._retired |= dict.fromkeys(rows, time.time())
            self._commit(self.last)
        return {name: some for name, some in by_table.items() if name != PAIRS}

    def _note_pairs(self, by_table: dict[str, list[Row]]) -> None:
        """Add the pairs of anonymous ids and users that are new, where they are kept."""
        if PAIRS in self._tables and (pairs := self._pairs.new(by_table)):
            by_table[PAIRS] = pairs

    def _begin_or_end_stitching(self) -> bool:
        """Make the table of pairs out of all that there is, or let go of it, as the policy says; whether that changed
        anything."""
        if self.policy.stitch == (PAIRS in self._tables):
            return False
        if self.policy.stitch:
            rows = pairs_before(self.folder, {name: list(table.files) for name, table in self._tables.items()})
            self._tables[PAIRS] = Table.new(PAIRS)
            written(self.folder, self._tables[PAIRS], PAIRS, self.last, rows, f"-first-{self._version + 1}")
        else:
            self._retired |= dict.fromkeys(self._tables.pop(PAIRS).files, time.time())
        self._pairs = Pairs()
        return True

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """What is in force stays what the tables are taken for, where something fails."""
        try:
            yield
        except BaseException:
            self._load()
            raise

    def _exchange(self, rows: Mapping[str, Any]) -> None:
        for table in self._tables.values():
            for path in [one for one in table.files if one in rows]:
                fresh = f"{path.removesuffix('.parquet')}-v{self._version + 1}.parquet"
                put_parquet(self.folder, fresh, rows[path])
                del table.files[path]
                table.files[fresh] = len(rows[path]), (self.folder / fresh).stat().st_size

    def close(self) -> None:
        """Let go of the list of messages that were seen."""
        self._seen.close()

    def _read(self, paths: Sequence[Path]) -> tuple[Landed, dict[str, list[Row]], list[bytes]]:
        """The rows by table of messages that did not come before."""
        found, by_table, mine = Landed(), dict[str, list[Row]](), dict[bytes, None]()
        for path in paths:
            for line in lines(path):
                if line is None:
                    values = {"received_at": datetime.now(UTC), "reason": f"damaged in the journal's {path.name}"}
                    by_table.setdefault(ASIDE, []).append(Row(ASIDE, values))
                    found.aside += 1
                    continue
                for identifier, rows in rows_of(Received.from_bytes(line), self.policy):
                    found.messages += 1
                    if identifier is not None:
                        key = _key(identifier)
                        if key in mine or key in self._seen:
                            found.again += 1
                            continue
                        mine[key] = None
                    found.aside += rows[0].table == ASIDE
                    for row in self._in_bounds(rows, by_table):
                        by_table.setdefault(row.table, []).append(row)
        return found, by_table, list(mine)

    def _in_bounds(self, rows: Sequence[Row], more: Mapping[str, object]) -> Sequence[Row]:
        """The rows of a message; where there would be too many tables, what was done keeps its properties as JSON."""
        own = rows[-1].table
        if own in self._tables or own in more or len(self._tables.keys() | more.keys()) < MOST_TABLES or len(rows) < 2:
            return rows
        there = rows[0].values
        properties = {name: value for name, value in rows[-1].values.items() if name not in there}
        return [Row(rows[0].table, {**there, "properties": exact.written(properties, default=str)})]

    def _commit(self, number: int) -> None:
        version = self._version + 1
        name = f"catalog-{version}.duckdb"
        catalog(self.folder, name, self._tables)
        over = [one for one, at in self._retired.items() if time.time() - at > _GRACE]
        told = {
            "tables": {one: table.as_json() for one, table in self._tables.items()},
            "retired": {one: at for one, at in self._retired.items() if one not in over},
        }
        _write(self.folder / self._state(version), told)
        told = {"version": version, "catalog": name, "landed": number}
        replace_file(self.folder / POINTER, with_checksum(told))
        # The one before stays until the next: somebody may have read the pointer and be about to open what it named.
        former = (f"catalog-{self._version - 1}.duckdb", self._state(self._version - 1))
        self._version, self.last = version, number
        for one in (*over, *former):
            self._retired.pop(one, None)
            remove_file(self.folder / one)

    def _recover(self) -> None:
        """Make up for what died between two steps, remove what nobody names, and follow the policy's change."""
        for path in closed(self.folder / JOURNAL):
            if journal.number(path) <= self.last:
                messages = (Received.from_bytes(line) for line in lines(path) if line is not None)
                ids = [one for got in messages for one, _ in rows_of(got, self.policy) if one is not None]
                self._seen.add([_key(one) for one in ids], journal.number(path))
                path.unlink()
        named = {f"catalog-{self._version}.duckdb", self._state(self._version), *self._retired}
        named |= {one for table in self._tables.values() for one in table.files}
        for path in (*self.folder.glob("*/*.parquet"), *self.folder.glob("catalog-*"), *self.folder.glob("state-*")):
            if path.relative_to(self.folder).as_posix() not in named:
                remove_file(path)
        with self.alone() as mine:
            if mine and self._tables:
                with self._all_or_nothing():
                    if self._begin_or_end_stitching():
                        self._commit(self.last)


def _kept_out(by_table: dict[str, list[Row]], gate: Gate | None) -> int:
    """Put aside the rows that the contract of their table does not let in; how many they are."""
    count = 0
    for name in [one for one in by_table if gate is not None and one != ASIDE]:
        reasons = gate(name, by_table[name]) if gate is not None else []
        out = [(row, why) for row, why in zip(by_table[name], reasons, strict=True) if why is not None]
        if out:
            by_table[name] = [row for row, why in zip(by_table[name], reasons, strict=True) if why is None]
            by_table.setdefault(ASIDE, []).extend(put_aside(row, why) for row, why in out)
            count += len(out)
    for name in [one for one, rows in by_table.items() if not rows]:
        del by_table[name]
    return count


def tables_in(folder: Path) -> dict[str, Table]:
    """The tables of a folder as they are now."""
    found = read_pointer(folder)
    if not found:
        return {}
    told = read_state(folder, int(found["version"]))
    return {name: Table.from_json(one) for name, one in told["tables"].items()}


class _Seen:
    """The messages that came before: a hash of each one's id, with the day."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS seen (key BLOB PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID"
        )
        self._cleaned = 0

    def __contains__(self, key: bytes) -> bool:
        return self._connection.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone() is not None

    def add(self, keys: Iterable[bytes], number: int) -> None:
        """These came by file ``number`` of the journal."""
        today = int(time.time() // 86_400)
        with self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", ((key, today) for key in keys))
            if self._cleaned != today:
                self._connection.execute("DELETE FROM seen WHERE day < ?", (today - _SEEN_FOR,))
                self._cleaned = today

    def close(self) -> None:
        self._connection.close()


def _key(identifier: str) -> bytes:
    return hashlib.blake2b(identifier.encode(), digest_size=16).digest()


def _some(paths: Sequence[Path]) -> list[Path]:
    """The first ones, up to so many bytes together; one at least."""
    taken: list[Path] = []
    size = 0
    for path in paths:
        size += path.stat().st_size
        if taken and size > _AT_ONCE:
            break
        taken.append(path)
    return taken


def _write(path: Path, told: Mapping[str, Any]) -> None:
    with path.open("wb") as file:
        file.write(with_checksum(told))
        file.flush()
        os.fsync(file.fileno())


def empty_warehouse(warehouses: Path) -> None:
    """A local warehouse without tables, for what was collected to stand beside, if there is none."""
    from engine.warehouses.local import FILE, publishing

    if not (warehouses / FILE).exists():
        with publishing(warehouses, "convoke collect") as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS convoke")
