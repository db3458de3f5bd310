"""The passes in order: expand references → resolve time for the site → lower each condition → assemble a statement.

    expand     formula.py      rule + references → set algebra over numbered conditions
    lower      leaves.py       condition → boolean expression (predicates, events, sequences, usersql)
    assemble   this file       expressions → one statement: a truth table, the members, or one profile

A truth table counts profiles by which conditions they satisfy: one row for each combination that occurs. Every size on
the canvas (total, condition, group, without this one) follows from it without another query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlglot import exp

from engine.domain.audience import Top
from engine.domain.model import DataModel, Site
from engine.sql.build import (
    Binder,
    Expr,
    Statement,
    alias,
    column,
    conjunction,
    disjunction,
    name,
    negation,
    number,
    render,
    within,
)
from engine.sql.columns import Catalog
from engine.sql.formula import Complement, Formula, Group, Leaf, Numbered, TopOf
from engine.sql.keys import plain_key
from engine.sql.leaves import Describe, Keys, key_column, leaf_expr, ranked, site_column
from engine.sql.predicates import Moment
from engine.sql.sources import Sources

WORD_BITS = 60
"""Conditions a truth table holds in one integer."""


@dataclass(frozen=True)
class World:
    """Everything a compilation reads besides the rule."""

    model: DataModel
    catalog: Catalog
    describe: Describe
    lists: Mapping[str, Keys]
    as_of: datetime
    only: str | None = None
    """A scratch table of (key, ordinal): nobody else is looked at."""


class Compiler:
    """Compiles the numbered conditions of an expansion for one site (or several that resolve alike)."""

    def __init__(self, world: World, leaves: Sequence[Numbered], site: Site) -> None:
        self._world = world
        self._leaves = leaves
        self._site = site
        self._sources = Sources(world.model, world.catalog, only=world.only)
        self.reset()

    def reset(self) -> None:
        """Start a statement of its own."""
        self._binder = Binder()
        self._at = Moment(self._binder, self._world.as_of, self._site.zone)

    # -- conditions ------------------------------------------------------------------------------------------------

    def leaf(self, index: int) -> Expr:
        """The boolean expression of one condition."""
        numbered = self._leaves[index]
        if isinstance(numbered.condition, TopOf):
            query = self._members(numbered.condition.formula, [self._site.id], numbered.condition.top)
            return within(self._sources.key(), query)
        world = self._world
        return leaf_expr(numbered.condition, numbered.path, self._sources, self._at, world.lists, world.describe)

    def formula(self, formula: Formula) -> Expr:
        """Set algebra as AND, OR and negation."""
        match formula:
            case Leaf(index):
                return exp.Paren(this=self.leaf(index))
            case Complement(part):
                return negation(self.formula(part))
            case Group(every, parts):
                inner = [self.formula(part) for part in parts]
                return conjunction(inner) if every else disjunction(inner)
            case _:
                assert_never(formula)

    # -- statements ------------------------------------------------------------------------------------------------

    def members(self, formula: Formula, sites: Sequence[str], top: Top | None = None) -> Statement:
        """The member keys of the sites, sorted."""
        self.reset()
        query = self._members(formula, sites, top)
        if top is not None:
            inner = exp.Subquery(this=query, alias=exp.TableAlias(this=name("first")))
            query = exp.select(column("key")).from_(inner)
        return render(query.order_by(column("key")), self._binder)

    def truth_table(self, indexes: Sequence[int], sites: Sequence[str]) -> Statement:
        """`site, mask, profiles`: how many profiles satisfy exactly the conditions whose bits are set."""
        self.reset()
        inner = self._base(sites, [site_column(self._sources, sites[0]), alias(self._mask(indexes), "mask")])
        table = exp.Subquery(this=inner, alias=exp.TableAlias(this=name("t")))
        query = exp.select(column("site"), column("mask"), alias(exp.Count(this=exp.Star()), "profiles"))
        return render(query.from_(table).group_by(column("site"), column("mask")), self._binder)

    def masks(self, indexes: Sequence[int], site: str, *, keys: bool, key: Any = None) -> Statement:
        """`mask` (and `key`) of every profile of a site in key order, or of one profile."""
        self.reset()
        wanted = [alias(self._mask(indexes), "mask")]
        query = self._base([site], [key_column(self._sources), *wanted] if keys else wanted)
        if key is not None:
            query = query.where(exp.EQ(this=self._sources.key(), expression=self._binder.bind(key)))
        return render(query.order_by(self._sources.key()), self._binder)

    def sites_of(self, key: Any, sites: Sequence[str]) -> Statement:
        """`site` of one profile, when it is in one of the sites."""
        self.reset()
        query = self._base(sites, [site_column(self._sources, sites[0])])
        return render(query.where(exp.EQ(this=self._sources.key(), expression=self._binder.bind(key))), self._binder)

    def trait_value(self, trait: str, key: Any) -> Statement:
        """`value` of one profile's trait."""
        self.reset()
        value = self._sources.trait(trait, self._site.zone)
        query = self._base([self._site.id], [alias(value.expr, "value")])
        return render(query.where(exp.EQ(this=self._sources.key(), expression=self._binder.bind(key))), self._binder)

    def profiles_of(self, keys: Sequence[Any], traits: Sequence[str]) -> Statement:
        """`key` and the traits of given profiles, in key order; times in the site's zone as the compiler's."""
        self.reset()
        values = [alias(self._sources.trait(name_, self._site.zone).expr, f"t{i}") for i, name_ in enumerate(traits)]
        query = exp.select(key_column(self._sources), *values).from_(self._sources.profiles.from_item())
        wanted = exp.In(this=self._sources.key(), expressions=[self._binder.bind(key) for key in keys])
        return render(query.where(wanted).order_by(self._sources.key()), self._binder)

    @property
    def integer_key(self) -> bool:
        """Whether profile keys are integers (else text)."""
        return self._sources.integer_key

    def plain_key(self, text: str) -> str | None:
        """A profile key that somebody wrote, as the warehouse writes it; None for a text that no key can be."""
        return plain_key(text, self._sources)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _base(self, sites: Sequence[str], wanted: Sequence[Expr]) -> exp.Select:
        query = exp.select(*wanted).from_(self._sources.profiles.from_item())
        return query.where(self._sources.in_sites(sites, self._binder))

    def _members(self, formula: Formula, sites: Sequence[str], top: Top | None) -> exp.Select:
        query = self._base(sites, [key_column(self._sources)]).where(self.formula(formula))
        return query if top is None else ranked(query, top, self._sources, self._at)

    def _mask(self, indexes: Sequence[int]) -> Expr:
        bits: list[Expr] = [
            exp.Case(ifs=[exp.If(this=self.leaf(index), true=number(1 << bit))], default=number(0))
            for bit, index in enumerate(indexes)
        ]
        total: Expr = exp.Cast(this=number(0), to=exp.DataType.build("BIGINT"))
        for bit in bits:
            total = exp.Add(this=total, expression=bit)
        return total
