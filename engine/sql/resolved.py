"""A model over persons: the same model, its sources joined with the map of profile keys to persons.

Whoever evaluates, delivers or counts sees an ordinary model whose sources are SELECTs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from sqlglot import exp

from engine.domain.model import Consent, DataModel, EventType, Identifier, ObjectType, ProfileTable, Source
from engine.sql.build import Expr, alias, call, cast, column, name
from engine.sql.columns import Catalog
from engine.sql.sources import relation

CATALOG = "convoke_identity"
"""The name under which a warehouse sees the map."""
_KEY, _PERSON = "key", "person"
T = TypeVar("T", EventType, ObjectType, Identifier)


def resolved(model: DataModel, catalog: Catalog, table: str) -> DataModel:
    """The model over persons; ``table`` is the map's table of (key, person)."""
    found = _Resolving(catalog, table)
    return replace(
        model,
        profile=found.profiles(model.profile),
        events={key: found.owned(one, f"events.{key}") for key, one in model.events.items()},
        objects={key: found.owned(one, f"objects.{key}") for key, one in model.objects.items()},
        identifiers={key: found.owned(one, f"identifiers.{key}") for key, one in model.identifiers.items()},
        consents={key: found.consent(one, f"consents.{key}") for key, one in model.consents.items()},
    )


class _Resolving:
    def __init__(self, catalog: Catalog, table: str) -> None:
        self._catalog, self._table = catalog, table

    def _map(self) -> exp.Table:
        return exp.Table(
            this=name(self._table),
            db=name("main"),
            catalog=name(CATALOG),
            alias=exp.TableAlias(this=name("m")),
        )

    def _rows(self, source: Source, path: str) -> exp.Subquery:
        return exp.Subquery(this=relation(source, self._catalog, path), alias=exp.TableAlias(this=name("r")))

    def profiles(self, profile: ProfileTable) -> ProfileTable:
        """One row a person."""
        wanted = {one.column: None for one in profile.traits.values()}
        if profile.site_column is not None:
            wanted[profile.site_column] = None
        wanted.pop(profile.key, None)
        given = column(profile.key, "r")
        by, order = (
            ("arg_min", given)
            if profile.identity is None or profile.identity.latest is None
            else (
                "arg_max",
                column(profile.identity.latest, "r"),
            )
        )
        query = (
            exp.select(alias(column(_PERSON, "m"), profile.key))
            .from_(self._rows(profile.source, "profile"))
            .join(self._map(), on=_is(given))
            .group_by(column(_PERSON, "m"))
        )
        for one in wanted:
            query = query.select(alias(call(by, column(one, "r"), order.copy()), one))
        return replace(profile, source=_source(query))

    def owned(self, found: T, path: str) -> T:
        """The same rows, each with the person in place of the profile key."""
        replaced = alias(column(_PERSON, "m"), found.profile)
        star = exp.Column(this=exp.Star(replace=[replaced]), table=name("r"))
        query = (
            exp.select(star).from_(self._rows(found.source, path)).join(self._map(), on=_is(column(found.profile, "r")))
        )
        return replace(found, source=_source(query))

    def consent(self, found: Consent, path: str) -> Consent:
        """A person has consented when every one of their profiles has: the most restrictive counts."""
        agreed = call("bool_or", cast(column(found.column, "r"), "BOOLEAN", safe=True))
        each = (
            exp.select(alias(cast(column(found.profile, "r"), "VARCHAR"), _KEY), alias(agreed, "agreed"))
            .from_(self._rows(found.source, path))
            .group_by(cast(column(found.profile, "r"), "VARCHAR"))
        )
        by_key = exp.Subquery(this=each, alias=exp.TableAlias(this=name("c")))
        all_agreed = call("bool_and", call("coalesce", column("agreed", "c"), exp.false()))
        query = (
            exp.select(alias(column(_PERSON, "m"), found.profile), alias(all_agreed, found.column))
            .from_(self._map())
            .join(by_key, on=exp.EQ(this=column(_KEY, "c"), expression=column(_KEY, "m")), join_type="LEFT")
            .group_by(column(_PERSON, "m"))
        )
        return replace(found, source=_source(query))


def _is(owner: Expr) -> Expr:
    return exp.EQ(this=column(_KEY, "m"), expression=cast(owner.copy(), "VARCHAR"))


def _source(query: exp.Select) -> Source:
    return Source(sql=query.sql(dialect="duckdb"))
