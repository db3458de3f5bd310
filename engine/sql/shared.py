"""Statements over the profiles of one site, with ordinals instead of keys; many conditions on a trait in one scan.

Three shapes share a scan: conditions on one trait (tested once for each distinct value), conditions on one event or
object (one grouping by profile, a bit for each test), and the same with a property that equals one of many constants
(one grouping by constant and profile). Everything else runs alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.domain.model import Site
from engine.domain.operators import Operator
from engine.sql.build import (
    Binder,
    Expr,
    Statement,
    alias,
    call,
    cast,
    column,
    disjunction,
    is_null,
    name,
    not_null,
    number,
    render,
)
from engine.sql.compile import World
from engine.sql.leaves import Condition, leaf_expr
from engine.sql.ordinals import OrdinalMap, between, ordinal_of, scratch_table
from engine.sql.predicates import Moment, predicate
from engine.sql.sources import Sources

TESTS_A_SCAN = 48
"""Tests that one scan answers: bits of one signed 64-bit integer, with room to spare."""


class SiteStatements:
    """What statements of one site share: the model's rows, the moment, and the values bound so far."""

    def __init__(self, world: World, site: Site, ordinals: OrdinalMap) -> None:
        self._world = world
        self._site = site
        self._ordinals = ordinals
        self._sources = Sources(world.model, world.catalog, site=site.id)
        self._reset()

    def _reset(self) -> None:
        """Begin a statement of its own."""
        self._binder = Binder()
        self._at = Moment(self._binder, self._world.as_of, self._site.zone)

    def _rendered(self, query: exp.Query) -> Statement:
        return render(query, self._binder)


class Scans(SiteStatements):
    """Compiles the scans of the profiles of one site."""

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
            query = query.join(scratch_table(table, "o"), on=same, join_type="left").where(is_null(column("key", "o")))
        if runs:
            inside = disjunction([between(key.copy(), run) for run in runs])
            query = query.where(exp.Not(this=exp.Paren(this=inside)))
        return self._rendered(query.order_by(column("key")))

    def everyone(self) -> Statement:
        """`ordinal` of every profile of the site."""
        self._reset()
        return self._rendered(self._profiles([]))

    def alone(self, condition: Condition, path: str, part: tuple[int, int] | None = None) -> Statement:
        """`ordinal` of the profiles that satisfy one condition; with ``part`` those of a share of them."""
        self._reset()
        world, whole = self._world, self._sources
        try:
            if part is not None:
                self._sources = Sources(world.model, world.catalog, part, site=self._site.id)
            found = leaf_expr(condition, path, self._sources, self._at, world.lists, world.describe)
            return self._rendered(self._profiles([]).where(found))
        finally:
            self._sources = whole

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
        return self._rendered(exp.select(alias(exp.Count(this=exp.Star()), "n")).from_(scratch_table(table, "v")))

    def staged_values(self, table: str) -> Statement:
        """`code, value` of what :meth:`trait_values` gave."""
        self._reset()
        return self._rendered(exp.select(column("code", "v"), column("value", "v")).from_(scratch_table(table, "v")))

    def trait_tests(self, trait: str, operators: Sequence[Operator], table: str) -> Statement:
        """`code, mask`: which tests each distinct value passes; ``table`` holds what :meth:`trait_values` gave."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz).over(column("value", "v"))
        tests = [predicate(value, operator, self._at) for operator in operators]
        query = exp.select(column("code", "v"), alias(mask_of(tests), "mask")).from_(scratch_table(table, "v"))
        return self._rendered(query)

    def trait_codes(self, trait: str, table: str) -> Statement:
        """`ordinal, code` of every profile of the site."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz)
        same = exp.NullSafeEQ(this=value.expr, expression=column("value", "v"))
        query = self._profiles([column("code", "v")]).join(scratch_table(table, "v"), on=same)
        return self._rendered(query)

    def trait_numbers(self, trait: str) -> Statement:
        """`ordinal, value` of every profile that has the trait; times as seconds since 1970, UTC."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz)
        temporal = self._sources.model.profile.traits[trait].type.is_temporal
        plain = cast(call("epoch", value.expr) if temporal else value.expr, "DOUBLE")
        return self._rendered(self._profiles([alias(plain, "value")]).where(not_null(value.expr.copy())))

    def trait_masks(self, trait: str, operators: Sequence[Operator]) -> Statement:
        """`ordinal, mask` of every profile that passes any test; for traits of too many values."""
        self._reset()
        value = self._sources.trait(trait, self._at.tz)
        tests = [predicate(value, operator, self._at) for operator in operators]
        return self._rendered(with_any_bit(self._profiles([alias(mask_of(tests), "mask")]), ["ordinal"]))

    # -- parts -----------------------------------------------------------------------------------------------------

    def _site_profiles(self, wanted: list[Expr]) -> exp.Select:
        query = exp.select(*wanted).from_(self._sources.profiles.from_item())
        return query.where(self._sources.in_sites([self._site.id], self._binder))

    def _profiles(self, wanted: list[Expr]) -> exp.Select:
        """Profiles of the site that have an ordinal, with it."""
        ordinal, join = ordinal_of(self._sources.key(), self._ordinals)
        query = self._site_profiles([alias(ordinal, "ordinal"), *wanted])
        return query if join is None else query.join(**join)


def mask_of(tests: Sequence[Expr]) -> Expr:
    """One bit a test."""
    total: Expr = cast(number(0), "BIGINT")
    for bit, test in enumerate(tests):
        flag = exp.Case(ifs=[exp.If(this=test, true=number(1 << bit))], default=number(0))
        total = exp.Add(this=total, expression=flag)
    return total


def with_any_bit(query: exp.Select, keys: list[str]) -> exp.Select:
    """The rows of a query that have an ordinal and pass any test."""
    inner = exp.Subquery(this=query, alias=exp.TableAlias(this=name("t")))
    any_bit = exp.NEQ(this=column("mask"), expression=number(0))
    known = not_null(column("ordinal"))
    return exp.select(*[column(key) for key in keys], column("mask")).from_(inner).where(any_bit, known)
