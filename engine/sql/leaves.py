"""Every leaf of a rule as a boolean expression over the profile row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol, TypeAlias, assert_never

from sqlglot import exp

from engine.domain.audience import Top
from engine.domain.rule import Did, Has, InList, Sample, Sql, TraitIs
from engine.domain.rule import Sequence as Steps
from engine.errors import EngineError
from engine.sql import usersql
from engine.sql.build import (
    FALSE,
    TRUE,
    Expr,
    alias,
    call,
    cast,
    column,
    name,
    not_null,
    number,
    within,
    word,
)
from engine.sql.columns import Physical, physical
from engine.sql.events import did_expr, has_expr
from engine.sql.predicates import Moment, predicate
from engine.sql.sequences import sequence_expr
from engine.sql.sources import Sources

Condition: TypeAlias = TraitIs | Did | Has | Steps | InList | Sample | Sql
"""A leaf that needs the warehouse; references to audiences are expanded before."""

Keys: TypeAlias = Sequence[str] | Sequence[int]


class Describe(Protocol):
    """Names and types of the columns a SELECT returns, without running it."""

    def __call__(self, sql: str, path: str) -> Mapping[str, str]: ...


def leaf_expr(
    node: Condition, path: str, sources: Sources, at: Moment, lists: Mapping[str, Keys], describe: Describe
) -> Expr:
    """TRUE exactly for the profiles in the leaf's set."""
    match node:
        case TraitIs(trait, operator):
            return predicate(sources.trait(trait, at.tz), operator, at)
        case Did():
            return did_expr(node, sources, at)
        case Has():
            return has_expr(node, sources, at)
        case Steps():
            return sequence_expr(node, sources, at)
        case InList(wanted):
            return _listed(lists[wanted], sources, at)
        case Sample():
            return _sample(node, sources, at)
        case Sql(text):
            return _sql(text, path, sources, at, describe)
        case _:
            assert_never(node)


def _listed(keys: Keys, sources: Sources, at: Moment) -> Expr:
    if not keys:
        return FALSE.copy()
    return within(sources.key(), exp.select(call("unnest", at.bind(list(keys)))))


def _sample(node: Sample, sources: Sources, at: Moment) -> Expr:
    """The first eight hex digits of SHA-256("seed:key") below the share of 2³²; hex compares as text."""
    threshold = Fraction(node.percent) / 100 * 2**32
    limit = threshold.numerator // threshold.denominator
    if limit >= 2**32:
        return TRUE.copy()
    salted = call("concat", at.bind(f"{node.seed}:"), sources.key_text())
    digits = call("left", call("sha256", salted), number(8))
    return exp.LT(this=digits, expression=at.bind(f"{limit:08x}"))


def _sql(text: str, path: str, sources: Sources, at: Moment, describe: Describe) -> Expr:
    query = usersql.select(text, path, at.as_of)
    columns = describe(query.name, path)
    if len(columns) != 1:
        raise EngineError(
            "bad_sql",
            f"the SQL returns {len(columns)} columns, it must return the profile key alone",
            path,
            f"Return only {sources.model.profile.key}.",
        )
    ((found, type_name),) = columns.items()
    kind = physical(type_name)
    if kind is not (Physical.INTEGER if sources.integer_key else Physical.TEXT):
        wanted = "an integer" if sources.integer_key else "text"
        raise EngineError(
            "bad_sql",
            f'the SQL returns "{found}", which holds {type_name}, but the profile key is {wanted}',
            path,
            f"Return {sources.model.profile.key}.",
        )
    rows = exp.Subquery(this=query, alias=exp.TableAlias(this=name("q"), columns=[name("key")]))
    key = column("key", "q")
    chosen: Expr = key if sources.integer_key else cast(key, "VARCHAR")
    return within(sources.key(), exp.select(chosen).from_(rows).where(not_null(key.copy())))


def ranked(query: exp.Select, top: Top, sources: Sources, at: Moment) -> exp.Select:
    """The first n of a query of keys: missing values last, ties by smaller key."""
    if top.count == 0:  # DuckDB 1.5 can fail on LIMIT 0 over text that is ordered
        return query.where(FALSE.copy())
    value = sources.trait(top.trait, at.tz)
    by = exp.Ordered(this=value.expr, desc=top.order == "desc", nulls_first=False)
    return query.order_by(by, exp.Ordered(this=sources.key(), desc=False, nulls_first=False)).limit(top.count)


def key_column(sources: Sources) -> Expr:
    """The profile key, named `key`."""
    return alias(sources.key(), "key")


def site_column(sources: Sources, only_site: str) -> Expr:
    """The site of a profile, named `site`."""
    site = sources.site()
    return alias(word(only_site) if site is None else site, "site")
