"""Checks count what a plain loop over the rows counts; one that cannot be carried out does not keep the others."""

from __future__ import annotations

import copy
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.model import Source
from engine.quality.checking import Result, carried_out
from engine.quality.conditions import bad_rows
from engine.quality.contracts import Bound, Check, read_contract
from engine.quality.measuring import Table
from engine.warehouses.duck import DuckSession, connect
from tests.support.contracts import CONTRACT
from tests.support.filling import insert

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
Row = tuple[int | None, str | None, int | None, str | None, datetime | None]
GOOD: list[Row] = [
    (1, "ana@x.com", 30, "SP", datetime(2026, 11, 26)),
    (2, "bruno@x.com", 40, None, datetime(2026, 11, 25)),
    (3, "carla@x.com", 50, "RJ", None),
]


def table(rows: list[Row]) -> Table:
    connection = connect(":memory:", read_only=False)
    connection.execute("CREATE TABLE people (id INTEGER, email VARCHAR, age INTEGER, state VARCHAR, seen TIMESTAMP)")
    if rows:
        insert(connection, "people", rows)
    warehouse = DuckSession("memory:", connection, "1")
    columns = warehouse.columns(Source(table="people"), "people")
    return Table('"people"', columns, lambda sql: warehouse.rows(sql))


def results(rows: list[Row], past: Any = lambda _: ()) -> dict[str, Result]:
    found = carried_out(read_contract(CONTRACT).checks, table(rows), past, NOW)
    return {one.check.id: one for one in found}


def test_good_data_are_green() -> None:
    found = results(GOOD)
    assert {one.state for one in found.values()} == {"green"}
    assert found["email: required"].sentence == "0 of 3 rows are bad, must be = 0"
    assert found["seen: fresh"].sentence == "the newest is 12 h old, at most 2 d"


def test_a_poisoned_day_is_caught_with_the_right_reasons() -> None:
    poison: list[Row] = [(3, None, 30, "SP", None), (4, "ana@x.com", -1, "XX", None), (5, "no address", 12, "SP", None)]
    found = results([*GOOD, *poison])
    red = {name: one.value for name, one in found.items() if one.state == "red"}
    assert red == {
        "id: primary key": 1,
        "email: required": 1,
        "email: unique": 1,
        "email: pattern": 1,
        "age: range": 1,
        "state: invalidValues": 1,
    }
    assert (found["no minors"].state, found["no minors"].value) == ("yellow", 2)


def test_volume_is_compared_with_the_same_weekday_before() -> None:
    assert results(GOOD, lambda _: [3, 4])["drift"].state == "green", "two weeks are too few"
    assert results(GOOD, lambda _: [3, 4, 5])["drift"].state == "green"
    far = results(GOOD, lambda _: [9, 10, 8])["drift"]
    assert (far.state, far.sentence) == ("red", "3 rows, where 9 are usual on this weekday")
    assert results([])["rowCount"].state == "red"
    assert results([])["seen: fresh"].sentence == "there is no row"
    old = [(1, "a@x.com", 20, "SP", datetime(2026, 11, 20))]
    assert results(old)["seen: fresh"].state == "red"  # type: ignore[arg-type]


def test_each_check_alone_says_what_it_says_among_all() -> None:
    rows: list[Row] = [*GOOD, (3, None, 130, "XX", None)]
    together, made = results(rows), table(rows)
    assert len(together) > 10
    for one in read_contract(CONTRACT).checks:
        (alone,) = carried_out([one], made, now=NOW)
        assert (alone.value, alone.state) == (together[one.id].value, together[one.id].state)


def test_shares_are_of_all_rows() -> None:
    rows: list[Row] = [(number, f"u{number}@x.com", 20, None, None) for number in range(4)]
    assert results(rows)["state: nullValues"].state == "red"
    assert results([*rows, *[(9 + n, f"v{n}@x.com", 20, "SP", None) for n in range(5)]])[
        "state: nullValues"
    ].value == pytest.approx(44.4, abs=0.1)


def test_what_cannot_be_carried_out_is_red_and_keeps_nothing_else() -> None:
    wrong = [
        Check("lost", "people", "required", ("nobody",)),
        Check("look-around", "people", "pattern", ("email",), arguments={"pattern": "(?=x)"}),
        Check("bad sql", "people", "sql", arguments={"query": "SELECT FROM"}),
        Check("not a select", "people", "sql", arguments={"query": "DELETE FROM people"}),
        Check("two", "people", "sql", arguments={"query": "SELECT 1; SELECT 2"}),
        Check("no number", "people", "sql", arguments={"query": "SELECT 'x'"}),
        Check("nowhere", "people", "reference", ("id",), arguments={"table": "users", "column": "id"}),
        Check("good", "people", "required", ("id",)),
    ]
    made = table(GOOD)
    found = {one.check.id: one for one in carried_out(wrong, made, now=NOW)}
    assert made.rows("SELECT count(*) FROM people") == [(3,)]
    assert {name for name, one in found.items() if one.state == "red"} == {one.id for one in wrong[:-1]}
    assert found["lost"].sentence == 'the table has no column "nobody"'
    assert found["good"].state == "green"


def test_references_and_types_of_texts() -> None:
    connection = connect(":memory:", read_only=False)
    connection.execute("CREATE TABLE orders AS SELECT unnest(['1', '2', 'x', NULL]) AS person")
    connection.execute("CREATE TABLE people AS SELECT unnest(['1', '9']) AS id")
    warehouse = DuckSession("memory:", connection, "1")
    made = Table('"orders"', {"person": "VARCHAR"}, lambda sql: warehouse.rows(sql))
    checks = [
        Check("in people", "orders", "reference", ("person",), arguments={"table": "people", "column": "id"}),
        Check("type", "orders", "type", ("person",), arguments={"type": "integer"}),
        Check("missing", "orders", "missing", ("person",), arguments={"missing": ["x", "n/a"]}),
    ]
    assert [one.value for one in carried_out(checks, made)] == [2, 1, 2]


EMAILS = st.one_of(st.none(), st.sampled_from(["a@x.com", "b@x.com", "", "no", "x" * 30 + "@y"]))
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 5)),
        EMAILS,
        st.one_of(st.none(), st.integers(-5, 130)),
        st.sampled_from([None, "SP", "RJ", "XX"]),
        st.none(),
    ),
    max_size=12,
)


def by_hand(rows: list[Any]) -> dict[str, int]:
    emails = [row[1] for row in rows if row[1] is not None]
    keys = [row[0] for row in rows if row[0] is not None]
    return {
        "id: required": sum(row[0] is None for row in rows),
        "id: primary key": len(keys) - len(set(keys)),
        "email: required": sum(row[1] is None for row in rows),
        "email: unique": len(emails) - len(set(emails)),
        "email: pattern": sum(re.search("^[^@]+@[^@]+$", one) is None for one in emails),
        "email: length": sum(len(one) > 20 for one in emails),
        "age: range": sum(row[2] is not None and not 0 <= row[2] <= 120 for row in rows),
        "state: invalidValues": sum(row[3] == "XX" for row in rows),
    }


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_it_is_what_a_plain_loop_counts_and_the_gate_keeps_out_just_those_rows(rows: list[Any]) -> None:
    found, expected = results(rows), by_hand(rows)
    assert {name: found[name].value for name in expected} == expected
    checks = read_contract(CONTRACT).checks
    tests = bad_rows(checks, lambda name: f'"{name}"')
    made = table(rows)
    kept = made.rows(f"SELECT count(*) FROM people WHERE NOT ({' OR '.join(tests)})")[0][0]
    rules = ("id: required", "email: required", "email: pattern", "email: length", "age: range", "state: invalidValues")
    assert kept == sum(not any(by_hand([row])[name] for name in rules) for row in rows)


def test_the_gate_leaves_out_warnings_and_shares() -> None:
    checks = read_contract(CONTRACT).checks
    reasons = set(bad_rows(checks, lambda name: None if name == "email" else f'"{name}"').values())
    assert "state: nullValues" not in reasons
    assert "email: required" in reasons, "a file without the column has no row with it"
    assert "email: pattern" not in reasons


def test_a_row_that_breaks_a_mere_warning_is_loaded_all_the_same() -> None:
    strict = Check("age: range", "people", "range", ("age",), arguments={"minimum": 18})
    mild = Check("age: range", "people", "range", ("age",), warning=True, arguments={"minimum": 18})
    some = Check("age: some", "people", "range", ("age",), Bound("<=", 1), arguments={"minimum": 18})
    share = Check("age: share", "people", "range", ("age",), percent=True, arguments={"minimum": 18})
    column = '"age"'
    assert list(bad_rows([strict], lambda _: column).values()) == ["age: range"]
    assert bad_rows([mild], lambda _: column) == {}
    assert bad_rows([some], lambda _: column) == {}
    assert list(bad_rows([mild, some, strict], lambda _: column).values()) == ["age: range"]
    assert list(bad_rows([share], lambda _: column).values()) == ["age: share"], "none of a hundred is none at all"
    (found,) = carried_out([mild], table([(1, "a@x.com", 12, "SP", None)]), now=NOW)
    assert (found.state, found.value) == ("yellow", 1)


def test_a_warning_of_a_contract_keeps_no_row_out() -> None:
    given = copy.deepcopy(CONTRACT)
    (state,) = (one for one in given["schema"][0]["properties"] if one["name"] == "state")
    state["quality"][0]["severity"] = "warning"
    checks = read_contract(given).checks
    (values,) = (one for one in checks if one.id == "state: invalidValues")
    assert values.warning
    assert "state: invalidValues" not in bad_rows(checks, lambda name: f'"{name}"').values()
    assert "state: invalidValues" in bad_rows(read_contract(CONTRACT).checks, lambda name: f'"{name}"').values()


@pytest.mark.parametrize(("rows", "state"), [(5, "red"), (6, "green"), (10, "green"), (14, "green"), (15, "red")])
def test_a_volume_of_just_the_tolerance_is_usual(rows: int, state: str) -> None:
    """40 % of ten are four more or fewer."""
    many: list[Row] = [(number, f"u{number}@x.com", 30, "SP", NOW) for number in range(rows)]
    assert results(many, lambda _: [9, 10, 11])["drift"].state == state


@pytest.mark.parametrize(("weeks", "state"), [(0, "green"), (2, "green"), (3, "red"), (4, "red")])
def test_three_weeks_are_enough_to_compare_with(weeks: int, state: str) -> None:
    assert results(GOOD, lambda _: [9] * weeks)["drift"].state == state


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("<", (True, False, False)),
        ("<=", (True, True, False)),
        (">", (False, False, True)),
        (">=", (False, True, True)),
        ("=", (False, True, False)),
        ("!=", (True, False, True)),
    ],
)
def test_bounds_at_their_edges(operator: Any, holds: tuple[bool, ...]) -> None:
    assert tuple(Bound(operator, 5).holds(number) for number in (4, 5, 6)) == holds


def test_bounds_of_two_numbers_take_both_in() -> None:
    assert [Bound("between", (2, 4)).holds(number) for number in range(1, 6)] == [False, True, True, True, False]
    assert [Bound("not between", (2, 4)).holds(number) for number in range(1, 6)] == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("kind", "arguments", "bad_ones"),
    [
        ("range", {"minimum": 10, "maximum": 20}, [9, 21]),
        ("range", {"exclusiveMinimum": 10, "exclusiveMaximum": 20}, [9, 10, 20, 21]),
        ("values", {"values": [10, 20]}, [9, 11, 19, 21]),
        ("length", {"minLength": 2, "maxLength": 2}, [9]),
    ],
)
def test_rows_at_the_edges_of_checks(kind: Any, arguments: dict[str, Any], bad_ones: list[int]) -> None:
    ages = [9, 10, 11, 19, 20, 21, None]
    made = table([(number, None, age, None, None) for number, age in enumerate(ages)])
    (found,) = carried_out([Check("age", "people", kind, ("age",), arguments=arguments)], made, now=NOW)
    assert found.value == len(bad_ones)
    (test,) = bad_rows([found.check], lambda name: f'"{name}"')
    assert made.rows(f"SELECT age FROM people WHERE {test} ORDER BY age") == [(age,) for age in bad_ones]


@pytest.mark.parametrize(("hours", "state"), [(47, "green"), (48, "green"), (49, "red")])
def test_data_of_just_the_age_allowed_are_fresh(hours: int, state: str) -> None:
    seen = NOW.replace(tzinfo=None) - timedelta(hours=hours)
    assert results([(1, "a@x.com", 20, "SP", seen)])["seen: fresh"].state == state


def test_a_draft_is_a_contract_that_its_table_keeps(tmp_path: Path) -> None:
    from engine.quality.drafting import drafted

    with duckdb.connect(str(tmp_path / "w.duckdb")) as made:
        made.execute(
            "CREATE TABLE t AS SELECT i AS id, 'u' || i AS name, ['SP', 'RJ'][1 + i % 2] AS state, i / 2 AS price, "
            "i % 2 = 0 AS flag, DATE '2026-01-01' + i::INTEGER % 30 AS day, NULL::VARCHAR AS nothing FROM range(2000) AS r(i)"
        )
        columns = {str(row[0]): str(row[1]) for row in made.execute("DESCRIBE t").fetchall()}
        source = Table("t", columns, lambda sql: made.execute(sql).fetchall())
        contract = read_contract(drafted("t", columns, source))
        assert {one.state for one in carried_out(contract.checks, source)} == {"green"}
    kinds = {(one.columns[0] if one.columns else "", one.kind) for one in contract.checks}
    assert {("id", "unique"), ("name", "unique"), ("state", "values"), ("price", "range"), ("day", "type")} <= kinds
    assert ("nothing", "required") not in kinds


NEAR, ANY = st.integers(-40, 40), st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), NEAR), max_size=30), st.lists(st.one_of(st.none(), NEAR, ANY), max_size=8))
def test_different_numbers_are_counted_exactly_wherever_they_lie(
    near: list[int | None], wide: list[int | None]
) -> None:
    for values in (near, wide):
        with duckdb.connect() as made:
            made.execute("CREATE TABLE t (x BIGINT)")
            if values:
                insert(made, "t", [[one] for one in values])
            told = Table("t", {"x": "BIGINT"}, lambda sql, made=made: made.execute(sql).fetchall())  # type: ignore[misc]
            (found,) = carried_out([Check("unique", "t", "unique", ("X",))], told)
        known = [one for one in values if one is not None]
        assert found.value == len(known) - len(set(known))
