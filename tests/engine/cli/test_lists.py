"""Lists on the command line: the key column, a list that would shrink, and a folder in which one document is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from tests.support.small import AS_OF, make_workspace, write_audience


def test_a_list_is_never_emptied_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_workspace(tmp_path).close()
    at, file = ["--workspace", str(tmp_path / "ws")], tmp_path / "dnc.csv"
    file.write_text("user_id;note\n1;x\n2;y\n", encoding="utf-8")
    assert main(["lists", "add", "dnc", str(file), "--json", *at]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": "dnc", "size": 2, "rows": 2, "matched": 2}
    file.write_text("codigo,note\n71,x\n72,y\n", encoding="utf-8")
    assert main(["lists", "add", "dnc", str(file), *at]) == 2
    assert "--key: the file has 2 columns" in capsys.readouterr().err
    assert main(["lists", "add", "dnc", str(file), "--key", "codigo", *at]) == 1
    assert 'the list "dnc" holds 2 profiles and would hold 0' in capsys.readouterr().err
    assert main(["lists", "show", "--json", *at]) == 0
    assert json.loads(capsys.readouterr().out) == {"dnc": 2}
    assert main(["lists", "add", "dnc", str(file), "--key", "1", "--allow-shrink", *at]) == 0


def test_a_wrong_document_of_a_folder_is_named_and_the_others_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_workspace(tmp_path).close()
    at, folder = ["--as-of", AS_OF, "--workspace", str(tmp_path / "ws")], tmp_path / "some"
    write_audience(folder, "adults", {"trait": "age", "gte": 30})
    write_audience(folder, "nobody", {"trait": "state", "eq": "sp"})
    write_audience(folder, "wrong", {"and": []})
    assert main(["size", str(folder), "--json", *at]) == 2
    said = capsys.readouterr()
    sizes = {one["id"]: one for one in map(json.loads, said.out.splitlines())}
    assert {name: one["size"] for name, one in sizes.items()} == {"adults": 3, "nobody": 0}
    assert sizes["nobody"]["hints"] == [{"path": "rule", "name": "state", "asked": "sp", "nearest": "SP"}]
    error = json.loads(said.err)["error"]
    assert "wrong.yaml" in error["message"]
    assert error["hint"] == "Write all for and, any for or."
    assert main(["members", str(folder), *at]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines() == ["adults\t1", "adults\t2", "adults\t10"]
    assert "wrong.yaml" in said.err
    assert main(["members", str(folder), "--out", str(tmp_path / "all.csv"), *at]) == 2
    assert "do not fit into one file" in capsys.readouterr().err
