"""`convoke propensity` as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from tests.support.likely import Market


def test_the_way_of_an_analyst(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market = Market(tmp_path, people=2_500)
    where = ["-w", str(market.workspace.folder)]
    target = {"did": "buy", "where": [{"property": "category", "eq": "phones"}]}
    path = market.write("p_phones", kind="propensity", target=target, horizon="30d")
    assert main(["propensity", "show", "p_phones", *where]) == 0
    assert "has no model yet" in capsys.readouterr().out
    assert main(["propensity", "apply", *where]) == 2
    assert "Run convoke propensity train p_phones." in capsys.readouterr().err
    assert main(["propensity", "train", *where]) == 0
    assert "judged by those from" in capsys.readouterr().out
    assert main(["propensity", "apply", *where]) == 0
    assert "are expected to do it" in capsys.readouterr().out
    assert main(["propensity", "show", "p_phones", *where]) == 0
    assert "What counts: " in capsys.readouterr().out
    assert main(["propensity", "list", *where, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["state"], told["traits"]) == ("p_phones", "applied", ["p_phones"])
    assert main(["propensity", "list", *where]) == 0
    path.write_text("kind: propensity\nid: p_phones\ntarget: {did: bye}\nhorizon: 30d\n", encoding="utf-8")
    assert main(["propensity", "train", *where]) == 2
    assert '"bye"' in capsys.readouterr().err
    market.workspace.close()
