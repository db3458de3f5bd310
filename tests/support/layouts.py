"""Small tables written in the ways that people and programs write them: layouts, encodings, compression, workbooks."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from xml.sax.saxutils import escape

Rows = Sequence[Sequence[object]]


def csv_text(heads: Sequence[str], rows: Rows, delimiter: str = ",", end: str = "\n", quote: bool = False) -> str:
    """A table as CSV; values are quoted where they must be, or all of them."""

    def field(value: object) -> str:
        if value is None:
            return ""
        text = str(value)
        must = quote or any(one in text for one in (delimiter, '"', "\n", "\r")) or text != text.strip()
        return '"' + text.replace('"', '""') + '"' if must else text

    return "".join(delimiter.join(map(field, row)) + end for row in (heads, *rows))


def wide_rows(heads: Sequence[str], rows: Rows, delimiter: str) -> str:
    """The same with a title, a remark and totals as a spreadsheet pads them."""
    gap = delimiter * (len(heads) - 1)
    return f"Report 2026{gap}\n{gap}\n{csv_text(heads, rows, delimiter)}{gap}\nTotal{gap}\n"


LAYOUTS: dict[str, Callable[[Sequence[str], Rows, str], str]] = {
    "plain": csv_text,
    "crlf": lambda heads, rows, delimiter: csv_text(heads, rows, delimiter, "\r\n"),
    "cr": lambda heads, rows, delimiter: csv_text(heads, rows, delimiter, "\r"),
    "mixed": lambda heads, rows, delimiter: (
        csv_text(heads, rows[:1], delimiter, "\r\n") + csv_text(heads, rows[1:], delimiter).split("\n", 1)[1]
    ),
    "quoted": lambda heads, rows, delimiter: csv_text(heads, rows, delimiter, quote=True),
    "sep": lambda heads, rows, delimiter: f"sep={delimiter}\r\n" + csv_text(heads, rows, delimiter, "\r\n"),
    "blank first": lambda heads, rows, delimiter: "\n\n" + csv_text(heads, rows, delimiter),
    "blank between": lambda heads, rows, delimiter: csv_text(heads, rows, delimiter, "\n\n"),
    "no end": lambda heads, rows, delimiter: csv_text(heads, rows, delimiter).rstrip("\n"),
    "title": lambda heads, rows, delimiter: "Monthly report, 2026\nmade by hand\n\n" + csv_text(heads, rows, delimiter),
    "padded": wide_rows,
    "total": lambda heads, rows, delimiter: (
        csv_text(heads, rows, delimiter) + "\nTotal" + delimiter * (len(heads) - 1) + "\nSource: the shop\n"
    ),
    "delimiter after rows": lambda heads, rows, delimiter: csv_text(heads, rows, delimiter, f"{delimiter}\n").replace(
        f"{delimiter}\n", "\n", 1
    ),
}
"""By name what writes a table so that it is read as the same one."""


def packed(data: bytes, how: str, name: str = "table.csv") -> bytes:
    """Bytes within gzip, zstd or a ZIP archive."""
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    if how == "zstd":
        return _zstd(data)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("__MACOSX/._" + name), b"x")
        archive.writestr(zipfile.ZipInfo(name), data)
    return made.getvalue()


def _zstd(data: bytes) -> bytes:
    import pyarrow as pa

    made = pa.BufferOutputStream()
    with pa.CompressedOutputStream(made, "zstd") as target:
        target.write(data)
    return bytes(made.getvalue().to_pybytes())


def workbook(sheets: dict[str, Rows], hidden: Sequence[str] = ()) -> bytes:
    """An XLSX workbook of sheets: texts, numbers, truth values and dates as Excel keeps them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**_book(sheets, hidden), **_sheets(sheets)}.items():
            xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text
            archive.writestr(zipfile.ZipInfo(name), xml)
    return made.getvalue()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def _book(sheets: dict[str, Rows], hidden: Sequence[str]) -> dict[str, str]:
    """The parts of a workbook besides its sheets."""
    names = list(enumerate(sheets, 1))
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>' for n, _ in names
    )
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}"{_state(name, hidden)} r:id="r{n}"/>' for n, name in names
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in names
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
    }


def _state(name: str, hidden: Sequence[str]) -> str:
    return ' state="hidden"' if name in hidden else ""


def _sheets(sheets: dict[str, Rows]) -> dict[str, str]:
    found = {}
    for number, rows in enumerate(sheets.values(), 1):
        body = "".join(
            f'<row r="{line}">{"".join(_cell(value, place, line) for place, value in enumerate(row))}</row>'
            for line, row in enumerate(rows, 1)
        )
        text = f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
        found[f"xl/worksheets/sheet{number}.xml"] = text
    return found


def _cell(value: object, place: int, line: int) -> str:
    at = f'r="{_letters(place)}{line}"'
    match value:
        case None | "":
            return ""
        case bool():
            return f'<c {at} t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return f"<c {at}><v>{value!r}</v></c>"
        case date():
            return f'<c {at} s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    return f'<c {at} t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _letters(place: int) -> str:
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text
