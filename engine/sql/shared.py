"""Statements that find many conditions of one site in one scan, as ordinals instead of keys.

Three shapes share a scan: conditions on one trait (tested once for each distinct value), conditions on one event or
object (one grouping by profile, a bit for each test), and the same with a property that equals one of many constants
(one grouping by constant and profile). Everything else runs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from engine.domain.model import EventType, ObjectType, Site
from engine.domain.operators import Operator
from engine.domain.rule import Did, Has
from engine.domain.windows import bounds
from engine.sql.build import (
    TRUE,
    Binder,
    Expr,
    Statement,
    alias,
    call,
    cast,
    column,
    conjunction,
    disjunction,
    is_null,
    name,
    negation,
    not_null,
    number,
    render,
)
from engine.sql.columns import Value
from engine.sql.compile import World
from engine.sql.events import holds_when_empty, measure_expr, time_bounds, where_expr
from engine.sql.leaves import Condition, leaf_expr
from engine.sql.predicates import Moment, predicate
from engine.sql.sources import Rows, Sources

TESTS_A_SCAN = 48
"""Tests that one scan answers: bits of one signed 64-bit integer, with room to spare."""


@dataclass(frozen=True)
class KeyRun:
    """Integer keys from ``first_key`` to ``last_key`` whose ordinals follow one another from ``first_ordinal``."""

    first_key: int
    last_key: int
    first_ordinal: int


@dataclass(frozen=True)
class OrdinalMap:
    """How keys become ordinals: by arithmetic inside runs, else through a scratch table of (key, ordinal)."""

    runs: tuple[KeyRun, ...] = ()
    table: str | None = None


@dataclass(frozen=True)
class Constants:
    """A property and the values that conditions compare it with; a value's code is its place."""

    property: str
    values: tuple[Any, ...]


class Scans:
    """Compiles the shared scans of one site."""

    def __init__(self, world: World, site: Site, ordinals: OrdinalMap) -> None:
        self._world = world
        self._site = site
        self._ordinals = ordinals
        self._sources = Sources(world.model, world.catalog)
        self._reset()

    def _reset(self) -> None:
        self._binder = Binder()
        self._at = Moment(self._binder, self._world.as_of, self._site.zone)

    # -- profiles --------------------------------------------------------------------------------------------------

    def key_range(self) -> Statement:
        """`n, low, high`: how many profiles the site has, and its smallest and greatest key."""
        self._reset()
        key = self._sources.key()
        wanted = [
            alias(exp.Count(this=exp.Star()), "n"),
            alias(call("min", key), "low"),
            alias(call("max", key.copy()), "high"),
        ]
        return self._rendered(self._site_profiles(wanted))

    def unnumbered(self) -> Statement:
        """`key` of every profile of the site that has no ordinal yet, sorted."""
        self._reset()
        query = self._site_profiles([alias(self._sources.key(), "key")])
        key, runs, table = self._sources.key(), self._ordinals.runs, self._ordinals.table
        if table is not None:
            same = exp.EQ(this=key, expression=column("key", "o"))
            query = query.join(_scratch(table, "o"), on=same, join_type="left").where(is_null(column("key", "o")))
        if runs:
            inside = disjunction([_between(key.copy(), run) for run in runs])
            query = query.where(exp.Not(this=exp.Paren(this=inside)))
        return self._rendered(query.order_by(column("key")))

    def everyone(self) -> Statement:
        """`ordinal` of every profile of the site."""
        self._reset()
        return self._rendered(self._profiles([]))

    def alone(self, condition: Condition, path: str) -> Statement:
        """`ordinal` of the profiles that satisfy one condition."""
        self._reset()
        world = self._world
        found = leaf_expr(condition, path, self._sources, self._at, world.lists, world.describe)
        return self._rendered(self._profiles([]).where(found))

    def ranks(self, trait: str, *, descending: bool) -> Statement:
        """`ordinal, rank` by a trait: missing values last, ties by smaller key."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz)
        order = exp.Order(
            expressions=[
                exp.Ordered(this=value.expr, desc=descending, nulls_first=False),
                exp.Ordered(this=self._sources.key(), desc=False, nulls_first=False),
            ]
        )
        rank = exp.Window(this=exp.RowNumber(), order=order)
        return self._rendered(self._profiles([alias(rank, "rank")]))

    # -- traits ----------------------------------------------------------------------------------------------------

    def trait_values(self, trait: str, most: int) -> Statement:
        """`value, code`: the distinct values of a trait (NULL among them), numbered; at most ``most``."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz)
        distinct = self._site_profiles([alias(value.expr, "value")]).distinct().limit(most)
        inner = exp.Subquery(this=distinct, alias=exp.TableAlias(this=name("d")))
        code = exp.Sub(this=exp.Window(this=exp.RowNumber()), expression=number(1))
        return self._rendered(exp.select(column("value"), alias(cast(code, "INTEGER"), "code")).from_(inner))

    def staged_count(self, table: str) -> Statement:
        """`n`: how many rows a scratch table has."""
        self._reset()
        return self._rendered(exp.select(alias(exp.Count(this=exp.Star()), "n")).from_(_scratch(table, "v")))

    def trait_tests(self, trait: str, operators: Sequence[Operator], table: str) -> Statement:
        """`code, mask`: which tests each distinct value passes; ``table`` holds what :meth:`trait_values` gave."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz).over(column("value", "v"))
        tests = [predicate(value, operator, self._at) for operator in operators]
        query = exp.select(column("code", "v"), alias(_mask(tests), "mask")).from_(_scratch(table, "v"))
        return self._rendered(query)

    def trait_codes(self, trait: str, table: str) -> Statement:
        """`ordinal, code` of every profile of the site."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz)
        same = exp.NullSafeEQ(this=value.expr, expression=column("value", "v"))
        query = self._profiles([column("code", "v")]).join(_scratch(table, "v"), on=same)
        return self._rendered(query)

    def trait_masks(self, trait: str, operators: Sequence[Operator]) -> Statement:
        """`ordinal, mask` of every profile that passes any test; for traits of too many values."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz)
        tests = [predicate(value, operator, self._at) for operator in operators]
        return self._rendered(_with_any_bit(self._profiles([alias(_mask(tests), "mask")]), ["ordinal"]))

    # -- events and objects ----------------------------------------------------------------------------------------

    def constant_counts(self, node: Did | Has, constants: Constants) -> Statement:
        """`code, n`: how many rows each constant has."""
        self._reset()
        rows, kind, _ = self._rows(node)
        query = exp.select(column("code", "c"), alias(exp.Count(this=exp.Star()), "n")).from_(rows.from_item())
        query = self._joined(query, rows, kind, constants).where(*self._known_owner(rows, kind))
        return self._rendered(query.group_by(column("code", "c")))

    def row_count(self, node: Did | Has) -> Statement:
        """`n`: how many rows the event or object has."""
        self._reset()
        rows, kind, _ = self._rows(node)
        query = exp.select(alias(exp.Count(this=exp.Star()), "n")).from_(rows.from_item())
        return self._rendered(query.where(*self._known_owner(rows, kind)))

    def counted(
        self, nodes: Sequence[Did | Has], constants: Constants | None, part: tuple[int, int] | None = None
    ) -> Statement:
        """`code, ordinal, mask`: for each constant and profile, which of the tests hold.

        A test that profiles without any event satisfy too has its bit set where it does *not* hold. ``part`` (i, k)
        takes the i-th of k shares of the profiles.
        """
        self._reset()
        rows, kind, time = self._rows(nodes[0])
        ordinal, join = self._ordinal(self._sources.owner(rows, kind))
        code = number(0) if constants is None else column("code", "c")
        common, guards = self._guards(nodes, rows, kind, time)
        tests = [
            _stored(node, measure_expr(node.measure, rows, kind, time, self._at, guard))
            for node, guard in zip(nodes, guards, strict=True)
        ]
        query = exp.select(alias(code, "code"), alias(ordinal, "ordinal"), alias(_mask(tests), "mask"))
        query = query.from_(rows.from_item())
        if constants is not None:
            query = self._joined(query, rows, kind, constants)
        if join is not None:
            query = query.join(**join)
        query = query.where(*self._known_owner(rows, kind), *common)
        if part is not None:
            share = exp.Mod(this=exp.Paren(this=ordinal.copy()), expression=number(part[1]))
            query = query.where(exp.EQ(this=share, expression=number(part[0])))
        query = query.group_by(*[part_.copy() for part_ in ([] if constants is None else [code])], ordinal.copy())
        return self._rendered(_with_any_bit(query, ["code", "ordinal"]))

    def _guards(
        self, nodes: Sequence[Did | Has], rows: Rows, kind: EventType | ObjectType, time: Value | None
    ) -> tuple[list[Expr], list[Expr | None]]:
        """What all tests ask of a row (for WHERE), and what each asks besides."""
        asked = [self._asked(node, rows, kind, time) for node in nodes]
        if all(one == asked[0] for one in asked):
            return asked[0], [None] * len(nodes)
        guards: list[Expr | None] = [conjunction(one) for one in asked]
        if any(not one for one in asked):
            return [], guards
        different = list({one.sql(): one for one in (conjunction(parts) for parts in asked)}.values())
        outer = self._outer_bounds(nodes, time)
        return [*outer, disjunction([d.copy() for d in different])] if len(different) <= 8 else outer, guards

    def _asked(self, node: Did | Has, rows: Rows, kind: EventType | ObjectType, time: Value | None) -> list[Expr]:
        where = where_expr(node.where, rows, kind, self._at)
        inside = [] if where == TRUE else [where]
        if time is None or isinstance(node, Has):
            return inside
        return [*time_bounds(time, *bounds(node.window, self._at.as_of, self._at.tz), self._at), *inside]

    def _outer_bounds(self, nodes: Sequence[Did | Has], time: Value | None) -> list[Expr]:
        """The widest window of all, so that a scan reads no more days than it needs."""
        if time is None:
            return []
        windows = [bounds(node.window, self._at.as_of, self._at.tz) for node in nodes if isinstance(node, Did)]
        starts = [start for start, _ in windows if start is not None]
        first = min(starts) if len(starts) == len(windows) else None
        return time_bounds(time, first, max(end for _, end in windows), self._at)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _rendered(self, query: exp.Query) -> Statement:
        return render(query, self._binder)

    def _site_profiles(self, wanted: list[Expr]) -> exp.Select:
        query = exp.select(*wanted).from_(self._sources.profiles.from_item())
        return query.where(self._sources.in_sites([self._site.id], self._binder))

    def _profiles(self, wanted: list[Expr]) -> exp.Select:
        """Profiles of the site that have an ordinal, with it."""
        ordinal, join = self._ordinal(self._sources.key())
        query = self._site_profiles([alias(ordinal, "ordinal"), *wanted])
        return query if join is None else query.join(**join)

    def _rows(self, node: Did | Has) -> tuple[Rows, EventType | ObjectType, Value | None]:
        model = self._world.model
        if isinstance(node, Has):
            return self._sources.object_rows(node.object, "e"), model.objects[node.object], None
        rows = self._sources.event_rows(node.event, "e")
        return rows, model.events[node.event], self._sources.event_time(rows, node.event, self._at.tz)

    def _joined(self, query: exp.Select, rows: Rows, kind: EventType | ObjectType, constants: Constants) -> exp.Select:
        """The rows whose property equals one of the constants, each with the constant's code."""
        value = rows.value(kind.properties[constants.property], self._at.tz, "properties")
        values = self._binder.bind(list(constants.values))
        codes = self._binder.bind(list(range(len(constants.values))))
        pairs = exp.select(alias(call("unnest", values), "value"), alias(call("unnest", codes), "code"))
        table = exp.Subquery(this=pairs, alias=exp.TableAlias(this=name("c")))
        return query.join(table, on=exp.EQ(this=value.expr, expression=column("value", "c")))

    def _known_owner(self, rows: Rows, kind: EventType | ObjectType) -> list[Expr]:
        """Rows of profiles that may have an ordinal here."""
        owner = self._sources.owner(rows, kind)
        if self._ordinals.table is not None or not self._ordinals.runs:
            return [not_null(owner)]
        return [disjunction([_between(owner.copy(), run) for run in self._ordinals.runs])]

    def _ordinal(self, key: Expr) -> tuple[Expr, dict[str, Any] | None]:
        """The ordinal of a key, and the join it needs."""
        runs, table = self._ordinals.runs, self._ordinals.table
        if table is None and len(runs) == 1:
            return _shifted(key, runs[0]), None
        cases = [exp.If(this=_between(key.copy(), run), true=_shifted(key.copy(), run)) for run in runs]
        if table is None:
            return exp.Case(ifs=cases) if cases else cast(exp.null(), "BIGINT"), None
        same = exp.EQ(this=key.copy(), expression=column("key", "o"))
        looked_up = cast(column("ordinal", "o"), "BIGINT")
        if not cases:
            return looked_up, {"expression": _scratch(table, "o"), "on": same}
        found = exp.Case(ifs=cases, default=looked_up)
        return found, {"expression": _scratch(table, "o"), "on": same, "join_type": "left"}


def _between(key: Expr, run: KeyRun) -> Expr:
    return exp.Between(this=key, low=number(run.first_key), high=number(run.last_key))


def _shifted(key: Expr, run: KeyRun) -> Expr:
    shift = run.first_ordinal - run.first_key
    moved = exp.Add(this=cast(key, "BIGINT"), expression=number(shift)) if shift else cast(key, "BIGINT")
    return exp.Paren(this=moved)


def _scratch(table: str, as_name: str) -> exp.Table:
    return exp.Table(this=name(table), db=name("temp"), alias=exp.TableAlias(this=name(as_name)))


def _stored(node: Did | Has, satisfied: Expr) -> Expr:
    return negation(satisfied) if holds_when_empty(node.measure) else satisfied


def _mask(tests: Sequence[Expr]) -> Expr:
    """One bit a test."""
    total: Expr = cast(number(0), "BIGINT")
    for bit, test in enumerate(tests):
        flag = exp.Case(ifs=[exp.If(this=test, true=number(1 << bit))], default=number(0))
        total = exp.Add(this=total, expression=flag)
    return total


def _with_any_bit(query: exp.Select, keys: list[str]) -> exp.Select:
    inner = exp.Subquery(this=query, alias=exp.TableAlias(this=name("t")))
    any_bit = exp.NEQ(this=column("mask"), expression=number(0))
    known = not_null(column("ordinal"))
    return exp.select(*[column(key) for key in keys], column("mask")).from_(inner).where(any_bit, known)
