"""Profile keys must be unique and never null, or every count would be wrong."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.errors import EngineError
from engine.jobs import Job
from engine.sql.build import Binder, alias, call, column, render, within
from engine.sql.sources import Sources
from engine.warehouses.protocol import Warehouse


def verify_keys(sources: Sources, warehouse: Warehouse, job: Job | None = None) -> int:
    """The number of profiles; raises EngineError("bad_key") that names a null or duplicate key."""
    key = sources.key()
    query = exp.select(
        alias(exp.Count(this=exp.Star()), "profiles"),
        alias(exp.Count(this=key), "known"),
        alias(exp.Count(this=exp.Distinct(expressions=[key.copy()])), "different"),
    ).from_(sources.profiles.from_item())
    profiles, known, different = warehouse.rows(query.sql(dialect="duckdb"), (), job)[0]
    where = f"profile.key ({sources.model.profile.key})"
    if known < profiles:
        raise EngineError(
            "bad_key",
            f"{profiles - known:,} of {profiles:,} profiles have no key",
            where,
            "Correct the table, or filter them out with where: in the model.",
        )
    if different < profiles:
        raise EngineError(
            "bad_key",
            f'the key "{_duplicate(sources, warehouse)}" stands for more than one profile '
            f"({profiles - different:,} rows too many)",
            where,
            "Make the keys unique, for example with a GROUP BY in a sql: source.",
        )
    return int(profiles)


def known_keys(sources: Sources, warehouse: Warehouse, keys: Sequence[str]) -> set[str]:
    """Those of some keys (as text) that profiles have."""
    binder = Binder()
    wanted = exp.select(call("unnest", binder.bind(list(dict.fromkeys(keys)))))
    query = exp.select(alias(sources.key_text(), "key")).from_(sources.profiles.from_item())
    statement = render(query.where(within(sources.key_text(), wanted)), binder)
    return {row[0] for row in warehouse.rows(statement.sql, statement.parameters)}


def _duplicate(sources: Sources, warehouse: Warehouse) -> object:
    query = (
        exp.select(alias(sources.key(), "key"))
        .from_(sources.profiles.from_item())
        .group_by(sources.key())
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
        .order_by(column("key"))
        .limit(1)
    )
    return warehouse.rows(query.sql(dialect="duckdb"))[0][0]
