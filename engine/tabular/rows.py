"""The rows of a small file, one after the other, with their lines."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from engine.domain.ingest import Dialect
from engine.errors import EngineError
from engine.tabular.reader import Readable, readable
from engine.tabular.records import Record
from engine.tabular.repair import rows_of

_HEADS_FROM = 10_000


@dataclass(frozen=True)
class Table:
    """A file's columns, and what reads its rows: (line, values, why it is no row) of each that is not empty."""

    columns: tuple[str, ...]
    notes: tuple[str, ...]
    file: Readable

    def __iter__(self) -> Iterator[tuple[int, list[Any], str | None]]:
        match self.file.format:
            case "csv":
                yield from self._of_csv()
            case "jsonl":
                yield from self._of_json()
            case _:
                yield from self._of_parquet()

    def _of_csv(self) -> Iterator[tuple[int, list[Any], str | None]]:
        for record in csv_records(self.file):
            if record.fields is None or not record.is_empty:
                yield record.line, list(record.fields or ()), record.why

    def _of_json(self) -> Iterator[tuple[int, list[Any], str | None]]:
        for line, value in json_values(self.file):
            if isinstance(value, dict):
                yield line, [value.get(one) for one in self.columns], None
            else:
                yield line, [], "no JSON object"

    def _of_parquet(self) -> Iterator[tuple[int, list[Any], str | None]]:
        from pyarrow import parquet

        with parquet.ParquetFile(self.file.file) as found:
            number = 0
            for batch in found.iter_batches():
                columns = [one.to_pylist() for one in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield number, list(values), None


@contextmanager
def table_of(path: Path, dialect: Dialect | None = None) -> Iterator[Table]:
    """A file of rows, whatever it is, to be read row by row."""
    with small(path, dialect) as file:
        yield Table(_columns(file), file.notes, file)


@contextmanager
def small(path: Path, dialect: Dialect | None = None) -> Iterator[Readable]:
    """A file to be read row by row, whatever it is; temporary files are the owner's only."""
    with (
        tempfile.TemporaryDirectory(prefix="convoke-") as folder,
        readable(path, dialect or Dialect(), Path(folder), rewrite=False) as file,
    ):
        yield file


def csv_records(file: Readable, *, header: bool = False) -> Iterator[Record]:
    """The records of a CSV file that are not blank, of whichever width; with ``header`` its first one too."""
    layout = file.layout
    assert layout is not None  # noqa: S101 - it is CSV
    if header and layout.header:
        layout = replace(layout, above=layout.names_from - 1)
    return rows_of(file.file, layout)


def json_values(file: Readable) -> Iterator[tuple[int, Any]]:
    """(line, value) of each line of JSON; a line that is none is an EngineError("file")."""
    with file.file.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line, parse_float=str)
            except (ValueError, RecursionError):
                at = file.lines.original(number)
                raise EngineError("file", f"line {at} of {file.path.name} is not JSON") from None
            yield file.lines.original(number), value


def _columns(file: Readable) -> tuple[str, ...]:
    if file.layout is not None:
        return file.layout.columns
    if file.format == "jsonl":
        heads: dict[str, None] = {}
        for _, value in islice(json_values(file), _HEADS_FROM):
            heads.update(dict.fromkeys(value) if isinstance(value, dict) else {})
        return tuple(heads)
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file.file) as found:
            return tuple(found.schema_arrow.names)
    except (OSError, pa.ArrowException):
        raise EngineError(
            "file", f"{file.path.name} cannot be read as Parquet", hint="Check how it was made."
        ) from None
