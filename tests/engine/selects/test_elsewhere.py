"""SELECTs for PostgreSQL and MySQL: what does more than read, or could be read in two ways, is refused."""

from __future__ import annotations

import pytest

from engine.errors import EngineError
from engine.selects.elsewhere import Dialect, select

POSTGRES = r"""
SELECT pg_sleep(5)
SELECT pg_catalog.pg_sleep(5)
SELECT query FROM pg_stat_activity
SELECT passwd FROM "pg_shadow"
TABLE pg_authid
SELECT * FROM pg_catalog.pg_settings
SELECT a FROM t WHERE b IN (SELECT table_name FROM Information_Schema.tables)
SELECT get_raw_page('t', 0)
SELECT "pg_sleep"(5)
SELECT * FROM pg_read_file('/etc/passwd')
SELECT pg_read_binary_file('x'), pg_ls_dir('.')
SELECT lo_export(1, '/tmp/x')
SELECT lo_import('/etc/passwd')
SELECT * FROM dblink('host=x', 'SELECT 1') AS t(a int)
SELECT dblink_exec('x')
SELECT pg_terminate_backend(1)
SELECT pg_advisory_lock(1)
SELECT pg_notify('a', 'b')
SELECT pg_reload_conf()
SELECT set_config('a.b', 'c', false)
SELECT current_setting('data_directory')
SELECT nextval('s')
SELECT setval('s', 1)
SELECT query_to_xml('DROP TABLE t', true, true, '')
SELECT database_to_xml(true, true, '')
SELECT * FROM ts_stat('SELECT 1')
SELECT * FROM crosstab('SELECT 1') AS t(a int)
SELECT (SELECT pg_sleep(2)) FROM t
SELECT a FROM t WHERE b IN (SELECT pg_sleep(1))
SELECT a FROM t ORDER BY pg_sleep(1)
SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM t
WITH x AS (SELECT pg_sleep(1)) SELECT 1
SELECT 1 UNION SELECT pg_sleep(1)
COPY t TO PROGRAM 'x'
COPY (SELECT 1) TO '/tmp/x'
WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x
WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x
WITH x AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM x
SELECT * INTO y FROM t
SELECT * FROM t FOR UPDATE
SELECT * FROM t FOR SHARE
SELECT 1; DROP TABLE t
DROP TABLE t
EXECUTE p
CALL p()
DO $$ BEGIN PERFORM 1; END $$
LISTEN x
EXPLAIN ANALYZE SELECT 1
SET ROLE postgres
SELECT U&'\0061'
SELECT U&"pg\005fsleep"(5)
SELECT E'\'' || pg_sleep(1) --'
SELECT $1
SELECT 1 AS a) AS o; COPY (SELECT 1) TO '/tmp/x'; SELECT * FROM (SELECT 2 AS a
SELECT 1) AS o, (SELECT 2
SELECT (

""".strip("\n")
MYSQL = r"""
SELECT authentication_string FROM mysql.user
SELECT * FROM `performance_schema`.threads
SELECT 1 FROM t, information_schema.processlist
SELECT * FROM sys.session
SELECT LOAD_FILE('/etc/passwd')
SELECT SLEEP(5)
SELECT sleep (5)
SELECT `sleep`(5)
SELECT mysql.sleep(3)
SELECT BENCHMARK(100000000, MD5(1))
SELECT GET_LOCK('a', 1)
SELECT RELEASE_ALL_LOCKS()
SELECT MASTER_POS_WAIT('a', 1)
SELECT sys_exec('x')
SELECT extractvalue(1, concat(0x7e, (SELECT password FROM users)))
SELECT updatexml(1, concat(0x7e, (SELECT 1)), 1)
SELECT 1 INTO OUTFILE '/tmp/x'
SELECT a INTO OUTFILE '/tmp/x' FROM t
SELECT a FROM t INTO DUMPFILE '/tmp/x'
SELECT 1 INTO @x
SELECT @x := 1
SELECT @@datadir
SELECT /*!50000 SLEEP(5) */ 1
SELECT /*M! SLEEP(5) */ 1
SELECT 1--1, SLEEP(5)
SELECT 'a\'' , SLEEP(5) -- '
SELECT * FROM t FOR UPDATE
SELECT * FROM t LOCK IN SHARE MODE
SELECT * FROM t PROCEDURE ANALYSE()
SELECT 1 FROM t UNION SELECT LOAD_FILE('x')
SELECT a FROM t WHERE b IN (SELECT SLEEP(1))
SELECT NEXTVAL(s)
SELECT last_insert_id(5)
CALL p()
HANDLER t OPEN
SHOW TABLES
DESCRIBE t
SET @a = 1
DO SLEEP(1)
SELECT 1; SELECT 2
DELETE FROM t
SELECT 1) AS o, (SELECT SLEEP(1)
""".strip("\n")
READS: dict[Dialect, str] = {
    "postgres": r"""
SELECT id, name FROM people WHERE name LIKE 'Ana%';
WITH x AS (SELECT now() AS n) SELECT * FROM x
SELECT /* /* inner */ outer */ 1 -- end
SELECT data->>'a', tags @> ARRAY['x'], a::jsonb, count(*) FILTER (WHERE b) FROM t GROUP BY 1, 2, 3
SELECT $$it's; DROP TABLE t$$, $t$;$t$
SELECT DISTINCT ON (a) a FROM t ORDER BY a, b DESC
SELECT jsonb_build_object('a', 1), make_interval(days => 3), date_trunc('day', ts) AT TIME ZONE 'UTC' FROM t
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a), pg_typeof(a) FROM t, LATERAL (SELECT 1) x
SELECT 1 UNION ALL SELECT 2
""",
    "mysql": r"""
SELECT id FROM people WHERE name LIKE 'A%' AND b = 'it''s; -- '
SELECT GROUP_CONCAT(a ORDER BY b SEPARATOR ','), MATCH(a) AGAINST ('x') FROM t
SELECT CASE WHEN a THEN 1 END, IF(a, 1, 2), DATE_FORMAT(ts, '%Y'), JSON_EXTRACT(j, '$.a') FROM t
SELECT INTERVAL 1 DAY + NOW(), TIMESTAMPDIFF(DAY, a, b) FROM t LIMIT 5, 10
SELECT a FROM t # the end
SELECT a - -1, 'a\'b' FROM `t` -- the end
""",
}


@pytest.mark.parametrize(
    ("dialect", "text"),
    [("postgres", one) for one in POSTGRES.split("\n")] + [("mysql", one) for one in MYSQL.split("\n")],
)
def test_ways_out_are_refused(dialect: Dialect, text: str) -> None:
    with pytest.raises(EngineError) as refused:
        select(text, dialect, "from.query")
    assert (refused.value.code, refused.value.path) == ("bad_sql", "from.query")


@pytest.mark.parametrize(
    ("dialect", "text"), [(name, one) for name, some in READS.items() for one in some.strip("\n").split("\n")]
)
def test_what_only_reads_goes_on_as_it_was_written(dialect: Dialect, text: str) -> None:
    assert select(text, dialect, "from.query") == "\n" + text.rstrip(";") + "\n"


def test_the_odd_ways_are_told() -> None:
    with pytest.raises(EngineError, match="without a space after it"):
        select("SELECT 1--1", "mysql", "q")
    with pytest.raises(EngineError, match="calls load_file"):
        select("SELECT LOAD_FILE('x')", "mysql", "q")
    with pytest.raises(EngineError, match="longer than"):
        select("SELECT 1" + " " * 2_000_000, "postgres", "q")
