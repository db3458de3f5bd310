"""Who can be reached: profiles that have an identifier, and those that gave a consent, as SQL conditions of a rule."""

from __future__ import annotations

from sqlglot import exp

from engine.domain.model import Consent, Identifier
from engine.domain.rule import Sql
from engine.sql.build import Expr, call, cast, column, conjunction, name, not_null, word
from engine.sql.columns import Catalog
from engine.sql.sources import relation


def has_identifier(identifier: Identifier, catalog: Catalog) -> Sql:
    """Profiles with a value of the identifier; empty text is none."""
    text = call("trim", cast(column(identifier.column, "r"), "VARCHAR"))
    filled = exp.NEQ(this=text, expression=word(""))
    return _profiles(identifier, catalog, f"identifiers.{identifier.name}", filled)


def has_consented(consent: Consent, catalog: Catalog) -> Sql:
    """Profiles that agreed: the column is true, or text that means true."""
    agreed = cast(column(consent.column, "r"), "BOOLEAN", safe=True)
    return _profiles(consent, catalog, f"consents.{consent.name}", agreed)


def agreed_by(consent: Consent, catalog: Catalog, profile: Expr) -> exp.Select:
    """Whether one profile agreed: a SELECT of one value."""
    agreed = cast(column(consent.column, "r"), "BOOLEAN", safe=True)
    rows = exp.Subquery(
        this=relation(consent.source, catalog, f"consents.{consent.name}"), alias=exp.TableAlias(this=name("r"))
    )
    whose = exp.EQ(this=cast(column(consent.profile, "r"), "VARCHAR"), expression=profile)
    return exp.select(call("coalesce", call("bool_or", agreed), exp.false())).from_(rows).where(whose)


def _profiles(found: Identifier | Consent, catalog: Catalog, path: str, condition: Expr) -> Sql:
    rows = exp.Subquery(this=relation(found.source, catalog, path), alias=exp.TableAlias(this=name("r")))
    owner = column(found.profile, "r")
    query = exp.select(owner).from_(rows).where(conjunction([not_null(owner.copy()), condition]))
    return Sql(query.sql(dialect="duckdb"))
