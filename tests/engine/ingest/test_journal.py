"""A journal holds what was acknowledged, whole; what was not is not in it, whatever the disk does."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from engine.ingest.journal import Full, Journal, closed, lines

MOST = 1 << 20


def texts(folder: Path) -> list[bytes | None]:
    return [one for path in closed(folder) for one in lines(path)]


def test_what_is_written_is_read_when_its_file_is_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path, MOST, 0)
    journal.write([b"one", b"two"])
    assert texts(tmp_path) == [], "an open file is nobody's business"
    journal.close_older_than(3_600)
    assert texts(tmp_path) == []
    journal.close_older_than(0)
    journal.write([b"three"])
    journal.close()
    assert texts(tmp_path) == [b"one", b"two", b"three"]
    waiting = journal.waiting
    assert waiting > 0
    journal.landed(closed(tmp_path))
    assert (journal.waiting, texts(tmp_path)) == (0, [])


def test_numbers_grow_whatever_was_landed(tmp_path: Path) -> None:
    journal = Journal(tmp_path, MOST, 41)
    journal.write([b"one"])
    journal.close()
    assert [path.name for path in closed(tmp_path)] == ["000000000042.log"]
    journal = Journal(tmp_path, MOST, 7)
    journal.write([b"two"])
    journal.close()
    assert [int(path.stem) for path in closed(tmp_path)] == [42, 43]


@pytest.mark.parametrize("cut", range(1, 13))
def test_a_torn_line_at_the_end_was_never_acknowledged(tmp_path: Path, cut: int) -> None:
    journal = Journal(tmp_path, MOST, 0)
    journal.write([b"whole"])
    journal.write([b"torn"])
    (path,) = tmp_path.glob("*.open")
    path.write_bytes(path.read_bytes()[:-cut])
    Journal(tmp_path, MOST, 0)
    assert texts(tmp_path) == [b"whole"]


def test_a_damaged_line_in_between_is_told_and_the_others_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path, MOST, 0)
    journal.write([b"one", b"two", b"three"])
    (path,) = tmp_path.glob("*.open")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"two", b"tw0"))
    Journal(tmp_path, MOST, 0)
    assert texts(tmp_path) == [b"one", None, b"three"]


def test_there_is_room_for_so_much(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 100, 0)
    journal.write([b"x" * 60])
    with pytest.raises(Full):
        journal.write([b"x" * 60])
    journal.close()
    journal.landed(closed(tmp_path))
    journal.write([b"x" * 60])


def test_a_full_disk_takes_back_what_it_took_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, MOST, 0)
    journal.write([b"before"])
    write = os.write

    def some(file: int, data: bytes) -> int:
        if len(data) > 5:
            return write(file, data[: len(data) - 5])
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "write", some)
    with pytest.raises(Full):
        journal.write([b"never"])
    monkeypatch.undo()
    journal.write([b"after"])
    journal.close()
    assert texts(tmp_path) == [b"before", b"after"]
