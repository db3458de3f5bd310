"""Cells of CSV files that people open: what a spreadsheet would take for a formula begins with an apostrophe there.

A cell that begins with ``= + - @``, a tab or a line break is a formula to spreadsheets, and may run programs or send
the sheet away. Plain numbers such as ``-5`` and ``+5511987654321`` are none. An apostrophe that was there already gets
another one, so that every text comes back as it was.
"""

from __future__ import annotations

import re
from typing import Any

_STARTS = "=+\\-@\t\r\n＝＋－＠"
FORMULA = f"^'*[{_STARTS}]"
NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)*$"
_FORMULA, _NUMBER = re.compile(FORMULA), re.compile(r"[+-]?[0-9]+([.,][0-9]+)*")
_MARKED = re.compile(f"'+[{_STARTS}]")


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> safe_cell("=1+1"), safe_cell("-5"), safe_cell("'@x"), safe_cell("Ana")
    ("'=1+1", '-5', "''@x", 'Ana')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def is_marked(text: str) -> bool:
    """Whether :func:`safe_cell` may have written it with an apostrophe."""
    return _MARKED.match(text) is not None


def plain_cell(text: str) -> str:
    """The text of a cell that :func:`safe_cell` wrote."""
    return text[1:] if is_marked(text) else text


def safe_table(table: Any) -> Any:
    """An Arrow table whose texts no spreadsheet takes for formulas."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if not pa.types.is_string(field.type):
            continue
        texts = table.column(place)
        odd = pc.and_not(pc.match_substring_regex(texts, FORMULA), pc.match_substring_regex(texts, NUMBER))
        if pc.any(odd).as_py():
            marked = pc.binary_join_element_wise("'", texts, "")
            table = table.set_column(place, field, pc.if_else(odd, marked, texts))
    return table
