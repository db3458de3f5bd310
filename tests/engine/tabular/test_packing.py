"""Compressed files are unpacked within bounds."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.tabular import packing
from engine.tabular.packing import unpacked


def test_a_bomb_is_refused_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "ALWAYS", 1 << 16)
    file = tmp_path / "t.gz"
    file.write_bytes(gzip.compress(b"a,b\n" * 300_000, mtime=0))
    with pytest.raises(EngineError, match=r"t\.gz unpacks into more than"):
        unpacked(file, "gzip", tmp_path / "out", "t.gz")
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(packing, "ALWAYS", 1 << 26)
    unpacked(file, "gzip", tmp_path / "out", "t.gz")
    assert (tmp_path / "out").stat().st_size == 1_200_000


def test_an_archive_of_several_files_is_refused(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("a.csv", "b.csv", "__MACOSX/._a.csv", ".DS_Store"):
            archive.writestr(zipfile.ZipInfo(name), "a\n1\n")
    (tmp_path / "t.zip").write_bytes(made.getvalue())
    with pytest.raises(EngineError, match="is an archive of 2 files"):
        unpacked(tmp_path / "t.zip", "zip", tmp_path / "out", "t.zip")
