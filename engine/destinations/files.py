"""Deliveries as files: a file a batch, and a manifest, written last, that says a delivery is whole.

``AUDIENCE/SYNC/00001-add.csv`` and ``manifest.json`` with the SHA-256 of every file, read back from where it lies. The
same batch makes the same file, so that writing it again changes nothing. A folder, SFTP and object storage differ only
in how a file is put and read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.destinations.host import SettingsReader
from engine.destinations.protocol import Batch, Capabilities, Operation, Proof, Receipt, Row, Sync
from engine.domain.cells import safe_cell

FORMATS = ("csv", "jsonl", "parquet")
CELLS = ("safe", "raw")
"""What becomes of cells of CSV that a spreadsheet would take for formulas: see engine.domain.cells."""
MANIFEST = "manifest.json"
PROFILES = ("sha256", "google", "meta", "uid2", "tiktok")


def capabilities(proof: Proof) -> Capabilities:
    """What files can do, wherever they lie."""
    return Capabilities(batch_rows=25_000, idempotency="batch", proof=proof, profiles=PROFILES)


class Place(Protocol):
    """Where files lie, by relative names with slashes. Methods raise Later or Misconfigured and nothing else."""

    def check(self) -> str:
        """Whether files can be written there; a sentence."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file whole, in place of an earlier one; whoever reads sees all of it or nothing."""

    def read(self, name: str) -> bytes:
        """A file as it lies there."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True)
class Written:
    """How files are written: their format, and whether cells of CSV stay as they are (``raw``)."""

    format: str
    raw: bool = False


def written_as(given: SettingsReader) -> Written:
    """How files are written by a destination's settings ``format`` and ``cells``."""
    return Written(given.one_of("format", FORMATS, "csv"), given.one_of("cells", CELLS, CELLS[0]) == "raw")


class FileDestination:
    """Files of a format in a place."""

    def __init__(self, place: Place, written: Written, identifiers: Sequence[str], proof: Proof) -> None:
        self.capabilities = capabilities(proof)
        self._place, self._format, self._columns = place, written.format, tuple(identifiers)
        self._write = _csv_raw if written == Written("csv", raw=True) else _WRITERS[written.format]

    def check(self) -> str:
        """Whether files can be written there."""
        return self._place.check()

    def send(self, batch: Batch) -> Receipt:
        """Write the batch's file."""
        data = self._write(self._columns, batch.rows)
        self._place.put(self._name(batch.sync, batch.name, batch.operation), data)
        return Receipt({})

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Write the manifest."""
        files = []
        for identifier, name, operation in sorted(batches, key=lambda one: one[1]):
            path = self._name(sync, name, operation)
            digest = hashlib.sha256(self._place.read(path)).hexdigest()
            last = path.rsplit("/", 1)[1]
            files.append({"name": last, "batch": identifier, "operation": operation, "sha256": digest})
        body = {"audience": sync.audience, "sync": sync.id, "as_of": sync.as_of, "format": self._format, "files": files}
        self._place.put(f"{_folder(sync)}/{MANIFEST}", (json.dumps(body, indent=1) + "\n").encode())

    def close(self) -> None:
        """Let go of connections."""
        self._place.close()

    def _name(self, sync: Sync, name: str, operation: Operation) -> str:
        return f"{_folder(sync)}/{name}-{operation}.{self._format}"


def _folder(sync: Sync) -> str:
    return f"{sync.audience}/{sync.id:08d}"


def _cells(columns: Sequence[str], row: Row) -> list[str]:
    """The key, and each identifier's values, several apart by a vertical bar."""
    return [row.key, *("|".join(value for name, value in row.values if name == column) for column in columns)]


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    return _csv_of(columns, ([safe_cell(cell) for cell in _cells(columns, row)] for row in rows))


def _csv_raw(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    return _csv_of(columns, (_cells(columns, row) for row in rows))


def _csv_of(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["key", *columns])
    writer.writerows(rows)
    return out.getvalue().encode()


def _lists(columns: Sequence[str], row: Row) -> dict[str, Any]:
    return {"key": row.key} | {column: [v for name, v in row.values if name == column] for column in columns}


def _jsonl(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(_lists(columns, row), ensure_ascii=False) + "\n" for row in rows).encode()


def _parquet(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [pa.field("key", pa.string()), *(pa.field(name, pa.list_(pa.string())) for name in columns)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_lists(columns, row) for row in rows], schema=pa.schema(fields)), out)
    return out.getvalue()


_WRITERS: Mapping[str, Callable[[Sequence[str], Sequence[Row]], bytes]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
}
