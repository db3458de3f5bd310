"""A model with computed traits: the same model, its profiles joined with the values that were computed.

Whoever evaluates, delivers or counts sees an ordinary model, whose profiles are a SELECT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from engine.domain.model import DataModel, Field, Source
from engine.domain.values import ValueType
from engine.sql.build import Expr, alias, call, cast, column, name, number
from engine.sql.columns import Catalog
from engine.sql.sources import relation
from engine.warehouses.computed import COMPUTED, TABLE, ComputedTrait

_PREFIX = "convoke_trait_"
"""What the columns of computed traits are called, so that no column of the profiles is meant by mistake."""


def with_computed(model: DataModel, catalog: Catalog, traits: Mapping[str, ComputedTrait]) -> DataModel:
    """The model with the traits; one that it has itself by this name is its own."""
    mine = {one: told for one, told in traits.items() if one not in model.profile.traits}
    if not mine:
        return model
    profile = model.profile
    rows = exp.Subquery(this=relation(profile.source, catalog, "profile"), alias=exp.TableAlias(this=name("r")))
    values = exp.Table(this=name(TABLE), db=name("main"), catalog=name(COMPUTED), alias=exp.TableAlias(this=name("t")))
    same = exp.EQ(this=column("key", "t"), expression=cast(column(profile.key, "r"), "VARCHAR"))
    every = exp.Column(this=exp.Star(), table=name("r"))
    query = exp.select(every, *(alias(_value(one, told), _PREFIX + one) for one, told in mine.items()))
    query = query.from_(rows).join(values, on=same, join_type="LEFT")
    fields = {one: _field(one, told) for one, told in mine.items()}
    source = Source(sql=query.sql(dialect="duckdb"))
    return replace(model, profile=replace(profile, source=source, traits={**profile.traits, **fields}))


def _value(one: str, told: ComputedTrait) -> Expr:
    found = column(one, "t")
    if not told.zero:
        return found
    return call("coalesce", found, exp.false() if told.type == ValueType.BOOLEAN else number(0))


def _field(one: str, told: ComputedTrait) -> Field:
    return Field(one, ValueType(told.type), _PREFIX + one, label=told.label, personal=told.personal, money=told.money)
