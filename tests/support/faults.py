"""Faults at every point of a piece of work: the process dies, the power fails, the disk is full or broken.

A point is a write or a sync of the store (through a SQLite VFS of our own, so that no statement can be forgotten), a
rename of another file, and each side of a destination's effect. The work is done in a forked process with one fault at
one point; the points are counted by a process without any.

Power loss: of the store's writes that were not synced yet, each is lost or kept by a coin (a disk writes in any order);
what was synced stays. Source of the model: SQLite, "Atomic Commit In SQLite", section 3 (hardware assumptions).
"""

from __future__ import annotations

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

from engine.store.checksums import VFS
from tests.support.power import Tree

Kind = Literal["none", "kill", "power", "full", "broken"]
KINDS: tuple[Kind, ...] = ("kill", "power", "full", "broken")
_SAID, _ODD = 3, 4
"""Exit codes: it ended with a sentence; it ended with something else."""


@dataclass
class Faults:
    """Counts points, and does what is asked at one of them."""

    kind: Kind = "none"
    at: int = 0
    seed: int = 0
    points: int = 0
    disks: dict[str, Disk] = field(default_factory=dict)
    tree: Tree | None = None
    """The other files whose fate is told, if any; their syncs and removals are points then."""

    def point(self, *, store: bool = False) -> None:
        """One more point; a full or broken disk is one of the store's own."""
        self.points += 1
        if self.points != self.at or self.kind == "none":
            return
        if self.kind in ("full", "broken"):
            if store:
                raise apsw.FullError("full") if self.kind == "full" else apsw.IOError("broken")
            return
        if self.kind == "power":
            rng = random.Random(self.seed)
            if self.tree is not None:
                self.tree.lose(rng)
            for disk in self.disks.values():
                disk.lose(rng)
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Disk:
    """What a file was when it was last synced, and what was written since: (offset, bytes), or a size it was cut to."""

    path: str
    synced: bytes | None = None
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def begin(self) -> None:
        """What is there now counts as synced."""
        self.synced = Path(self.path).read_bytes() if Path(self.path).exists() else b""
        self.since = []

    def lose(self, rng: random.Random) -> None:
        """Leave the file as the power's end could leave it."""
        if not self.since or self.synced is None:
            return
        content = bytearray(self.synced)
        for offset, data in self.since:
            if rng.random() < 0.5:
                continue
            if data is None:
                del content[offset:]
            else:
                content.extend(b"\0" * (offset - len(content)))
                content[offset : offset + len(data)] = data
        Path(self.path).write_bytes(content)


class _File(apsw.VFSFile):
    """A file of the store whose writes and syncs are points."""

    def __init__(self, faults: Faults, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._faults = faults
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._disk = Disk(str(path or ""))
        kept = flags[0] & (apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL)
        if path and kept:
            self._disk = faults.disks.setdefault(str(path), self._disk)
            if self._disk.synced is None and faults.kind == "power":
                self._disk.begin()

    def xWrite(self, data: bytes, offset: int) -> None:
        self._faults.point(store=True)
        super().xWrite(data, offset)
        if self._faults.kind == "power":
            self._disk.since.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        self._faults.point(store=True)
        super().xTruncate(newsize)
        if self._faults.kind == "power":
            self._disk.since.append((newsize, None))

    def xSync(self, flags: int) -> None:
        """The disk itself is not waited for: what a process wrote is there when it dies, and whose power fails loses what
        ``Disk`` says."""
        self._faults.point(store=True)
        if self._faults.kind == "power":
            self._disk.begin()


class _System(apsw.VFS):
    """The system's files, seen through faults."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        super().__init__("faults", "unix", makedefault=True)
        if VFS in apsw.vfs_names():  # that of the parent process; the store loads it once more, over this one
            apsw.unregister_vfs(VFS)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self._faults, name, flags)


def under(faults: Faults, work: Callable[[Faults], None]) -> str:
    """Do the work in a forked process with a fault; how it ended: ``done``, ``killed``, ``said`` or what else."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os._exit(_child(faults, work, writer))
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else f"signal {os.WTERMSIG(status)}"
    code = os.WEXITSTATUS(status)
    faults.points = int(text) if code == 0 else faults.points
    return {0: "done", _SAID: "said"}.get(code, text)


def _child(faults: Faults, work: Callable[[Faults], None], writer: int) -> int:
    from engine.errors import EngineError

    try:
        system = _System(faults)
        _points_of_files(faults)
        work(faults)
        os.write(writer, str(faults.points).encode())
        del system
    except EngineError:
        return _SAID
    except BaseException:
        os.write(writer, traceback.format_exc().encode())
        return _ODD
    return 0


def _points_of_files(faults: Faults) -> None:
    """Points before and after every rename; with a tree at every sync and removal too. No disk is waited for."""
    plain = os.replace
    os.fsync = lambda descriptor: None  # type: ignore[assignment]
    if faults.tree is not None:
        _points_of_tree(faults, faults.tree)

    def replace(source: Any, target: Any, **more: Any) -> None:
        faults.point()
        plain(source, target, **more)
        faults.point()

    os.replace = replace  # type: ignore[assignment]


def _points_of_tree(faults: Faults, tree: Tree) -> None:
    sync, remove = os.fsync, os.unlink
    tree.begin()

    def fsync(descriptor: Any) -> None:
        faults.point()
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        sync(number)
        tree.synced(number)
        faults.point()

    def unlink(path: Any, **more: Any) -> None:
        faults.point()
        remove(path, **more)
        tree.look()
        faults.point()

    os.fsync = fsync  # type: ignore[assignment]
    os.unlink = unlink
