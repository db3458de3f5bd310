"""The profile keys in a file that somebody uploads as a list, as they are written there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.ingest.files import plain_name
from engine.tabular.reader import Readable
from engine.tabular.rows import csv_records, json_values, small

_LIKE_A_KEY = re.compile(
    r"key|chave|clave|id|(user|customer|client|profile|member|person|contact|cliente|usuario|perfil)(_?(id|key))?|"
    r"id_(user|customer|client|profile|cliente|usuario)"
)
"""Names of columns that hold profile keys, as :func:`plain_name` writes them."""
_NAME = re.compile(r"[^\W\d][\w .\-/]{0,59}")
_WHICH_HINT = "Say which column holds the keys: --key COLUMN, or its number."


@dataclass(frozen=True)
class KeyRow:
    """A row that is not empty: its first line, and its key as it is written. None: the row has no key. ``cut``: the
    row has more fields than the first line, so that its key may be a part of one."""

    line: int
    key: str | None
    cut: bool = False


def listed_keys(path: Path, profile_key: str, wanted: str | None = None) -> Iterator[KeyRow]:
    """The rows of a file with their keys. The key column is the one that is ``wanted`` (by name, or by number from 1),
    else the one named like the profile key, the only one named like a key, or the only one.

    Raises EngineError("usage") where no column or several may be meant, and EngineError("file") for what cannot be
    read.
    """
    with small(path) as file:
        match file.format:
            case "csv":
                yield from _of_csv(file, profile_key, wanted)
            case "jsonl":
                yield from _of_json(file, profile_key, wanted)
            case _:
                yield from _of_parquet(file, profile_key, wanted)


# -- CSV ---------------------------------------------------------------------------------------------------------------


def _of_csv(file: Readable, profile_key: str, wanted: str | None) -> Iterator[KeyRow]:
    layout = file.layout
    assert layout is not None  # noqa: S101 - it is CSV
    rows = csv_records(file, header=layout.header == 1)
    first = next(rows, None)
    if first is None:
        return
    heads = list(layout.columns) if layout.header > 1 else [one.strip() for one in first.fields or ()]
    place, has_heads = _column(heads, profile_key, wanted, always_heads=layout.header > 1)
    for number, record in enumerate(chain([first], rows)):
        if has_heads and number == 0 and layout.header == 1:
            continue
        row = record.fields
        if row is None:
            yield KeyRow(record.line, "", cut=True)
            continue
        key: str | None = row[place] if place < len(row) else None
        if (key is None or not key.strip()) and not _is_quoted(record.text, layout.delimiter, place):
            if record.is_empty:
                continue
            key = None
        yield KeyRow(record.line, key, cut=len(row) > len(heads) and (place > 0 or len(heads) == 1))


def _is_quoted(written: str, delimiter: str, place: int) -> bool:
    """Whether the field at a place of a record is written in quotes: an empty text is a value then."""
    inside, at, begins = False, 0, True
    for char in written:
        if begins and at == place:
            return char == '"'
        begins = False
        if char == '"':
            inside = not inside
        elif char == delimiter and not inside:
            at, begins = at + 1, True
    return False


# -- other formats -----------------------------------------------------------------------------------------------------


def _of_json(file: Readable, profile_key: str, wanted: str | None) -> Iterator[KeyRow]:
    column: str | None = None
    for line, value in json_values(file):
        if isinstance(value, dict):
            if column is None:
                heads = list(value)
                column = heads[_column(heads, profile_key, wanted, always_heads=True)[0]]
            value = value.get(column)
        yield KeyRow(line, _text(value), cut=isinstance(value, (dict, list)))
    for broken in file.broken:
        yield KeyRow(broken.line, "", cut=True)


def _of_parquet(file: Readable, profile_key: str, wanted: str | None) -> Iterator[KeyRow]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file.file) as found:
            heads = found.schema_arrow.names
            place, _ = _column(heads, profile_key, wanted, always_heads=True)
            rows = 0
            for batch in found.iter_batches(columns=[heads[place]]):
                for value in batch.column(0).to_pylist():
                    rows += 1
                    yield KeyRow(rows, _text(value))
    except (OSError, pa.ArrowException):
        raise EngineError(
            "file", f"{file.path.name} cannot be read as Parquet", hint="Check how it was made."
        ) from None


def _text(value: Any) -> str | None:
    """A value as a key; whole numbers may be kept as floating-point ones."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


# -- the column --------------------------------------------------------------------------------------------------------


def _column(heads: Sequence[str], profile_key: str, wanted: str | None, *, always_heads: bool) -> tuple[int, bool]:
    """The place of the key column, and whether the first line holds names of columns."""
    plain = [plain_name(one) if one else "" for one in heads]
    own = [place for place, one in enumerate(plain) if one == plain_name(profile_key)]
    like = [place for place, one in enumerate(plain) if _LIKE_A_KEY.fullmatch(one)]
    if wanted is not None:
        if wanted.isdecimal():  # a first line of data may say the same number
            if 0 < int(wanted) <= len(heads):
                place = int(wanted) - 1
                return place, always_heads or place in own or place in like
        else:
            named = [place for place, one in enumerate(heads) if one.lower() == wanted.strip().lower()]
            if len(named) == 1:
                return named[0], True
        raise EngineError("usage", f'the file has no column "{wanted}"', "--key", _columns_hint(heads))
    if len(own) == 1:
        return own[0], True
    if len(heads) == 1:
        return 0, always_heads or bool(like)
    if len(like) == 1:
        return like[0], True
    if like:
        names = ", ".join(heads[place] for place in like)
        raise EngineError("usage", f"several columns may hold the profile keys: {names}", "--key", _WHICH_HINT)
    raise EngineError(
        "usage",
        f'the file has {len(heads)} columns, and none is named like the profile key "{profile_key}"',
        "--key",
        _WHICH_HINT,
    )


def _columns_hint(heads: Sequence[str]) -> str:
    """The columns' names; a line that looks like data is not shown."""
    if all(_NAME.fullmatch(one) for one in heads):
        return f"There are: {', '.join(heads)}."
    return f"The first line of the file names no columns; write a number from 1 to {len(heads)}."
