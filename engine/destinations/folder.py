"""A folder: a file a batch, and a manifest, written last, that says a delivery is whole.

``PATH/AUDIENCE/SYNC/00001-add.csv`` and ``manifest.json`` with rows and SHA-256 of every file. A file is written beside
its name, synced to disk and renamed, so that whoever reads sees whole files only; the same batch makes the same file.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Mapping, Sequence
from errno import EDQUOT, EIO, ENOSPC
from pathlib import Path
from typing import Any

from engine.destinations.protocol import Batch, Capabilities, Later, Misconfigured, Operation, Receipt, Row, Sync
from engine.durable import sync_folder

FORMATS = ("csv", "jsonl", "parquet")
MANIFEST = "manifest.json"


class FolderDestination:
    """Files in a folder of this machine."""

    capabilities = Capabilities(
        batch_rows=25_000,
        idempotency="batch",
        proof="protocol",
        profiles=("sha256", "google", "meta", "uid2", "tiktok"),
    )

    def __init__(self, settings: Mapping[str, Any], identifiers: Sequence[str], base: Path) -> None:
        unknown = sorted(set(settings) - {"path", "format"})
        if unknown:
            raise Misconfigured(f'a folder has no setting "{unknown[0]}"', "It has: path, format.")
        path, self._format = settings.get("path"), settings.get("format", "csv")
        if not isinstance(path, str) or not path.strip():
            raise Misconfigured("the folder's path is missing", "Write settings: {path: /exports}.")
        if self._format not in FORMATS:
            raise Misconfigured(f"{self._format} is no format of files", f"Write one of {', '.join(FORMATS)}.")
        self._root = (base / Path(path).expanduser()).resolve()
        self._columns = tuple(identifiers)

    def check(self) -> str:
        """Whether files can be written there."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            probe = self._root / f".convoke-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise _unwritable(self._root, error) from None
        return f"{self._root} can be written to."

    def send(self, batch: Batch) -> Receipt:
        """Write the batch's file."""
        data = _WRITERS[self._format](self._columns, batch.rows)
        self._put(self._name(batch.sync, batch.name, batch.operation), data)
        return Receipt({})

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        """Write the manifest."""
        files = []
        for identifier, name, operation in sorted(batches, key=lambda one: one[1]):
            path = self._name(sync, name, operation)
            try:
                data = path.read_bytes()
            except OSError as error:
                raise _unwritable(path, error) from None
            digest = hashlib.sha256(data).hexdigest()
            files.append({"name": path.name, "batch": identifier, "operation": operation, "sha256": digest})
        body = {"audience": sync.audience, "sync": sync.id, "as_of": sync.as_of, "format": self._format, "files": files}
        self._put(self._folder(sync) / MANIFEST, (json.dumps(body, indent=1) + "\n").encode())

    def close(self) -> None:
        """Nothing is held."""

    def _folder(self, sync: Sync) -> Path:
        return self._root / sync.audience / f"{sync.id:08d}"

    def _name(self, sync: Sync, name: str, operation: Operation) -> Path:
        return self._folder(sync) / f"{name}-{operation}.{self._format}"

    def _put(self, path: Path, data: bytes) -> None:
        """Whole or not at all, also when the power goes."""
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
            sync_folder(path.parent)
        except OSError as error:
            raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> Exception:
    if error.errno in (ENOSPC, EDQUOT, EIO):
        return Later(f"{path}: {error.strerror}")
    return Misconfigured(f"{path} cannot be written: {error.strerror}", "Check the folder and its permissions.")


def _cells(columns: Sequence[str], row: Row) -> list[str]:
    """The key, and each identifier's values, several apart by a vertical bar."""
    return [row.key, *("|".join(value for name, value in row.values if name == column) for column in columns)]


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["key", *columns])
    writer.writerows(_cells(columns, row) for row in rows)
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
