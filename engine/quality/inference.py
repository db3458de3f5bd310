"""A first data model from any warehouse: keys, events by their time column, traits, types, likely personal data.

Guesses are made from names and measured facts (uniqueness, distinct values). The draft is for a person to correct.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from engine.domain.model import (
    DEFAULT_SITE,
    Consent,
    DataModel,
    EventType,
    Field,
    Identifier,
    ObjectType,
    ProfileTable,
    Site,
    Source,
)
from engine.domain.values import ValueType
from engine.errors import EngineError
from engine.jobs import Job
from engine.sql.build import alias, cast, column, name, not_null
from engine.sql.columns import Physical, is_nested, physical
from engine.warehouses.protocol import TableInfo, Warehouse, rounding

_TYPES = {
    Physical.INTEGER: ValueType.INTEGER,
    Physical.DECIMAL: ValueType.DECIMAL,
    Physical.FLOAT: ValueType.DECIMAL,
    Physical.TEXT: ValueType.STRING,
    Physical.BOOLEAN: ValueType.BOOLEAN,
    Physical.DATE: ValueType.DATE,
    Physical.NAIVE: ValueType.TIMESTAMP,
    Physical.INSTANT: ValueType.TIMESTAMP,
}
_PERSONAL = {
    "email": r"e-?mail|correo",
    "phone": r"phone|celular|telefone|telefono|mobile|whatsapp",
    "document": r"^(cpf|cnpj|rut|curp|dni|rg)$|tax_id|document_number",
    "name": r"^(first|last|full|sur)?_?name$|nombre|^nome",
    "address": r"address|endereco|direccion|zip|postal|cep|street|^lat|^lon|latitude|longitude",
    "device": r"device_id|cookie|idfa|gaid|ip_addr|^ip$",
    "birth": r"birth|nascimento|nacimiento",
}
_PROFILE_WORDS = ("user", "customer", "profile", "person", "people", "client", "usuario", "member", "contact", "lead")
_TYPE_COLUMNS = ("event_type", "event", "event_name", "type", "action", "name", "evento", "tipo")
_SITE_COLUMNS = ("site_id", "site", "country", "country_code", "pais", "market")
_ZONES = {
    "MLA": "America/Argentina/Buenos_Aires", "AR": "America/Argentina/Buenos_Aires",
    "MLB": "America/Sao_Paulo", "BR": "America/Sao_Paulo",
    "MLM": "America/Mexico_City", "MX": "America/Mexico_City",
    "MCO": "America/Bogota", "CO": "America/Bogota", "MLC": "America/Santiago", "CL": "America/Santiago",
    "MPE": "America/Lima", "PE": "America/Lima", "MLU": "America/Montevideo", "UY": "America/Montevideo",
    "MEC": "America/Guayaquil", "EC": "America/Guayaquil", "MLV": "America/Caracas", "VE": "America/Caracas",
}  # fmt: skip
_NO_EVENT_TIME = re.compile(r"birth|nascimento|nacimiento|until|valid|expir|updated|vence")
_MOST_EVENT_TYPES = 60
_MOST_SITES = 60


@dataclass(frozen=True)
class ColumnFacts:
    """What was found about a column: type, a few values, and the kind of personal data it likely holds."""

    table: str
    column: str
    type: str
    samples: tuple[str, ...]
    personal: str | None


@dataclass
class Inference:
    """The draft and what it was drawn from."""

    model: DataModel
    columns: list[ColumnFacts]
    notes: list[str] = field(default_factory=list)


def personal_kind(column_name: str) -> str | None:
    """The kind of personal data a column's name suggests."""
    lowered = column_name.lower()
    return next((kind for kind, pattern in _PERSONAL.items() if re.search(pattern, lowered)), None)


def infer_model(warehouse: Warehouse, job: Job | None = None) -> Inference:
    """Draft a data model; raises EngineError("model_mismatch") when no table looks like profiles."""
    return _Inferrer(warehouse, job or Job()).infer()


class _Inferrer:
    def __init__(self, warehouse: Warehouse, job: Job) -> None:
        self._warehouse = warehouse
        self._job = job
        self._tables = {table.name: table for table in warehouse.tables()}
        self.notes: list[str] = []
        self._identifying: set[str] = set()
        """The columns that became identifiers, with their tables."""

    def infer(self) -> Inference:
        profiles, key = self._profile_table()
        site_column, sites = self._sites(profiles)
        events: dict[str, EventType] = {}
        objects: dict[str, ObjectType] = {}
        identifiers: dict[str, Identifier] = {}
        consents: dict[str, Consent] = {}
        self._personal_columns(profiles, key, identifiers)
        for i, table in enumerate(self._tables.values()):
            self._job.report(i / len(self._tables), table.name)
            owner = self._owner(table, profiles, key)
            if table is profiles:
                continue
            if owner is None:
                self.notes.append(f"the table {table.name} was left out: no column of it holds the profile key")
                continue
            if self._is_consent(table):
                consents |= self._consents(table, owner)
                continue
            time = self._time(table)
            if time is not None:
                events |= self._events(table, owner, time)
                continue
            self._personal_columns(table, owner, identifiers)
            found = self._fields(table, {owner})
            if found:
                objects[_singular(table.name)] = ObjectType(
                    _singular(table.name), Source(table=table.name), owner, found
                )
        if not events:
            self.notes.append("no table with the profile key and a time was found, so there are no events")
        traits = self._fields(profiles, {key, site_column or ""})
        model = DataModel(
            ProfileTable(Source(table=profiles.name), key, traits, site_column),
            sites,
            events,
            objects,
            identifiers,
            consents,
        )
        for table in self._tables.values():
            for wanted in table.columns:
                rounded = rounding(self._warehouse, table.name, wanted)
                if rounded is not None:
                    self.notes.append(f"{table.name}.{wanted}: {rounded}")
        return Inference(model, self._facts(), self.notes)

    # -- profiles --------------------------------------------------------------------------------------------------

    def _profile_table(self) -> tuple[TableInfo, str]:
        scored = []
        for table in self._tables.values():
            for key, type_name in table.columns.items():
                if physical(type_name) not in (Physical.INTEGER, Physical.TEXT):
                    continue
                score = self._key_score(table, key)
                if score > 0:
                    scored.append((-score, table.name, key))
        for _, table_name, key in sorted(scored):
            if self._is_unique(table_name, key):
                return self._tables[table_name], key
        raise EngineError(
            "model_mismatch",
            "no table looks like profiles: none has a unique key that its name or other tables suggest",
            hint="Write the model by hand, starting from convoke schema model.",
        )

    def _key_score(self, table: TableInfo, key: str) -> int:
        lowered, column_name = table.name.lower(), key.lower()
        is_key = column_name.endswith(("id", "key")) or column_name in ("user", "customer")
        about_people = any(word in lowered for word in _PROFILE_WORDS)
        key_about_people = any(word in column_name for word in _PROFILE_WORDS)
        if not is_key or personal_kind(key) is not None:
            return 0
        shared = sum(key in other.columns for other in self._tables.values()) - 1
        has_time = self._time(table) is not None and not about_people
        own = column_name in ("id", f"{_singular(lowered)}_id")
        return 4 * about_people + 3 * key_about_people + 2 * own + min(shared, 3) - 6 * has_time

    def _is_unique(self, table: str, key: str) -> bool:
        found = exp.Count(this=exp.Distinct(expressions=[column(key)]))
        query = exp.select(exp.Count(this=exp.Star()), found).from_(self._relation(table))
        rows, different = self._warehouse.rows(query.sql(dialect="duckdb"), (), self._job)[0]
        return bool(rows == different and rows > 0)

    def _relation(self, table: str) -> exp.Table:
        parts = self._warehouse.locate(table)
        return exp.Table(this=name(parts[-1]), db=name(parts[0]) if len(parts) > 1 else None)

    def _owner(self, table: TableInfo, profiles: TableInfo, key: str) -> str | None:
        """The column that holds the profile key: of the same name, or named after the profile table."""
        if key in table.columns:
            return key
        stem = _singular(profiles.name.lower())
        candidates = (f"{stem}_id", f"{stem}id", f"id_{stem}", "profile_id", "user_id", "customer_id")
        kind = physical(profiles.columns[key])
        for candidate in candidates:
            for found, type_name in table.columns.items():
                if found.lower() == candidate and physical(type_name) is kind:
                    return found
        return None

    # -- sites -----------------------------------------------------------------------------------------------------

    def _sites(self, profiles: TableInfo) -> tuple[str | None, Mapping[str, Site]]:
        for wanted in _SITE_COLUMNS:
            for found, type_name in profiles.columns.items():
                if found.lower() != wanted or physical(type_name) is not Physical.TEXT:
                    continue
                values = self._values(profiles.name, found, _MOST_SITES + 1)
                if 1 < len(values) <= _MOST_SITES:
                    unknown = [v for v in values if v.upper() not in _ZONES]
                    if unknown:
                        self.notes.append(
                            f"the time zone of site {', '.join(unknown[:5])} is not known: it is set to UTC"
                        )
                    return found, {v: Site(v, v, _ZONES.get(v.upper(), "UTC")) for v in sorted(values)}
        return None, {DEFAULT_SITE.id: DEFAULT_SITE}

    def _values(self, table: str, wanted: str, most: int) -> list[str]:
        query = (
            exp.select(cast(column(wanted), "VARCHAR"))
            .distinct()
            .from_(self._relation(table))
            .where(not_null(column(wanted)))
            .limit(most)
        )
        return [str(row[0]) for row in self._warehouse.rows(query.sql(dialect="duckdb"), (), self._job)]

    # -- events ----------------------------------------------------------------------------------------------------

    def _time(self, table: TableInfo) -> str | None:
        """The time column of an event table: a timestamp, the likeliest name first; a date when there is no
        timestamp."""
        kinds = {found: physical(type_name) for found, type_name in table.columns.items()}
        likely = ("event_time", "occurred_at", "ts", "timestamp", "time", "created_at", "date")
        for wanted in ((Physical.NAIVE, Physical.INSTANT), (Physical.DATE,)):
            found = [n for n, kind in kinds.items() if kind in wanted and not _NO_EVENT_TIME.search(n.lower())]
            if found:
                return min(found, key=lambda n: likely.index(n.lower()) if n.lower() in likely else 99)
        return None

    def _events(self, table: TableInfo, owner: str, time: str) -> dict[str, EventType]:
        by_type = next((n for n in _TYPE_COLUMNS for found in table.columns if found.lower() == n), None)
        kind = next((found for found in table.columns if by_type is not None and found.lower() == by_type), None)
        zone = None
        if physical(table.columns[time]) is Physical.NAIVE:
            self.notes.append(
                f"{table.name}.{time} has no time zone: it is read as UTC unless the model says otherwise"
            )
        if kind is not None and physical(table.columns[kind]) is Physical.TEXT:
            values = self._values(table.name, kind, _MOST_EVENT_TYPES + 1)
            if 1 <= len(values) <= _MOST_EVENT_TYPES:
                fields = self._fields(table, {owner, time, kind})
                return {
                    _slug(value): EventType(
                        _slug(value),
                        Source(
                            table=table.name,
                            where=exp.EQ(this=column(kind), expression=exp.Literal.string(value)).sql(dialect="duckdb"),
                        ),
                        owner,
                        time,
                        fields,
                        zone,
                    )
                    for value in sorted(values)
                }
        event = _singular(table.name)
        return {
            event: EventType(event, Source(table=table.name), owner, time, self._fields(table, {owner, time}), zone)
        }

    # -- fields ----------------------------------------------------------------------------------------------------

    def _fields(self, table: TableInfo, without: set[str]) -> dict[str, Field]:
        result = {}
        for found, type_name in table.columns.items():
            kind = _TYPES.get(physical(type_name))
            if found in without:
                continue
            if kind is None:
                place = f"{table.name}.{found}"
                self.notes.append(f"{place} was left out: rules cannot read a column that holds {type_name}")
                continue
            if personal_kind(found) in ("email", "phone", "document", "device"):  # no rules are built on these
                if f"{table.name}.{found}" not in self._identifying:
                    self.notes.append(f"{table.name}.{found} was left out: it looks like personal data")
                continue
            result[found] = Field(found, kind, found, personal=personal_kind(found) is not None)
        return result

    def _personal_columns(self, table: TableInfo, owner: str, identifiers: dict[str, Identifier]) -> None:
        for found in table.columns:
            kind = personal_kind(found)
            if is_nested(table.columns[found]):
                continue
            if kind in ("email", "phone", "document", "device") and found != owner:
                label = found if found not in identifiers else f"{table.name}_{found}"
                identifiers[label] = Identifier(label, Source(table=table.name), owner, found, kind)
                self._identifying.add(f"{table.name}.{found}")

    @staticmethod
    def _is_consent(table: TableInfo) -> bool:
        return "consent" in table.name.lower() or "opt_in" in table.name.lower()

    def _consents(self, table: TableInfo, owner: str) -> dict[str, Consent]:
        flags = [n for n, type_name in table.columns.items() if physical(type_name) is Physical.BOOLEAN]
        for found, type_name in table.columns.items():
            if found not in flags and found != owner:
                place = f"{table.name}.{found}"
                self.notes.append(f"{place} was left out: a consent is true or false, it holds {type_name}")
        return {n: Consent(n, Source(table=table.name), owner, n) for n in flags}

    def _facts(self) -> list[ColumnFacts]:
        """Type, likely personal kind and a few values of each column; values of personal columns are not shown."""
        facts = []
        for table in self._tables.values():
            samples = self._samples(table)
            for found, type_name in table.columns.items():
                personal = personal_kind(found)
                shown = () if personal else tuple(samples.get(found, ()))
                facts.append(ColumnFacts(table.name, found, type_name, shown, personal))
        return facts

    def _samples(self, table: TableInfo) -> dict[str, list[str]]:
        query = exp.select(*(alias(cast(column(n), "VARCHAR"), n) for n in table.columns))
        rows = self._warehouse.rows(query.from_(self._relation(table.name)).limit(200).sql(dialect="duckdb"))
        result: dict[str, list[str]] = {}
        for i, found in enumerate(table.columns):
            values: dict[str, Any] = dict.fromkeys(str(row[i])[:40] for row in rows if row[i] is not None)
            result[found] = list(values)[:3]
        return result


def _singular(table: str) -> str:
    base = table.rsplit(".", 1)[-1]
    if base.lower().endswith("ies"):
        return base[:-3] + "y"
    return base[:-1] if base.lower().endswith("s") and not base.lower().endswith("ss") else base


def _slug(text: str) -> str:
    return re.sub(r"\s+", "_", text.strip()) or "event"
