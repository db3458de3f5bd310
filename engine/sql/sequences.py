"""`sequence`: events in order, by stepwise reachability.

Step i keeps the distinct (profile, time, carried properties) of events that can be the i-th of a chain. Only the latest
possible predecessor matters as long as nothing else is carried, since it is the best for every bound at once: then an
ASOF join finds it in n log n. Carried properties and calendar gaps need the pairs themselves.

Every key that a join equates is filtered to be present before it: missing equals nothing, under any plan.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from engine.domain.durations import Duration
from engine.domain.rule import Same, Sequence, Step, Where
from engine.domain.windows import bounds
from engine.sql.build import (
    Expr,
    alias,
    cast,
    column,
    conjunction,
    disjunction,
    is_null,
    name,
    not_null,
    within,
)
from engine.sql.columns import aware
from engine.sql.events import time_bounds, where_expr
from engine.sql.moments import seconds, shifted
from engine.sql.numbers import one_type
from engine.sql.predicates import Moment
from engine.sql.sources import Sources


@dataclass(frozen=True)
class _Carry:
    """A property of an earlier named step that a later step needs."""

    step: int
    subject: str

    @property
    def column(self) -> str:
        return f"carry_{self.step}_{self.subject}"


def _same_column(step: Step, place: int) -> str:
    """The column of the property that a step equates at this place; one equated twice may have two types."""
    wanted = step.same[place].property
    earlier = any(same.property == wanted for same in step.same[:place])
    return f"same_{wanted} {place}" if earlier else f"same_{wanted}"


def _as(value: Expr, type_name: str | None) -> Expr:
    """The value in another type, NULL when it does not fit; as it is without one."""
    return value if type_name is None else cast(value, type_name, safe=True)


def sequence_expr(node: Sequence, sources: Sources, at: Moment) -> Expr:
    """Profiles with some assignment of events to the steps."""
    chain = _Chain(node, sources, at)
    return within(sources.key(), chain.query())


class _Chain:
    def __init__(self, node: Sequence, sources: Sources, at: Moment) -> None:
        self._steps = node.steps
        self._sources = sources
        self._at = at
        self._start, self._end = bounds(node.window, at.as_of, at.tz)
        self._named = {step.name: i for i, step in enumerate(node.steps) if step.name}

    def query(self) -> exp.Select:
        """The profiles that reach the last step."""
        last = len(self._steps) - 1
        result = exp.select(column("profile")).from_(exp.Table(this=name(f"reach_{last}")))
        for i, step in enumerate(self._steps):
            result = result.with_(name(f"step_{i}"), as_=self._events(i, step))
            if step.without is not None:
                result = result.with_(name(f"between_{i}"), as_=self._between(step))
            reach = self._first() if i == 0 else self._next(i, step)
            result = result.with_(name(f"reach_{i}"), as_=reach)
        return result

    # -- what must be carried --------------------------------------------------------------------------------------

    def _needed_after(self, index: int) -> list[_Carry]:
        """Properties of steps up to ``index`` that later steps equate."""
        found = {
            _Carry(self._named[same.step], same.other)
            for step in self._steps[index + 1 :]
            for same in step.same
            if self._named[same.step] <= index
        }
        return sorted(found, key=lambda carry: (carry.step, carry.subject))

    # -- rows of one step ------------------------------------------------------------------------------------------

    def _events(self, index: int, step: Step) -> exp.Select:
        """The step's own events: profile, time, what later steps need of it, and what it equates itself."""
        rows = self._sources.event_rows(step.event, "e")
        kind = self._sources.model.events[step.event]
        columns = {c.column: c.subject for c in self._needed_after(index) if c.step == index}
        columns |= {_same_column(step, place): same.property for place, same in enumerate(step.same)}
        shared = {_same_column(step, place): self._shared_type(step, same) for place, same in enumerate(step.same)}
        parts: list[Expr] = []
        known: list[Expr] = []
        for column_name, subject in columns.items():
            value = _as(rows.value(kind.properties[subject], self._at.tz, "properties").expr, shared.get(column_name))
            parts.append(alias(value, column_name))
            # Such a row is part of no chain, and an ASOF join may take NULL for equal to NULL (DuckDB 1.5 does so from
            # 64 rows on).
            known.append(not_null(value.copy()))
        return self._rows(step.event, step.where, parts, known)

    def _shared_type(self, step: Step, same: Same) -> str | None:
        """The type in which two equated properties are compared; None for their own."""
        sides = ((step.event, same.property), (self._steps[self._named[same.step]].event, same.other))
        found = []
        for event, subject in sides:
            kind, rows = self._sources.model.events[event], self._sources.event_rows(event, "e")
            found.append(rows.value(kind.properties[subject], self._at.tz, "properties").digits)
        return one_type(*found)

    def _between(self, step: Step) -> exp.Select:
        without = step.without
        assert without is not None  # noqa: S101 — the caller looked
        return self._rows(without.event, without.where, [], [])

    def _rows(self, event: str, where: Where | None, more: list[Expr], asked: list[Expr]) -> exp.Select:
        rows = self._sources.event_rows(event, "e")
        kind = self._sources.model.events[event]
        time = self._sources.event_time(rows, event, self._at.tz)
        owner = self._sources.owner(rows, kind)
        condition = where_expr(where, rows, kind, self._at)
        return (
            exp.select(alias(owner, "profile"), alias(aware(time), "time"), *more)
            .distinct()
            .from_(rows.from_item())
            .where(
                conjunction(
                    [
                        not_null(owner.copy()),
                        *time_bounds(time, self._start, self._end, self._at),
                        *asked,
                        condition,
                    ]
                )
            )
        )

    # -- reachability ----------------------------------------------------------------------------------------------

    def _first(self) -> exp.Select:
        return exp.select("*").from_(exp.Table(this=name("step_0")))

    def _next(self, index: int, step: Step) -> exp.Select:
        carried = self._needed_after(index)
        outputs = [alias(column("profile", "now"), "profile"), alias(column("time", "now"), "time")]
        outputs += [alias(column(c.column, "now" if c.step == index else "before"), c.column) for c in carried]
        now = self._now(index, step)
        previous = exp.alias_(exp.Table(this=name(f"reach_{index - 1}")), "before", quoted=True, table=True)
        query = exp.select(*outputs).distinct().from_(now)
        same = [
            exp.EQ(
                this=column(_same_column(step, place), "now"),
                expression=_as(
                    column(_Carry(self._named[s.step], s.other).column, "before"), self._shared_type(step, s)
                ),
            )
            for place, s in enumerate(step.same)
        ]
        one_profile = exp.EQ(this=column("profile", "now"), expression=column("profile", "before"))
        later, rest = self._order(step)
        if step.without is not None:
            gone = column("blocked", "now")
            rest.append(disjunction([is_null(gone), exp.LTE(this=gone.copy(), expression=column("time", "before"))]))
        if self._latest_is_enough(index, step):
            joined = query.join(previous, on=conjunction([one_profile, *same, later]), join_type="asof")
            return joined.where(conjunction(rest)) if rest else joined
        return query.join(previous, on=conjunction([one_profile, *same, later, *rest]), join_type="inner")

    def _latest_is_enough(self, index: int, step: Step) -> bool:
        if any(bound is not None and bound.exact is None for bound in (step.gap_at_least, step.gap_at_most)):
            return False
        equated = {_Carry(self._named[s.step], s.other) for s in step.same}
        return all(carry.step == index or carry in equated for carry in self._needed_after(index))

    def _now(self, index: int, step: Step) -> Expr:
        """The step's events, each with the latest blocking event before it when there is a `without`."""
        events = exp.Table(this=name(f"step_{index}"))
        if step.without is None:
            return exp.alias_(events, "now", quoted=True, table=True)
        left = exp.alias_(events, "one", quoted=True, table=True)
        right = exp.alias_(exp.Table(this=name(f"between_{index}")), "other", quoted=True, table=True)
        on = conjunction(
            [
                exp.EQ(this=column("profile", "one"), expression=column("profile", "other")),
                exp.GT(this=column("time", "one"), expression=column("time", "other")),
            ]
        )
        star = exp.Column(this=exp.Star(), table=name("one"))
        query = exp.select(star, alias(column("time", "other"), "blocked")).from_(left)
        query = query.join(right, on=on, join_type="asof left")
        return exp.Subquery(this=query, alias=exp.TableAlias(this=name("now")))

    def _order(self, step: Step) -> tuple[Expr, list[Expr]]:
        """The inequality that finds the predecessor, and the bounds checked on it."""
        now, before = column("time", "now"), column("time", "before")
        later: Expr = exp.GT(this=now, expression=before)
        rest: list[Expr] = []
        if step.gap_at_least is not None and step.gap_at_least.count > 0:
            least = step.gap_at_least
            if least.exact is not None:
                bound = exp.Sub(this=now.copy(), expression=seconds(least.seconds))
                later = exp.GTE(this=bound, expression=before.copy())
            else:
                rest.append(exp.GTE(this=now.copy(), expression=self._after(least)))
        if step.gap_at_most is not None:
            rest.append(exp.LTE(this=now.copy(), expression=self._after(step.gap_at_most)))
        return later, rest

    def _after(self, duration: Duration) -> Expr:
        return shifted(column("time", "before"), duration, 1, self._at.tz)
