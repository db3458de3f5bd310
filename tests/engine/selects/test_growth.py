"""Values that functions make of values: long ones are refused before they run, honest ones are not."""

from __future__ import annotations

import pytest

from engine.errors import EngineError
from engine.selects import gate
from engine.warehouses.duck import connect


def _nested(outer: str, value: str, times: int) -> str:
    for _ in range(times):
        value = outer.format(value)
    return f"SELECT {value} FROM t"


TOO_LONG = {
    "computed ends": "SELECT generate_series(1, a) FROM t",
    "computed ends of another query": "SELECT range((SELECT max(a) FROM t))",
    "computed step": "SELECT range(0, 10, a) FROM t",
    "ends that are sums": "SELECT unnest(range(1, 100000 * 100000))",
    "dates by the second": "SELECT generate_series(TIMESTAMP '1900-01-01', TIMESTAMP '2026-01-01', INTERVAL 1 SECOND)",
    "dates of columns": "SELECT unnest(generate_series(a, b, INTERVAL 1 DAY)) FROM t",
    "dates since the year 1": "SELECT range(DATE '0001-01-01', current_date, INTERVAL 1 DAY)",
    "many years by the hour": "SELECT range(DATE '1990-01-01', now(), INTERVAL 1 HOUR)",
    "replace within replace": _nested("replace({}, 'x', 'xxxxxxxxxx')", "a", 5),
    "replace by turns": _nested("replace(replace({}, 'x', 'yyyyyyyyyy'), 'y', 'xxxxxxxxxx')", "a", 3),
    "replace by a column": _nested("replace({}, b, b)", "a", 4),
    "patterns within patterns": _nested("regexp_replace({}, '.', 'xxxxxxxxxx', 'g')", "a", 5),
    "groups of patterns": _nested(r"regexp_replace({}, '(.*)', '\1\1\1\1\1')", "a", 5),
    "a text joined to itself": "WITH " + ", ".join(f"c{i} AS (SELECT a || a AS a FROM {f'c{i - 1}' if i else 't'})" for i in range(14)) + " SELECT * FROM c13",
    "joined in queries within each other": "SELECT a || a AS a FROM (" * 14 + "SELECT a FROM t" + ")" * 14,
    "concat of itself": _nested("concat({0}, {0})", "a", 14),
    "lists of itself": _nested("[{0}, {0}]", "a", 14),
    "structures of itself": _nested("{{'a': {0}, 'b': {0}}}", "a", 14),
    "templates of itself": _nested("format('{{}}{{}}', {0}, {0})", "a", 14),
    "hex of hex": _nested("hex({})", "a", 14),
    "base64 of base64": _nested("to_base64({})", "a", 14),
    "JSON of JSON": _nested("to_json({})::VARCHAR", "a", 14),
    "repeat of repeat": "SELECT repeat(repeat(a, 1000), 1000) FROM t",
    "lists within lists": "SELECT list_transform(range(1000), x -> range(1000)) FROM t",
    "a reduction that doubles": "SELECT list_reduce(range(40)::VARCHAR[], (x, y) -> x || x)",
    "a reduction that doubles, as the next version writes it": "SELECT reduce(range(40)::VARCHAR[], lambda x, y: x || x)",
    "a reduction that repeats": "SELECT reduce(range(9)::VARCHAR[], lambda x, y: repeat(x, 9))",
    "a reduction of lists": "SELECT reduce([[1], [2]], (x, y) -> list_concat(x, x))",
    "distances of long texts": "SELECT levenshtein(repeat(a, 1000), repeat(b, 1000)) FROM t",
    "a large array": "SELECT NULL::INTEGER[20000] FROM t",
    "a large array of arrays": "SELECT a::INTEGER[200][100] FROM t",
    "many wide fields": f"SELECT format('{'{:9999d}' * 2}', 1, 2)",
}  # fmt: skip
HONEST = [
    "SELECT count(*) FROM range(40000) AS a, range(3) AS b WHERE a.range * b.range % 7 = 3",
    "SELECT repeat('x', 10000) FROM generate_series(1, 11000) AS s(x) WHERE x < 3",
    "SELECT unnest(generate_series(DATE '2024-01-01', current_date, INTERVAL 1 MONTH))",
    "SELECT unnest(generate_series(DATE '2024-01-01', DATE '2026-12-31', INTERVAL 1 DAY)) AS day",
    "SELECT range(TIMESTAMP '2026-01-01', TIMESTAMP '2026-02-01', INTERVAL 1 HOUR)",
    "SELECT range(24), generate_series(0, 100, 5)",
    "SELECT s.x FROM (SELECT 1 AS a, 9 AS b) AS d, generate_series(d.a, d.b) AS s(x)",
    "SELECT d.day FROM generate_series((SELECT DATE '2026-01-01'), (SELECT DATE '2026-02-01'), INTERVAL 1 DAY) AS d(day)",
    "SELECT " + "replace(" * 20 + "lower(a)" + "".join(f", '{one}', '{to}')" for one, to in zip("äöüßéèêàâçñíóúőűåæøþ", ["ae", "oe", "ue", "ss"] + ["e"] * 16, strict=True)) + " FROM (SELECT 'É' AS a)",
    "SELECT regexp_replace(regexp_replace(a, '[^0-9]', '', 'g'), '^00', '+') FROM (SELECT '0049' AS a)",
    "SELECT replace(replace(replace('Hi {a} {b} {c}', '{a}', a), '{b}', b), '{c}', c) FROM (SELECT 'x' AS a, 'y' AS b, 'z' AS c)",
    "WITH a AS (SELECT 'x' AS x, 'y' AS y), b AS (SELECT x || '-' || y AS z, x FROM a), c AS (SELECT concat(z, ':', x) AS k, x FROM b), "
    "d AS (SELECT k || '/' || x AS k, x FROM c) SELECT md5(k || x) FROM d",
    "SELECT list_transform([1, 2, 3], x -> x * 2), list_reduce([1, 2, 3], (x, y) -> x + x * y), list_sum(range(100))",
    "SELECT list_reduce(['a', 'b'], (x, y) -> x || ', ' || y)",
    "SELECT array_cosine_similarity(x, x) FROM (SELECT array_value(1, 0, 1)::FLOAT[3] AS x), (SELECT NULL::FLOAT[1536] AS y)",
    "SELECT levenshtein('convoke', lower('CONVOY')), jaro_similarity('a', 'b')",
    "SELECT hex(sha256('a')), to_base64('a'::BLOB), lpad('7', 11, '0'), format('{:010d} {:>8}', 7, 'x'), bar(5, 0, 10, 80)",
    "SELECT to_json({'a': 1, 'b': [1, 2], 'c': {'d': 'x'}}), json_object('a', 1, 'b', 'x')",
    "SELECT string_agg(x, ', ' ORDER BY x) FROM (VALUES ('a'), ('b')) AS v(x)",
    "SELECT CASE " + " ".join(f"WHEN x = {i} THEN 'a' || x || 'b'" for i in range(60)) + " END FROM range(3) AS r(x)",
]  # fmt: skip


@pytest.mark.parametrize("what", TOO_LONG)
def test_values_that_grow_without_bound_are_refused(what: str) -> None:
    with pytest.raises(EngineError) as refused:
        gate.admitted(TOO_LONG[what], "sql")
    assert (refused.value.code, refused.value.path) == ("bad_sql", "sql")
    assert refused.value.hint is not None


@pytest.mark.parametrize("text", HONEST)
def test_what_analysts_write_runs(text: str) -> None:
    with connect(":memory:", read_only=False) as connection:
        assert connection.execute(gate.admitted(text, "sql").text).fetchall()


def test_a_series_of_the_data_is_written_in_from() -> None:
    with pytest.raises(EngineError, match="calls generate_series as a value with ends that are not written out") as it:
        gate.admitted("SELECT unnest(generate_series(a, b)) FROM t", "sql")
    assert it.value.hint == "Call it in FROM, where its rows take no memory: FROM a, generate_series(a.first, a.last)."
