"""`run` and what it froze, as one meets it on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.__main__ import main
from engine.operations import Workspace
from tests.support.small import AS_OF, make_workspace, write_audience

BOUGHT = {"did": "purchase", "where": [{"property": "category", "eq": "phones"}]}


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    make_workspace(tmp_path).close()
    write_audience(tmp_path / "audiences", "buyers", BOUGHT)
    write_audience(tmp_path / "audiences", "grown", {"trait": "age", "gte": 30})
    workspace = tmp_path / "ws"
    assert main(["apply", "-f", str(tmp_path / "audiences"), "-w", str(workspace), "--as-of", AS_OF]) == 0
    capsys.readouterr()
    return workspace


def ask(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, list[Any], str]:
    code = main([*arguments, "-w", str(folder), "--json"])
    captured = capsys.readouterr()
    return code, [json.loads(line) for line in captured.out.splitlines()], captured.err


def test_a_run_and_all_that_is_asked_of_it(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, (plan, _), _ = ask(capsys, folder, "run", "--all", "--explain", "--as-of", "2026-06-01")
    assert code == 0
    assert (plan["site"], plan["conditions"]) == ("MLB", 2)
    code, first, _ = ask(capsys, folder, "run", "--all", "--as-of", "2026-06-01")
    assert [(one["id"], one["state"], one["size"], one["added"], one["removed"]) for one in first] == [
        ("buyers", "done", 1, 1, 0),
        ("grown", "done", 3, 3, 0),
    ]
    code, second, _ = ask(capsys, folder, "run", "buyers", "--as-of", AS_OF)
    assert (second[0]["run"], second[0]["size"], second[0]["added"]) == (2, 2, 1)
    assert second[0]["as_of"] == AS_OF
    _, history, _ = ask(capsys, folder, "snapshots", "buyers")
    assert [(one["run"], one["size"], one["per_site"]) for one in history] == [
        (1, 1, {"MLB": 1, "MLC": 0}),
        (2, 2, {"MLB": 2, "MLC": 0}),
    ]
    assert ask(capsys, folder, "changes", "buyers")[1][0]["added"] == [2]
    assert ask(capsys, folder, "changes", "buyers", "1", "1")[1][0]["added"] == []
    assert ask(capsys, folder, "members", "buyers", "--frozen")[1] == [{"id": "buyers", "members": [1, 2]}]
    assert ask(capsys, folder, "members", "buyers", "--frozen", "--as-of", "2026-06-02")[1][0]["members"] == [1]
    out = tmp_path / "out.parquet"
    assert ask(capsys, folder, "members", "buyers", "--frozen", "--out", str(out))[1][0]["size"] == 2
    assert [run["state"] for run in ask(capsys, folder, "runs")[1]] == ["done", "done"]
    code, (checked,), _ = ask(capsys, folder, "store", "check")
    assert (code, checked["corrupt"]) == (0, [])
    assert ask(capsys, folder, "store", "clean")[0] == 0


def test_what_people_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["run", "--explain"],
        ["run"],
        ["runs"],
        ["snapshots", "grown"],
        ["changes", "grown"],
        ["store", "check"],
    ):
        assert main([*arguments, "-w", str(folder)]) == 0
        captured = capsys.readouterr()
        assert captured.out.strip()
        assert "Traceback" not in captured.err


def test_a_failed_audience_makes_the_answer_no(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace(folder) as workspace:
        document = workspace.models.current()
        assert document is not None
        model = folder / "m.yaml"
        model.write_text(document.document.replace("  purchase:", "  bought:"), encoding="utf-8")
    assert main(["model", "apply", str(model), "-w", str(folder)]) == 0
    capsys.readouterr()
    code, lines, err = ask(capsys, folder, "run", "--as-of", AS_OF)
    assert code == 1
    assert err == ""
    found = {one["id"]: one for one in lines}
    assert found["buyers"]["state"] == "failed"
    assert found["buyers"]["error"]["path"] == "rule"
    assert found["grown"]["size"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["run", "byers"], 2, "buyers"),
        (["run", "--all", "buyers"], 2, "--all"),
        (["run", "--as-of", "soon"], 2, "moment"),
        (["snapshots", "nobody"], 2, "nobody"),
        (["changes", "buyers"], 2, "no snapshot yet"),
        (["members", "buyers", "--frozen"], 2, "no snapshot yet"),
        (["members", "byers", "--frozen"], 2, "buyers"),
        (["changes", "byers"], 2, "buyers"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], code: int, word: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, lines, err = ask(capsys, folder, *arguments)
    assert (found, lines) == (code, [])
    assert len(err.strip().splitlines()) == 1
    assert word in err
