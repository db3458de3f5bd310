"""`convoke model infer` asks what the data leave open, and follows the answers."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from tests.support.made_sources import invoices, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(invoices(), tmp_path / "data.duckdb")
    assert main(["init", str(tmp_path / "ws")]) == 0
    assert main(["connect", f"duckdb:///{tmp_path / 'data.duckdb'}", "-w", str(tmp_path / "ws")]) == 0
    return tmp_path / "ws"


def test_json_has_the_alternatives_and_takes_an_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    infer = ["model", "infer", "--json", "-w", str(folder)]
    capsys.readouterr()
    assert main(infer) == 0
    found = json.loads(capsys.readouterr().out)
    asked = {one["id"]: one for one in found["questions"]}
    assert set(asked) == {"country", "zone:lines"}
    assert [option["value"] for option in asked["country"]["options"]] == ["GB", "none"]
    assert asked["country"]["confidence"] < 0.9
    assert "values of lines.country are GB" in asked["country"]["evidence"]
    assert found["model"]["sites"]["list"]["GB"]["currency"] == "GBP"
    assert main([*infer, "--answer", "country=none", "--answer", "zone:lines=UTC"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "sites" not in found["model"]
    assert found["questions"] == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("country=FR", '"FR" is no answer to the question country'),
        ("contry=GB", 'the draft asks no question "contry"'),
        ("zone:nothing=UTC", 'the draft asks no question "zone:nothing"'),
        ("country", '"country" is no answer'),
    ],
)
def test_a_wrong_answer_is_told(folder: Path, capsys: pytest.CaptureFixture[str], answer: str, said: str) -> None:
    assert main(["model", "infer", "--answer", answer, "-w", str(folder)]) == 2
    assert said in capsys.readouterr().err


def test_a_terminal_is_asked(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    capsys.readouterr()
    typed = io.StringIO("9\n2\n\n")
    typed.isatty = sys.stderr.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", typed)
    assert main(["model", "infer", "-w", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "sites:" not in out
    assert "In which country is the business?" in err
    assert "Answer with a number from 1 to 2." in err
    assert "Question:" not in err


def test_a_pipe_is_told_how_to_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "infer", "-w", str(folder)]) == 0
    assert "--answer country=ANSWER, where ANSWER is none." in capsys.readouterr().err
