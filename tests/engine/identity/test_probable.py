"""Profiles that no identifier links, found by what they look like; only hashes are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.domain.identity import IdentityDocument, Kind, Probable
from engine.domain.model import Source
from engine.errors import EngineError
from engine.identity.probable import likely_pairs
from engine.identity.records import hashed_column
from engine.identity.values import Hasher
from engine.warehouses.files import DuckDBFile
from tests.support.people import twice

WANTED = Probable(
    Source("crm"),
    "id",
    {"first": "name", "last": "name", "born": "date", "city": "exact"},
    (("first", "last"), ("born",)),
)
DOCUMENT = IdentityDocument("p", "p", (Kind("profile", "text"),), probable=WANTED)
HASHER = Hasher(b"x" * 32, "t")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand people, half of them twice, with typing errors."""
    folder = tmp_path_factory.mktemp("people")
    twice(folder)
    return folder


def test_most_are_found_few_wrong_and_the_same_again(people: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    warehouse = DuckDBFile("x", people / "crm.duckdb")
    keys = [row[0] for row in warehouse.rows("SELECT id FROM crm ORDER BY id")]
    nodes, _ = hashed_column([pa.array(keys)], DOCUMENT.kinds[0], HASHER)
    key = dict(zip(nodes.tolist(), keys, strict=True))
    found = likely_pairs(DOCUMENT, warehouse, HASHER, tmp_path)
    pairs = {frozenset((key[one], key[other])) for one, other in found.tolist()}
    true = {frozenset((f"{n}-a", f"{n}-b")) for n in range(1, 1_000, 2)}
    assert len(pairs & true) / len(true) > 0.85
    assert len(pairs & true) / len(pairs) > 0.95
    again = likely_pairs(DOCUMENT, warehouse, HASHER, tmp_path / "elsewhere")
    assert sorted(map(tuple, again.tolist())) == sorted(map(tuple, found.tolist()))
    (kept,) = tmp_path.glob("likely-*.npy")
    stamp = kept.stat().st_mtime_ns
    likely_pairs(DOCUMENT, warehouse, HASHER, tmp_path)
    assert kept.stat().st_mtime_ns == stamp, "what was found is not looked for again"
    assert b"Silva" not in kept.read_bytes()
    warehouse.close()


def test_what_cannot_be_compared_is_said(people: Path, tmp_path: Path) -> None:
    warehouse = DuckDBFile("x", people / "crm.duckdb")
    wrong = replace(DOCUMENT, probable=replace(WANTED, compare={**WANTED.compare, "nick": "name"}))
    with pytest.raises(EngineError, match='there is no column "nick"'):
        likely_pairs(wrong, warehouse, HASHER, tmp_path)
    empty = replace(DOCUMENT, probable=replace(WANTED, source=Source("crm", where="id IS NULL")))
    with pytest.raises(EngineError, match="could not be compared"):
        likely_pairs(empty, warehouse, HASHER, tmp_path)
    assert likely_pairs(replace(DOCUMENT, probable=None), warehouse, HASHER, tmp_path).tolist() == []
    warehouse.close()
