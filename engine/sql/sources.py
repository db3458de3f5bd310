"""Tables and SELECTs of the model as FROM items, and their columns as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlglot import exp

from engine.domain.durations import zone
from engine.domain.model import DataModel, EventType, Field, ObjectType, Source
from engine.errors import EngineError
from engine.sql import usersql
from engine.sql.build import Binder, Expr, call, cast, column, conjunction, disjunction, name, number, within
from engine.sql.columns import Catalog, Physical, Value, column_type, moment, physical, refuse_nested, typed
from engine.sql.ordinals import scratch_table
from engine.warehouses.partitions import Divided, Sites


def relation(source: Source, catalog: Catalog, path: str) -> exp.Select:
    """``SELECT * FROM`` the source, its own condition applied."""
    if source.sql is not None:
        item: exp.Expression = exp.Subquery(
            this=usersql.select(source.sql, f"{path}.sql"), alias=exp.TableAlias(this=name("source"))
        )
    else:
        try:
            item = _table(catalog.locate(source.table or ""))
        except EngineError as error:
            raise error.at(f"{path}.table") from None
    query = exp.select("*").from_(item)
    if source.where is not None:
        query = query.where(usersql.condition(source.where, f"{path}.where"))
    return query


def _from_to(row: Expr, first: int, after: int) -> Expr:
    begin = exp.GTE(this=row, expression=number(first))
    return conjunction([begin, exp.LT(this=row.copy(), expression=number(after))])


def _table(parts: tuple[str, ...]) -> exp.Table:
    keys = ("this", "db", "catalog")
    return exp.Table(**{key: name(part) for key, part in zip(keys, reversed(parts), strict=False)})


@dataclass(frozen=True)
class Rows:
    """The rows of a source under an alias, with typed columns."""

    query: exp.Select
    columns: Mapping[str, str]
    alias: str
    path: str

    @classmethod
    def of(cls, source: Source, catalog: Catalog, alias: str, path: str) -> Rows:
        """The rows of a model's source."""
        return cls(relation(source, catalog, path), catalog.columns(source, path), alias, path)

    def from_item(self) -> exp.Subquery:
        """The rows as an item of a FROM clause."""
        return exp.Subquery(this=self.query.copy(), alias=exp.TableAlias(this=name(self.alias)))

    def raw(self, wanted: str) -> Expr:
        """A column as it is."""
        return column(wanted, self.alias)

    def type_of(self, wanted: str, part: str) -> str:
        """A column's DuckDB type; ``part`` says which key of the model names it."""
        return column_type(self.columns, wanted, f"{self.path}.{part}")

    def value(self, field: Field, tz: ZoneInfo, section: str) -> Value:
        """A trait or property as a value."""
        path = f"{self.path}.{section}.{field.name}"
        return typed(field, self.raw(field.column), column_type(self.columns, field.column, path), tz, path)

    def must_fit(self, field: Field, tz: ZoneInfo, section: str) -> None:
        """Raise EngineError("model_mismatch") when a trait's or property's column does not fit its type."""
        path = f"{self.path}.{section}.{field.name}"
        refuse_nested(field, column_type(self.columns, field.column, path), path)
        self.value(field, tz, section)


class Sources:
    """The model's rows, with the profile key brought to one type everywhere.

    With ``part`` = (i, k) they are those of the i-th of k shares of the profiles: whole profiles, with all that belongs
    to them, so that every condition means the same there. With ``only``, a scratch table of keys, they are those of the
    profiles in it. Someone's own SQL is still read whole. With ``site`` only its profiles are of interest, so that rows
    of events that the warehouse knows to belong to other sites may be left out.
    """

    def __init__(
        self,
        model: DataModel,
        catalog: Catalog,
        part: tuple[int, int] | None = None,
        only: str | None = None,
        site: str | None = None,
    ) -> None:
        self._catalog, self._part, self._only, self._site = catalog, part, only, site
        self.model = model
        self.profiles = Rows.of(model.profile.source, catalog, "p", "profile")
        key_type = self.profiles.type_of(model.profile.key, "key")
        kind = physical(key_type)
        if kind not in (Physical.INTEGER, Physical.TEXT):
            raise EngineError(
                "model_mismatch",
                f'the profile key "{model.profile.key}" holds {key_type}',
                "profile.key",
                "A key is an integer or text column.",
            )
        self.integer_key = kind is Physical.INTEGER
        self.uuid_key = key_type.upper() == "UUID"
        self._key_type = "VARCHAR" if kind is Physical.TEXT else "BIGINT"
        # Wider integers would reach numpy as floating point.
        self._key_is_plain = (
            key_type.upper() not in ("HUGEINT", "UHUGEINT", "UBIGINT")
            if self.integer_key
            else (key_type.upper() == "VARCHAR")
        )
        self.profiles = self._shared(self.profiles, self.key())

    def _shared(self, rows: Rows, owner: Expr) -> Rows:
        """The rows of the share; text is shared out by its hash, integers of any width by themselves."""
        if self._only is not None:
            chosen = exp.select(column("key", "c")).from_(scratch_table(self._only, "c"))
            return replace(rows, query=exp.select("*").from_(rows.from_item()).where(within(owner, chosen)))
        if self._part is None:
            return rows
        place, count = self._part
        if self.integer_key:
            rest = exp.Mod(this=exp.Paren(this=owner), expression=number(count))
            rest = exp.Mod(this=exp.Paren(this=exp.Add(this=rest, expression=number(count))), expression=number(count))
        else:
            rest = exp.Mod(this=call("hash", owner), expression=number(count))
        query = exp.select("*").from_(rows.from_item()).where(exp.EQ(this=rest, expression=number(place)))
        return replace(rows, query=query)

    def key(self) -> Expr:
        """The profile key."""
        raw = self.profiles.raw(self.model.profile.key)
        return raw if self._key_is_plain else cast(raw, self._key_type)

    def key_text(self) -> Expr:
        """The profile key as text."""
        return cast(self.key(), "VARCHAR") if self.integer_key else self.key()

    def site(self) -> Expr | None:
        """The site a profile belongs to, as text; None when the model has one site and no column for it."""
        wanted = self.model.profile.site_column
        if wanted is None:
            return None
        kind = self.profiles.type_of(wanted, "site")
        raw = self.profiles.raw(wanted)
        return raw if kind.upper() == "VARCHAR" else cast(raw, "VARCHAR")

    def trait(self, trait: str, tz: ZoneInfo) -> Value:
        """A trait of the profile."""
        return self.profiles.value(self.model.profile.traits[trait], tz, "traits")

    def event_rows(self, event: str, alias: str) -> Rows:
        """The rows of an event."""
        kind = self.model.events[event]
        rows = self._of_site(Rows.of(kind.source, self._catalog, alias, f"events.{event}"), kind)
        return self._shared(rows, self.owner(rows, kind)) if self._is_part else rows

    def _of_site(self, rows: Rows, kind: EventType) -> Rows:
        """Without rows that lie among those of other sites."""
        profile, table = self.model.profile, kind.source.table
        if self._site is None or table is None or not isinstance(self._catalog, Divided):
            return rows
        if profile.site_column is None or profile.source.table is None:
            return rows
        sites = Sites(profile.source.table, profile.key, profile.site_column)
        ranges = self._catalog.rows_of_site(table, kind.profile, sites, self._site)
        if ranges is None:
            return rows
        inside = disjunction([_from_to(column("rowid"), first, after) for first, after in ranges])
        return replace(rows, query=rows.query.where(inside))

    def object_rows(self, wanted: str, alias: str) -> Rows:
        """The rows of an object."""
        kind = self.model.objects[wanted]
        rows = Rows.of(kind.source, self._catalog, alias, f"objects.{wanted}")
        return self._shared(rows, self.owner(rows, kind)) if self._is_part else rows

    @property
    def _is_part(self) -> bool:
        return self._part is not None or self._only is not None

    def owner(self, rows: Rows, kind: EventType | ObjectType) -> Expr:
        """The profile that a row belongs to, in the key's type; text that is no number belongs to nobody."""
        found = physical(rows.type_of(kind.profile, "profile"))
        raw = rows.raw(kind.profile)
        if self.integer_key:
            comparable = found is Physical.INTEGER and rows.type_of(kind.profile, "profile").upper() != "UHUGEINT"
            return raw if comparable else cast(raw, "HUGEINT", safe=True)
        is_text = rows.type_of(kind.profile, "profile").upper() == "VARCHAR"
        return raw if is_text else cast(raw, "VARCHAR")

    def event_time(self, rows: Rows, event: str, tz: ZoneInfo) -> Value:
        """When an event happened."""
        spec = self.model.events[event]
        type_name = rows.type_of(spec.time, "time")
        kind = physical(type_name)
        if kind not in (Physical.DATE, Physical.NAIVE, Physical.INSTANT):
            raise EngineError(
                "model_mismatch",
                f'the time of "{event}" is the column "{spec.time}", which holds {type_name}',
                f"{rows.path}.time",
                "Name a DATE or TIMESTAMP column, or cast it in a sql: source.",
            )
        return moment(rows.raw(spec.time), kind, None if spec.timezone is None else zone(spec.timezone), tz)

    def in_sites(self, sites: Sequence[str], binder: Binder) -> Expr:
        """The condition that a profile belongs to one of the sites."""
        site = self.site()
        return conjunction([]) if site is None else exp.In(this=site, expressions=[binder.bind(s) for s in sites])
