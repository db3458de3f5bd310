"""Whatever DuckDB raises becomes a known cause, and no value of the data comes along."""

from __future__ import annotations

import duckdb
import pytest

from engine.errors import EngineError
from engine.faults.queries import reason_of_regex
from engine.faults.telling import cause_of, file_failure
from engine.warehouses.duck import DuckSession, connect

CANARY = "zqcanary"
CASES = [
    ("SELECT t::INT FROM u", "cast"),
    ("SELECT t::DATE FROM u", "time"),
    ("SELECT t::TIMESTAMP FROM u", "time"),
    ("SELECT t::TIMESTAMPTZ FROM u", "time"),
    ("SELECT t::TIME FROM u", "time"),
    ("SELECT t::BOOLEAN FROM u", "cast"),
    ("SELECT t::DOUBLE FROM u", "cast"),
    ("SELECT t::DECIMAL(4,2) FROM u", "cast"),
    ("SELECT t::UUID FROM u", "cast"),
    ("SELECT t::INTERVAL FROM u", "cast"),
    ("SELECT t::INT[] FROM u", "cast"),
    ("SELECT t::STRUCT(a INT) FROM u", "cast"),
    ("SELECT t::BIT FROM u", "encoded"),
    ("SELECT from_base64(t || '-') FROM u", "encoded"),
    ("SELECT unhex(t) FROM u", "encoded"),
    ("SELECT json_extract(t, '$.a') FROM u", "json"),
    ("SELECT t::JSON FROM u", "json"),
    ("SELECT json_extract('{}', '$[' || t) FROM u", "json_path"),
    ("SELECT strptime(t, '%Y') FROM u", "time_format"),
    ("SELECT strptime(t, '%Q') FROM u", "time_format"),
    ("SELECT date_trunc(t, d) FROM u", "time_part"),
    ("SELECT timezone(t, ts) FROM u", "zone"),
    ("SELECT regexp_matches('a', '(' || t) FROM u", "regex"),
    ("SELECT regexp_matches('a', t || '[') FROM u", "regex"),
    ("SELECT regexp_matches('a', '*' || t) FROM u", "regex"),
    ("SELECT n * n FROM u", "overflow"),
    ("SELECT n + n FROM u", "overflow"),
    ("SELECT n::TINYINT FROM u", "range"),
    ("SELECT x::DECIMAL(5,2) FROM u", "decimal"),
    ("SELECT (SELECT t FROM u UNION ALL SELECT 'x')", "many_rows"),
    ("SELECT chr(n) FROM u", "text"),
    ("SELECT decode('\\xff'::BLOB)", "text"),
    ("SELECT repeat(t, 9999999999) FROM u", "too_long"),
    ("SELECT make_date(999999999, 1, 1)", "time"),
    ("SELECT error(t) FROM u", "value"),
    ("SELECT error('Could not convert string to ' || t) FROM u", "cast"),
    ("SELECT error('Referenced column \"' || t || '\" not found') FROM u", "value"),
    ("SELECT error('CSV Error on Line: 77 ' || t) FROM u", "value"),
    ("SELECT nosuch FROM u", "column"),
    ("SELECT * FROM nosuch", "table"),
    ("SELECT nosuch(t) FROM u", "function"),
    ("SELECT t FROM u GROUP BY n", "grouping"),
    ("SELECT substr(t, d) FROM u", "arguments"),
    ("SELECT e + 1 FROM u", "arguments"),
    ("SELECT t::nosuch FROM u", "type"),
    ("SELECT t FROM u WHERE t = 'zqcanary' frm", "syntax"),
]
NAMES = {"t", "n", "x", "d", "ts", "e"}


def data() -> duckdb.DuckDBPyConnection:
    connection = connect(":memory:", read_only=False)
    connection.execute(
        "CREATE TABLE u AS SELECT 'zqcanary' AS t, 2147483647 AS n, DATE '2026-01-01' AS d, TIMESTAMP '2026-01-01' AS "
        "ts, 77177.5::DECIMAL(18,4) AS x, 'zqcanary'::ENUM('zqcanary', 'b') AS e"
    )
    return connection


@pytest.mark.parametrize(("sql", "kind"), CASES)
def test_every_cause_is_known_and_says_no_value(sql: str, kind: str) -> None:
    with data() as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute(sql).fetchall()
    found = cause_of(raised.value, sql, NAMES)
    assert found.kind == kind
    for value in (CANARY, "2147483647", "77177", "99999"):
        assert value not in f"{found.words} {found.hint}"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT nosuch FROM u", 'there is no column "nosuch"'),
        ("SELECT * FROM nosuch", 'there is no table "nosuch"'),
        ("SELECT * FROM temp.nosuch", 'there is no table "nosuch"'),
        ('SELECT "zq@canary" FROM u', "a column does not exist"),
        ("SELECT 1 FROM u WHERE t = 'nosuch' AND \"x y\" = 1", "a column does not exist"),
        ("SELECT t::INT FROM u", 'the column "t" holds values that cannot be converted to INTEGER'),
    ],
)
def test_names_are_said_where_they_are_known(sql: str, words: str) -> None:
    with data() as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute(sql).fetchall()
    assert cause_of(raised.value, sql, NAMES).words == words


def test_a_text_that_a_query_makes_up_names_nothing() -> None:
    for made in ("Could not convert string to INT32 when casting from source column zqcanary",):
        error = duckdb.ConversionException(f"Conversion Error: {made}")
        assert (
            cause_of(error, "SELECT 'zqcanary'", NAMES).words
            == "a value cannot be converted to the type that is wanted"
        )
    other = duckdb.BinderException('Binder Error: Referenced column "zqcanary" not found')
    assert CANARY not in cause_of(other, "SELECT a FROM b WHERE c = 'zqcanary'", NAMES).words


def test_a_file_is_named_with_its_line() -> None:
    error = duckdb.InvalidInputException(f"Invalid Input Error: CSV Error on Line: 3\nOriginal Line: {CANARY}")
    found = file_failure("file", "a.csv cannot be read", error)
    assert found.message == "a.csv cannot be read: the file is damaged or of another format (line 3)"
    assert CANARY in str(found.technical)


def test_a_regular_expression_is_told_without_its_text() -> None:
    with data() as connection, pytest.raises(duckdb.Error) as raised:
        connection.execute("SELECT regexp_matches('', '(zqcanary')").fetchall()
    assert reason_of_regex(raised.value) == "missing )"


def test_the_rows_to_blame_are_counted_but_not_in_the_sentence() -> None:
    connection = data()
    connection.execute("INSERT INTO u (t) SELECT i::VARCHAR FROM range(20) AS r(i)")
    connection.execute("INSERT INTO u (t) VALUES ('zqcanary2'), ('zqcanary3')")
    session = DuckSession("test", connection, "1")
    with pytest.raises(EngineError) as raised:
        session.rows("SELECT a.k FROM (SELECT CAST(t AS INTEGER) AS k FROM u) AS a WHERE a.k > $1", [3])
    assert raised.value.message == 'the column "t" of "u" holds values that cannot be converted to INT'
    assert raised.value.place == "3 rows, the first is row 1"
    assert CANARY in str(raised.value.technical)
    for shown in (str(raised.value), str(raised.value.as_json()), str(raised.value.within("a").as_json())):
        assert CANARY not in shown
        assert "3 rows" not in shown
    assert raised.value.within("a").place == raised.value.place
    session.close()
