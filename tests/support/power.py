"""Power loss for a whole folder: what was not synced is lost, kept, or there in part.

A file's bytes survive once the file was synced, its name once its folder was; of names that were given, taken and moved
since, a beginning survives in their order, as a journal of the file system keeps them. That of a synced file which was
written to afterwards may be old, new, or new up to a place. What others than Python write (DuckDB) counts as written when
it is looked at, and as synced when Python syncs it, so that nothing depends on what cannot be seen. SQLite's files have a
model of their own (:mod:`tests.support.faults`). Source of the model: Pillai et al., "All File Systems Are Not Created
Equal" (OSDI 2014).
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

Names = dict[str, int]
"""Of a folder: its entries with their inodes."""
_OTHERS = (".sqlite", ".sqlite-wal", ".sqlite-shm", ".lock")


@dataclass
class Tree:
    """Watches a folder: what of it would survive."""

    root: Path
    content: dict[int, bytes] = field(default_factory=dict)
    names: dict[str, Names] = field(default_factory=dict)
    seen: dict[str, Names] = field(default_factory=dict)
    since: list[tuple[str, Names]] = field(default_factory=list)

    def begin(self) -> None:
        """What is there now survives."""
        self.seen = self._walk()
        self.names = {folder: dict(names) for folder, names in self.seen.items()}
        self.content = {path.stat().st_ino: path.read_bytes() for path in self.root.rglob("*") if self._is_ours(path)}

    def _is_ours(self, path: Path) -> bool:
        return path.is_file() and not path.name.endswith(_OTHERS)

    def _walk(self) -> dict[str, Names]:
        found: dict[str, Names] = {}
        for folder in (self.root, *(one for one in self.root.rglob("*") if one.is_dir())):
            found[str(folder)] = {one.name: one.stat().st_ino for one in folder.iterdir() if self._is_ours(one)}
        return found

    def look(self) -> None:
        """Note which names changed since the last look."""
        now = self._walk()
        for folder, names in now.items():
            if names != self.seen.get(folder):
                self.since.append((folder, names))
        self.seen = now

    def synced(self, descriptor: int) -> None:
        """A file or a folder was synced."""
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if self.root not in (path, *path.parents):
            return
        self.look()
        if path.is_dir():
            self.names[str(path)] = dict(self.seen.get(str(path), {}))
            self.since = [one for one in self.since if one[0] != str(path)]
        elif path.exists():
            self.content[os.fstat(descriptor).st_ino] = path.read_bytes()

    def unsynced(self) -> list[str]:
        """What a power loss now could take, or leave in part: files whose bytes or whose names are not on disk."""
        self.look()
        found = set()
        for folder, names in self.seen.items():
            kept = self.names.get(folder, {})
            for name, ino in names.items():
                path = Path(folder, name)
                if kept.get(name) != ino or self.content.get(ino) != path.read_bytes():
                    found.add(path.relative_to(self.root).as_posix())
        return sorted(found)

    def returning(self) -> list[str]:
        """Files that were removed and could be there again after a power loss now."""
        self.look()
        found = []
        for folder, kept in self.names.items():
            gone = kept.keys() - self.seen.get(folder, {}).keys()
            found += [Path(folder, name).relative_to(self.root).as_posix() for name in gone]
        return sorted(found)

    def lose(self, rng: random.Random) -> None:
        """Leave the folder as the power's end could leave it."""
        self.look()
        now = {ino: Path(folder, name) for folder, names in self.seen.items() for name, ino in names.items()}
        bytes_ = {ino: path.read_bytes() for ino, path in now.items()}
        names = {folder: dict(there) for folder, there in self.names.items()}
        names |= dict(self.since[: rng.randrange(len(self.since) + 1)])
        for path in [one for one in self.root.rglob("*") if self._is_ours(one)]:
            path.unlink()
        for folder, there in names.items():
            Path(folder).mkdir(parents=True, exist_ok=True)
            for name, ino in there.items():
                Path(folder, name).write_bytes(self._left(ino, bytes_, rng))

    def _left(self, ino: int, now: dict[int, bytes], rng: random.Random) -> bytes:
        """What is left of a file: as it was synced, as it is, or as it is up to a place with nothing behind."""
        kept = self.content.get(ino, b"")
        new = now.get(ino, kept)
        if new == kept or rng.random() < 0.4:
            return kept
        if rng.random() < 0.4:
            return new
        place = rng.randrange(len(new) + 1)
        return new[:place] + (b"\0" * (len(new) - place) if rng.random() < 0.5 else b"")


@contextmanager
def watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tree]:
    """A tree that notes every sync below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tree, real = Tree(folder.resolve()), os.fsync

    def fsync(file: Any) -> None:
        real(file)
        tree.synced(file if isinstance(file, int) else file.fileno())

    tree.begin()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        yield tree


def copy(source: Path, target: Path) -> None:
    """A folder once more, in place of what was there."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
