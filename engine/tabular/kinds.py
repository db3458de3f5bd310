"""What a file holds, by its first bytes: a name may say anything."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from engine.errors import EngineError

Kind = Literal["text", "parquet", "avro", "workbook", "gzip", "zstd", "zip"]

_PACKED: tuple[tuple[bytes, Kind], ...] = ((b"\x1f\x8b\x08", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Workbooks of Excel up to 2003, and those with a password."""
_ZIP = b"PK\x03\x04"
_REFUSED = (
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"{\\rtf", "an RTF document"),
)
_MARKUP = (
    ((b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<meta", b"<style", b"<script"), "an HTML page"),
    ((b"<?xml", b"<workbook"), "an XML document"),
)


def kind_of(path: Path, begin: bytes, name: str) -> Kind:
    """What the file at ``path`` is, which begins with ``begin``; raises EngineError("file") for what holds no rows that
    can be read. ``name`` is the file's name in sentences."""
    for signature, kind in _PACKED:
        if begin.startswith(signature):
            return kind
    if begin.startswith(b"PAR1"):
        return "parquet"
    if begin.startswith(b"Obj\x01"):
        return "avro"
    if begin.startswith(_OLE2):
        return "workbook"
    if begin.startswith(_ZIP):
        return _in_zip(path, name)
    refused = next((what for signature, what in _REFUSED if begin.startswith(signature)), None)
    if begin[8:12] == b"DUCK":
        refused = "a DuckDB database"
    text = begin[:4096].replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").lstrip().lower()
    while text.startswith(b"<!--") and b"-->" in text:
        text = text.split(b"-->", 1)[1].lstrip()
    refused = refused or next((what for signatures, what in _MARKUP if text.startswith(signatures)), None)
    if refused is not None:
        raise EngineError(
            "file", f"{name} is {refused}, not a table", hint="Save it as a UTF-8 CSV file or as an Excel workbook."
        )
    return "text"


def _in_zip(path: Path, name: str) -> Kind:
    """A workbook, or an archive of files; both are ZIP archives."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
            if "mimetype" in members and archive.getinfo("mimetype").file_size < 200:
                if b"opendocument.spreadsheet" in archive.read("mimetype"):
                    return "workbook"
                raise EngineError(
                    "file", f"{name} is a text document, not a table", hint="Save it as a spreadsheet or as a CSV file."
                )
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        raise EngineError(
            "file", f"{name} is a damaged ZIP archive or workbook", hint="Get it again from where it was made."
        ) from None
    if members & {"xl/workbook.xml", "xl/workbook.bin"}:
        return "workbook"
    if "[Content_Types].xml" in members:
        raise EngineError(
            "file", f"{name} is an Office document without sheets", hint="Save it as a workbook or as a CSV file."
        )
    return "zip"
