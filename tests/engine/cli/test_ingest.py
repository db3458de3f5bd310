"""`convoke ingest` as one types it: looked at, loaded, kept apart, drafted, watched."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from engine.operations import Workspace


@dataclass(frozen=True)
class Said:
    """What a command printed."""

    out: str
    err: str


@pytest.fixture
def convoke(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*given: str, code: int = 0) -> Said:
        found = main(given)
        said = Said(*capsys.readouterr())
        assert found == code, said
        return said

    return run


TEXT = "ID;Nome;Saldo\n1;José;1,50\n2;Ana;2,25\n"


def test_from_a_file_to_rows(tmp_path: Path, convoke: Callable[..., Said]) -> None:
    here = ["-w", str(tmp_path / "ws")]
    convoke("init", str(tmp_path / "ws"))
    path = tmp_path / "people.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    seen = convoke("ingest", "load", str(path), "--into", "people", "--preview", *here)
    assert "1,50 → 1.5000" in seen.out
    found = json.loads(convoke("ingest", "load", str(path), "--into", "people", "--json", *here).out)
    assert [(one["state"], one["rows"]) for one in found] == [("loaded", 2)]
    assert "already" in convoke("ingest", "load", str(path), "--into", "people", *here).out
    path.write_text(TEXT + "x;y;z\n")
    bad = convoke("ingest", "load", str(path), "--into", "people", *here, code=1)
    assert "refused. 1 of 3 rows" in bad.out
    told = convoke("ingest", "load", str(path), "--into", "people", "--reject", "0.5", *here)
    assert "2 rows into people; 1 bad ones are kept" in told.out
    status = json.loads(convoke("ingest", "status", "--json", *here).out)
    assert [one["state"] for one in status] == ["loaded", "refused", "loaded"]
    assert "is bad" in convoke("ingest", "replay", status[0]["id"], *here, code=1).out.replace("are bad", "is bad")
    assert "into which table?" in convoke("ingest", "load", str(path), *here, code=2).err
    assert "no mode" in convoke("ingest", "load", str(path), "--into", "p", "--mode", "x", *here, code=2).err


def test_a_draft_is_a_document_that_loads_and_watches(tmp_path: Path, convoke: Callable[..., Said]) -> None:
    here = ["-w", str(tmp_path / "ws")]
    convoke("init", str(tmp_path / "ws"))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.csv").write_text(TEXT)
    os.utime(folder / "1.csv", (time.time() - 60,) * 2)
    draft = tmp_path / "people.yaml"
    convoke(
        "ingest",
        "draft",
        str(folder / "1.csv"),
        "--into",
        "people",
        "--key",
        "id",
        "--mode",
        "upsert",
        "--out",
        str(draft),
        *here,
    )
    text = draft.read_text().replace("1.csv", "*.csv")
    assert "type: decimal" in text
    draft.write_text(text)
    assert "2 rows into people" in convoke("ingest", "watch", str(draft), "--once", *here).out
    (folder / "2.csv").write_text("ID;Nome;Saldo\n2;Ana;9,00\n")
    found = convoke("ingest", "load", "--document", str(draft), *here).out
    assert "1.csv: its content is in people already" in found
    assert "2.csv: 1 rows into people." in found


@pytest.mark.parametrize(("person", "code", "left"), [("y", 0, 1), ("n", 1, 3), (None, 1, 3), ("flag", 0, 1)])
def test_much_is_replaced_by_little_only_when_a_person_says_so(
    tmp_path: Path,
    convoke: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    person: str | None,
    code: int,
    left: int,
) -> None:
    here, path = ["-w", str(tmp_path / "ws"), "--mode", "replace", "--into", "people"], tmp_path / "people.csv"
    convoke("init", str(tmp_path / "ws"))
    path.write_text("id\n1\n2\n3\n")
    convoke("ingest", "load", str(path), *here)
    path.write_text("id\n9\n")
    if person in ("y", "n"):
        typed = io.StringIO(f"{person}\n")
        typed.isatty = sys.stderr.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr(sys, "stdin", typed)
    said = convoke("ingest", "load", str(path), *here, *(["--allow-shrink"] if person == "flag" else []), code=code)
    assert ("3 rows of the table" in said.err) == (person != "flag")
    assert ("Replace all the same?" in said.err) == (person in ("y", "n"))
    with Workspace(tmp_path / "ws") as opened:
        assert opened.warehouse.rows("SELECT count(*) FROM people") == [(left,)]


DOUBT = "id;total\n1;1.234\n2;12.345\n"


def test_numbers_with_two_meanings_are_not_guessed(
    tmp_path: Path, convoke: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ["-w", str(tmp_path / "ws")]
    convoke("init", str(tmp_path / "ws"))
    path = tmp_path / "totals.csv"
    path.write_text(DOUBT)
    load = ("ingest", "load", str(path), *here)
    refused = convoke(*load, "--into", "a", code=2)
    assert "in two ways" in refused.err
    assert "--decimal ," in refused.err
    assert "1.234" not in refused.err, "a message has no value of anybody's data"
    seen = convoke(*load, "--into", "a", "--preview")
    assert "1.234 is 1.2340 or 1234" in seen.out
    assert 'decimal: ","' in seen.out
    convoke(*load, "--into", "commas", "--decimal", ",")
    convoke(*load, "--into", "points", "--decimal", ".")
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    convoke(*load, "--into", "asked")
    with Workspace(tmp_path / "ws") as made:
        found = {name: made.warehouse.rows(f"SELECT total::DOUBLE FROM {name} ORDER BY 1") for name in TABLES}
    assert found == {"commas": [(1234,), (12345,)], "points": [(1.234,), (12.345,)], "asked": [(1234,), (12345,)]}


TABLES = ("commas", "points", "asked")


def test_how_a_column_was_read_is_told(tmp_path: Path, convoke: Callable[..., Said]) -> None:
    here = ["-w", str(tmp_path / "ws")]
    convoke("init", str(tmp_path / "ws"))
    path = tmp_path / "people.csv"
    path.write_text("id;born;paid\n1;25/12/85;R$ 1.234,56\n2;01/02/99;R$ 5\n")
    told = convoke("ingest", "load", str(path), "--into", "people", *here).out
    assert "born: years of two digits: 69 to 99 are 19xx, 00 to 68 are 20xx." in told
    assert "paid: the currency beside the numbers is left out." in told
    draft = tmp_path / "people.yaml"
    convoke("ingest", "draft", str(path), "--into", "again", "--out", str(draft), *here)
    convoke("ingest", "load", str(path), "--document", str(draft), *here)
    with Workspace(tmp_path / "ws") as made:
        for table in ("people", "again"):
            rows = made.warehouse.rows(f"SELECT born::VARCHAR, paid::VARCHAR FROM {table} ORDER BY id")
            assert rows == [("1985-12-25", "1234.5600"), ("1999-02-01", "5.0000")]
