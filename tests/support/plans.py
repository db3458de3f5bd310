"""Other settings of DuckDB under which every answer must be the same: the plan may change, the members may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import duckdb

HUGE = 1 << 40
_NO_PUSHDOWN = "filter_pushdown,filter_pullup,join_filter_pushdown,statistics_propagation,empty_result_pullup"
_NO_ORDER = "join_order,build_side_probe_side,reorder_filter,in_clause,deliminator,join_elimination"
_NO_SHARING = "common_subexpressions,common_subplan,common_aggregate,cte_inlining,cte_filter_pusher,materialized_cte"
_NO_WIDTHS = "compressed_materialization,statistics_propagation,unused_columns,column_lifetime,duplicate_groups"


@dataclass(frozen=True)
class Plan:
    """Settings of a session, and optimisers that are off."""

    name: str
    settings: Sequence[tuple[str, object]] = ()
    without: Sequence[str] = ()
    """Optimisers that are off besides those that Convoke itself puts out; ``*`` is all of them."""
    some_without: bool = False
    """A third of the optimisers, by chance, is off."""
    unsupported: str | None = None
    """DuckDB's words for a join that it cannot plan under these settings: no answer at all, so nothing to compare."""

    def cannot_ask(self, error: BaseException) -> bool:
        """Whether an error only says that DuckDB cannot plan such a query under these settings."""
        cause: BaseException | None = error
        while cause is not None and self.unsupported is not None:
            if isinstance(cause, duckdb.NotImplementedException) and self.unsupported in str(cause):
                return True
            cause = cause.__cause__ or cause.__context__
        return False

    def apply(self, connection: duckdb.DuckDBPyConnection, rng: Random) -> None:
        """Plan like this from now on."""
        if self.without or self.some_without:
            every = [row[0] for row in connection.execute("FROM duckdb_optimizers()").fetchall()]
            mine = connection.execute("SELECT current_setting('disabled_optimizers')").fetchall()[0][0]
            off = [one for one in str(mine).split(",") if one]
            off += [one for one in every if one in self.without or "*" in self.without]
            off += [one for one in every if self.some_without and rng.random() < 1 / 3]
            connection.execute(f"SET disabled_optimizers = '{','.join(dict.fromkeys(off))}'")
        for name, value in self.settings:
            connection.execute(f"SET GLOBAL {name} = '{value}'")


AS_IT_IS = Plan("as it is")
PLANS = (
    AS_IT_IS,
    Plan("one thread", [("threads", 1)]),
    Plan("eight threads", [("threads", 8)]),
    Plan(
        "loops",
        [
            ("asof_loop_join_threshold", HUGE),
            ("nested_loop_join_threshold", HUGE),
            ("merge_join_threshold", HUGE),
        ],
    ),
    Plan(
        "no loops",
        [
            ("asof_loop_join_threshold", 0),
            ("nested_loop_join_threshold", 0),
            ("merge_join_threshold", 0),
        ],
    ),
    Plan(
        "range joins",
        [("prefer_range_joins", True), ("nested_loop_join_threshold", 0)],
        unsupported="Unimplemented join type for merge join",
    ),
    Plan("range joins for ASOF", [("debug_asof_iejoin", True), ("asof_loop_join_threshold", 0)]),
    Plan("separate windows", [("debug_window_mode", "SEPARATE"), ("threads", 4)]),
    Plan("no perfect hashes", [("perfect_ht_threshold", 0), ("dynamic_or_filter_threshold", 0)]),
    Plan("odd vectors", [("debug_verify_vector", "DICTIONARY_EXPRESSION")]),
    Plan("constant vectors", [("debug_verify_vector", "CONSTANT_OPERATOR"), ("asof_loop_join_threshold", 0)]),
    Plan("little memory", [("memory_limit", "32MB"), ("threads", 2)]),
    Plan("no optimiser", without=["*"]),
    Plan("no optimiser, no loops", [("asof_loop_join_threshold", 0)], without=["*"]),
    Plan("partitioned execution", [("disabled_optimizers", "")]),
    Plan("filters stay", without=_NO_PUSHDOWN.split(",")),
    Plan("order stays", without=_NO_ORDER.split(",")),
    Plan("nothing shared", without=_NO_SHARING.split(",")),
    Plan("full widths", without=_NO_WIDTHS.split(",")),
    Plan("some optimisers", some_without=True),
    Plan("some optimisers, no loops", [("asof_loop_join_threshold", 0), ("threads", 8)], some_without=True),
)


def drawn(rng: Random) -> Plan:
    """As it is in four of ten worlds, else one of the others."""
    return AS_IT_IS if rng.random() < 0.4 else rng.choice(PLANS[1:])
