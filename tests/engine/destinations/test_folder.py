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

from engine.destinations.files import FORMATS
from engine.destinations.folder import folder
from engine.destinations.protocol import Later, Misconfigured, Row
from tests.support.destining import ROWS, SYNC, batch, conforms, host, replayed


def test_it_does_what_every_destination_must(tmp_path: Path) -> None:
    out = folder({"path": "x", "format": "jsonl"}, ["email", "phone"], host(tmp_path))
    there = tmp_path / "x" / "sp" / "00000007"
    conforms(out, lambda: replayed({path.name: path.read_bytes() for path in there.iterdir()}))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("count", [0, 1, 3, 10_001])
def test_what_is_read_back_is_what_was_sent(kind: str, count: int, tmp_path: Path) -> None:
    rows = [Row(f"{i}", (("email", f"e{i}"),)) for i in range(count)] if count > 3 else ROWS[:count]
    out = folder({"path": "x", "format": kind}, ["email", "phone"], host(tmp_path))
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
    out = folder({"path": str(tmp_path)}, ["email"], host(tmp_path))
    out.send(batch(ROWS, "a", "remove", "00001"))
    out.send(batch(ROWS, "b", "add", "00002"))
    there = tmp_path / "sp" / "00000007"
    assert not (there / "manifest.json").exists()
    for _ in range(2):
        out.finish(SYNC, [("b", "00002", "add"), ("a", "00001", "remove")])
    body = json.loads((there / "manifest.json").read_text())
    assert [(f["name"], f["batch"], f["operation"]) for f in body["files"]] == [
        ("00001-remove.csv", "a", "remove"),
        ("00002-add.csv", "b", "add"),
    ]
    for file in body["files"]:
        assert hashlib.sha256((there / file["name"]).read_bytes()).hexdigest() == file["sha256"]
    assert sorted(p.name for p in there.iterdir()) == ["00001-remove.csv", "00002-add.csv", "manifest.json"]


@pytest.mark.parametrize("kind", FORMATS)
def test_sent_again_it_is_the_same_file(kind: str, tmp_path: Path) -> None:
    out = folder({"path": str(tmp_path), "format": kind}, ["email"], host(tmp_path))
    found = []
    for _ in range(2):
        out.send(batch(ROWS))
        found.append((tmp_path / "sp" / "00000007" / f"00001-add.{kind}").read_bytes())
    assert found[0] == found[1]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    blocked = folder({"path": str(tmp_path / "file" / "x")}, [], host(tmp_path))
    for call in (blocked.check, lambda: blocked.send(batch(ROWS))):
        with pytest.raises(Misconfigured, match="cannot be written"):
            call()
    out = folder({"path": str(tmp_path / "full")}, [], host(tmp_path))

    def full(source: object, target: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Later, match="No space left"):
        out.send(batch(ROWS))


@pytest.mark.parametrize("cells", [None, "safe", "raw"])
def test_cells_that_a_spreadsheet_would_take_for_formulas(cells: str | None, tmp_path: Path) -> None:
    settings = {"path": str(tmp_path)} | ({} if cells is None else {"cells": cells})
    rows = [Row("=1+1", (("email", "@x"),)), Row("-5", (("email", "+5511987654321"),))]
    folder(settings, ["email"], host(tmp_path)).send(batch(rows))
    (path,) = tmp_path.rglob("*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        marked = [["'=1+1", "'@x"], ["-5", "+5511987654321"]]
        assert list(csv.reader(file))[1:] == ([["=1+1", "@x"], marked[1]] if cells == "raw" else marked)
    with pytest.raises(Misconfigured, match="cells"):
        folder({"path": str(tmp_path), "cells": "bold"}, [], host(tmp_path))
