"""What is known of a few profiles: their traits and identifiers, as texts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.domain.model import Identifier
from engine.sql.build import Binder, Expr, Statement, alias, call, cast, column, render, within
from engine.sql.sources import Sources, relation
from engine.warehouses.protocol import Warehouse


def traits_of(sources: Sources, keys: Sequence[str], traits: Sequence[str]) -> Statement:
    """A SELECT of the key and these traits, as text, of some profiles."""
    binder = Binder()
    rows = sources.profiles
    query = exp.select(alias(sources.key_text(), "key")).from_(rows.from_item())
    for i, name in enumerate(traits):
        field = sources.model.profile.traits[name]
        query = query.select(alias(cast(rows.raw(field.column), "VARCHAR"), f"t{i}"))
    return render(query.where(_among(sources.key_text(), keys, binder)), binder)


def identifiers_of(sources: Sources, warehouse: Warehouse, identifier: Identifier, keys: Sequence[str]) -> Statement:
    """A SELECT of the key and the distinct values of an identifier, of some profiles."""
    binder = Binder()
    rows = exp.Subquery(
        this=relation(identifier.source, warehouse, f"identifiers.{identifier.name}"),
        alias=exp.TableAlias(this=exp.to_identifier("r")),
    )
    owner = cast(column(identifier.profile, "r"), "VARCHAR")
    values = call("list_sort", call("list_distinct", call("list", cast(column(identifier.column, "r"), "VARCHAR"))))
    query = exp.select(alias(owner, "key"), alias(values, "values")).from_(rows)
    return render(query.where(_among(owner.copy(), keys, binder)).group_by(owner.copy()), binder)


def _among(part: Expr, keys: Sequence[str], binder: Binder) -> Expr:
    return within(part, exp.select(call("unnest", binder.bind(list(keys)))))
