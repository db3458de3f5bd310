"""How a profile key becomes an ordinal inside a statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from engine.sql.build import Expr, cast, column, name, number


@dataclass(frozen=True)
class KeyRun:
    """Integer keys from ``first_key`` to ``last_key`` whose ordinals follow one another from ``first_ordinal``."""

    first_key: int
    last_key: int
    first_ordinal: int


@dataclass(frozen=True)
class OrdinalMap:
    """How keys become ordinals: by arithmetic inside runs, else through a scratch table of (key, ordinal)."""

    runs: tuple[KeyRun, ...] = ()
    table: str | None = None


def ordinal_of(key: Expr, ordinals: OrdinalMap) -> tuple[Expr, dict[str, Any] | None]:
    """The ordinal of a key, and the join it needs."""
    runs, table = ordinals.runs, ordinals.table
    if table is None and len(runs) == 1:
        return _shifted(key, runs[0]), None
    cases = [exp.If(this=between(key.copy(), run), true=_shifted(key.copy(), run)) for run in runs]
    if table is None:
        return exp.Case(ifs=cases) if cases else cast(exp.null(), "BIGINT"), None
    same = exp.EQ(this=key.copy(), expression=column("key", "o"))
    looked_up = cast(column("ordinal", "o"), "BIGINT")
    if not cases:
        return looked_up, {"expression": scratch_table(table, "o"), "on": same}
    found = exp.Case(ifs=cases, default=looked_up)
    return found, {"expression": scratch_table(table, "o"), "on": same, "join_type": "left"}


def between(key: Expr, run: KeyRun) -> Expr:
    """Whether a key lies in a run."""
    return exp.Between(this=key, low=number(run.first_key), high=number(run.last_key))


def _shifted(key: Expr, run: KeyRun) -> Expr:
    shift = run.first_ordinal - run.first_key
    moved = exp.Add(this=cast(key, "BIGINT"), expression=number(shift)) if shift else cast(key, "BIGINT")
    return exp.Paren(this=moved)


def scratch_table(table: str, as_name: str) -> exp.Table:
    """A staged table under a short name."""
    return exp.Table(this=name(table), db=name("temp"), alias=exp.TableAlias(this=name(as_name)))
