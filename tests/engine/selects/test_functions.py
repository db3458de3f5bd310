"""The list of functions against the catalogues of DuckDB: every function is allowed with a reason, or refused."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import duckdb
import pytest

from engine.errors import EngineError
from engine.selects import gate
from engine.selects.functions import Place, listed, refused_tables, verdict
from engine.selects.tree import CALL_BY_NAME

PLACES: dict[str, Place] = {
    "scalar": "scalar",
    "aggregate": "scalar",
    "window": "scalar",
    "macro": "scalar",
    "table": "table",
    "table_macro": "table",
    "pragma": "pragma",
}
GROWING = (
    "repeat",
    "lpad",
    "rpad",
    "array_resize",
    "list_resize",
    "bar",
    "range",
    "generate_series",
    "format",
    "printf",
)
Functions = frozenset[tuple[Place, str]]


def installed() -> Functions:
    """What the installed version has."""
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT DISTINCT function_type, function_name FROM duckdb_functions()").fetchall()
    return frozenset((PLACES[kind], name) for kind, name in rows)


@cache
def kept(version: str) -> Functions:
    """What a version has, from the file of its catalogue."""
    text = (Path(__file__).parent / "catalogues" / f"{version}.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines()]
    return frozenset((PLACES[kind], name) for kind, name in lines)


EVERY = sorted(kept("1.5.5") | kept("2.0.1"))
REFUSED = [(place, name) for place, name in EVERY if not verdict(name, place).allowed]
ALLOWED = [(place, name) for place, name in EVERY if verdict(name, place).allowed]


def calls(place: Place, name: str) -> list[str]:
    """SELECTs, and statements, that call a function."""
    quoted = '"' + name.replace('"', '""') + '"'
    if place == "pragma":
        return [f"PRAGMA {quoted}", f"CALL {quoted}()", f"SELECT * FROM {quoted}()", f"SELECT {quoted}()"]
    if place == "table":
        return [
            f"SELECT * FROM {quoted}('x')",
            f"FROM {quoted}()",
            f"SELECT 1 WHERE EXISTS (SELECT 1 FROM {quoted}(['a', 'b'], x := 1) AS t)",
            f"WITH c AS (SELECT count(*) AS n FROM {quoted.upper()}()) SELECT n FROM c",
        ]
    return [
        f"SELECT {quoted}()",
        f"SELECT user_id FROM users WHERE {quoted.upper()}(a, 'b') = 0",
        f"SELECT main.{quoted}('x') OVER () FROM t",
        f"SELECT list_transform([1], lambda x: {quoted}(x)) FROM (VALUES (1)) ORDER BY {quoted}(1) LIMIT 1",
    ]


def test_every_function_of_the_installed_version_is_on_the_list() -> None:
    unknown = sorted(f"{place} {name}" for place, name in installed() if not verdict(name, place).listed)
    assert unknown == [], "refused until somebody looks at them and writes them into functions.toml with a reason"


@pytest.mark.parametrize("version", ["1.5.5", "2.0.1"])
def test_every_function_of_both_versions_is_on_the_list(version: str) -> None:
    assert sorted(name for place, name in kept(version) if not verdict(name, place).listed) == []
    if duckdb.__version__ == version:
        assert installed() == kept(version)


def test_the_list_names_nothing_twice_and_nothing_that_is_not_there() -> None:
    names = Counter((place, name) for place, name, _ in listed())
    assert [one for one, count in names.items() if count > 1] == []
    known = {name for _, name in EVERY}
    written_otherwise = {"and", "or", "not", "coalesce", "ifnull", "!=", "current_timestamp", "unnest"}
    beginnings = [name[:-1] for _, name in names if name[-1] == "*" and name[:-1].replace("_", "").isalnum()]
    for place, name in names:
        if name[:-1] in beginnings:
            assert any(one.startswith(name[:-1]) for one in known), name
        elif name not in written_otherwise:
            assert (place, name) in EVERY, name
    assert all(len(found.reason) > 5 for _, _, found in listed())


def test_every_way_out_of_the_catalogues_is_refused() -> None:
    """Each refused function of both versions, in each place it could be called from."""
    tried = 0
    for place, name in REFUSED:
        for text in calls(place, name):
            tried += 1
            with pytest.raises(EngineError) as refused:
                gate.passed(text, "sql")
            assert refused.value.code == "bad_sql", text
    assert len(REFUSED) >= 280
    assert tried >= 1_100


def test_functions_of_values_stand_in_no_from_and_the_other_way_round() -> None:
    for place, name in EVERY:
        other: Place = "table" if place == "scalar" else "scalar"
        if not verdict(name, other).allowed:
            with pytest.raises(EngineError):
                gate.passed(calls(other, name)[0], "sql")


def test_every_allowed_function_gets_in() -> None:
    for place, name in ALLOWED:
        if name not in GROWING and name.replace("_", "").isalnum():
            values = "1, 'sum', 3" if name in CALL_BY_NAME else "1, 2, 3"
            gate.passed(f'SELECT * FROM "{name}"(1)' if place == "table" else f'SELECT "{name}"({values})', "sql")


@pytest.mark.parametrize("name", ["my_macro", "read_everything", "duckdb_new", "x"])
def test_what_no_list_names_is_refused(name: str) -> None:
    places: tuple[Place, ...] = ("scalar", "table")
    for place in places:
        texts = calls(place, name)
        assert texts
        for text in texts:
            with pytest.raises(EngineError, match=name):
                gate.passed(text, "sql")


def test_every_table_of_the_system_is_refused() -> None:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT schema_name, view_name FROM duckdb_views() WHERE internal"
        ).fetchall()
    unknown = [
        f"{schema}.{name}"
        for schema, name in rows
        if schema not in refused_tables().schemas and name not in refused_tables().names
    ]
    assert unknown == []
    for schema, name in rows:
        for text in (f"FROM {schema}.{name}", f"SELECT (SELECT count(*) FROM system.{schema}.{name})"):
            with pytest.raises(EngineError, match="describes the system"):
                gate.passed(text, "sql")
        if schema != "information_schema":
            with pytest.raises(EngineError, match="describes the system"):
                gate.passed(f"SELECT * FROM (SELECT * FROM {name.upper()})", "sql")
