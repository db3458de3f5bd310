"""Packs on real disks: all or nothing, every byte checked, full disks and torn files told in a sentence."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from pyroaring import BitMap

from engine.bitmap.library import Library
from engine.bitmap.packs import CorruptBitmap
from engine.errors import EngineError
from engine.store.bitmaps import Found
from engine.store.database import Database

SETS = [BitMap(range(0, 1000, 3)), BitMap(), BitMap([7]), BitMap(range(100_000))]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(Database(tmp_path / "store.sqlite"), tmp_path / "bitmaps", 1 << 20)


def reopened(library: Library) -> Library:
    """The same library, with nothing in memory."""
    path = library.folder.parent
    library.close()
    return Library(Database(path / "store.sqlite"), path / "bitmaps", 1 << 20)


def test_what_is_added_is_found_and_never_written_twice(library: Library) -> None:
    ids = library.add(SETS)
    again = library.add([*SETS, BitMap([8])])
    assert again[:4] == ids
    assert [path.suffix for path in library.packs.iterdir()] == [".pack", ".pack"]
    fresh = reopened(library)
    assert [fresh.bitmap(identifier) for identifier in ids] == SETS
    assert fresh.bitmap(again[4]) == BitMap([8])


def test_memory_is_bounded_and_nothing_is_lost(tmp_path: Path) -> None:
    small = Library(Database(tmp_path / "store.sqlite"), tmp_path / "bitmaps", 20_000)
    sets = [BitMap(range(i, 100_000, 97)) for i in range(50)]
    ids = small.add(sets)
    assert small.held_bytes <= 20_000 + 4096
    assert [small.bitmap(identifier) for identifier in ids] == sets


def damage(library: Library, change: str) -> None:
    (pack,) = library.packs.iterdir()
    data = pack.read_bytes()
    if change == "missing":
        pack.unlink()
    elif change == "short":
        pack.write_bytes(data[: len(data) // 2])
    elif change == "empty":
        pack.write_bytes(b"")
    else:
        pack.write_bytes(data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])


@pytest.mark.parametrize("change", ["missing", "short", "empty", "one bit"])
def test_corruption_is_seen_and_what_rests_on_it_forgotten(library: Library, change: str) -> None:
    ids = library.add(SETS)
    library.remember("MLB", 1, [(b"key", Found(ids[3], False)), (b"other", Found(ids[2], True))])
    damage(library, change)
    fresh = reopened(library)
    with pytest.raises(CorruptBitmap, match="corrupt"):
        fresh.bitmap(ids[3])
    assert fresh.index.condition(b"key") is None
    assert fresh.index.condition(b"other") is not None  # its own reading will tell


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    """A real write that fails half-way: the file size limit of a process of its own."""
    script = f"""
import resource, sys
from pathlib import Path
from pyroaring import BitMap
from engine.bitmap.library import Library
from engine.errors import EngineError
from engine.store.database import Database
library = Library(Database(Path({str(tmp_path)!r}) / "store.sqlite"), Path({str(tmp_path)!r}) / "bitmaps", 1 << 20)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19))
try:
    library.add([BitMap(range(i, 9_000_000, 7)) for i in range(7)])
except EngineError as error:
    print(error.code, "|", error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("bitmaps | ")
    assert "cannot be written" in done.stdout
    assert list((tmp_path / "bitmaps" / "packs").iterdir()) == []
    assert Database(tmp_path / "store.sqlite").rows("bitmaps") == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE) != (1 << 19, 1 << 19)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "bitmaps").write_text("in the way")
    library = Library(Database(tmp_path / "store.sqlite"), tmp_path / "bitmaps", 1 << 20)
    with pytest.raises(EngineError, match="cannot be written"):
        library.add(SETS)
