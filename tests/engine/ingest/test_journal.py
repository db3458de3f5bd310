"""A journal holds what was acknowledged, whole; what was not is not in it, whatever the disk does."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.ingest.journal import Full, Journal, closed, lines, number

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
    assert [path.name for path in closed(tmp_path)] == ["000000000042-1-d51f7ede.log"]
    journal = Journal(tmp_path, MOST, 7)
    journal.write([b"two"])
    journal.close()
    assert [number(path) for path in closed(tmp_path)] == [42, 43]


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


def _closed_file(folder: Path, count: int = 4) -> Path:
    journal = Journal(folder, MOST, 0)
    for one in range(count):
        journal.write([b"line %d" % one])
    journal.close()
    (path,) = closed(folder)
    return path


def test_a_closed_file_that_is_cut_between_two_lines_says_that_lines_are_missing(tmp_path: Path) -> None:
    path = _closed_file(tmp_path)
    data = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]
    found = []
    for end in (0, *ends):
        path.write_bytes(data[:end])
        found.append(list(lines(path)))
    all_of_them = [b"line 0", b"line 1", b"line 2", b"line 3"]
    assert found == [*([*all_of_them[:count], None] for count in range(4)), all_of_them]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[18:],
        lambda data: data[:16] + data[32:],
        lambda data: data[16:32] + data[:16] + data[32:],
    ],
    ids=["the first is gone", "one in between is gone", "exchanged"],
)
def test_lines_that_are_gone_or_exchanged_are_noticed(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = _closed_file(tmp_path)
    path.write_bytes(change(path.read_bytes()))
    found = list(lines(path))
    assert None in found
    assert len({one for one in found if one}) == len([one for one in found if one])


def test_a_line_that_damage_repeats_comes_once(tmp_path: Path) -> None:
    path = _closed_file(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:32] + data[16:])
    assert list(lines(path)) == [b"line 0", b"line 1", b"line 2", b"line 3", None]


def test_the_same_request_twice_is_twice_in_a_file_that_is_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path, MOST, 0)
    journal.write([b"same", b"same"])
    journal.close()
    assert texts(tmp_path) == [b"same", b"same"]


def test_a_damaged_line_of_a_closed_file_is_told_once(tmp_path: Path) -> None:
    path = _closed_file(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"line 1", b"l1ne 1"))
    assert list(lines(path)) == [b"line 0", None, b"line 2", b"line 3"]


def test_what_was_open_when_its_owner_died_is_sealed_at_the_next_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path, MOST, 0)
    journal.write([b"one", b"two"])
    Journal(tmp_path, MOST, 0)
    (path,) = closed(tmp_path)
    assert list(lines(path)) == [b"one", b"two"]
    path.write_bytes(path.read_bytes()[:13])
    assert list(lines(path)) == [b"one", None]


def test_files_of_earlier_versions_are_read_in_their_order(tmp_path: Path) -> None:
    path = _closed_file(tmp_path, 2)
    path.rename(tmp_path / "000000000001.log")
    (tmp_path / "not ours.log").write_bytes(b"x")
    journal = Journal(tmp_path, MOST, 0)
    journal.write([b"new"])
    journal.close()
    assert texts(tmp_path) == [b"line 0", b"line 1", b"new"]
    assert [number(one) for one in closed(tmp_path)] == [1, 2]
