"""What the columns of a SELECT are made of."""

from __future__ import annotations

import pytest

from engine.sql.reading import columns_read

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
