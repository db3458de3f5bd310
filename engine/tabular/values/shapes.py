"""The shapes of a column's texts: every digit as a 9, the first one as a 0 where it is one, with how often each came.

A column of numbers or dates has a few of them, however many rows there are, and they say how it is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.tabular.naming import named
from engine.tabular.values.moments import dated
from engine.tabular.values.numbers import written
from engine.tabular.values.truths import is_word

SAMPLE = 100_000
"""Rows that are looked at first. A column of which more than one in a hundred of these is neither number, date nor
truth is text; what others are is decided by all rows of the file."""
MOST = 99
"""Percent of the values that have to be of a type; the others are bad rows then."""
_AT_ONCE = 2_048
_MOST_SHAPES = 2_000
BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""The blanks that DuckDB's trim() takes away."""
_DIGITS = str.maketrans("0123456789", "9999999999")
NOTHING = frozenset(("nan", "nat", "null", "(null)", "none", "nil", "n/a", "#n/a", "#n/d", "<na>"))
"""Words that programs write where there is no value."""


@dataclass
class Evidence:
    """The texts of a column by their shapes. ``text``: they are neither numbers, dates nor truths, and were not all
    looked at. ``words``: different words that may be truths; ``nothing``: words for no value, with how many."""

    there: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    nothing: Counter[str] = field(default_factory=Counter)
    others: int = 0
    text: bool = False

    def add(self, shape: str, count: int) -> None:
        """So many texts of a shape came."""
        self.there += count
        low = shape.lower()
        if low in NOTHING:
            self.nothing[low] += count
            return
        if is_word(shape):
            self.words[low] += count
        elif written(shape) is None and dated(shape) is None:
            self.others += count
        self.shapes[shape] += count

    @property
    def values(self) -> int:
        """How many texts are no words for nothing."""
        return self.there - sum(self.nothing.values())


def shape_of(text: str) -> str:
    """The shape of a text; a word for yes or no, 1 and 0 stand for themselves."""
    found = text.translate(_DIGITS)
    at = found.find("9")
    if at < 0 or text[at] != "0":
        return found
    return f"{found[:at]}0{found[at + 1 :]}"


def _shape(text: str) -> str:
    """The same in SQL."""
    plain = f"translate({text}, '0123456789', '9999999999')"
    at = f"strpos({plain}, '9')"
    zero = f"substr({plain}, 1, {at} - 1) || '0' || substr({plain}, {at} + 1)"
    return f"CASE WHEN {at} > 0 AND substr({text}, {at}, 1) = '0' THEN {zero} ELSE {plain} END"


def of_some(connection: Any, table: str, columns: Iterable[str]) -> dict[str, Evidence]:
    """The shapes of a small table's columns, by column; those of a column of text only as far as it takes to know."""
    left = list(columns)
    found = {one: Evidence() for one in left}
    enough = SAMPLE * (100 - MOST) // 100
    if not left:
        return found
    asked = ", ".join(map(named, left))
    for batch in connection.execute(f"SELECT {asked} FROM {table}").to_arrow_reader(_AT_ONCE):  # noqa: S608 - quoted
        for place, column in enumerate(batch.schema.names):
            one = found[column]
            if one.text:
                continue
            texts = [bare for text in batch.column(place).to_pylist() if text and (bare := text.strip(BLANKS))]
            for shape, count in Counter(map(shape_of, texts)).items():
                one.add(shape, count)
            one.text = one.others > enough
    return found


def of_all(connection: Any, table: str, columns: Iterable[str]) -> dict[str, Evidence]:
    """The shapes of all rows of a table's columns, however many there are."""
    found = {}
    for column in columns:
        text = f"nullif(trim({named(column)}), '')"
        rows = connection.execute(
            f"SELECT {_shape('v')}, count(*) FROM (SELECT {text} AS v FROM {table}) WHERE v IS NOT NULL "  # noqa: S608
            f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_SHAPES + 1}"
        ).fetchall()
        one = found[column] = Evidence()
        for shape, count in rows:
            one.add(str(shape), int(count))
        one.text = len(rows) > _MOST_SHAPES
    return found


def total(evidence: Mapping[str, Evidence]) -> int:
    """How many texts were looked at."""
    return sum(one.there for one in evidence.values())
