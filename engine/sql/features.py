"""Features of every profile as SQL: who is looked at, their traits, and one pass over each table of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlglot import exp

from engine.domain.feature import ACTIVE_DAYS, YEAR, Feature
from engine.domain.model import EventType, Site, Source
from engine.domain.values import ValueType
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
    disjunction,
    name,
    not_null,
    number,
    render,
    within,
    word,
)
from engine.sql.columns import Physical, Value, aware, physical
from engine.sql.compile import World
from engine.sql.events import time_bounds
from engine.sql.ordinals import scratch_table
from engine.sql.predicates import Moment
from engine.sql.reach import has_consented
from engine.sql.sources import Rows, Sources

PEOPLE = "feature_people"
"""The scratch table of those who are looked at: `n` (0, 1, 2 … in the order of their keys), `key` and `site`."""
GONE = "feature_gone"
"""The scratch table of erased keys, as text."""
_UTC = ZoneInfo("UTC")
_MOST = 2_000
"""Values of a text that are looked at."""
_DAY_US = 86_400_000_000
_AMOUNT = "DECIMAL(18, 4)"
"""What is summed: exactly, so that the same rows give the same sum in whatever order they are read."""


@dataclass(frozen=True)
class Scan:
    """Events that one pass over one table can count: those of the same rows, profile and time, for sites whose zones
    read these times alike (None: all)."""

    events: tuple[EventType, ...]
    sites: tuple[str, ...] | None
    tz: ZoneInfo


class FeatureSql:
    """Writes the statements over one state of the data."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sources = Sources(world.model, world.catalog)

    def people(self, sites: Sequence[Site], consent: str | None) -> Statement:
        """Those who are looked at: of the sites, not erased, and who agreed to the purpose when one is asked for."""
        sources, binder = self._sources, Binder()
        key = sources.key()
        parts: list[Expr] = [sources.in_sites([site.id for site in sites], binder)]
        gone = exp.select(column("key", "g")).from_(scratch_table(GONE, "g"))
        parts.append(exp.Not(this=exp.Paren(this=within(sources.key_text(), gone))))
        if consent is not None:
            agreed = has_consented(self._world.model.consents[consent], self._world.catalog).sql
            query = usersql.select(agreed, f"consents.{consent}")
            found = exp.Subquery(this=query, alias=exp.TableAlias(this=name("c"), columns=[name("who")]))
            parts.append(within(sources.key_text(), exp.select(cast(column("who", "c"), "VARCHAR")).from_(found)))
        order = exp.Order(expressions=[exp.Ordered(this=key.copy(), nulls_first=False)])
        place = exp.Sub(this=exp.Window(this=exp.RowNumber(), order=order), expression=number(1))
        site = sources.site()
        found_site = alias(word(sites[0].id) if site is None else site, "site")
        people = exp.select(alias(cast(place, "BIGINT"), "n"), alias(key, "key"), found_site)
        return render(people.from_(sources.profiles.from_item()).where(conjunction(parts)), binder)

    def traits(self, features: Sequence[Feature], first: int, past: int) -> Statement:
        """`n` and the features of traits (`f0`, `f1` …) of a block of people."""
        binder = Binder()
        same = exp.EQ(this=column("key", "u"), expression=self._sources.key())
        query = exp.select(alias(column("n", "u"), "n")).from_(scratch_table(PEOPLE, "u"))
        query = query.join(self._sources.profiles.from_item(), on=same).where(_block(first, past))
        for place, one in enumerate(features):
            query = query.select(alias(cast(self._trait(one, binder), "FLOAT"), f"f{place}"), copy=False)
        return render(query, binder)

    def _trait(self, one: Feature, binder: Binder) -> Expr:
        value = self._sources.trait(one.source, _UTC)
        if one.kind == "value":
            same = exp.EQ(this=value.expr, expression=binder.bind(one.value))
            return call("coalesce", cast(same, "FLOAT"), number(0))
        if one.kind == "age":
            passed = exp.Div(this=exp.Paren(this=self._passed(value, binder)), expression=number(_DAY_US))
            return exp.Case(ifs=[exp.If(this=exp.GTE(this=passed, expression=number(0)), true=passed.copy())])
        return value.expr

    def _passed(self, value: Value, binder: Binder) -> Expr:
        """Microseconds from a time to the moment."""
        at = call("epoch_us", binder.bind(self._world.as_of))
        when = aware(value) if value.type is ValueType.TIMESTAMP else cast(value.expr, "TIMESTAMPTZ")
        return exp.Sub(this=at, expression=call("epoch_us", when))

    # -- events ----------------------------------------------------------------------------------------------------

    def scans(self, events: Sequence[str], sites: Sequence[Site]) -> list[Scan]:
        """As few passes as the model allows."""
        together: dict[tuple[object, ...], list[EventType]] = {}
        model = self._world.model
        for event in (model.events[one] for one in events):
            source = Source(event.source.table, event.source.sql)
            together.setdefault((source, event.profile, event.time, event.timezone), []).append(event)
        found: list[Scan] = []
        for alike in together.values():
            if self._is_local(alike[0]):
                zones: dict[ZoneInfo, list[str]] = {}
                for site in sites:
                    zones.setdefault(site.zone, []).append(site.id)
                found += [Scan(tuple(alike), tuple(ids), tz) for tz, ids in zones.items()]
            else:
                found.append(Scan(tuple(alike), None, _UTC))
        return found

    def _is_local(self, event: EventType) -> bool:
        """Whether when something happened depends on the site: dates without a zone of their own."""
        rows = self._sources.event_rows(event.name, "e")
        return physical(rows.type_of(event.time, "time")) is Physical.DATE and event.timezone is None

    def counted(self, scan: Scan, features: Sequence[Feature], first: int, past: int) -> Statement:
        """`n` and the features (`f0` …) of those of a block who did anything in the year before."""
        binder = Binder()
        rows = self._rows(scan, binder)
        event = scan.events[0]
        owner = exp.EQ(this=self._sources.owner(rows, event), expression=column("key", "u"))
        places = {one.name: place for place, one in enumerate(scan.events)}
        query = exp.select(alias(column("n", "u"), "n")).from_(rows.from_item())
        query = query.join(scratch_table(PEOPLE, "u"), on=owner).where(_block(first, past))
        if scan.sites is not None:
            query = query.where(exp.In(this=column("site", "u"), expressions=[binder.bind(one) for one in scan.sites]))
        for place, one in enumerate(features):
            value = self._aggregate(one, rows, places[one.source], binder)
            query = query.select(alias(cast(value, "FLOAT"), f"f{place}"), copy=False)
        return render(query.group_by(column("n", "u")), binder)

    def values(self, event: str | None, prop: str, shares: int) -> Statement:
        """How often each value of a text occurs in a share of the profiles: `value`, `n`, the most frequent first."""
        sources = Sources(self._world.model, self._world.catalog, None if shares == 1 else (0, shares))
        binder = Binder()
        if event is None:
            rows, value = sources.profiles, sources.trait(prop, _UTC).expr
        else:
            rows = sources.event_rows(event, "e")
            value = rows.value(self._world.model.events[event].properties[prop], _UTC, "properties").expr
        count = exp.Count(this=exp.Star())
        query = (
            exp.select(alias(value, "value"), alias(count, "n")).from_(rows.from_item()).where(not_null(value.copy()))
        )
        order = [exp.Ordered(this=column("n"), desc=True), exp.Ordered(this=column("value"), desc=False)]
        return render(query.group_by(value.copy()).order_by(*order).limit(_MOST), binder)

    def site_means(self, event: str, prop: str) -> Statement:
        """The mean amount of an event in each site: `site` and `mean`."""
        binder = Binder()
        told = self._world.model.events[event]
        rows = self._sources.event_rows(event, "e")
        amount = cast(rows.value(told.properties[prop], _UTC, "properties").expr, _AMOUNT, safe=True)
        owner = exp.EQ(this=self._sources.owner(rows, told), expression=column("key", "u"))
        total = exp.Div(this=cast(call("sum", amount), "DOUBLE"), expression=call("count", amount.copy()))
        query = exp.select(alias(column("site", "u"), "site"), alias(total, "mean")).from_(rows.from_item())
        query = query.where(self._before(self._sources, rows, event, binder))
        return render(query.join(scratch_table(PEOPLE, "u"), on=owner).group_by(column("site", "u")), binder)

    def _before(self, sources: Sources, rows: Rows, event: str, binder: Binder) -> Expr:
        """That a row is of before the moment."""
        at = self._world.as_of
        return conjunction(time_bounds(sources.event_time(rows, event, _UTC), None, at, Moment(binder, at, _UTC)))

    def _rows(self, scan: Scan, binder: Binder) -> Rows:
        """The events of the year before the moment, with the whole days since (`convoke_ago`: 0 is the last 24 hours)
        and whether a row is of each event (`convoke_0` …)."""
        first, path = scan.events[0], f"events.{scan.events[0].name}"
        raw = Rows.of(Source(first.source.table, first.source.sql), self._world.catalog, "r", path)
        time = self._sources.event_time(raw, first.name, scan.tz)
        at = self._world.as_of
        lately = time_bounds(time, at - timedelta(days=YEAR), at, Moment(binder, at, scan.tz))
        before = exp.Sub(this=exp.Paren(this=self._passed(time, binder)), expression=number(1))
        ago = cast(exp.IntDiv(this=exp.Paren(this=before), expression=number(_DAY_US)), "INTEGER")
        marks = [_mark(one, place) for place, one in enumerate(scan.events)]
        every = exp.Column(this=exp.Star(), table=name("r"))
        inner = exp.select(every, alias(ago, "convoke_ago"), *marks).from_(raw.from_item()).where(conjunction(lately))
        outer = exp.select("*").from_(exp.Subquery(this=inner, alias=exp.TableAlias(this=name("x"))))
        some = disjunction([column(f"convoke_{place}", "x") for place in range(len(scan.events))])
        return Rows(outer.where(some), raw.columns, "e", path)

    def _aggregate(self, one: Feature, rows: Rows, place: int, binder: Binder) -> Expr:
        """A feature over the rows of a person."""
        told = self._world.model.events[one.source]
        ago = column("convoke_ago", "e")
        parts: list[Expr] = [column(f"convoke_{place}", "e")]
        if one.days is not None and one.days < YEAR:
            parts.append(exp.LT(this=ago.copy(), expression=number(one.days)))
        if one.kind == "recency":
            return _filtered(call("min", ago), parts)
        if one.kind == "active":
            shifted = call("least", ago, number(ACTIVE_DAYS))  # a filter does not keep the others from being shifted
            bits = exp.BitwiseLeftShift(this=cast(number(1), "HUGEINT"), expression=shifted)
            return call(
                "coalesce", call("bit_count", _filtered(call("bit_or", exp.Paren(this=bits)), parts)), number(0)
            )
        if one.kind == "sum":
            amount = rows.value(told.properties[one.of or ""], _UTC, "properties").expr
            return call("coalesce", _filtered(call("sum", cast(amount, _AMOUNT, safe=True)), parts), number(0))
        if one.of is not None:
            value = rows.value(told.properties[one.of], _UTC, "properties").expr
            parts.append(exp.EQ(this=value, expression=binder.bind(one.value)))
        return _filtered(exp.Count(this=exp.Star()), parts)


def _mark(event: EventType, place: int) -> Expr:
    """Whether a row of a table that holds several events is this one."""
    where = event.source.where
    told = exp.true() if where is None else usersql.condition(where, f"events.{event.name}.where")
    return alias(exp.Paren(this=exp.Is(this=exp.Paren(this=told), expression=exp.true())), f"convoke_{place}")


def _filtered(aggregate: Expr, parts: Sequence[Expr]) -> Expr:
    return exp.Filter(this=aggregate, expression=exp.Where(this=conjunction(list(parts))))


def _block(first: int, past: int) -> Expr:
    return conjunction(
        [
            exp.GTE(this=column("n", "u"), expression=number(first)),
            exp.LT(this=column("n", "u"), expression=number(past)),
        ]
    )
