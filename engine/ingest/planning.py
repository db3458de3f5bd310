"""How a file becomes rows of a table: which of its columns is which, of what type, and how each is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.domain.ingest import Dialect, IngestDocument, LoadedColumn
from engine.errors import EngineError
from engine.ingest.coercing import Coercion, Guess, coerced, looked_at, meant, sql_type, type_of
from engine.ingest.files import LINE, Opened, named, plain_name, quoted, reading, refuse_unclosed

_KEYS_FROM = 10_000
"""Lines of JSON that names of columns are taken from."""
JSON = f"CASE WHEN json_valid({LINE}) THEN {LINE} END"
"""A line of a file of JSON lines, None where it is none."""
_COLUMN, _MEANT, _VALUE = "convoke_c", "convoke_m", "convoke_v"
"""A file's columns, what they mean, and what becomes of them, each with its place: so that each is made once a row."""


@dataclass(frozen=True)
class Plan:
    """How a file becomes rows: where they are read from, and how each column is made, out of columns there."""

    file: Opened
    relation: str
    coercions: Sequence[Coercion]
    raw: Mapping[str, str]
    """The file's own columns by name, as columns of the relation."""
    sources: Mapping[str, str]
    """The file's column of each of the table's."""
    not_there: Sequence[str] = ()
    """Columns of the file that the table does not have."""

    def valued(self, rejects: str | None = None) -> str:
        """The relation with what becomes of each column; lines that are no rows go to the table ``rejects``."""
        relation = self.relation
        if rejects is not None:
            relation = relation.replace(reading(self.file.relation), reading(self.file.relation, rejects))
        values = ", ".join(f"{one.value} AS {self.value(place)}" for place, one in enumerate(self.coercions))
        return f"(SELECT *, {values} FROM {relation})"  # noqa: S608 - quoted

    @staticmethod
    def value(place: int) -> str:
        """The column of :meth:`valued` for that coercion."""
        return f"{_VALUE}{place}"

    def pinned(self, document: IngestDocument) -> IngestDocument:
        """The document with everything that was found out, so that other rows are read in the same way."""
        columns = {
            one.target: LoadedColumn(self.sources[one.target], type_of(one.type), one.format, one.decimal)
            for one in self.coercions
        }
        return replace(document, columns=columns)

    def doubts(self) -> dict[str, str]:
        """How columns were read that could be meant the other way round."""
        return {one.target: one.format or f"1{one.decimal}5" for one in self.coercions if one.ambiguous}


def planned(connection: Any, file: Opened, document: IngestDocument) -> Plan:
    """How a file becomes rows of the document's table, as it is now; raises EngineError where it cannot."""
    table = table_columns(connection, document.into)
    relation, raw = _raw(connection, file)
    wanted = _wanted(document, raw)
    relation, texts = _texts(relation, {target: raw[source] for target, (source, *_) in wanted.items()}, document)
    guessed = {} if file.typed else looked_at(connection, relation, texts)
    types = _types(connection, relation, raw) if file.typed else {}
    coercions = []
    for target, (source, given, pattern) in wanted.items():
        text, to = texts[target], given or table.get(target)
        written = document.columns[target].decimal if target in document.columns else None
        dialect = replace(document.dialect, decimal=written or document.dialect.decimal)
        if file.typed:
            coercions.append(_retyped(target, text, types[source], to or types[source], pattern, dialect))
        else:
            guess = guessed[target]
            coercions.append(_typed(target, text, to or sql_type(guess.type), pattern, dialect, guess))
    if not table and any(wanted[target][1] is None for target in wanted) and _is_empty(connection, relation):
        refuse_unclosed(file, document.dialect)
        raise EngineError(
            "file",
            f"{file.path.name} has no rows, so that the types of a new table are not known",
            hint="Write columns with their types in a document.",
        )
    missing = [one.target for one in coercions if table and one.target not in table]
    _must_have_keys(document, coercions)
    return Plan(file, relation, coercions, raw, {target: source for target, (source, *_) in wanted.items()}, missing)


def _is_empty(connection: Any, relation: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is None  # noqa: S608 - quoted


def _typed(target: str, text: str, to: str, pattern: str | None, dialect: Dialect, guess: Guess) -> Coercion:
    """A text as a type; how dates and decimals are written is found out where nobody said it."""
    dates, numbers = to in ("DATE", "TIMESTAMP"), to not in ("DATE", "TIMESTAMP", "VARCHAR", "BOOLEAN")
    ambiguous = False
    if dates and pattern is None:
        pattern, ambiguous = guess.format, guess.two_dates
    if numbers and dialect.decimal is None:
        dialect, ambiguous = replace(dialect, decimal=guess.decimal), guess.two_numbers
    return replace(coerced(target, text, to, dialect, pattern), ambiguous=ambiguous)


def _retyped(target: str, text: str, given: str, to: str, pattern: str | None, dialect: Dialect) -> Coercion:
    """A value of a file that has types, as another one."""
    if given == "VARCHAR":
        return coerced(target, text, to, dialect, pattern)
    return Coercion(target, to, text, text if given == to else f"TRY_CAST({text} AS {to})")


def table_columns(connection: Any, table: str) -> dict[str, str]:
    """Names and types of a table's columns; none when there is no such table."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ? "
        "AND database_name = current_database() ORDER BY column_index",
        [table],
    ).fetchall()
    return {str(name): str(kind) for name, kind in rows}


def _raw(connection: Any, file: Opened) -> tuple[str, dict[str, str]]:
    """Where rows are read from, and the expression of each of the file's columns."""
    relation = reading(file.relation)
    if file.format != "jsonl":
        return _layer(relation, {one: named(one) for one in file.columns})
    keys = connection.execute(
        f"SELECT DISTINCT unnest(json_keys({JSON})) FROM (FROM {relation} LIMIT {_KEYS_FROM}) ORDER BY 1"  # noqa: S608
    ).fetchall()
    if not keys:
        raise EngineError(
            "file",
            f"{file.path.name} has no JSON object on any of its first lines",
            hint="Write one object on each line, not all of them as one array.",
        )
    path = {str(key): '$."' + str(key).replace('"', '\\"') + '"' for (key,) in keys}
    found = {key: f"json_extract_string({JSON}, {quoted(one)})" for key, one in path.items()}
    return _layer(relation, found, f", {LINE}")


def _layer(relation: str, columns: Mapping[str, str], more: str = "") -> tuple[str, dict[str, str]]:
    """A relation of the file's columns by names that nothing else has."""
    names = {name: f"{_COLUMN}{place}" for place, name in enumerate(columns)}
    told = ", ".join(f"{columns[name]} AS {one}" for name, one in names.items())
    return f"(SELECT {told}{more} FROM {relation})", names  # noqa: S608 - quoted


def _texts(relation: str, columns: Mapping[str, str], document: IngestDocument) -> tuple[str, dict[str, str]]:
    """The relation with what each column means, and which column of it that is by target."""
    if not document.dialect.nulls:
        return relation, dict(columns)
    names = {target: f"{_MEANT}{place}" for place, target in enumerate(columns)}
    told = ", ".join(f"{meant(columns[target], document.dialect)} AS {one}" for target, one in names.items())
    return f"(SELECT *, {told} FROM {relation})", names  # noqa: S608 - quoted


def _types(connection: Any, relation: str, raw: Mapping[str, str]) -> dict[str, str]:
    rows = connection.execute(f"DESCRIBE SELECT {', '.join(raw.values())} FROM {relation}").fetchall()  # noqa: S608
    return {name: str(row[1]) for name, row in zip(raw, rows, strict=True)}


def _wanted(document: IngestDocument, raw: Mapping[str, str]) -> dict[str, tuple[str, str | None, str | None]]:
    """By the table's column: the file's, the SQL type if one is given, and the pattern of dates."""
    if not document.columns:
        found: dict[str, tuple[str, str | None, str | None]] = {}
        for source in raw:
            target = plain_name(source)
            if target in found:
                message = f'the columns "{found[target][0]}" and "{source}" would both be "{target}"'
                raise EngineError("usage", message, "columns", "Write which column of the file each one is.")
            found[target] = source, None, None
        return found
    lower = {source.lower(): source for source in raw}
    result = {}
    for target, one in document.columns.items():
        named_ = lower.get(one.source.lower())
        if named_ is None:
            message = f'the file has no column "{one.source}"'
            raise EngineError("model_mismatch", message, f"columns.{target}", f"There are: {', '.join(raw)}.")
        result[target] = named_, None if one.type is None else sql_type(one.type), one.format
    return result


def _must_have_keys(document: IngestDocument, coercions: Sequence[Coercion]) -> None:
    targets = [one.target for one in coercions]
    for path, names in (("key", document.key), ("partition", [document.partition] if document.partition else [])):
        for one in names:
            if one not in targets:
                raise EngineError(
                    "usage", f'the file has no column for "{one}"', path, f"There are: {', '.join(targets)}."
                )
