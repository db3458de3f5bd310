"""Deliveries as files: whole, the same when sent again, and told in the manifest."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from errno import ENOSPC
from pathlib import Path

import duckdb
import pytest

from engine.destinations.folder import FORMATS, FolderDestination
from engine.destinations.protocol import Batch, Later, Misconfigured, Row, Sync

SYNC = Sync(7, "sp", "2026-11-25T00:00:00Z")
ROWS = [Row("1", (("email", "aa"), ("email", "bb"), ("phone", "cc"))), Row('ó"2,x', (("phone", "dd"),)), Row("3")]


def batch(rows: list[Row], name: str = "00001", operation: str = "add") -> Batch:
    return Batch("id" + name, SYNC, name, operation, rows)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("count", [0, 1, 3, 10_001])
def test_what_is_read_back_is_what_was_sent(kind: str, count: int, tmp_path: Path) -> None:
    rows = [Row(f"{i}", (("email", f"e{i}"),)) for i in range(count)] if count > 3 else ROWS[:count]
    out = FolderDestination({"path": "x", "format": kind}, ["email", "phone"], tmp_path)
    out.send(batch(rows))
    path = tmp_path / "x" / "sp" / "00000007" / f"00001-add.{kind}"
    if kind == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            found = [(r["key"], r["email"], r["phone"]) for r in csv.DictReader(file)]
        assert found == [
            (r.key, "|".join(v for n, v in r.values if n == "email"), "|".join(v for n, v in r.values if n == "phone"))
            for r in rows
        ]
    elif count:
        reader = "read_parquet" if kind == "parquet" else "read_json"
        read = duckdb.execute(f"SELECT key, email, phone FROM {reader}('{path}')").fetchall()
        assert [(str(k), list(e), list(p)) for k, e, p in read] == [
            (r.key, [v for n, v in r.values if n == "email"], [v for n, v in r.values if n == "phone"]) for r in rows
        ]


def test_the_manifest_tells_every_file_and_comes_last(tmp_path: Path) -> None:
    out = FolderDestination({"path": str(tmp_path)}, ["email"], tmp_path)
    out.send(batch(ROWS, "00001", "remove"))
    out.send(batch(ROWS, "00002"))
    folder = tmp_path / "sp" / "00000007"
    assert not (folder / "manifest.json").exists()
    for _ in range(2):
        out.finish(SYNC, [("b", "00002", "add"), ("a", "00001", "remove")])
    body = json.loads((folder / "manifest.json").read_text())
    assert [(f["name"], f["batch"], f["operation"]) for f in body["files"]] == [
        ("00001-remove.csv", "a", "remove"),
        ("00002-add.csv", "b", "add"),
    ]
    for file in body["files"]:
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    assert sorted(p.name for p in folder.iterdir()) == ["00001-remove.csv", "00002-add.csv", "manifest.json"]


@pytest.mark.parametrize("kind", FORMATS)
def test_sent_again_it_is_the_same_file(kind: str, tmp_path: Path) -> None:
    out = FolderDestination({"path": str(tmp_path), "format": kind}, ["email"], tmp_path)
    found = []
    for _ in range(2):
        out.send(batch(ROWS))
        found.append((tmp_path / "sp" / "00000007" / f"00001-add.{kind}").read_bytes())
    assert found[0] == found[1]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    blocked = FolderDestination({"path": str(tmp_path / "file" / "x")}, [], tmp_path)
    for call in (blocked.check, lambda: blocked.send(batch(ROWS))):
        with pytest.raises(Misconfigured, match="cannot be written"):
            call()
    out = FolderDestination({"path": str(tmp_path / "full")}, [], tmp_path)

    def full(source: object, target: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Later, match="No space left"):
        out.send(batch(ROWS))
