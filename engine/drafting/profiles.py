"""The profile part of a drafted model: a table as it is, or a SELECT of the different persons of other tables."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.domain.model import Field, Source
from engine.domain.values import ValueType
from engine.drafting.fields import Fields
from engine.drafting.money import is_money
from engine.drafting.persons import Persons
from engine.drafting.placing import Placing
from engine.drafting.survey import Column, Survey
from engine.drafting.times import event_time
from engine.drafting.words import is_key_name
from engine.sql.build import Expr, alias, call, cast, column, not_null
from engine.sql.columns import Physical

_STEADY = 0.9
"""Of the persons with several rows in a table of persons so many have one value of a trait."""
_STEADY_OF_EVENTS = 0.98
_MOST_COLUMNS = 100


def profile_source(
    survey: Survey, persons: Persons, placing: Placing, fields: Fields
) -> tuple[Source, dict[str, Field]]:
    """Where the profiles are, and their traits. Beside a SELECT the traits are those columns that say one thing of each
    person, and when the person was first seen."""
    table = survey.tables[persons.table]
    if persons.single:
        return Source(table=persons.table), {}
    others = _other_keys(survey, persons, placing)
    if others:
        return Source(sql=_union(survey, persons, others)), {}
    time = event_time(survey, table)
    steady = _steady(survey, persons, time, fields)
    made = fields.of(table, set(table.columns) - {one.name for one in steady})
    kept = [one for one in steady if one.name in made]
    raw = column(persons.key)
    whole = table.columns[persons.key].physical is Physical.FLOAT
    chosen: list[Expr] = [alias(cast(raw, "BIGINT"), persons.key) if whole else raw]
    chosen += [alias(call("min", column(one.name)), one.name) for one in kept]
    if time is not None and "first_seen" not in table.columns:
        chosen.append(alias(call("min", column(time)), "first_seen"))
        made["first_seen"] = _first_seen(table.columns[time])
    query = exp.select(*chosen).from_(survey.relation(table.name)).where(not_null(column(persons.key)))
    query = query.group_by("1") if len(chosen) > 1 else query.distinct()
    return Source(sql=query.sql(dialect="duckdb")), made


def _first_seen(time: Column) -> Field:
    kind = ValueType.DATE if time.physical is Physical.DATE else ValueType.TIMESTAMP
    return Field("first_seen", kind, "first_seen")


def local(made: dict[str, Field], zone: str | None, naive: bool) -> dict[str, Field]:
    """The time of first sight in the zone of the events that it comes from."""
    first = made.get("first_seen")
    if first is None or zone in (None, "UTC") or not naive:
        return made
    return made | {"first_seen": replace(first, timezone=zone)}


def _steady(survey: Survey, persons: Persons, time: str | None, fields: Fields) -> list[Column]:
    """The columns that say one thing of each person."""
    table = survey.tables[persons.table]
    likely = [
        one
        for one in table.columns.values()
        if one.name not in (persons.key, time)
        and not is_key_name(one.name)
        and one.physical is not Physical.OTHER
        and (persons.below is not None or not is_money(one))
        and len(one.different) > 1
    ][:_MOST_COLUMNS]
    parts = survey.constant(table.name, persons.key, [one.name for one in likely])
    least = _STEADY_OF_EVENTS if time is not None else _STEADY
    steady = [one for one in likely if parts.get(one.name, 0.0 if time is not None else 1.0) >= least]
    for one in likely:
        if one not in steady and time is None:
            fields.record.notes.append(f"{one.place} was left out: it says different things of one person")
    return steady


def _other_keys(survey: Survey, persons: Persons, placing: Placing) -> list[tuple[str, str]]:
    """Tables that hold persons of whom the first table knows nothing; none where it is a table of persons."""
    if persons.below is not None:
        return []
    found = []
    for one in placing.placed.values():
        if one.links or one.table == persons.table:
            continue
        if survey.contained(one.table, one.owner, persons.table, persons.key) < 1:
            found.append((one.table, one.owner))
    return found


def _union(survey: Survey, persons: Persons, others: list[tuple[str, str]]) -> str:
    parts = []
    for table, owner in [(persons.table, persons.key), *others]:
        raw: Expr = column(owner)
        if survey.tables[table].columns[owner].physical is Physical.FLOAT:
            raw = alias(cast(raw, "BIGINT"), owner) if owner == persons.key else cast(raw, "BIGINT")
        chosen = raw if owner == persons.key else alias(raw, persons.key)
        parts.append(exp.select(chosen).from_(survey.relation(table)).where(not_null(column(owner))))
    first, *rest = parts
    query: exp.Query = first
    for one in rest:
        query = query.union(one)
    return query.sql(dialect="duckdb")
