"""Keys are verified in slices as they are at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.domain.model_codec import read_model
from engine.errors import EngineError
from engine.sql.keys import known_keys, verify_keys
from engine.sql.sources import Sources
from engine.warehouses.duck import DuckSession, connect
from tests.support.filling import insert


def sources(keys: list[Any], kind: str) -> tuple[Sources, DuckSession]:
    connection = connect(":memory:", read_only=False)
    connection.execute(f"CREATE TABLE u (k {kind})")
    if keys:
        insert(connection, "u", [[key] for key in keys])
    session = DuckSession("memory:", connection, "1")
    return Sources(read_model({"kind": "model", "profile": {"table": "u", "key": "k", "traits": {}}}), session), session


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("kind", "good", "twice"),
    [
        ("BIGINT", [-5, 0, 7, 8, 9, 10**12], 10**12),
        ("VARCHAR", ["", "a", "b", "ä", "zz"], "ä"),
        ("UBIGINT", [1, 2, 3], 1),
    ],
)
def test_every_duplicate_is_found_whatever_the_slices(kind: str, good: list[Any], twice: Any, at_once: int) -> None:
    found, session = sources(good, kind)
    assert verify_keys(found, session, at_once=at_once) == len(good)
    found, session = sources([*good, twice], kind)
    with pytest.raises(EngineError, match=r"1 of \d rows repeat the key of another profile") as raised:
        verify_keys(found, session, at_once=at_once)
    assert raised.value.technical == f"the first such key is {twice}"


def test_missing_keys_are_counted_and_an_empty_table_is_fine() -> None:
    found, session = sources([1, None, None], "INTEGER")
    with pytest.raises(EngineError, match="2 of 3 profiles have no key"):
        verify_keys(found, session)
    found, session = sources([], "INTEGER")
    assert verify_keys(found, session) == 0


@pytest.mark.parametrize(
    ("kind", "keys", "wide"),
    [
        ("HUGEINT", [1, 2**63 - 1, -(2**63)], 0),
        ("HUGEINT", [1, 2**63, -(2**63) - 1, 2**100], 3),
        ("UBIGINT", [1, 2**64 - 1], 1),
        ("UHUGEINT", [1, 2**127], 1),
    ],
)
def test_keys_beyond_64_bits_are_refused(kind: str, keys: list[int], wide: int) -> None:
    found, session = sources(keys, kind)
    if not wide:
        assert verify_keys(found, session) == len(keys)
        return
    with pytest.raises(EngineError, match=f"{wide} of {len(keys)} profiles have a key beyond 64 bits") as error:
        verify_keys(found, session)
    assert "VARCHAR" in str(error.value.hint)


def test_known_keys(tmp_path: Path) -> None:
    found, session = sources([1, 2], "INTEGER")
    assert known_keys(found, session, ["2", "3", "x", "2"]) == {"2"}
