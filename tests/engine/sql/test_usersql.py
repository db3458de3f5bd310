"""Conditions that people write in a model, as far as they are understood."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.errors import EngineError
from engine.sql import usersql
from engine.sql.usersql import equality


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("event_type = 'view'", ("event_type", "view")),
        ("('view' = \"event type\")", ("event type", "view")),
        ("kind = 7", ("kind", "7")),
        ("kind = 'a' OR kind = 'b'", None),
        ("kind = other", None),
        ("lower(kind) = 'a'", None),
        ("kind = 'a' AND value > 3", None),
        ("t.kind = 'a'", None),
        ("kind != 'a'", None),
        ("this is no condition", None),
    ],
)
def test_a_condition_of_one_column_and_one_constant(text: str, found: tuple[str, str] | None) -> None:
    assert equality(text) == found


def test_a_text_is_carried_over_as_it_was_written() -> None:
    """sqlglot would write `~` as a match of a part, and `-> 'a.b'` as a path."""
    assert (
        usersql.condition("name ~ 'a' -- all of it", "where").sql(dialect="duckdb") == "(\nname ~ 'a' -- all of it\n)"
    )
    assert usersql.select("SELECT j -> 'a.b' FROM t;", "sql").sql(dialect="duckdb") == "SELECT j -> 'a.b' FROM t"


def test_the_clock_needs_a_moment() -> None:
    text = "SELECT id FROM t WHERE ts < now()"
    with pytest.raises(EngineError, match="the clock"):
        usersql.select(text, "profile.sql")
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert (
        usersql.select(text, "rule.sql", noon)
        .sql()
        .endswith("ts < CAST('2026-03-01 12:00:00.000000+00:00' AS TIMESTAMPTZ)")
    )
    assert usersql.looks_at_clock(text)
    assert not usersql.looks_at_clock("SELECT 1")
    assert not usersql.looks_at_clock("no SQL")
