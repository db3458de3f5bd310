"""Small builders of sqlglot expressions: quoted names, functions, balanced AND/OR, bound values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlglot import exp

Expr: TypeAlias = exp.Expr


@dataclass(frozen=True)
class Statement:
    """SQL text and the values of its ``$1 …`` parameters."""

    sql: str
    parameters: tuple[Any, ...]
    tree: exp.Expr

    def pretty(self) -> str:
        """The SQL on many lines, for reading; the parameters stay parameters."""
        return self.tree.sql(dialect="duckdb", pretty=True)


class Binder:
    """Collects the values of one statement; equal values share a parameter."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._places: dict[tuple[str, str], int] = {}

    def bind(self, value: Any) -> Expr:
        """A parameter that stands for the value."""
        identity = (type(value).__name__, repr(value))
        if identity not in self._places:
            self._values.append(value)
            self._places[identity] = len(self._values)
        return exp.Parameter(this=exp.Literal.number(self._places[identity]))

    @property
    def values(self) -> tuple[Any, ...]:
        """The values in parameter order."""
        return tuple(self._values)


def name(text: str) -> exp.Identifier:
    """A quoted identifier."""
    return exp.to_identifier(text, quoted=True)


def column(text: str, table: str | None = None) -> exp.Column:
    """A quoted column, of a table alias when given."""
    return exp.Column(this=name(text), table=name(table) if table else None)


def call(function: str, *arguments: Expr) -> Expr:
    """A function call, printed exactly by that name."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def number(value: int) -> Expr:
    """A whole number that is part of the SQL itself, not a user's value."""
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


def word(text: str) -> Expr:
    """A constant text that is part of the SQL itself, such as a time zone's name."""
    return exp.Literal.string(text)


def cast(value: Expr, to: str, *, safe: bool = False) -> Expr:
    """CAST, or TRY_CAST when ``safe``."""
    made = exp.TryCast if safe else exp.Cast
    return made(this=value, to=exp.DataType.build(to, dialect="duckdb"))


TRUE: Expr = exp.true()
FALSE: Expr = exp.false()


def _tree(kind: type[exp.Connector], parts: Sequence[Expr]) -> Expr:
    """A balanced tree, so that thousands of parts stay shallow."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _tree(kind, parts[:middle]), _tree(kind, parts[middle:])
    return exp.Paren(this=kind(this=left, expression=right))


def conjunction(parts: Sequence[Expr]) -> Expr:
    """AND of them all; TRUE for none."""
    kept = [part for part in parts if part != TRUE]
    return _tree(exp.And, kept) if kept else TRUE.copy()


def disjunction(parts: Sequence[Expr]) -> Expr:
    """OR of them; FALSE for none."""
    kept = [part for part in parts if part != FALSE]
    return _tree(exp.Or, kept) if kept else FALSE.copy()


def negation(part: Expr) -> Expr:
    """TRUE exactly when the part is not TRUE."""
    return exp.Not(this=exp.Is(this=exp.Paren(this=part), expression=TRUE.copy()))


def is_null(part: Expr) -> Expr:
    """``part IS NULL``."""
    return exp.Is(this=part, expression=exp.null())


def not_null(part: Expr) -> Expr:
    """``part IS NOT NULL``."""
    return exp.Not(this=is_null(part))


def within(part: Expr, query: exp.Query) -> Expr:
    """``part IN (query)``."""
    return exp.In(this=part, query=exp.Subquery(this=query))


def alias(part: Expr, text: str) -> Expr:
    """``part AS "text"``."""
    return exp.alias_(part, text, quoted=True)


def naive(instant: datetime) -> datetime:
    """A UTC instant as a timestamp without zone."""
    return instant.replace(tzinfo=None)


def render(query: Expr, binder: Binder) -> Statement:
    """The finished statement."""
    return Statement(query.sql(dialect="duckdb"), binder.values, query)
