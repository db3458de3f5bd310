"""From text to types: which type values look like, and the SQL that makes them so or tells that it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.domain.ingest import Dialect
from engine.domain.values import ValueType
from engine.ingest.files import named, quoted

SAMPLE = 100_000
"""Rows that a type is guessed from; a later row that does not fit is a bad one."""
_MOST = 99
"""Percent of the values that have to fit a guess; the rest are bad rows then."""
_TRUE = ("true", "t", "yes", "y", "1", "si", "sí", "s", "sim", "verdadero", "verdadeiro")
_FALSE = ("false", "f", "no", "n", "0", "não", "nao", "falso")
_SQL_TYPES = {
    ValueType.STRING: "VARCHAR",
    ValueType.INTEGER: "BIGINT",
    ValueType.DECIMAL: "DECIMAL(18,4)",
    ValueType.FLOAT: "DOUBLE",
    ValueType.BOOLEAN: "BOOLEAN",
    ValueType.DATE: "DATE",
    ValueType.TIMESTAMP: "TIMESTAMP",
}
_NO_NUMBERS = ("VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
_DAY_FIRST, _MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"


@dataclass(frozen=True)
class Coercion:
    """How one column of a table is made: from which expression (text), into which SQL type; ``text`` is the value as it
    is written, None where it means nothing, and ``value`` what it becomes, None where it cannot. ``format`` and
    ``decimal`` are how dates and numbers were read; ``ambiguous``: they could be meant the other way round."""

    target: str
    type: str
    text: str
    value: str
    format: str | None = None
    decimal: str | None = None
    ambiguous: bool = False

    def misfit(self, value: str | None = None) -> str:
        """Whether there is a value that cannot be made into the type; ``value``: what holds what it became. The text is
        only looked at where nothing came of it."""
        return f"(CASE WHEN {value or self.value} IS NULL THEN {self.text} IS NOT NULL ELSE false END)"


def sql_type(kind: ValueType) -> str:
    """The type of a table's column."""
    return _SQL_TYPES[kind]


def type_of(sql: str) -> ValueType | None:
    """The type that a document gives such a column; None for one that only the table can say."""
    return next((kind for kind, one in _SQL_TYPES.items() if one == sql), None)


def meant(expression: str, dialect: Dialect) -> str:
    """A text, NULL where it is one that means nothing."""
    nulls = ", ".join(quoted(one) for one in dialect.nulls)
    return f"CASE WHEN trim({expression}) IN ({nulls}) THEN NULL ELSE {expression} END" if nulls else expression


def coerced(target: str, text: str, to: str, dialect: Dialect, pattern: str | None = None) -> Coercion:
    """A text made into an SQL type, as strictly as one reads: 12.5 is no whole number, 31/02 no date."""
    if to == "VARCHAR":
        return Coercion(target, to, text, text)
    trimmed = f"nullif(trim({text}), '')"
    if to == "BOOLEAN":
        low = f"lower({trimmed})"
        words = f"CASE WHEN {_is_one(low, _TRUE)} THEN true WHEN {_is_one(low, _FALSE)} THEN false END"
        value = f"CASE WHEN TRY_CAST({text} AS BOOLEAN) IS NULL THEN {words} ELSE TRY_CAST({text} AS BOOLEAN) END"
    elif pattern is not None:
        value = f"CAST(try_strptime({trimmed}, {quoted(pattern)}) AS {to})"
    elif to in ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"):
        value = f"coalesce(TRY_CAST({text} AS {to}), TRY_CAST(trim({text}) AS {to}))"
    else:
        value = _number(text, trimmed, to, dialect)
    return Coercion(target, to, trimmed, value, pattern, dialect.decimal if to not in _NO_NUMBERS else None)


def _number(written: str, text: str, to: str, dialect: Dialect) -> str:
    if dialect.decimal == ",":
        written, text = _pointed(written), _pointed(text)
    value = f"TRY_CAST({text} AS {to})"
    if to in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    # A cast rounds, silently: more digits than the type has, or an exponent that may hide them, do not fit. The text is
    # looked at, since a comparison with a wider decimal takes thirty times as long.
    scale = int(to.rstrip(")").split(",")[1]) if to.startswith("DECIMAL(") else 0
    digits = f"length(rtrim({text}, '0')) - strpos({text}, '.')"
    careful = (
        f"CASE WHEN strpos({text}, '.') > 0 AND {digits} > {scale} OR strpos(lower({text}), 'e') > 0 THEN NULL "
        f"ELSE {value} END"
    )
    # Most numbers are seen to be such at once; only the others are looked at with care, which takes much longer.
    point = f"strpos({written}, '.')"
    few = f"({point} = 0 OR strlen({written}) - {point} <= {scale})" if scale else f"{point} = 0"
    plain = f"{few} AND strpos({written}, 'e') = 0 AND strpos({written}, 'E') = 0"
    return f"CASE WHEN {plain} THEN TRY_CAST({written} AS {to}) ELSE {careful} END"


def _is_one(text: str, words: Sequence[str]) -> str:
    """Whether a text is one of some words: IN of several would be joined, with every row."""
    return f"list_contains([{', '.join(map(quoted, words))}], {text})"


def _pointed(text: str) -> str:
    """A number with a decimal comma as SQL writes it."""
    return f"replace(replace({text}, '.', ''), ',', '.')"


# -- what values look like ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Guess:
    """What values look like: a type; if they are dates, by which pattern (None: ISO 8601), if numbers, by which decimal
    separator; and whether day and month, or decimals and thousands, could be meant the other way round."""

    type: ValueType
    format: str | None = None
    decimal: str | None = None
    two_dates: bool = False
    two_numbers: bool = False


def looked_at(connection: Any, relation: str, texts: Mapping[str, str]) -> dict[str, Guess]:
    """By column what the values of the first rows fit. Digits with leading zeros are codes, so text."""
    if not texts:
        return {}
    tests = [f"count({one})" for column in texts for one in _tests(f"nullif(trim({named(column)}), '')")]
    columns = ", ".join(f"{text} AS {named(column)}" for column, text in texts.items())
    row = connection.execute(
        f"SELECT {', '.join(tests)} FROM (SELECT {columns} FROM {relation} LIMIT {SAMPLE})"  # noqa: S608 - quoted
    ).fetchone()
    each = len(tests) // len(texts)
    return {column: _best(*map(int, row[each * at : each * (at + 1)])) for at, column in enumerate(texts)}


def _tests(text: str) -> list[str]:
    """Expressions that are not NULL where a value: is there, is a whole number, a number, one with a decimal comma, one
    whose comma may be for thousands, a truth value by word, a date, a moment, a date with day or month first."""
    words = [one for one in (*_TRUE, *_FALSE) if len(one) > 1]

    def like(pattern: str, value: str) -> str:
        return f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN {value} END"

    return [
        text,
        like("-?(0|[1-9][0-9]{0,17})", "1"),
        like("-?(0|[1-9][0-9]*)([.][0-9]{1,4})?", f"TRY_CAST({text} AS DECIMAL(18,4))"),
        like("-?(0|[1-9][0-9]{0,2}([.]?[0-9]{3})*)(,[0-9]{1,4})?", f"TRY_CAST({_pointed(text)} AS DECIMAL(18,4))"),
        like("-?[1-9][0-9]{0,2}(,[0-9]{3})+", "1"),
        f"CASE WHEN {_is_one(f'lower({text})', words)} THEN 1 END",
        like("[0-9]{4}-[0-9]{2}-[0-9]{2}", f"TRY_CAST({text} AS DATE)"),
        like("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9].*", f"TRY_CAST({text} AS TIMESTAMP)"),
        f"try_strptime({text}, '{_DAY_FIRST}')",
        f"try_strptime({text}, '{_MONTH_FIRST}')",
    ]


def _best(
    there: int,
    whole: int,
    number: int,
    comma: int,
    thousands: int,
    truth: int,
    date: int,
    moment: int,
    day_first: int,
    month_first: int,
) -> Guess:
    by_slash = max(day_first, month_first)
    with_decimals = max(number, comma) if max(number, comma) > whole else 0
    return Guess(
        _type(there, ((whole, True), (with_decimals, False), (truth, False)), max(date, by_slash), date + moment),
        None if date >= by_slash else _DAY_FIRST if day_first >= month_first else _MONTH_FIRST,
        "," if comma > number else None,
        0 < day_first == month_first,
        0 < thousands == comma,
    )


def _type(there: int, counts: Sequence[tuple[int, bool]], dates: int, moments: int) -> ValueType:
    """The type that (nearly) all values fit. A code with a leading zero must not lose it, so whole numbers are such
    without exception."""
    kinds = (ValueType.INTEGER, ValueType.DECIMAL, ValueType.BOOLEAN)
    for (count, strict), kind in zip(counts, kinds, strict=True):
        if there and (count == there or (not strict and count * 100 >= there * _MOST)):
            return kind
    for count, kind in ((dates, ValueType.DATE), (moments, ValueType.TIMESTAMP)):
        if there and count * 100 >= there * _MOST:
            return kind
    return ValueType.STRING


# -- before anything is written ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What a column would become: how many of the first rows do not fit, and values (as written, as they would be)."""

    source: str
    target: str
    type: str
    format: str | None
    ambiguous: bool
    misfits: int
    examples: tuple[tuple[str | None, str | None], ...]


def seen(connection: Any, relation: str, one: Coercion, source: str, examples: int = 5) -> Seen:
    """Look at a column; values that do not fit come first."""
    inner = f"SELECT {one.text} AS before, CAST({one.value} AS VARCHAR) AS after FROM {relation} LIMIT {SAMPLE}"  # noqa: S608
    misfits = connection.execute(
        f"SELECT count(*) FILTER (WHERE before IS NOT NULL AND after IS NULL) FROM ({inner})"  # noqa: S608
    ).fetchone()[0]
    rows = connection.execute(
        f"SELECT before, after FROM ({inner}) WHERE before IS NOT NULL GROUP BY before, after "  # noqa: S608
        f"ORDER BY after IS NOT NULL, count(*) DESC, before LIMIT {examples}"
    ).fetchall()
    told = tuple((None if a is None else str(a), None if b is None else str(b)) for a, b in rows)
    return Seen(source, one.target, one.type, one.format, one.ambiguous, int(misfits), told)
