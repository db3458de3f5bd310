"""How a file becomes rows of a table: which of its columns is which, of what type, and how each is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.domain.ingest import IngestDocument, LoadedColumn
from engine.errors import EngineError
from engine.ingest.files import LINE, Opened, named, plain_name, quoted, reading
from engine.tabular.values import coercion
from engine.tabular.values.candidates import Asked
from engine.tabular.values.coercion import Coercion, coerced, sql_type, type_of
from engine.tabular.values.guess import Reading
from engine.tabular.values.looking import decided, doubted, read
from engine.tabular.values.notes import SENTENCES

_KEYS_FROM = 10_000
"""Lines of JSON that names of columns are taken from."""
JSON = f"CASE WHEN json_valid({LINE}) THEN {LINE} END"
"""A line of a file of JSON lines, None where it is none."""
_LONG = "-?(?:" + "|".join(f"[0-9]{{{at}}}[.][0-9]{{{16 - at},}}" for at in range(1, 16)) + "|[0-9]{16,}[.][0-9]+)"
_TOKEN = rf"""("(?:[^"\\]|\\.)*")|({_LONG}(?:[eE][-+]?[0-9]+)?)"""
_MARK = "chr(2)"  # which JSON never has bare
EXACT = (
    f"CASE WHEN NOT json_valid({LINE}) THEN NULL WHEN NOT regexp_matches({LINE}, {quoted(_LONG)}) THEN {LINE} ELSE "
    f"replace(replace(regexp_replace({LINE}, {quoted(_TOKEN)}, '\\1' || {_MARK} || '\\2' || {_MARK}, 'g'), "
    f"{_MARK} || {_MARK}, ''), {_MARK}, '\"') END"
)
"""The same, decimals with so many digits that a double would round them as texts."""
_COLUMN, _MEANT, _VALUE = "convoke_c", "convoke_m", "convoke_v"
"""A file's columns, what they mean, and what becomes of them, each with its place: so that each is made once a row."""


@dataclass(frozen=True)
class Plan:
    """How a file becomes rows: where they are read from, and how each column is made, out of columns there."""

    file: Opened
    relation: str
    coercions: Sequence[Coercion]
    texts: Mapping[str, str]
    """The column of the relation that each of the table's is made of."""
    raw: Mapping[str, str]
    """The file's own columns by name, as columns of the relation."""
    sources: Mapping[str, str]
    """The file's column of each of the table's."""
    not_there: Sequence[str] = ()
    """Columns of the file that the table does not have."""
    partial: bool = False
    """Whether the columns' types were found by the first rows only: where all rows fit, all would say the same."""

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
        return {one.target: one.way for one in self.coercions if one.ambiguous}

    def told(self) -> dict[str, Sequence[str]]:
        """What a person should know about how columns were read, by column: sentences."""
        return {one.target: [SENTENCES[note] for note in one.notes] for one in self.coercions if one.notes}


def planned(
    connection: Any, file: Opened, document: IngestDocument, *, everything: bool = False, asking: bool = False
) -> Plan:
    """How a file becomes rows of the document's table, as it is now; raises EngineError where it cannot, and where a
    column's numbers could be meant in two ways, unless somebody is ``asking`` what there is. ``everything``: all rows
    are looked at, not only the first ones."""
    table = table_columns(connection, document.into)
    relation, raw = _raw(connection, file)
    wanted = _wanted(document, raw)
    relation, texts = _texts(relation, {target: raw[source] for target, (source, *_) in wanted.items()}, document)
    types = _types(connection, relation, raw) if file.typed else {}
    asked = {
        target: _asked(target, one, table, document)
        for target, one in wanted.items()
        if not file.typed or types[one[0]] == "VARCHAR"
    }
    if file.typed:  # texts of a file that has types are texts
        asked = {target: one if one.type else replace(one, type=coercion.TEXT) for target, one in asked.items()}
    readings, partial = read(connection, relation, texts, asked, everything=everything)
    if file.format == "jsonl" and doubted(readings):
        readings = _numbers_of_json(connection, relation, readings, wanted)
    if not asking:
        _refuse_doubts(readings)
    coercions = []
    for target, (source, given, _) in wanted.items():
        if target in readings:
            reading_ = _with_offsets(readings[target]) if target not in table else readings[target]
            coercions.append(_coerced(target, texts[target], reading_))
        else:
            coercions.append(
                _retyped(target, texts[target], types[source], given or table.get(target) or types[source])
            )
    if not table and any(wanted[target][1] is None for target in wanted) and _is_empty(connection, relation):
        raise EngineError(
            "file",
            f"{file.path.name} has no rows, so that the types of a new table are not known",
            hint="Write columns with their types in a document.",
        )
    missing = [one.target for one in coercions if table and one.target not in table]
    _must_have_keys(document, coercions)
    sources = {target: source for target, (source, *_) in wanted.items()}
    return Plan(file, relation, coercions, texts, raw, sources, missing, partial)


def _is_empty(connection: Any, relation: str) -> bool:
    return connection.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is None  # noqa: S608 - quoted


def _asked(
    target: str, wanted: tuple[str, str | None, str | None], table: Mapping[str, str], document: IngestDocument
) -> Asked:
    """What the document and the table say of a column."""
    source, given, pattern = wanted
    there = table.get(target)
    if there is not None and given == coercion.MOMENT and there.startswith(coercion.MOMENT):
        given = there
    written = document.columns[target].decimal if target in document.columns else None
    return Asked(source, given or there, pattern, written or document.dialect.decimal)


def _coerced(target: str, text: str, reading_: Reading) -> Coercion:
    others = tuple(coerced(target, text, way) for way in reading_.others)
    return replace(coerced(target, text, reading_.way), others=others, notes=reading_.notes)


def _with_offsets(reading_: Reading) -> Reading:
    """Moments with offsets as the instants that they are, where no table says otherwise."""
    if "offsets" not in reading_.notes:
        return reading_
    notes = tuple(one for one in reading_.notes if one != "offsets")
    return replace(reading_, way=replace(reading_.way, type=coercion.INSTANT), notes=notes)


def _refuse_doubts(readings: Mapping[str, Reading]) -> None:
    """Raise EngineError for numbers that could be meant in two ways: a thousandfold amount, or another key."""
    found = doubted(readings)
    if found:
        raise EngineError(
            "usage",
            f'the column "{found[0]}" can be read in two ways: its separator may be one of decimals or of thousands',
            "file.decimal",
            'Say the decimal separator: --decimal , or --decimal . (in a document file: {decimal: ","}).',
        )


def _numbers_of_json(
    connection: Any, relation: str, readings: Mapping[str, Reading], wanted: Mapping[str, tuple[str, Any, Any]]
) -> dict[str, Reading]:
    """The readings, those of JSON's own numbers with the decimal point that these have."""
    found = dict(readings)
    for target in doubted(readings):
        kind = f"json_type({JSON}, {quoted(json_path(wanted[target][0]))})"
        query = f"SELECT 1 FROM {relation} WHERE {kind} = 'VARCHAR' LIMIT 1"  # noqa: S608 - quoted
        if connection.execute(query).fetchone() is None:
            found[target] = decided(readings[target], ".")
    return found


def _retyped(target: str, text: str, given: str, to: str) -> Coercion:
    """A value of a file that has types, as another one."""
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
            hint="Write one object on each line, or all of them as one array.",
        )
    found = {str(key): f"json_extract_string({EXACT}, {quoted(json_path(str(key)))})" for (key,) in keys}
    return _layer(relation, found, f", {LINE}")


def json_path(key: str) -> str:
    """The path of a member of a JSON object."""
    return '$."' + key.replace('"', '\\"') + '"'


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
    told = ", ".join(f"{_meant(columns[target], document)} AS {one}" for target, one in names.items())
    return f"(SELECT *, {told} FROM {relation})", names  # noqa: S608 - quoted


def _meant(expression: str, document: IngestDocument) -> str:
    """A text, NULL where it is one that means nothing."""
    nulls = ", ".join(map(quoted, document.dialect.nulls))
    return f"CASE WHEN trim({expression}) IN ({nulls}) THEN NULL ELSE {expression} END"


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
