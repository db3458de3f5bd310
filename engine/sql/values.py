"""The most frequent values of a trait or property, for editors."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.build import Binder, Statement, alias, column, not_null, render
from engine.sql.sources import Sources


def frequent_values(sources: Sources, name: str, source: str | None, most: int) -> Statement:
    """`value, n` of the most frequent values; of a trait when ``source`` is None, else of that event or object."""
    model = sources.model
    zone = next(iter(model.sites.values())).zone
    if source is None:
        rows, value = sources.profiles, sources.trait(name, zone)
    elif source in model.events:
        rows = sources.event_rows(source, "e")
        value = rows.value(model.events[source].properties[name], zone, "properties")
    else:
        rows = sources.object_rows(source, "o")
        value = rows.value(model.objects[source].properties[name], zone, "properties")
    query = (
        exp.select(alias(value.expr, "value"), alias(exp.Count(this=exp.Star()), "n"))
        .from_(rows.from_item())
        .where(not_null(value.expr.copy()))
        .group_by(value.expr.copy())
        .order_by(exp.Ordered(this=column("n"), desc=True, nulls_first=False), column("value"))
        .limit(most)
    )
    return render(query, Binder())
