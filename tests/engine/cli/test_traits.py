"""`convoke trait` and `convoke freshness` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import operations
from engine.cli.__main__ import main
from engine.domain.documents import dump_yaml
from tests.support.small import AS_OF, make_workspace, write_audience


def test_the_way_of_an_analyst(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(tmp_path)
    where = ["-w", str(workspace.folder)]
    folder = workspace.folder / "traits"
    folder.mkdir()
    document = {"kind": "trait", "id": "purchases", "event": "purchase", "measure": {"times": True}}
    (folder / "purchases.yaml").write_text(dump_yaml(document))
    assert main(["trait", "run", *where]) == 0
    assert "purchases: " in capsys.readouterr().out
    assert main(["trait", "list", *where, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["version"], told["type"]) == ("purchases", 1, "integer")
    assert main(["trait", "values", "purchases", "1", *where, "--json"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert (one["id"], one["key"], type(one["value"])) == ("purchases", "1", int)
    assert main(["trait", "run", "--as-of", "2001-01-01", *where]) == 0
    assert "purchases: 0 profiles" in capsys.readouterr().out
    assert main(["trait", "values", "purchases", *where]) == 0
    assert capsys.readouterr().out == ""
    assert main(["trait", "values", "purchases", "1", *where]) == 0
    assert capsys.readouterr().out == "1\t0\n"
    assert main(["trait", "run", *where]) == 0
    (folder / "purchases.yaml").write_text(dump_yaml(document | {"expect": {"between": [-2, -1]}}))
    assert main(["trait", "run", *where]) == 1
    assert "keeps its former values" in capsys.readouterr().out
    assert main(["trait", "list", *where]) == 0
    assert "purchases" in capsys.readouterr().out
    assert main(["trait", "history", "purchases", *where]) == 0
    assert capsys.readouterr().out.count("# version") == 2
    (folder / "purchases.yaml").unlink()
    assert main(["trait", "run", *where]) == 0
    assert "is removed" in capsys.readouterr().out
    (folder / "broken.yaml").write_text("kind: trait\nid: Broken\n")
    assert main(["trait", "run", *where]) == 2
    assert "broken.yaml" in capsys.readouterr().err


def test_how_fresh_audiences_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = make_workspace(tmp_path)
    write_audience(tmp_path / "audiences", "fresh", {"did": "purchase"}, refresh="on_data")
    write_audience(tmp_path / "audiences", "never", {"all": []})
    operations.apply(workspace, tmp_path / "audiences", as_of=AS_OF)
    operations.run(workspace, ["fresh"], as_of=AS_OF)
    assert main(["freshness", "-w", str(workspace.folder)]) == 0
    said = capsys.readouterr().out
    assert "never" in said
    assert main(["freshness", "fresh", "-w", str(workspace.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["follows"], told["waiting"]) == ("fresh", False, None)
    assert told["lag_seconds"] > 0
