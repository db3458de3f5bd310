"""What an identity document would read: how many different values of each kind are usable, before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlglot import exp

from engine.domain.identity import PROFILE, IdentityDocument, Kind, RecordSource
from engine.domain.model import DataModel, Identifier, ProfileTable, Source
from engine.domain.unusable import Unusable
from engine.identity.records import sources_of
from engine.identity.values import Cleaner
from engine.jobs import Job
from engine.sql.build import alias, call, cast, column, number, word
from engine.sql.sources import relation
from engine.warehouses.protocol import Warehouse

MOST = 100_000
"""Different values of a column that are looked at; of more, those whose hashes are the smallest."""


def counted_values(
    document: IdentityDocument, model: DataModel, warehouse: Warehouse, job: Job | None = None
) -> dict[str, dict[str, int]]:
    """By kind: how many different values were looked at (``values``, ``different``), and how many of them name nobody,
    by reason. A value of more profiles than its kind links counts as shared."""
    found: dict[str, dict[str, int]] = {}
    for source in sources_of(document, model):
        for name, columns in source.identifiers.items():
            kind = document.kind(name)
            if kind is None or name == PROFILE or len(columns) != 1:
                continue
            counts = _counted(source, replace(kind, country=source.country or kind.country), warehouse, job)
            mine = found.setdefault(name, {"values": 0, "different": 0})
            for reason, count in counts.items():
                mine[reason] = mine.get(reason, 0) + count
    return found


def _counted(source: RecordSource, kind: Kind, warehouse: Warehouse, job: Job | None) -> dict[str, int]:
    rows = _values(source, kind.name, warehouse, job)
    readings = Cleaner(kind.normaliser, kind.country, kind.blocked).readings([str(value) for value, _ in rows])
    counts: dict[str, int] = {}
    for (_, profiles), reading in zip(rows, readings, strict=True):
        if reading is None:
            continue
        names = ["values", "different"]
        if isinstance(reading, Unusable):
            names.append(reading.value)
        elif kind.links is not None and profiles > kind.links:
            names.append(Unusable.SHARED.value)
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _values(source: RecordSource, kind: str, warehouse: Warehouse, job: Job | None) -> list[tuple[Any, int]]:
    """Different values and of how many profiles each is."""
    rows = exp.Subquery(
        this=relation(source.source, warehouse, f"sources.{source.name}"),
        alias=exp.TableAlias(this=exp.to_identifier("r")),
    )
    value = cast(column(source.identifiers[kind][0], "r"), "VARCHAR")
    profile = source.identifiers.get(PROFILE)
    owners = number(1) if profile is None else exp.Count(this=exp.Distinct(expressions=[column(profile[0], "r")]))
    grouped = (
        exp.select(alias(value, "v"), alias(owners, "n"))
        .from_(rows)
        .where(exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())))
        .group_by(value.copy())
    )
    query = exp.select(column("v", "g"), column("n", "g")).from_(grouped.subquery("g"))
    query = query.order_by(call("hash", column("v", "g"))).limit(MOST)
    return [(value, int(count)) for value, count in warehouse.rows(query.sql(dialect="duckdb"), (), job)]


def by_country(
    model: DataModel, identifier: Identifier, kind: str, countries: Mapping[str, str]
) -> dict[str, RecordSource]:
    """A source for the rows of each country's profiles, and one for all other rows; ``countries`` are those of the
    model's sites by their ids."""
    columns = {PROFILE: (identifier.profile,), kind: (identifier.column,)}
    found = {}
    for country in sorted(set(countries.values())):
        sites = [site for site, one in countries.items() if one == country]
        name = f"{identifier.name}_{country.lower()}"
        found[name] = RecordSource(name, _of_sites(identifier, model.profile, sites), columns, country=country)
    rest = f"{identifier.name}_others"
    found[rest] = RecordSource(rest, _of_sites(identifier, model.profile, list(countries), others=True), columns)
    return found


def _of_sites(identifier: Identifier, profile: ProfileTable, sites: list[str], *, others: bool = False) -> Source:
    """The identifier's rows whose profile is of one of these sites, or of none of them."""
    site = cast(column(profile.site_column or ""), "VARCHAR")
    people = _rows(profile.source, exp.select(column(profile.key)), "people")
    people = people.where(exp.In(this=site, expressions=[word(one) for one in sites]))
    mine: exp.Expression = exp.In(this=column(identifier.profile), query=exp.Subquery(this=people))
    query = _rows(identifier.source, exp.select("*"), "source").where(exp.Not(this=mine) if others else mine)
    return Source(sql=query.sql(dialect="duckdb"))


def _rows(source: Source, query: exp.Select, name: str) -> exp.Select:
    """The query over a source; what people wrote stays as they wrote it."""
    if source.sql is None:
        table: exp.Expression = exp.to_table(source.table or "", dialect="duckdb")
    else:
        table = exp.Subquery(this=exp.Var(this=source.sql.strip().rstrip(";")))
    query = query.from_(exp.alias_(table, name, table=True))
    return query if source.where is None else query.where(exp.Paren(this=exp.Var(this=source.where)))
