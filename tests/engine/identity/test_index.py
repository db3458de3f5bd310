"""The lookup index: what is in it is found, what is not is not, damage is noticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.identity.index import Index, identifier_of, name_of, raw_of, write_index

A, B, C = (bytes.fromhex(f"{i:020x}") for i in (1, 2, 3))


def made(folder: Path, count: int = 2) -> Path:
    path = folder / "index.lmdb"
    one, other = identifier_of(5, 6), identifier_of(7, 8)
    persons = [(A, A + b"\x00" + one + b"\x01" + other), (B, A)]
    write_index(path, [(one, A), (other, A)], persons, {name_of(C): name_of(A)}, count)
    return path


def test_what_is_in_it(tmp_path: Path) -> None:
    index = Index(made(tmp_path))
    assert index.person(identifier_of(5, 6)) == name_of(A)
    assert index.person(identifier_of(6, 5)) is None
    assert index.people([identifier_of(7, 8), identifier_of(0, 0)]) == [name_of(A), None]
    found = index.profile(name_of(C))
    assert found is not None
    assert (found.id, found.household) == (name_of(A), name_of(A))
    assert found.identifiers == ((0, identifier_of(5, 6)), (1, identifier_of(7, 8)))
    assert index.profile("p" + "f" * 20) is index.profile("nobody") is index.profile("p" + "z" * 20) is None
    index.close()
    assert raw_of(name_of(B)) == B


def test_several_have_it_open_and_who_closes_leaves_it_to_the_others(tmp_path: Path) -> None:
    path = made(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        every = list(pool.map(lambda _: Index(path), range(64)))
        for one in every[1:]:
            one.close()
            one.close()
        assert set(pool.map(lambda _: every[0].person(identifier_of(5, 6)), range(64))) == {name_of(A)}
    every[0].close()
    again = Index(path)
    assert again.person(identifier_of(7, 8)) == name_of(A)
    again.close()


def test_damage(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="2 of 3 identifiers"):
        Index(made(tmp_path, count=3))
    path = tmp_path / "index.lmdb"
    for content in (b"", b"\0" * 10_000, b"LMDB?" * 100):
        path.write_bytes(content)
        with pytest.raises(EngineError, match="is damaged"):
            Index(path)
    path.unlink()
    with pytest.raises(EngineError, match="is damaged"):
        Index(path)
    with pytest.raises(EngineError, match="could not be written"):
        write_index(path, [(identifier_of(7, 8), A), (identifier_of(5, 6), A)], [], {}, 2)
