"""The gate: one SELECT that only reads, carried over so that it means the same; and what is locked behind it."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engine.errors import EngineError
from engine.selects import gate
from engine.selects.growth import LONGEST
from engine.warehouses.duck import connect

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
INJECTED = "SELECT 1 AS a) AS o; COPY (SELECT 'owned') TO 'FILE' (FORMAT csv); SELECT * FROM (SELECT 2 AS a"

STATEMENTS = """
INSERT INTO t VALUES (1)|UPDATE t SET a = 1|DELETE FROM t|MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE
TRUNCATE t|CREATE TABLE x (a INTEGER)|CREATE TABLE x AS SELECT 1|CREATE VIEW v AS SELECT 1|CREATE TEMP TABLE x AS FROM t
CREATE MACRO m(x) AS x|CREATE SECRET s (TYPE s3)|CREATE SEQUENCE s|CREATE TYPE m AS ENUM ('a')|CREATE INDEX i ON t (a)
CREATE SCHEMA s|DROP TABLE t|DROP SCHEMA main CASCADE|ALTER TABLE t ADD COLUMN b INTEGER|COMMENT ON TABLE t IS 'x'
COPY t TO 'FILE'|COPY (SELECT 1) TO 'FILE'|COPY t FROM 'FILE'|COPY FROM DATABASE a TO b|EXPORT DATABASE 'FILE'
IMPORT DATABASE 'FILE'|ATTACH 'FILE' AS x|ATTACH ':memory:' AS x|DETACH x|USE other|SET memory_limit = '1TB'
SET GLOBAL enable_external_access = true|SET VARIABLE a = 1|RESET lock_configuration|PRAGMA database_list
PRAGMA enable_profiling|CALL enable_logging()|CALL pragma_version()|INSTALL httpfs|LOAD 'FILE'|FORCE INSTALL httpfs
BEGIN|COMMIT|ROLLBACK|CHECKPOINT|FORCE CHECKPOINT|VACUUM|ANALYZE|EXPLAIN SELECT 1|EXPLAIN ANALYZE SELECT 1
PREPARE p AS SELECT 1|EXECUTE p|DEALLOCATE p|DESCRIBE t|DESCRIBE SELECT 1|SUMMARIZE t|SHOW TABLES|SHOW ALL TABLES
SHOW DATABASES|SHOW t|PIVOT t ON a|UPDATE EXTENSIONS|SELECT 1; SELECT 2|SELECT 1; DROP TABLE t|;|--|
SELECT 1 INTO x|SELECT a INTO OUTFILE 'FILE' FROM t|WITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x
WITH x AS (DELETE FROM t RETURNING a) FROM x|SELECT * FROM (DESCRIBE t)|SELECT * FROM (SUMMARIZE t)
SELECT * FROM (SHOW TABLES)|SELECT * FROM (SHOW ALL TABLES)|SELECT (SELECT count(*) FROM (DESCRIBE t))
SELECT * FROM 'FILE.csv'|FROM 'FILE.parquet'|FROM "FILE.json"|FROM 'https://h/x.csv'|FROM 's3://b/x'|FROM '*.csv'
FROM '/etc/passwd'|FROM "../x.duckdb"|TABLE '/etc/passwd'|SELECT * FROM t, 'a/b.csv'|FROM 'x.csv.gz'|FROM 'a\\b'
SELECT (FROM 'FILE.csv' SELECT count(*))|SELECT * FROM t ASOF JOIN 'FILE.csv' c ON t.a >= c.a|FROM 'file:///etc/passwd'
SELECT * FROM t POSITIONAL JOIN read_csv('FILE')|FROM read_text('FILE') SELECT content|SELECT 'FILE'.read_text()
SELECT * FROM "read_csv"('FILE')|SELECT * FROM READ_BLOB('FILE')|SELECT * FROM main.read_text('FILE')
SELECT * FROM system.main.read_text('FILE')|SELECT unnest(glob('*'))|SELECT * FROM glob('/etc/*')
SELECT * FROM query('SELECT ' || '1')|SELECT * FROM query_table('t')|SELECT * FROM t WHERE a IN (FROM query('SELECT 1'))
SELECT * FROM (PIVOT t ON a USING sum(b))|SELECT * FROM t PIVOT (error('x') FOR a IN (1))|SELECT getenv('HOME')
SELECT * FROM t PIVOT (sum(b) FOR a IN (1)), read_text('FILE')|SELECT COLUMNS(c -> error(c)) FROM t
SELECT list_transform([1], x -> error(x))|SELECT [error(x) FOR x IN [1]]|SELECT error('a'), 1|SELECT 1 ORDER BY error('x')
SELECT 1 LIMIT (SELECT error('x'))|SELECT 1 GROUP BY error('x')|SELECT 1 HAVING error('x')|SELECT 1 QUALIFY error('x') > 1
SELECT sum(1) FILTER (WHERE error('x') > 1) FROM t|SELECT sum(1) OVER (PARTITION BY error('x')) FROM t
SELECT CASE WHEN error('x') THEN 1 END|SELECT CAST(error('x') AS INTEGER)|SELECT TRY(error('x'))|VALUES (error('x'))
SELECT 1 WHERE EXISTS (SELECT error('x'))|SELECT * FROM (VALUES (error('x')))|SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY error('x'))
SELECT string_agg(a ORDER BY error('x')) FROM t|SELECT DISTINCT ON (error('x')) a FROM t|SELECT a FROM t ORDER BY error(a)
SELECT 1 UNION ALL SELECT error('x')|WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT error('x') FROM r) FROM r
SELECT * FROM t JOIN u ON error('x') > 1|SELECT * FROM t, LATERAL (SELECT error('x'))|SELECT * REPLACE (error('x') AS a) FROM t
SELECT struct_pack(a := error('x'))|SELECT {'a': error('x')}|SELECT MAP {'a': error('x')}|SELECT a[error('x')] FROM t
SELECT INTERVAL (error('x')) DAY|SELECT a BETWEEN error('x') AND 1 FROM t|SELECT a IN (error('x')) FROM t|SELECT -error('x')
SELECT * FROM generate_series(1, error('x'))|SELECT * FROM unnest([error('x')])|SELECT a COLLATE x.y FROM t WHERE error('x')
SELECT random()|SELECT a FROM t USING SAMPLE 10|SELECT a FROM t TABLESAMPLE 10%|SELECT a FROM (FROM t TABLESAMPLE 3 ROWS)
SELECT uuid()|SELECT setseed(0.5)|SELECT nextval('s')|SELECT currval('s')|SELECT sleep_ms(10)|SELECT pg_sleep(10)
SELECT current_setting('memory_limit')|SELECT getvariable('x')|SELECT current_database()|SELECT version()
SELECT write_log('x')|SELECT * FROM enable_logging(storage := 'file')|SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_settings()|SELECT * FROM which_secret('x', 's3')|SELECT * FROM pragma_storage_info('t')
FROM information_schema.tables|FROM pg_catalog.pg_class|FROM pg_tables|FROM sqlite_master|FROM duckdb_tables|FROM duckdb_logs
FROM system.information_schema.columns|FROM memory.pg_catalog.pg_settings|SELECT * FROM t AT (VERSION => 1)
SELECT * FROM t AT (TIMESTAMP => now())|SELECT ?|SELECT $1|SELECT $name|SELECT current_time|SELECT localtimestamp
SELECT age(a) FROM t|SELECT ago(INTERVAL 1 DAY)|SELECT json_serialize_plan('SELECT 1')|SELECT json_deserialize_sql('{}')
SELECT * FROM json_execute_serialized_sql('{}')|SELECT * FROM seq_scan('t')|SELECT * FROM python_map_function(1)
SELECT * FROM pandas_scan(1)|SELECT * FROM arrow_scan(1, 2, 3)|SELECT repeat('x', 1000000)|SELECT repeat('x', a) FROM t
SELECT lpad('x', 100000, 'y')|SELECT rpad('x', 100 * 100 * 100, 'y')|SELECT list_resize([1], 1000000)|SELECT range(1000000)
SELECT bitstring('1', 1000000000)|SELECT bitstring('1', a) FROM t
SELECT list_aggregate([1], 'reservoir_quantile', 0.5)|SELECT [1].list_aggr('random')|SELECT array_aggr([1], a) FROM t
SELECT aggregate([1], 'Error')|SELECT array_aggregate([1], 'su' || 'm')
SELECT format('{:1000000d}', 1)|SELECT printf('%1000000d', 1)|SELECT printf('%*d', 1000000, 1)|SELECT bar(1, 0, 1, 1000000)
SELECT format('{:{}d}', 1, 1000000)|SELECT format(a, 1) FROM t|SELECT repeat(repeat('x', 5), -a) FROM t
"""

_MEANINGS = """
SELECT 'xay' ~ 'a'|SELECT 'a' !~ 'b'|SELECT '{"a.b": 1, "a": {"b": 2}}'::JSON -> 'a.b'|SELECT $$it's; --$$ || e'\\t;'
SELECT 1e10, 0.1 + 0.2, 1_000, -2 ** 2, 7 // -2, 7 % -2, 2 ^ 3|SELECT 1; -- done|SELECT 2 -- no end;|;SELECT 3;;
/* one; */ SELECT ';' /* two */ ; |SELECT 'ü; --', "x" FROM (SELECT 1 AS x)|FROM (VALUES (1), (2)) v(a) SELECT sum(a)
SELECT [1, 2, 3][-1], [1, 2, 3][1:2], {'a': 1}.a, MAP {'k': 2}['k']|SELECT list_transform([1, 2], x -> x + 1)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a), mode() WITHIN GROUP (ORDER BY a) FROM range(5) t(a)
SELECT a FROM range(3) t(a) ORDER BY a DESC NULLS FIRST LIMIT 2|VALUES (1, 'a'), (2, NULL)|(SELECT 4)
WITH RECURSIVE t(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM t WHERE a < 5) SELECT sum(a) FROM t
SELECT a, count(*) FROM (VALUES (1, 2), (1, 3)) v(a, b) GROUP BY GROUPING SETS ((a), (b), ()) ORDER BY ALL
SELECT * FROM (VALUES (1, 'x', 5)) v(a, y, z) PIVOT (sum(z) FOR y IN ('x', 'w'))|SELECT #1 FROM (SELECT 7 AS a)
SELECT COLUMNS('a.*') FROM (SELECT 1 AS ab, 2 AS b)|SELECT 'a' LIKE 'A', 'a' ILIKE 'A', 'ab' SIMILAR TO 'a', 'a' GLOB '?'
SELECT INTERVAL 1 DAY + DATE '2026-01-31', extract(dow FROM DATE '2026-03-01'), strftime(DATE '2026-01-02', '%d/%m')
SELECT trim(BOTH 'x' FROM 'xax'), position('b' IN 'abc'), substring('abc' FROM 2 FOR 1)
SELECT a.x FROM (SELECT {'x': 1} AS a)|SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, 1 = ANY (SELECT 1)
SELECT t1.a FROM (VALUES (1)) t1(a) POSITIONAL JOIN (VALUES (2)) t2(b)|SELECT TRY('x'::INTEGER), TRY_CAST('x' AS INTEGER)
SELECT '10'::DECIMAL(9, 2), CAST('a' AS ENUM('a', 'b'))|SELECT lpad('7', 11, '0'), repeat('ab', 3), range(3), format('{:05d}', 7)
SELECT a.upper().lower() FROM (SELECT 'aBc' AS a)|SELECT arg_max(a, b) FROM (VALUES (1, 2)) v(a, b)|SELECT count(*) FILTER (WHERE a > 1) FROM range(4) t(a)
SELECT list_aggregate([1, 2], 'sum'), [3, 4].list_aggr('string_agg', '-'), aggregate([5], 'MAX'), bitstring('101', 8)
SELECT row_number() OVER (ORDER BY a DESC) FROM range(2) t(a) QUALIFY a = 0|SELECT [x * 2 FOR x IN [1, 2] IF x > 1]
"""


def texts(together: str) -> list[str]:
    """The texts of a list: a line each, or several with a bar between them."""
    return re.split(r"\n|(?<!\|)\|(?!\|)", together.strip("\n"))


WAYS_OUT = [*texts(STATEMENTS), INJECTED]
MEANINGS = texts(_MEANINGS)


@pytest.mark.parametrize("text", WAYS_OUT)
def test_ways_out_are_refused(text: str) -> None:
    with pytest.raises(EngineError) as refused:
        gate.admitted(text, "rule.sql")
    assert refused.value.code == "bad_sql"
    assert refused.value.path == "rule.sql"


@pytest.mark.parametrize(
    "text", ["a = 1) OR (1 = 1", "1 GROUP BY a", "1 LIMIT 1", "1; SELECT 2", "1 UNION SELECT 2", "", "a > now()",
             "a IN (FROM read_text('x'))", "error('x')", "1) AS o; COPY t TO 'x'; SELECT (1", "1 -- )\n) x", "1 /*"]
)  # fmt: skip
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(EngineError) as refused:
        gate.condition(text, "where")
    assert refused.value.code == "bad_sql"


@pytest.mark.parametrize("text", MEANINGS)
def test_within_another_statement_it_means_what_it_means_alone(text: str) -> None:
    """Nobody writes it anew: sqlglot reads `~`, `-> 'a.b'` and WITHIN GROUP otherwise than DuckDB."""
    found = gate.admitted(text, "sql")
    with connect(":memory:", read_only=False) as connection:
        alone = connection.execute(text).fetchall()
        assert alone
        assert connection.execute(f"SELECT * FROM ({found.nested}) AS o").fetchall() == alone


def test_the_lists_of_ways_are_long() -> None:
    assert len(WAYS_OUT) > 180


def test_a_text_may_not_be_endless_or_bottomless() -> None:
    with pytest.raises(EngineError, match="longer than"):
        gate.admitted("SELECT 1 " + "-" * gate.LONGEST, "sql")
    with pytest.raises(EngineError, match="nested too deeply"):
        gate.admitted("SELECT " + "abs(" * 600 + "1" + ")" * 600, "sql")
    with pytest.raises(EngineError, match="cannot be read"):
        gate.admitted("SELECT '\ud800'", "sql")
    gate.admitted(f"SELECT lpad('x', {LONGEST}, 'y'), {' + '.join('1' * 50)}", "sql")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("SELECT now()", NOON),
        ("SELECT current_timestamp", NOON),
        ("SELECT 'é', Now ( ), 1", ("é", NOON, 1)),
        ("SELECT today(), CURRENT_DATE -- today()", (NOON.date(), NOON.date())),
        ("SELECT count(*) FROM range(3) WHERE now() > TIMESTAMP '2026-01-01' AND current_date = DATE '2026-03-01'", 3),
        ("SELECT date_diff('day', DATE '2026-02-27', current_date), age(now(), now())::VARCHAR", (2, "00:00:00")),
        ("WITH c AS (SELECT get_current_timestamp() AS told) SELECT told FROM c", NOON),
        ("SELECT 'now()', 1", ("now()", 1)),
    ],
)
def test_the_clock_shows_the_moment_that_is_asked_for(text: str, value: object) -> None:
    found = gate.as_of(gate.admitted(text, "sql"), NOON, "sql")
    assert not found.looks_at_clock
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        row = connection.execute(f"SELECT * FROM ({found.nested})").fetchone()
    assert row is not None
    seen = tuple(one.astimezone(UTC) if isinstance(one, datetime) else one for one in row)
    assert seen == (value if isinstance(value, tuple) else (value,))


def test_an_odd_way_to_look_at_the_clock_is_refused() -> None:
    with pytest.raises(EngineError, match="not supported"):
        gate.as_of(gate.admitted("SELECT now/* at once */()", "sql"), NOON, "sql")


def test_a_column_may_be_called_like_a_word_of_the_clock_when_its_table_is_named() -> None:
    assert not gate.admitted("SELECT t.current_date FROM t", "sql").looks_at_clock


def test_the_tables_of_a_text() -> None:
    found = gate.admitted("WITH c AS (FROM a.t) SELECT (SELECT 1 FROM u) FROM c JOIN x.y.z USING (k)", "sql")
    assert set(found.tables()) == {("", "a", "t"), ("", "", "u"), ("", "", "c"), ("x", "y", "z")}


def test_reading_a_text_reads_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the text names is not opened, and a variable of this program is no table."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "waiting.csv")  # opening it would wait for ever
    secret_table = [1]
    assert secret_table
    with pytest.raises(EngineError, match="reads a file"):
        gate.admitted("SELECT * FROM 'waiting.csv'", "sql")
    gate.admitted("SELECT * FROM secret_table", "sql")
