"""DuckDB's and sqlglot's exceptions, as causes.

Patterns are anchored at the begin of the text, which DuckDB writes itself; values only come after it. A name is taken
from a text only where it stands in the SQL that somebody wrote or in the catalogue, and is a plain identifier: so even
a text that a query makes up can say nothing that was not known before.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from engine.faults import causes
from engine.faults.causes import Cause

_VALUES: tuple[tuple[re.Pattern[str], Cause], ...] = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (r"Overflow |(SUM|sum) is out of range|Value out of range|Cannot negate", causes.OVERFLOW),
        (r"Division by zero|Modulo by zero", causes.DIVISION),
        (r"cannot take (logarithm|square root)|input value .* is out of range for numeric function", causes.DOMAIN),
        (r"Casting value .* to type DECIMAL|Could not cast value .* to DECIMAL", causes.DECIMAL),
        (r"Type U?(INT|BIGINT|HUGEINT|DOUBLE|FLOAT)\S* with value", causes.RANGE),
        (r"(invalid )?(date|time|timestamp|interval)[a-z ]* field|Date out of range|Timestamp|Epoch ", causes.TIME),
        (
            r"(Could not convert|Cannot (add|subtract|convert)|Failed to) ?[a-zA-Z ]*(Date|Timestamp|Interval|TIME)",
            causes.TIME,
        ),
        (r"Could not parse string .* according to format|Failed to parse format specifier", causes.TIME_FORMAT),
        (r"extract specifier", causes.TIME_PART),
        (r"Unknown TimeZone", causes.ZONE),
        (r"Malformed JSON|Failed to cast value to|Invalid JSON|Expected (ARRAY|OBJECT)", causes.JSON),
        (r"JSON path error|Binder Error: JSON path", causes.JSON_PATH),
        (
            r"missing [)\]]|unexpected \)|no argument for repetition|bad repetition|invalid (escape sequence|character "
            r"class|perl operator|named capture|nested repetition|repetition)|trailing \\|Invalid group|bad named",
            causes.REGEX,
        ),
        (r"Invalid (unicode|UTF-?8|byte sequence)|Failure in decode", causes.TEXT),
        (
            r"Invalid (hex|input for (hex|base64|binary))|Could not decode string|Invalid character encountered",
            causes.ENCODED,
        ),
        (r"Cannot create a string of size|Lists? larger than|String.* too large|maximum .* size", causes.TOO_LONG),
        (r"More than one row returned", causes.MANY_ROWS),
        (
            r"Type \S+ with value .* can't be cast|Could not (convert|cast)|Casting |Cannot cast|Unimplemented type",
            causes.CAST,
        ),
    )
)
_BINDING: tuple[tuple[re.Pattern[str], Cause, str], ...] = tuple(
    (re.compile(pattern), cause, words)
    for pattern, cause, words in (
        (r'syntax error at or near "(\w+)"', causes.SYNTAX, 'the SQL is malformed near "{}"'),
        (r'Referenced column "([^"]+)"', causes.COLUMN, 'there is no column "{}"'),
        (r'Table "[^"]+" does not have a column named "([^"]+)"', causes.COLUMN, 'there is no column "{}"'),
        (r'Values list "[^"]+" does not have a column named "([^"]+)"', causes.COLUMN, 'there is no column "{}"'),
        (r"Table with name (\S+) does not exist", causes.TABLE, 'there is no table "{}"'),
        (r'Referenced table "([^"]+)"', causes.TABLE, 'there is no table "{}"'),
        (r'(?:Schema with name|Catalog) "?([^ "]+)"? does not exist', causes.TABLE, 'there is no schema "{}"'),
        (
            r"(?:Scalar|Aggregate|Table|Macro|Window) (?:Macro )?Function with name (\S+) does not exist",
            causes.FUNCTION,
            'there is no function "{}"',
        ),
        (r"Type with name (\S+) does not exist", causes.TYPE, 'there is no type "{}"'),
        (
            r"No function matches the given name and argument types '([a-z_0-9]+)\(",
            causes.ARGUMENTS,
            'the function "{}" does not take values of these types',
        ),
        (r"No function matches|Cannot (compare|mix)|Could not choose a best", causes.ARGUMENTS, ""),
        (
            r'column "([^"]+)" must appear in the GROUP BY',
            causes.GROUPING,
            'the column "{}" is neither grouped nor aggregated',
        ),
        (r'Ambiguous reference to column name "([^"]+)"', causes.AMBIGUOUS, 'the column "{}" is in several tables'),
    )
)
_FILES: tuple[tuple[re.Pattern[str], Cause], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (r"No space left|Could not write all bytes|disk quota|max_temp_directory_size|file too large", causes.DISK),
        (r"Permission denied|Operation not permitted", causes.PERMISSION),
        (r"Read-only file system", causes.READ_ONLY),
        (r"Too many open files", causes.MANY_FILES),
        (r"File name too long", causes.LONG_NAME),
        (r"Could not set lock|Conflicting lock|held in", causes.BUSY),
        (r"No files found|No such file|does not exist", causes.NO_FILE),
        (
            r"not a valid DuckDB|magic bytes|Snappy|ZSTD|GZIP|TProtocol|corrupt|checksum|Parquet|deserializ|header|"
            r"Failed to read|Could not read|decompress|metadata|malformed|version number",
            causes.DAMAGED,
        ),
    )
)
_BY_CLASS = {
    "OutOfMemoryException": causes.MEMORY,
    "InterruptException": causes.INTERRUPTED,
    "PermissionException": causes.FORBIDDEN,
    "TransactionException": causes.CHANGED,
    "SerializationException": causes.DAMAGED,
    "ConnectionException": causes.CONNECTION,
    "HTTPException": causes.CONNECTION,
    "SyntaxException": causes.SYNTAX,
}
_OF_VALUES = ("ConversionException", "OutOfRangeException", "InvalidInputException", "NotImplementedException")
_TYPE_NAMES = {
    "INT8": "TINYINT", "INT16": "SMALLINT", "INT32": "INTEGER", "INT64": "BIGINT", "INT128": "HUGEINT",
    "UINT8": "UTINYINT", "UINT16": "USMALLINT", "UINT32": "UINTEGER", "UINT64": "UBIGINT", "BOOL": "BOOLEAN",
} | {
    one: one
    for one in (
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BOOLEAN", "FLOAT", "DOUBLE", "DECIMAL", "DATE", "TIME",
        "TIMESTAMP", "UUID", "INTERVAL", "BLOB", "BIT", "ENUM", "JSON",
    )
}  # fmt: skip
_DAMAGE = ("No magic bytes", "Corrupt", "TProtocolException", "Failed to deserialize", "Invalid Parquet")
"""How DuckDB's texts about damaged files begin."""
_PLAIN = re.compile(r"[A-Za-z_]\w{0,62}(\.[A-Za-z_]\w{0,62}){0,2}")
_LINE = re.compile(r"CSV Error on Line: (\d{1,12})|in line (\d{1,12})")


def cause_in_query(error: Exception, written: str = "", known: Collection[str] = ()) -> Cause:
    """The cause of a DuckDB exception; ``written`` is the SQL that ran, ``known`` the names of the catalogue."""
    kind, text = type(error).__name__, _head(error)
    if kind in ("BinderException", "CatalogException", "ParserException"):
        return _binding(kind, text, written, known)
    if kind == "ConstraintException":
        return _constraint(text)
    if kind in ("IOException", "FatalException", "InternalException"):
        return _file(text) or (causes.FILES if kind == "IOException" else Cause.unknown(error))
    if kind in _BY_CLASS:
        return _BY_CLASS[kind]
    if kind in _OF_VALUES or kind == "TypeMismatchException":
        return _value(kind, error, text, written, known)
    return Cause.unknown(error)


def cause_in_file(error: Exception) -> tuple[Cause, int | None]:
    """The cause of a DuckDB exception over a file that Convoke itself reads, and the file's line where it is told."""
    text = _head(error)
    line = _LINE.search(text) if text.startswith(("CSV Error", "Malformed JSON in file")) else None
    number = None if line is None else int(line[1] or line[2])
    if number is not None:
        kind = causes.CAST if "onversion" in type(error).__name__ else causes.DAMAGED
        return (causes.JSON if text.startswith("Malformed JSON") else kind), number
    return _file(text) or cause_in_query(error), None


def column_in(error: Exception, known: Collection[str]) -> str | None:
    """The column that DuckDB names as the source of a failed conversion, if the catalogue knows it."""
    found = re.search(r"when casting from source column (.+?)(?:\n|$)", str(error))
    return found[1] if found is not None and found[1] in known else None


def type_in(error: Exception) -> str | None:
    """The SQL type of a failed conversion, of a closed list; None for any other."""
    text = str(error).split(" when casting from", maxsplit=1)[0].split("\n\nLINE", maxsplit=1)[0]
    found = re.search(r"(?:to|type) ([A-Z]+[0-9]*)(?:\([0-9]+,[0-9]+\))?!?(?: failed: value is out of range!)?$", text)
    if found is not None:
        return _TYPE_NAMES.get(found[1])
    first = re.match(r"(?:Conversion Error: )?(?:invalid )?(date|timestamp|time) field", text)
    return first[1].upper() if first is not None else None


def cause_in_sql(error: Exception) -> Cause:
    """The cause of an exception of sqlglot, with the line and the column in the text."""
    where: dict[str, object] = next(iter(getattr(error, "errors", None) or ()), {})
    line, column = where.get("line"), where.get("col")
    if isinstance(line, int) and isinstance(column, int):
        return replace(causes.SYNTAX, words=f"the SQL is malformed (line {line}, column {column})")
    return causes.SYNTAX


def reason_of_regex(error: Exception) -> str:
    """RE2's reason for refusing a pattern, without the part of the pattern that it quotes."""
    return re.split(r"[:\n]", _head(error), maxsplit=1)[0][:80]


def _head(error: Exception) -> str:
    return re.sub(r"^[A-Z][A-Za-z ]*Error: ", "", str(error).strip())


def _value(kind: str, error: Exception, text: str, written: str, known: Collection[str]) -> Cause:
    cause = next((cause for pattern, cause in _VALUES if pattern.match(text)), None)
    if cause is None:
        if kind == "NotImplementedException":
            return causes.UNSUPPORTED
        return causes.DAMAGED if text.startswith(_DAMAGE) else causes.VALUE
    column = column_in(error, known)
    if column is not None and cause in (causes.CAST, causes.RANGE, causes.DECIMAL, causes.TIME, causes.JSON):
        return cause.about_column(column, None, type_in(error))
    return cause


def _file(text: str) -> Cause | None:
    return next((cause for pattern, cause in _FILES if pattern.search(text)), None)


def _constraint(text: str) -> Cause:
    if text.startswith("Duplicate key") or "unique constraint" in text[-200:]:
        return causes.DUPLICATE
    return causes.MISSING_VALUE if text.startswith("NOT NULL") else causes.CONSTRAINT


def _binding(kind: str, text: str, written: str, known: Collection[str]) -> Cause:
    for pattern, cause, words in _BINDING:
        found = pattern.match(text)
        if found is None:
            continue
        name = next((one for one in found.groups() if one), None)
        if words and name is not None and _may_be_said(name, written, known):
            return replace(cause, words=words.format(name))
        return cause
    return causes.SYNTAX if kind == "ParserException" else causes.QUERY


def _may_be_said(name: str, written: str, known: Collection[str]) -> bool:
    if name in known:
        return True
    if _PLAIN.fullmatch(name) is None:
        return False
    in_ours = rf"(?<![\w'.])(?:(?:temp|main)\.)?{re.escape(name)}(?![\w'])"
    return re.search(in_ours, written, re.IGNORECASE) is not None
