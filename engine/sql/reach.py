"""Who can be reached: profiles that have an identifier, and those that gave a consent, as SQL conditions of a rule."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from engine.domain.model import Consent, Identifier
from engine.domain.rule import Sql
from engine.errors import EngineError
from engine.sql.build import Expr, call, cast, column, conjunction, name, not_null, word
from engine.sql.columns import Catalog, Physical, column_type, is_nested, physical
from engine.sql.sources import relation

_TELLING = (Physical.BOOLEAN, Physical.TEXT, Physical.INTEGER, Physical.DECIMAL, Physical.FLOAT)
"""Columns that can say yes and no."""


def has_identifier(identifier: Identifier, catalog: Catalog) -> Sql:
    """Profiles with a value of the identifier; empty text is none."""
    text = call("trim", cast(column(identifier.column, "r"), "VARCHAR"))
    filled = exp.NEQ(this=text, expression=word(""))
    return _profiles(identifier, catalog, f"identifiers.{identifier.name}", filled)


def has_consented(consent: Consent, catalog: Catalog) -> Sql:
    """Profiles that agreed: the column is true, or text that means true."""
    must_tell(consent, catalog)
    agreed = cast(column(consent.column, "r"), "BOOLEAN", safe=True)
    return _profiles(consent, catalog, f"consents.{consent.name}", agreed)


def must_hold_one(columns: Mapping[str, str], found: Identifier | Consent, path: str) -> None:
    """Raise EngineError("model_mismatch") for an identifier or consent whose column is not there, or holds lists or
    documents: its printed text would be delivered."""
    type_name = column_type(columns, found.column, f"{path}.column")
    if is_nested(type_name):
        raise EngineError(
            "model_mismatch",
            f'the column "{found.column}" of "{found.name}" holds {type_name}, not one value',
            f"{path}.column",
            "Take one value out of it in a sql: source.",
        )


def must_tell(consent: Consent, catalog: Catalog) -> None:
    """Raise EngineError("model_mismatch") for a consent whose column can say neither yes nor no, such as a date."""
    path = f"consents.{consent.name}"
    type_name = column_type(catalog.columns(consent.source, path), consent.column, f"{path}.column")
    if physical(type_name) not in _TELLING:
        raise EngineError(
            "model_mismatch",
            f'the consent "{consent.name}" is the column "{consent.column}", which holds {type_name}',
            f"{path}.column",
            "Name a column of true and false, or cast it in a sql: source.",
        )


def agreed_by(consent: Consent, catalog: Catalog, profile: Expr) -> exp.Select:
    """Whether one profile agreed: a SELECT of one value."""
    must_tell(consent, catalog)
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
