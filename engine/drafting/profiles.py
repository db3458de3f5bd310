"""The profile part of a drafted model: a table as it is, or a SELECT of the different persons of other tables."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from engine.domain.model import Field, Source
from engine.domain.values import ValueType
from engine.drafting.fields import Fields
from engine.drafting.hashed import hashed
from engine.drafting.money import is_money
from engine.drafting.persons import Persons
from engine.drafting.placing import Placing
from engine.drafting.survey import Column, Survey
from engine.drafting.times import event_time
from engine.drafting.words import is_key_name, is_person
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
    raw: Expr = column(persons.column)
    whole = table.columns[persons.column].physical is Physical.FLOAT
    chosen: list[Expr] = [alias(cast(raw, "BIGINT"), persons.key) if whole else raw]
    if persons.hashed is not None:
        raw = hashed(raw, persons.hashed[1])
        chosen = [alias(raw, persons.key)]
    chosen += [alias(call("min", column(one.name)), one.name) for one in kept]
    if time is not None and "first_seen" not in table.columns:
        chosen.append(alias(call("min", column(time)), "first_seen"))
        made["first_seen"] = _first_seen(table.columns[time])
    query = exp.select(*chosen).from_(survey.relation(table.name)).where(not_null(raw.copy()))
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
        if one.name not in (persons.column, time)
        and not is_key_name(one.name)
        and one.physical is not Physical.OTHER
        and (persons.below is not None or not is_money(one))
        and len(one.different) > 1
    ][:_MOST_COLUMNS]
    parts = survey.constant(table.name, persons.column, [one.name for one in likely])
    of_events = time is not None and not is_person(table.name)
    least = _STEADY_OF_EVENTS if of_events else _STEADY
    steady = [one for one in likely if parts.get(one.name, 0.0 if of_events else 1.0) >= least]
    for one in likely:
        if one not in steady and not of_events:
            fields.record.notes.append(f"{one.place} was left out: it says different things of one person")
    return steady


def _other_keys(survey: Survey, persons: Persons, placing: Placing) -> list[tuple[str, str]]:
    """Tables that hold persons of whom the first table knows nothing; none where it is a table of persons."""
    if persons.below is not None or is_person(persons.table):
        return []
    found = []
    for one in placing.placed.values():
        if one.links or one.table == persons.table:
            continue
        owner = one.owner if one.hashed is None else one.hashed[0]
        if survey.contained(one.table, owner, persons.table, persons.column) < 1:
            found.append((one.table, owner))
    return found


def _union(survey: Survey, persons: Persons, others: list[tuple[str, str]]) -> str:
    parts = []
    for table, owner in [(persons.table, persons.column), *others]:
        raw: Expr = column(owner)
        if persons.hashed is not None:
            raw = hashed(raw, persons.hashed[1])
        elif survey.tables[table].columns[owner].physical is Physical.FLOAT:
            raw = cast(raw, "BIGINT")
        query = exp.select(alias(raw, persons.key)).from_(survey.relation(table))
        parts.append(query.where(not_null(raw.copy())))
    first, *rest = parts
    whole: exp.Query = first
    for one in rest:
        whole = whole.union(one)
    return whole.sql(dialect="duckdb")
