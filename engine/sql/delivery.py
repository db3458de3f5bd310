"""The people to deliver: staged member keys joined with their identifiers, those without a consent left out."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.domain.model import Identifier
from engine.sql.build import Expr, alias, call, cast, column, conjunction, name, within, word
from engine.sql.reach import has_consented
from engine.sql.sources import Sources, relation
from engine.sql.usersql import select
from engine.warehouses.protocol import Warehouse

STAGED = "to_deliver"
"""The scratch table of (key, ordinal) that is joined."""


def deliverable(sources: Sources, warehouse: Warehouse, identifiers: Sequence[str], consents: Sequence[str]) -> str:
    """A SELECT of ``key`` as text and, for each identifier, a list of its distinct values, sorted; ordered by key.

    Of everyone staged who gave every consent.
    """
    model = sources.model
    staged = exp.Table(this=name(STAGED), db=name("temp"), alias=exp.TableAlias(this=name("m")))
    key = column("key", "m")
    query = exp.select(alias(cast(key, "VARCHAR"), "key")).from_(staged)
    for i, wanted in enumerate(identifiers):
        held = exp.Subquery(
            this=_values(sources, warehouse, model.identifiers[wanted]), alias=exp.TableAlias(this=name(f"i{i}"))
        )
        joined = exp.EQ(this=column("owner", f"i{i}"), expression=key.copy())
        query = query.join(held, on=joined, join_type="LEFT").select(alias(column("values", f"i{i}"), f"v{i}"))
    agreed = [
        exp.In(this=key.copy(), query=exp.Subquery(this=_owners(sources, warehouse, consent))) for consent in consents
    ]
    if agreed:
        query = query.where(conjunction(list(agreed)))
    return query.order_by(cast(key.copy(), "VARCHAR")).sql(dialect="duckdb")


def _owner(sources: Sources, raw: Expr) -> Expr:
    """An owning key in the type of the profile key; what is none belongs to nobody."""
    return cast(raw, "BIGINT", safe=True) if sources.integer_key else cast(raw, "VARCHAR")


def _values(sources: Sources, warehouse: Warehouse, identifier: Identifier) -> exp.Select:
    """(owner, values) of an identifier, of those who are staged; empty text is none."""
    rows = exp.Subquery(
        this=relation(identifier.source, warehouse, f"identifiers.{identifier.name}"),
        alias=exp.TableAlias(this=name("r")),
    )
    owner = _owner(sources, column(identifier.profile, "r"))
    text = call("trim", cast(column(identifier.column, "r"), "VARCHAR"))
    filled = exp.NEQ(this=text.copy(), expression=word(""))
    values = call("list_sort", call("list_distinct", call("list", text)))
    staged = exp.select(name("key")).from_(exp.Table(this=name(STAGED), db=name("temp")))
    return (
        exp.select(alias(owner, "owner"), alias(values, "values"))
        .from_(rows)
        .where(conjunction([within(owner.copy(), staged), filled]))
        .group_by(owner.copy())
    )


def _owners(sources: Sources, warehouse: Warehouse, consent: str) -> exp.Select:
    """The keys of those who gave a consent."""
    agreed = select(has_consented(sources.model.consents[consent], warehouse).sql, f"consents.{consent}")
    owner = _owner(sources, column(sources.model.consents[consent].profile, "c"))
    rows = exp.Subquery(this=agreed, alias=exp.TableAlias(this=name("c")))
    return exp.select(owner).from_(rows)
