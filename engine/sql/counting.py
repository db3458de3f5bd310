"""Statements that count the rows of one event or object for many tests in one scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlglot import exp

from engine.domain.model import EventType, ObjectType
from engine.domain.rule import Did, Has
from engine.domain.windows import bounds
from engine.sql.build import (
    TRUE,
    Expr,
    Statement,
    alias,
    call,
    cast,
    column,
    conjunction,
    disjunction,
    name,
    negation,
    not_null,
    number,
)
from engine.sql.columns import Value
from engine.sql.events import holds_when_empty, measure_expr, time_bounds, where_expr
from engine.sql.ordinals import between, ordinal_of
from engine.sql.shared import SiteStatements, mask_of, with_any_bit
from engine.sql.sources import Rows


@dataclass(frozen=True)
class Constants:
    """A property and the values that conditions compare it with; a value's code is its place."""

    property: str
    values: tuple[Any, ...]


def _widest(windows: Sequence[tuple[datetime | None, datetime]]) -> tuple[datetime | None, datetime]:
    starts = [start for start, _ in windows]
    first = None if None in starts else min(start for start in starts if start is not None)
    return first, max(end for _, end in windows)


class CountScans(SiteStatements):
    """Compiles the scans of events and objects of one site."""

    def constant_counts(self, node: Did | Has, constants: Constants) -> Statement:
        """`code, n`: how many rows each constant has."""
        self._reset()
        rows, kind, _ = self._rows(node)
        query = exp.select(column("code", "c"), alias(exp.Count(this=exp.Star()), "n")).from_(rows.from_item())
        query = self._joined(query, rows, kind, constants).where(*self._known_owner(rows, kind))
        return self._rendered(query.group_by(column("code", "c")))

    def row_count(self, node: Did | Has) -> Statement:
        """`n`: how many rows the event or object has."""
        self._reset()
        rows, kind, _ = self._rows(node)
        query = exp.select(alias(exp.Count(this=exp.Star()), "n")).from_(rows.from_item())
        return self._rendered(query.where(*self._known_owner(rows, kind)))

    def counted(
        self, nodes: Sequence[Did | Has], constants: Constants | None, part: tuple[int, int] | None = None
    ) -> Statement:
        """`code, ordinal, mask`: for each constant and profile, which of the tests hold.

        A test that profiles without any event satisfy too has its bit set where it does *not* hold. ``part`` (i, k)
        takes the i-th of k shares of the profiles.
        """
        self._reset()
        rows, kind, time = self._rows(nodes[0])
        ordinal, join = ordinal_of(self._sources.owner(rows, kind), self._ordinals)
        code = number(0) if constants is None else column("code", "c")
        common, guards = self._guards(nodes, rows, kind, time)
        tests = [
            _stored(node, measure_expr(node.measure, rows, kind, time, self._at, guard))
            for node, guard in zip(nodes, guards, strict=True)
        ]
        query = exp.select(alias(code, "code"), alias(ordinal, "ordinal"), alias(mask_of(tests), "mask"))
        query = query.from_(rows.from_item())
        if constants is not None:
            query = self._joined(query, rows, kind, constants)
        if join is not None:
            query = query.join(**join)
        query = query.where(*self._known_owner(rows, kind), *common)
        if part is not None:
            share = exp.Mod(this=exp.Paren(this=ordinal.copy()), expression=number(part[1]))
            query = query.where(exp.EQ(this=share, expression=number(part[0])))
        query = query.group_by(*[part_.copy() for part_ in ([] if constants is None else [code])], ordinal.copy())
        return self._rendered(with_any_bit(query, ["code", "ordinal"]))

    def tallies(
        self,
        node: Did,
        constants: Constants | None,
        windows: Sequence[tuple[datetime | None, datetime]],
        ordinals: tuple[int, int],
    ) -> Statement:
        """`code, ordinal, n0, n1, …`: for each constant and profile, how many rows lie in each window.

        ``node`` gives the event and what its rows must satisfy; its own window is not looked at. Only ordinals from
        ``ordinals[0]`` up to, not including, ``ordinals[1]`` count.
        """
        self._reset()
        rows, kind, time = self._rows(node)
        assert time is not None  # noqa: S101 — events have one
        ordinal, join = ordinal_of(self._sources.owner(rows, kind), self._ordinals)
        code = number(0) if constants is None else column("code", "c")
        bounded = [conjunction(time_bounds(time, start, end, self._at)) for start, end in windows]
        counts = [
            alias(cast(exp.Count(this=exp.Case(ifs=[exp.If(this=inside, true=number(1))])), "INTEGER"), f"n{i}")
            for i, inside in enumerate(bounded)
        ]
        query = exp.select(alias(code, "code"), alias(ordinal, "ordinal"), *counts).from_(rows.from_item())
        if constants is not None:
            query = self._joined(query, rows, kind, constants)
        if join is not None:
            query = query.join(**join)
        asked = where_expr(node.where, rows, kind, self._at)
        query = query.where(*self._known_owner(rows, kind), *time_bounds(time, *_widest(windows), self._at), asked)
        low = exp.GTE(this=ordinal.copy(), expression=number(ordinals[0]))
        query = query.where(low, exp.LT(this=ordinal.copy(), expression=number(ordinals[1])))
        return self._rendered(query.group_by(*([] if constants is None else [code.copy()]), ordinal.copy()))

    def digests(
        self, node: Did, constants: Constants | None, windows: Sequence[tuple[datetime | None, datetime]]
    ) -> Statement:
        """`h0, h1, …`: for each window, a sum of hashes of what counters take from its rows.

        Sums add up: the digest of a window that moved is the old one, plus what entered, minus what left.
        """
        self._reset()
        rows, kind, time = self._rows(node)
        assert time is not None  # noqa: S101 — events have one
        looked_at = [self._sources.owner(rows, kind), time.expr.copy()]
        if constants is not None:
            value = rows.value(kind.properties[constants.property], self._at.tz, "properties")
            looked_at.append(value.expr)
        hashed = cast(call("hash", *looked_at), "HUGEINT")
        sums = []
        for i, (start, end) in enumerate(windows):
            inside = exp.Case(
                ifs=[exp.If(this=conjunction(time_bounds(time, start, end, self._at)), true=hashed.copy())]
            )
            total = exp.Coalesce(this=call("sum", inside), expressions=[number(0)])
            sums.append(alias(cast(total, "VARCHAR"), f"h{i}"))
        asked = where_expr(node.where, rows, kind, self._at)
        query = exp.select(*sums).from_(rows.from_item())
        query = query.where(*self._known_owner(rows, kind), *time_bounds(time, *_widest(windows), self._at), asked)
        return self._rendered(query)

    def _guards(
        self, nodes: Sequence[Did | Has], rows: Rows, kind: EventType | ObjectType, time: Value | None
    ) -> tuple[list[Expr], list[Expr | None]]:
        """What all tests ask of a row (for WHERE), and what each asks besides."""
        asked = [self._asked(node, rows, kind, time) for node in nodes]
        if all(one == asked[0] for one in asked):
            return asked[0], [None] * len(nodes)
        guards: list[Expr | None] = [conjunction(one) for one in asked]
        if any(not one for one in asked):
            return [], guards
        different = list({one.sql(): one for one in (conjunction(parts) for parts in asked)}.values())
        outer = self._outer_bounds(nodes, time)
        return [*outer, disjunction([d.copy() for d in different])] if len(different) <= 8 else outer, guards

    def _asked(self, node: Did | Has, rows: Rows, kind: EventType | ObjectType, time: Value | None) -> list[Expr]:
        where = where_expr(node.where, rows, kind, self._at)
        inside = [] if where == TRUE else [where]
        if time is None or isinstance(node, Has):
            return inside
        return [*time_bounds(time, *bounds(node.window, self._at.as_of, self._at.tz), self._at), *inside]

    def _outer_bounds(self, nodes: Sequence[Did | Has], time: Value | None) -> list[Expr]:
        """The widest window of all, so that a scan reads no more days than it needs."""
        if time is None:
            return []
        windows = [bounds(node.window, self._at.as_of, self._at.tz) for node in nodes if isinstance(node, Did)]
        starts = [start for start, _ in windows if start is not None]
        first = min(starts) if len(starts) == len(windows) else None
        return time_bounds(time, first, max(end for _, end in windows), self._at)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _rows(self, node: Did | Has) -> tuple[Rows, EventType | ObjectType, Value | None]:
        model = self._world.model
        if isinstance(node, Has):
            return self._sources.object_rows(node.object, "e"), model.objects[node.object], None
        rows = self._sources.event_rows(node.event, "e")
        return rows, model.events[node.event], self._sources.event_time(rows, node.event, self._at.tz)

    def _joined(self, query: exp.Select, rows: Rows, kind: EventType | ObjectType, constants: Constants) -> exp.Select:
        """The rows whose property equals one of the constants, each with the constant's code."""
        value = rows.value(kind.properties[constants.property], self._at.tz, "properties")
        values = self._binder.bind(list(constants.values))
        codes = self._binder.bind(list(range(len(constants.values))))
        pairs = exp.select(alias(call("unnest", values), "value"), alias(call("unnest", codes), "code"))
        table = exp.Subquery(this=pairs, alias=exp.TableAlias(this=name("c")))
        return query.join(table, on=exp.EQ(this=value.expr, expression=column("value", "c")))

    def _known_owner(self, rows: Rows, kind: EventType | ObjectType) -> list[Expr]:
        """Rows of profiles that may have an ordinal here."""
        owner = self._sources.owner(rows, kind)
        if self._ordinals.table is not None or not self._ordinals.runs:
            return [not_null(owner)]
        return [disjunction([between(owner.copy(), run) for run in self._ordinals.runs])]


def _stored(node: Did | Has, satisfied: Expr) -> Expr:
    return negation(satisfied) if holds_when_empty(node.measure) else satisfied
