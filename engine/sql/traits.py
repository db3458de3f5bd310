"""Computed traits: a measure of every profile's rows, site by site, for each windows are local."""

from __future__ import annotations

from typing import cast as typed_as

from sqlglot import exp

from engine.domain.model import EventType, ObjectType, Site
from engine.domain.rule import Measure, MeasureKind
from engine.domain.trait import Measured
from engine.domain.values import ValueType
from engine.domain.windows import bounds
from engine.errors import EngineError
from engine.sql import usersql
from engine.sql.build import (
    Binder,
    Expr,
    Statement,
    alias,
    call,
    cast,
    column,
    conjunction,
    name,
    not_null,
    render,
    word,
)
from engine.sql.columns import Value, aware
from engine.sql.compile import World
from engine.sql.events import measure_value, time_bounds, where_expr
from engine.sql.predicates import Moment
from engine.sql.sources import Rows, Sources

SQL_TYPES = {
    ValueType.STRING: "VARCHAR",
    ValueType.INTEGER: "BIGINT",
    ValueType.DECIMAL: "DECIMAL(38, 8)",
    ValueType.FLOAT: "DOUBLE",
    ValueType.BOOLEAN: "BOOLEAN",
    ValueType.DATE: "DATE",
    ValueType.TIMESTAMP: "TIMESTAMP",
}
"""As values are kept; times are UTC."""
_DAY = 86_400


def measured(world: World, site: Site, what: Measured, kind: ValueType) -> Statement:
    """`key` (text) and `value` of the profiles of a site that have matching rows."""
    return _Measuring(world, site, what).statement(kind)


def by_sql(world: World, text: str, kind: ValueType) -> Statement:
    """The same of every profile that SQL of one's own gives a value: its two columns are the key and the value."""
    query = usersql.select(text, "sql", world.as_of)
    count = len(world.describe(query.name, "sql"))
    if count != 2:
        message = f"the SQL returns {count} columns, it must return the profile key and the value"
        raise EngineError("bad_sql", message, "sql", f"Return {world.model.profile.key} and the value.")
    rows = exp.Subquery(this=query, alias=exp.TableAlias(this=name("q"), columns=[name("key"), name("value")]))
    sources = Sources(world.model, world.catalog)
    wanted = exp.select(
        alias(cast(sources.key(), "VARCHAR"), "key"),
        alias(cast(column("value", "q"), SQL_TYPES[kind]), "value"),
    )
    owner = exp.EQ(this=cast(column("key", "q"), "VARCHAR"), expression=cast(sources.key(), "VARCHAR"))
    query_ = wanted.from_(sources.profiles.from_item()).join(rows, on=owner)
    return render(query_.where(not_null(column("value", "q"))), Binder())


def favourite_hour(world: World, site: Site, what: Measured) -> Statement:
    """`key` and `value`: the local hour (0 to 23) in which a profile most often did what is measured; of several that
    are as frequent the earliest."""
    return _Hours(world, site, what).statement(ValueType.INTEGER)


class _Measuring:
    def __init__(self, world: World, site: Site, what: Measured) -> None:
        self._what, self._site = what, site
        self._sources = Sources(world.model, world.catalog)
        self._binder = Binder()
        self._at = Moment(self._binder, world.as_of, site.zone)

    def statement(self, kind: ValueType) -> Statement:
        what, sources, at = self._what, self._sources, self._at
        told: EventType | ObjectType
        time: Value | None = None
        parts: list[Expr] = []
        if what.is_event:
            told, rows = sources.model.events[what.of], sources.event_rows(what.of, "e")
            time = sources.event_time(rows, what.of, at.tz)
            parts = time_bounds(time, *bounds(what.window, at.as_of, at.tz), at)
        else:
            told, rows = sources.model.objects[what.of], sources.object_rows(what.of, "e")
        parts.append(where_expr(what.where, rows, told, at))
        joined = exp.EQ(this=sources.owner(rows, told), expression=sources.key())
        key = cast(sources.key(), "VARCHAR")
        parts.append(sources.in_sites([self._site.id], self._binder))
        base = exp.select(alias(key, "key")).from_(sources.profiles.from_item()).join(rows.from_item(), on=joined)
        base = base.where(conjunction(parts))
        if what.kind == "most_frequent":
            return render(self._most_frequent(base, self._frequent(rows, told, time), kind), self._binder)
        value = cast(self._value(rows, told, time), SQL_TYPES[kind])
        return render(
            base.select(alias(value, "value")).group_by(key.copy()).having(not_null(value.copy())), self._binder
        )

    def _value(self, rows: Rows, told: EventType | ObjectType, time: Value | None) -> Expr:
        what, at = self._what, self._at
        if what.kind == "recency":
            assert time is not None  # noqa: S101 - the codec admits it for events alone
            passed = exp.Sub(this=call("epoch", at.bind(at.as_of)), expression=call("epoch", call("max", aware(time))))
            return call("floor", exp.Div(this=exp.Paren(this=passed), expression=exp.Literal.number(_DAY)))
        if what.kind in ("percentile", "trend"):
            own = cast(self._own(rows, told).expr, "DOUBLE")
            if what.kind == "percentile":
                return call("quantile_cont", own, exp.Literal.number(what.share or 0))
            assert time is not None  # noqa: S101 - the codec admits it for events alone
            days = exp.Div(this=call("epoch", aware(time)), expression=exp.Literal.number(_DAY))
            slope = call("regr_slope", own, days)
            return exp.Case(ifs=[exp.If(this=call("isfinite", slope), true=slope.copy())])
        measure = Measure(typed_as(MeasureKind, what.kind), property=what.property)
        return measure_value(measure, rows, told, time, at).expr

    def _own(self, rows: Rows, told: EventType | ObjectType) -> Value:
        return rows.value(told.properties[self._what.property or ""], self._at.tz, "properties")

    def _frequent(self, rows: Rows, told: EventType | ObjectType, time: Value | None) -> Expr:
        """What the most frequent of is looked for."""
        return self._own(rows, told).expr

    def _most_frequent(self, base: exp.Select, value: Expr, kind: ValueType) -> exp.Select:
        """Of several values that are as frequent the smallest."""
        own = cast(value, SQL_TYPES[kind])
        counted = base.select(alias(own, "value"), alias(exp.Count(this=exp.Star()), "n"))
        counted = counted.where(not_null(own.copy())).group_by(cast(self._sources.key(), "VARCHAR"), own.copy())
        order = exp.Order(
            expressions=[
                exp.Ordered(this=column("n", "c"), desc=True, nulls_first=False),
                exp.Ordered(this=column("value", "c"), desc=False, nulls_first=False),
            ]
        )
        place = exp.Window(this=exp.RowNumber(), partition_by=[column("key", "c")], order=order)
        inner = exp.Subquery(this=counted, alias=exp.TableAlias(this=name("c")))
        ranked = exp.select(column("key", "c"), column("value", "c"), alias(place, "place")).from_(inner)
        first = exp.Subquery(this=ranked, alias=exp.TableAlias(this=name("r")))
        return (
            exp.select(column("key", "r"), column("value", "r"))
            .from_(first)
            .where(exp.EQ(this=column("place", "r"), expression=exp.Literal.number(1)))
        )


class _Hours(_Measuring):
    def _frequent(self, rows: Rows, told: EventType | ObjectType, time: Value | None) -> Expr:
        assert time is not None  # noqa: S101 - only events are asked for
        return call("hour", call("timezone", word(self._at.tz.key), aware(time)))
