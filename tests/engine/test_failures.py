"""Whatever the system refuses is said in one sentence, whichever library met it."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import apsw
import duckdb
import pytest

from engine.durable import whole_file, write_new
from engine.failures import DENIED, FULL, READ_ONLY, TOO_LONG, TOO_MANY, cause_of, failure_of, refusal_at
from tests.support.disks import (
    ARGUMENTS,
    LEFT_OUT,
    NAMED,
    UNEXPECTED,
    can_mount,
    every_command,
    full,
    mounted,
    read_only,
)
from tests.support.everything import answered


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/ws/a.csv"), "/ws/a.csv cannot be used: the disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        (OSError(errno.EROFS, "Read-only file system", "/ws"), "/ws cannot be used: the file system is read-only"),
        (PermissionError(errno.EACCES, "Permission denied", b"/ws/x"), "/ws/x cannot be used: permission is denied"),
        (OSError(errno.EMFILE, "Too many open files", "/ws/x"), "/ws/x cannot be used: too many files are open"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "/ws"), "/ws cannot be used: the path is too long"),
        (OSError(errno.EIO, "Input/output error", "/ws/x"), "/ws/x cannot be used: the disk reports an error"),
        (
            duckdb.IOException('IO Error: Could not write file "/ws/w.duckdb": No space left on device'),
            "/ws/w.duckdb cannot be used: the disk is full",
        ),
        (OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"), "the disk is full"),
        (apsw.FullError("FullError: database or disk is full"), "the disk is full"),
        (ModuleNotFoundError("No module named 'lmdb'", name="lmdb"), "this needs the part lmdb"),
    ],
)
def test_every_refusal_has_a_sentence(error: Exception, said: str) -> None:
    found = failure_of(error)
    assert found is not None
    assert found.message == said
    assert found.hint


def test_other_errors_are_not_explained_away() -> None:
    for error in (
        ValueError("no space left"),
        KeyError("permission denied"),
        OSError("hm"),
        RuntimeError("disk is full"),
    ):
        assert failure_of(error) is None
    assert failure_of(ModuleNotFoundError("No module named 'engine.gone'", name="engine.gone")) is None
    assert failure_of(json.JSONDecodeError("a user's file", "x", 0)) is None
    assert cause_of(duckdb.ConversionException('Could not convert string "/home/ana: permission" to INT32')) is None


def test_a_file_is_asked_why_it_cannot_be_opened(tmp_path: Path) -> None:
    assert refusal_at(tmp_path / "new") is None
    (tmp_path / "there").touch()
    assert refusal_at(tmp_path / "there") is None
    assert refusal_at(tmp_path / ("x" * 300)) == TOO_LONG
    assert not (tmp_path / "new").exists()


def test_too_many_files_are_told_from_the_real_thing(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    (tmp_path / "x").touch()
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        assert refusal_at(tmp_path / "x") == TOO_MANY
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_causes_are_different() -> None:
    assert len({FULL, READ_ONLY, DENIED, TOO_MANY, TOO_LONG}) == 5


def test_the_proof_has_every_command() -> None:
    """A new command comes into `make proof-disk`, or says why not."""
    assert set(every_command()) == set(ARGUMENTS) | set(LEFT_OUT)


@pytest.mark.skipif(not can_mount(), reason="only root on Linux mounts file systems")
@pytest.mark.parametrize("how", [full, read_only])
def test_commands_on_a_disk_that_refuses(how: Any, tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_text("1\n2\n")
    with mounted(tmp_path / "disk", "8m") as disk:
        folder = str(disk / "ws")
        assert answered("init", folder)[0] == 0
        assert answered("token", "add", "first", "--scope", "read", "-w", folder)[0] == 0
        with how(disk):
            for command in (
                ["token", "add", "second", "--scope", "read"],
                ["lists", "add", "some", str(tmp_path / "keys.csv")],
                ["secret", "make-key", f"{disk}/vault.key"],
                ["store", "check"],
                ["connect", "local:"],
                ["ingest", "load", str(tmp_path / "keys.csv"), "--into", "keys"],
            ):
                code, said = answered(*command, "-w", folder)
                assert not UNEXPECTED.search(said), said
                assert code == 0 or NAMED.search(said) or command[0] == "connect", said
        code, said = answered("token", "list", "-w", folder)
        assert code == 0
        assert "first" in said
        assert answered("token", "add", "third", "--scope", "read", "-w", folder)[0] == 0


@pytest.mark.skipif(not can_mount(), reason="only root on Linux mounts file systems")
def test_a_file_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "4m") as disk:
        kept = disk / "kept.csv"
        kept.write_text("before")
        with full(disk):
            with pytest.raises(OSError, match="No space left") as met:
                write_new(disk / "new.key", ["x" * 5_000])
            assert met.value.filename == str(disk / "new.key")
            with pytest.raises(OSError, match="No space left"), whole_file(kept) as fresh:
                fresh.write_text("x" * 5_000)
        assert [path.name for path in disk.iterdir()] == ["kept.csv"]
        assert kept.read_text() == "before"
        write_new(disk / "new.key", ["x"])
        with pytest.raises(FileExistsError):
            write_new(disk / "new.key", ["y"])
        assert (disk / "new.key").read_text() == "x"
