"""Workbooks of Excel and LibreOffice: one sheet as a CSV file."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.tabular.notes import sheet_message
from engine.tabular.packing import ALWAYS, RATIO
from engine.tabular.repair import private

_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA"))


def sheet_as_csv(path: Path, into: Path, sheet: str | int | None, name: str) -> list[str]:
    """Write a sheet as UTF-8 CSV with commas; what is to be told of it. ``sheet``: its name, or its number from 1; the
    first with rows that is not hidden, if nobody said which."""
    import python_calamine as calamine

    _refuse_bomb(path, name)
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError:
        raise EngineError("file", f"{name} has a password", hint="Save it without one.") from None
    except Exception:
        raise EngineError("file", f"{name} is a damaged workbook", hint="Open it and save it again.") from None
    with book:
        try:
            rows, notes = _chosen(book, sheet, name)
            with private(into) as raw, io.TextIOWrapper(raw, encoding="utf-8", errors="replace", newline="") as target:
                _write(target, rows)
        except EngineError:
            raise
        except (calamine.CalamineError, calamine.XmlError, calamine.ZipError):
            raise EngineError("file", f"{name} is a damaged workbook", hint="Open it and save it again.") from None
    return notes


def _refuse_bomb(path: Path, name: str) -> None:
    """Raise EngineError for a workbook that unpacks into far more than sheets do."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(one.file_size for one in archive.infolist())
    if size > max(ALWAYS, path.stat().st_size * RATIO):
        raise EngineError("file", f"{name} unpacks into more than {size >> 20:,} MB", hint="Save it as a CSV file.")


def _chosen(book: Any, sheet: str | int | None, name: str) -> tuple[Sequence[Sequence[Any]], list[str]]:
    """A sheet's rows, and a note where there are several sheets."""
    names = list(book.sheet_names)
    if sheet is not None:
        return _said(book, names, sheet, name)
    shown = [one.name for one in book.sheets_metadata if str(one.visible).endswith("Visible")] or names
    with_rows = []
    for one in shown:
        found = book.get_sheet_by_name(one)
        if found.height:
            with_rows.append(one)
    if not with_rows:
        raise EngineError("file", f"{name} has no rows", hint="Check how it was made.")
    rows = book.get_sheet_by_name(with_rows[0]).to_python(skip_empty_area=False)
    return rows, [sheet_message(with_rows[0], len(with_rows))] if len(with_rows) > 1 else []


def _said(book: Any, names: Sequence[str], sheet: str | int, name: str) -> tuple[Sequence[Sequence[Any]], list[str]]:
    if isinstance(sheet, int):
        title = names[sheet - 1] if 0 < sheet <= len(names) else None
    else:
        title = next((one for one in names if one.strip().lower() == sheet.strip().lower()), None)
    if title is None:
        there = ", ".join(f'"{one}"' for one in names)
        raise EngineError("file", f"{name} has no sheet {sheet}", "file.sheet", f"There are: {there}.")
    rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    if not rows:
        raise EngineError("file", f'the sheet "{title}" of {name} has no rows', "file.sheet", "Name another sheet.")
    return rows, []


def _write(target: Any, rows: Sequence[Sequence[Any]]) -> None:
    writer = csv.writer(target, lineterminator="\n")
    writer.writerows(_texts(rows))


def _texts(rows: Sequence[Sequence[Any]]) -> Iterator[list[str]]:
    """The rows with values as text, without the empty columns at the right."""
    width = max((place + 1 for row in rows for place, value in enumerate(row) if value not in ("", None)), default=0)
    lead = min(
        (next((place for place, value in enumerate(row) if value not in ("", None)), width) for row in rows), default=0
    )
    for row in rows:
        texts = [text_of(value) for value in row[lead:width]]
        if any(texts):
            yield texts if len(texts) > 1 or texts[0] else ['""']
        else:
            yield []


def text_of(value: Any) -> str:
    """A cell's value as a text that is read as the same value: numbers to 15 digits, as Excel shows them."""
    match value:
        case str():
            return "" if value in _ERRORS else value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case datetime():
            return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    text = format(value, ".15g")
    return format(Decimal(text), "f") if "e" in text else text
