"""A sealed file that was changed anywhere, cut or lengthened is known before it is used."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.identity import sealing
from engine.identity.index import Index, identifier_of, write_index
from engine.identity.sealing import broken, seal, unseal


def test_any_change_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_PART", 64)
    path, data = tmp_path / "file", bytes(range(256)) * 2 + b"end"
    path.write_bytes(data)
    assert broken(path) == "its end is missing"
    seal(path)
    sealed = path.read_bytes()
    assert broken(path) is None
    for place in range(len(sealed)):
        path.write_bytes(sealed[:place] + bytes([sealed[place] ^ 4]) + sealed[place + 1 :])
        assert broken(path) is not None
        path.write_bytes(sealed[:place])
        assert broken(path) is not None
    for other in (sealed + b"\0", sealed + sealed, b"", sealed[64:128] + sealed[:64] + sealed[128:]):
        path.write_bytes(other)
        assert broken(path) is not None
    path.write_bytes(sealed)
    unseal(path)
    assert path.read_bytes() == data


def test_a_damaged_index_is_said_and_never_mapped(tmp_path: Path) -> None:
    path, rng = tmp_path / "index.lmdb", random.Random(4)
    some = sorted((identifier_of(rng.getrandbits(64), one), one.to_bytes(10, "big")) for one in range(500))
    write_index(path, some, [(one.to_bytes(10, "big"), bytes(10)) for one in range(500)], {}, len(some))
    whole = path.read_bytes()
    for _ in range(60):
        place = rng.randrange(len(whole))
        for data in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            path.write_bytes(data)
            with pytest.raises(EngineError, match="is damaged"):
                Index(path)
    path.write_bytes(whole)
    index = Index(path)
    assert index.person(some[7][0]) is not None
    index.close()
