"""The map in force: one publisher at a time, whole or not at all, damage noticed, nothing in it that could be read."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import operations
from engine.errors import EngineError
from engine.identity.publication import LOCK, POINTER, current
from engine.locks import holding
from engine.operations import Workspace
from tests.support.people import ANA, PEOPLE, make, persons

KEYS = [row[0] for row in PEOPLE]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path) as made:
        yield made


def test_two_at_once_are_refused_and_the_second_says_who(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    lock = workspace.folder / "identity" / LOCK
    program = (
        "import sys, time; from pathlib import Path; from engine.locks import holding\n"
        f"with holding(Path({str(lock)!r}), 'another', 'refused', 'busy'):\n print('held', flush=True); time.sleep(30)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(EngineError, match="identity is being resolved by another"):
            operations.run_identity(workspace)
        assert persons(workspace, ["ana-1"])["ana-1"], "the map in force is served meanwhile"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    with holding(lock, "test", "refused", "busy"):
        pass


@pytest.mark.parametrize("after", ["map", "index", "pointer.new"])
def test_who_dies_before_the_pointer_leaves_the_old_map_in_force(
    workspace: Workspace, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.identity import publication

    operations.run_identity(workspace)
    before = persons(workspace, KEYS)

    class Dead(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Dead

    with monkeypatch.context() as patched:
        name = {"map": "index_of", "index": "point_to", "pointer.new": "sync_folder"}[after]
        if after == "pointer.new":
            patched.setattr(os, "replace", die)
        else:
            patched.setattr(publication, name, die)
        with pytest.raises(Dead):
            operations.run_identity(workspace, everything=True)
    pointer = current(workspace.folder / "identity")
    assert pointer is not None
    assert pointer.run == 1
    assert persons(workspace, KEYS) == before
    assert operations.run_identity(workspace).numbers["new"] == 0
    assert [one.state for one in operations.identity_state(workspace).runs] == ["published", "failed", "published"]


def test_a_damaged_index_is_made_again_and_a_damaged_map_says_so(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    before = persons(workspace, KEYS)
    pointer = current(workspace.folder / "identity")
    assert pointer is not None
    index = workspace.folder / "identity" / pointer.index
    index.write_bytes(b"\0" * 5_000)
    assert persons(workspace, KEYS) == before
    index.unlink()
    assert operations.check_identity(workspace).rebuilt
    assert persons(workspace, KEYS) == before
    (workspace.folder / "identity" / pointer.map).write_bytes(b"no map")
    with pytest.raises(EngineError, match=r"the map .* cannot be opened"):
        operations.find_person(workspace, "profile:ana-1")
    (workspace.folder / "identity" / POINTER).write_text("{")
    with pytest.raises(EngineError, match=r"current\.json cannot be read"):
        operations.identity_state(workspace)


def test_nobody_finds_an_address_or_its_plain_hash_in_any_file(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    operations.cut_identifiers(workspace, "profile:ana-1", "email:ana@mail.com", "a test")
    operations.rotate_pepper(workspace)
    plain = ["ana@mail.com", "bruno@mail.com", "52998224725", ANA, "16899535009", "phone-a", "tablet-77"]
    needles = [one.encode() for one in plain]
    for one in plain:
        digest = hashlib.sha256(one.encode())
        needles += [digest.digest(), digest.hexdigest().encode()]
    places = [path for path in workspace.folder.rglob("*") if path.is_file()]
    assert len(places) > 8
    for path in places:
        held = path.read_bytes()
        assert not [one for one in needles if one in held], path
