"""`convoke identity` as one meets it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from tests.support.people import make

PERSON = 21


def test_from_a_draft_to_forgetting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path).close()
    where = ["-w", str(tmp_path / "ws")]

    def told(*given: str, code: int = 0, typed: str | None = None) -> str:
        if typed is not None:
            monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert main(["identity", *given, *where]) == code, capsys.readouterr()
        return capsys.readouterr().out

    def loaded(*given: str, code: int = 0) -> Any:
        return json.loads(told(*given, "--json", code=code))

    draft = tmp_path / "persons.yaml"
    assert "convoke identity apply" in told("draft", "--out", str(draft))
    assert "kind: identity" in told("draft")
    assert "profile, cpf, email, device" in told("apply", str(draft))
    assert "No map is in force" in told("state")
    assert "Run 1 is in force" in told("run")
    assert loaded("run", "--everything")["persons"] > 2
    assert loaded("run")["increment"]
    assert "published" in told("state")
    assert loaded("state")["in_force"]["run"] == 2
    assert told("lookup", "-", typed="email:ana@mail.com\n").split()[1].startswith("p")
    assert "unknown" in told("lookup", "email:who@mail.com", code=1)
    assert "names nobody" in told("lookup", "email:teste@teste.com", code=1)
    lines = told("resolve", typed="profile:ana-1\nprofile:nobody\n\n").splitlines()
    assert [len(line.split("\t")[1]) for line in lines] == [PERSON, PERSON]
    (tmp_path / "wanted.txt").write_text("email:ana@mail.com\n")
    assert json.loads(told("resolve", str(tmp_path / "wanted.txt"), "--json"))["person"]
    assert "device:" in told("person", "profile:ana-1")
    assert loaded("person", "profile:ana-1")["edges"]
    assert "Both are" in told("explain", "profile:ana-1", "email:ana@mail.com")
    assert "not one person" in told("explain", "profile:ana-1", "profile:carla-1", code=1)
    assert "was split off" in told("cut", "profile:ana-1", "profile:ana-2", "--reason", "twins")
    assert "taken back" in told("decisions")
    assert " is " in told("undo", "1")
    assert "Decision 2" in told("join", "profile:ana-1", "profile:nobody", "--reason", "x")
    assert "Decision 3" in told("block", "email:ana@mail.com", "--reason", "x")
    told("judge", "profile:ana-1", "profile:ana-3", "--different")
    assert loaded_lines(told("decisions", "--json"))[-1]["what"] == "differ"
    assert "then" in told("whatif", str(draft))
    assert loaded("whatif", str(draft))["after"]["persons"]
    assert "profiles" in told("export", "--out", str(tmp_path / "map.csv"))
    assert (tmp_path / "map.csv").read_text().startswith('"key","person","household"')
    told("export", "--out", str(tmp_path / "map.parquet"))
    told("export", "--out", str(tmp_path / "map.txt"), code=2)
    assert "uniqueness" in told("check")
    assert loaded("check", "--rebuild")["rebuilt"]
    assert loaded("rotate")["new"] == 0
    assert loaded("show")["id"] == "persons"
    assert "nothing is left" in told("forget", "profile:bruno-1", "--yes")
    told("forget", "profile:carla-1", code=1, typed="n\n")
    assert loaded("forget", "profile:carla-1", "--yes")["found"] == 0
    for wrong in (["lookup", "ana"], ["lookup", "shoe:1"], ["person", "p1"], ["apply", "nothing.yaml"], ["undo", "99"]):
        told(*wrong, code=2)
    assert "traceback" not in capsys.readouterr().err.lower()


def loaded_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
