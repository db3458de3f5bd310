"""What the columns of a SELECT are made of."""

from __future__ import annotations

import pytest

from engine.sql.reading import columns_read, row_by_row

TABLES = {
    "orders": {"user_id": "BIGINT", "coupon": "VARCHAR", "ts": "TIMESTAMP", "amount": "DOUBLE"},
    "crm.users": {"id": "BIGINT", "Plan": "VARCHAR"},
}
USER, COUPON, TIME = ("orders", "user_id"), ("orders", "coupon"), ("orders", "ts")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "SELECT user_id AS who, amount * 2 AS double FROM orders WHERE coupon = 'x'",
            {"who": {USER}, "double": {("orders", "amount")}},
        ),
        (
            "SELECT o.user_id, u.plan, max(o.ts) AS last FROM orders o JOIN crm.users u ON u.id = o.user_id GROUP BY 1, 2",
            {"user_id": {USER}, "plan": {("crm.users", "Plan")}, "last": {TIME}},
        ),
        (
            "WITH x AS (SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY ts) AS r FROM orders) SELECT coupon, r FROM x",
            {"coupon": {COUPON}, "r": {USER, TIME}},
        ),
        (
            "SELECT * FROM orders",
            {"user_id": {USER}, "coupon": {COUPON}, "ts": {TIME}, "amount": {("orders", "amount")}},
        ),
        ("SELECT 1 AS one, nope FROM orders", {"one": set(), "nope": set()}),
    ],
)
def test_columns(sql: str, expected: dict[str, set[tuple[str, str]]]) -> None:
    found = columns_read(sql, TABLES)
    assert found is not None
    assert {name: set(parts) for name, parts in found.items()} == expected


@pytest.mark.parametrize("sql", ["SELECT * FROM read_csv('x')", "not sql", "SELECT 1; SELECT 2", "DELETE FROM orders"])
def test_what_cannot_be_told(sql: str) -> None:
    assert columns_read(sql, TABLES) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("SELECT user_id AS Who, ts FROM collected.bought", {"who": "user_id", "ts": "ts"}),
        ("SELECT *, amount * 2 AS twice FROM collected.bought WHERE amount > 10", {"*": "*"}),
        ('SELECT b."user_id", lower(city) AS city FROM collected.bought AS b', {"user_id": "user_id"}),
        ("SELECT user_id FROM collected.bought, people", None),
        ("SELECT user_id FROM collected.bought JOIN people ON id = user_id", None),
        ("SELECT user_id, count(*) AS n FROM collected.bought GROUP BY user_id", None),
        ("SELECT max(user_id) AS user_id FROM collected.bought", None),
        ("SELECT DISTINCT user_id FROM collected.bought", None),
        ("SELECT user_id FROM collected.bought LIMIT 5", None),
        ("SELECT user_id, row_number() OVER (ORDER BY ts) AS n FROM collected.bought", None),
        ("SELECT user_id FROM collected.bought WHERE user_id IN (SELECT id FROM people)", None),
        ("SELECT user_id FROM collected.bought UNION ALL SELECT id FROM people", None),
        ("SELECT user_id FROM (SELECT user_id FROM collected.bought)", None),
        ("WITH x AS (SELECT 1 AS a) SELECT user_id FROM collected.bought", None),
        ("SELECT user_id, unnest(tags) AS tag FROM collected.bought", None),
        ("SELECT * EXCLUDE (ts) FROM collected.bought", None),
        ("SELECT user_id FROM collected.bought USING SAMPLE 10%", None),
        ("SELECT 1 AS user_id", None),
        ("not sql at all", None),
    ],
)
def test_selects_that_make_each_row_of_one(text: str, wanted: dict[str, str] | None) -> None:
    assert row_by_row(text) == (None if wanted is None else ("collected.bought", wanted))
