"""Sessions: what a profile did without a longer pause, as one event of its own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.domain.durations import Duration
from engine.domain.model import DataModel
from engine.sql.build import Expr, alias, call, column, name, not_null, number, word
from engine.sql.columns import Catalog, aware
from engine.sql.sources import Sources

PROPERTIES = {
    "ended": "timestamp",
    "seconds": "integer",
    "events": "integer",
    "first_event": "string",
    "last_event": "string",
}
"""Of a session: when its last event was, how long it took, how many events it has, which were the first and last."""


def sessions(model: DataModel, catalog: Catalog, events: Sequence[str], gap: Duration) -> str:
    """A SELECT of ``profile``, ``started`` and :data:`PROPERTIES` of every session: events of a profile, of these
    kinds, each at most ``gap`` after the one before. At one moment they are in the order of their names."""
    sources = Sources(model, catalog)
    zone = next(iter(model.sites.values())).zone
    parts: list[exp.Query] = []
    for one in events:
        rows = sources.event_rows(one, "e")
        owner = sources.owner(rows, model.events[one])
        time = aware(sources.event_time(rows, one, zone))
        query = exp.select(alias(owner, "who"), alias(time, "at"), alias(word(one), "what")).from_(rows.from_item())
        parts.append(query.where(not_null(owner.copy()), not_null(time.copy())))
    every = parts[0]
    for part in parts[1:]:
        every = exp.union(every, part, distinct=False)
    numbered = _numbered(_paused(every, gap))
    wanted = [
        alias(column("who", "n"), "profile"),
        alias(call("min", column("at", "n")), "started"),
        alias(call("max", column("at", "n")), "ended"),
        alias(exp.Cast(this=_seconds(), to=exp.DataType.build("BIGINT")), "seconds"),
        alias(exp.Count(this=exp.Star()), "events"),
        alias(call("arg_min", column("what", "n"), _place()), "first_event"),
        alias(call("arg_max", column("what", "n"), _place()), "last_event"),
    ]
    query = exp.select(*wanted).from_(numbered).group_by(column("who", "n"), column("number", "n"))
    return query.sql(dialect="duckdb", pretty=True)


def _seconds() -> Expr:
    first, last = call("min", column("at", "n")), call("max", column("at", "n"))
    return call("floor", exp.Paren(this=exp.Sub(this=call("epoch", last), expression=call("epoch", first))))


def _place() -> Expr:
    return call("struct_pack", *(exp.PropertyEQ(this=name(one), expression=column(one, "n")) for one in ("at", "what")))


def _paused(every: exp.Query, gap: Duration) -> exp.Subquery:
    """Every event with 1 where a session begins, else 0."""
    rows = exp.Subquery(this=every, alias=exp.TableAlias(this=name("a")))
    before = exp.Window(
        this=call("lag", column("at", "a")), partition_by=[column("who", "a")], order=_order("a"), alias=None
    )
    passed = exp.Paren(this=exp.Sub(this=call("epoch", column("at", "a")), expression=call("epoch", before)))
    goes_on = exp.LTE(this=passed, expression=number(gap.seconds))
    begins = exp.Case(ifs=[exp.If(this=goes_on, true=number(0))], default=number(1))
    query = exp.select(column("who", "a"), column("at", "a"), column("what", "a"), alias(begins, "begins")).from_(rows)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=name("p")))


def _numbered(paused: exp.Subquery) -> exp.Subquery:
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    total = exp.Window(
        this=call("sum", column("begins", "p")), partition_by=[column("who", "p")], order=_order("p"), spec=spec
    )
    query = exp.select(column("who", "p"), column("at", "p"), column("what", "p"), alias(total, "number")).from_(paused)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=name("n")))


def _order(table: str) -> exp.Order:
    parts = [exp.Ordered(this=column(one, table), desc=False, nulls_first=False) for one in ("at", "what")]
    return exp.Order(expressions=parts)
