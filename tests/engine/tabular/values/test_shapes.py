"""The shapes of texts are the same in Python and in SQL."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tabular.values.shapes import of_all, of_some, shape_of

CONNECTION = duckdb.connect()


def test_shapes() -> None:
    assert [shape_of(one) for one in ("07/10/2026", "R$ 0,50", "Ana", "10", "x-09")] == [
        "09/99/9999",
        "R$ 0,99",
        "Ana",
        "99",
        "x-09",
    ]


@given(st.lists(st.text(alphabet="0129 .,-/%R$é\u00a0aN", max_size=8) | st.none(), max_size=12))
@settings(max_examples=40)
def test_both_ways_count_the_same(texts: list[str | None]) -> None:
    CONNECTION.execute("CREATE OR REPLACE TEMP TABLE t AS SELECT unnest(?::VARCHAR[]) AS v", [texts])
    assert of_some(CONNECTION, "t", ["v"]) == of_all(CONNECTION, "t", ["v"])


def test_text_is_seen_early() -> None:
    CONNECTION.execute("CREATE OR REPLACE TEMP TABLE t AS SELECT 'name ' || i AS v FROM range(20000) x(i)")
    found = of_some(CONNECTION, "t", ["v"])["v"]
    assert found.text
    assert found.there < 10_000
    assert of_all(CONNECTION, "t", ["v"])["v"].others > 0
