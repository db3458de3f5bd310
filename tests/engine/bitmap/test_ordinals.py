"""Ordinals: given once and for all, whatever keys come and go; lost key files begin a new epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from engine.bitmap.bits import from_unsorted, to_array
from engine.bitmap.ordinals import CorruptKeys, SiteOrdinals
from engine.bitmap.reading import everyone
from engine.domain.model_codec import read_model
from engine.sql.compile import World
from engine.sql.ordinals import OrdinalMap
from engine.sql.shared import Scans
from engine.store.database import Database
from engine.store.ordinals import OrdinalSegments
from engine.warehouses.duck import DuckSession, connect
from tests.support.filling import insert

KEYS: dict[str, list[list[Any]]] = {
    "dense": [[5, 6, 7], [5, 6, 7, 8, 9], [3, 9], [3, 4, 10]],
    "sparse": [[1, 10**12], [10**12, 5, 10**15], [-(10**14), 1]],
    "dense, then far away": [[1, 2, 3], [1, 2, 3, 10**15], [4, 5, 10**15 + 1]],
    "far before": [[10**12, 10**12 + 1], [1, 10**12], [2, 10**12 + 2]],
    "none at first": [[], [4, 5], []],
    "text": [["b", "a"], ["", "ä", "a"], ["b", "zz", "\U0001f600"]],
}


class Site:
    """One site whose profiles can be replaced."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.connection = connect(":memory:", read_only=False)
        self.kind = kind
        self.warehouse = DuckSession("memory:", self.connection, "1")
        self.segments = OrdinalSegments(Database(folder / "store.sqlite"))
        self.folder = folder / "ordinals"
        self.model = read_model({"kind": "model", "profile": {"table": "u", "key": "k", "traits": {}}})
        self.show([])

    def show(self, keys: list[Any]) -> None:
        self.connection.execute(f"CREATE OR REPLACE TABLE u (k {self.kind})")
        if keys:
            insert(self.connection, "u", [[key] for key in keys])

    def update(self) -> tuple[SiteOrdinals, dict[Any, int]]:
        """Bring the dictionary up to date; the ordinal of every profile, by its key."""
        world = World(self.model, self.warehouse, self.warehouse.describe, {}, datetime(2026, 1, 1, tzinfo=UTC))
        scratch = self.warehouse.scratch()
        (site,) = self.model.sites.values()

        def scans(ordinals: OrdinalMap) -> Scans:
            return Scans(world, site, ordinals)

        dictionary = SiteOrdinals(site.id, self.segments, self.folder)
        found = dictionary.update(scans, scratch, integer=self.kind == "BIGINT")
        bits = everyone(scans(found), scratch, dictionary.capacity)
        numbers = to_array(bits)
        keys = dictionary.keys_of(numbers).tolist()
        scratch.close()
        return dictionary, dict(zip(keys, numbers.tolist(), strict=True))


@pytest.mark.parametrize("name", list(KEYS))
def test_an_ordinal_never_moves(name: str, tmp_path: Path) -> None:
    states = KEYS[name]
    site = Site(tmp_path, "VARCHAR" if name == "text" else "BIGINT")
    ever: dict[Any, int] = {}
    for keys in states:
        site.show(keys)
        _, found = site.update()
        assert set(found) == set(keys)
        for key, ordinal in found.items():
            assert ever.setdefault(key, ordinal) == ordinal
        assert len(set(ever.values())) == len(ever)
    assert ever.keys() == {key for keys in states for key in keys}
    assert len(states) > 1


def test_many_random_states_agree(tmp_path: Path) -> None:
    rng = Random(3)
    for case in range(12):
        folder = tmp_path / str(case)
        folder.mkdir()
        site = Site(folder, "BIGINT")
        pool = [rng.choice([rng.randrange(40), rng.randrange(10**6), 10**12 + rng.randrange(5)]) for _ in range(30)]
        ever: dict[int, int] = {}
        for _ in range(4):
            keys = sorted({key for key in pool if rng.random() < 0.5})
            site.show(keys)
            _, found = site.update()
            assert sorted(found) == keys
            ever |= {key: ever.setdefault(key, number) for key, number in found.items()}
            assert all(ever[key] == number for key, number in found.items())


def test_dense_keys_need_no_file_and_listed_keys_one(tmp_path: Path) -> None:
    site = Site(tmp_path, "BIGINT")
    site.show(list(range(100, 200)))
    dictionary, _ = site.update()
    assert dictionary.capacity == 100
    assert not site.folder.exists()
    site.show([10**15])
    dictionary, _ = site.update()
    assert dictionary.capacity == 101
    assert [path.suffix for path in site.folder.iterdir()] == [".arrow"]


@pytest.mark.parametrize("change", ["missing", "one bit"])
def test_a_lost_key_file_is_seen(change: str, tmp_path: Path) -> None:
    site = Site(tmp_path, "VARCHAR")
    site.show(["a", "b"])
    site.update()
    (file,) = site.folder.iterdir()
    if change == "missing":
        file.unlink()
    else:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(bytes(data))
    with pytest.raises(CorruptKeys, match="missing or corrupt"):
        site.update()
    site.segments.begin_anew("default")
    dictionary, found = site.update()
    assert dictionary.epoch == 1
    assert sorted(found) == ["a", "b"]


def test_keys_come_back_in_the_order_of_their_ordinals(tmp_path: Path) -> None:
    site = Site(tmp_path, "VARCHAR")
    site.show(["b", "a"])
    site.update()
    site.show(["b", "a", "0"])
    dictionary, found = site.update()
    assert found == {"a": 0, "b": 1, "0": 2}
    assert dictionary.keys_of(to_array(from_unsorted(np.array([2, 0]), 3))).tolist() == ["a", "0"]
