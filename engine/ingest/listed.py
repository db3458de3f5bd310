"""The profile keys in a file that somebody uploads as a list: CSV, JSON lines or Parquet, as they are written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.domain.ingest import Dialect
from engine.errors import EngineError
from engine.ingest.files import first_line, format_of, plain_name, text_of

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
    kind = (
        "csv" if path.suffix.lower() not in (".parquet", ".jsonl", ".ndjson", ".json") else format_of(path, Dialect())
    )
    if kind == "parquet":
        return _of_parquet(path, profile_key, wanted)
    text = text_of(path)
    return _of_json(text, path, profile_key, wanted) if kind == "jsonl" else _of_csv(text, path, profile_key, wanted)


# -- CSV ---------------------------------------------------------------------------------------------------------------


def _of_csv(text: str, path: Path, profile_key: str, wanted: str | None) -> Iterator[KeyRow]:
    if "\n" not in text:
        text = text.replace("\r", "\n")  # lines of old Macs
    rest = text.lstrip("\r\n")
    if not rest:
        return
    above, text = text[: len(text) - len(rest)].count("\n"), rest
    delimiter, fields = first_line(text, Dialect(), '"', path.name)
    heads = [one.strip() for one in fields]
    place, has_heads = _column(heads, profile_key, wanted, always_heads=False)
    for number, (line, row, written) in enumerate(_records(text, delimiter, path)):
        if not row or (has_heads and number == 0):
            continue
        key: str | None = row[place] if place < len(row) else None
        if (key is None or not key.strip()) and not _is_quoted(written, delimiter, place):
            if all(not one.strip() for one in row):
                continue
            key = None
        yield KeyRow(above + line, key, cut=len(row) > len(heads) and (place > 0 or len(heads) == 1))


def _records(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str], str]]:
    """(first line, fields, text as it is written) of each record."""
    written: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            written.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    first = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise EngineError(
                "file", f"the row of {path.name} that begins in line {first} is not valid CSV", hint="Check its quotes."
            ) from None
        yield first, row, "".join(written)
        written.clear()
        first = reader.line_num + 1


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


def _of_json(text: str, path: Path, profile_key: str, wanted: str | None) -> Iterator[KeyRow]:
    column: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_float=str)
        except ValueError:
            raise EngineError("file", f"line {number} of {path.name} is not JSON") from None
        if isinstance(value, dict):
            if column is None:
                heads = list(value)
                column = heads[_column(heads, profile_key, wanted, always_heads=True)[0]]
            value = value.get(column)
        elif isinstance(value, list):
            raise EngineError(
                "file",
                f"line {number} of {path.name} is a JSON array",
                hint="Write one object or one key on each line.",
            )
        yield KeyRow(number, _text(value), cut=isinstance(value, (dict, list)))


def _of_parquet(path: Path, profile_key: str, wanted: str | None) -> Iterator[KeyRow]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            heads = file.schema_arrow.names
            place, _ = _column(heads, profile_key, wanted, always_heads=True)
            rows = 0
            for batch in file.iter_batches(columns=[heads[place]]):
                for value in batch.column(0).to_pylist():
                    rows += 1
                    yield KeyRow(rows, _text(value))
    except (OSError, pa.ArrowException):
        raise EngineError("file", f"{path.name} cannot be read as Parquet", hint="Check how it was made.") from None


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
