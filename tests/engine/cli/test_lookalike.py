"""`convoke lookalike` as somebody types it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.__main__ import main
from tests.support.likely import Market


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    made = Market(tmp_path, people=2_500)
    made.upload("fans", made.fans(250))
    yield made
    made.workspace.close()


def test_the_way_of_an_analyst(market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["-w", str(market.workspace.folder)]
    assert main(["lookalike", "list", *where]) == 0
    assert main(["lookalike", "train", *where]) == 2
    assert "there is no document of a lookalike" in capsys.readouterr().err
    path = market.write("like_fans", kind="lookalike", seed={"list": "fans"}, reach={"share": 0.1})
    assert main(["lookalike", "show", "like_fans", *where]) == 0
    assert "has no model yet" in capsys.readouterr().out
    assert main(["lookalike", "train", *where]) == 0
    told = capsys.readouterr()
    assert "like_fans, version 1: " in told.out
    assert "from 1,000 people on models are reliable" in told.err
    assert main(["lookalike", "show", "like_fans", *where]) == 0
    told_ = capsys.readouterr().out
    assert "gender (sensitive)" in told_
    assert "to below" in told_ or "and more" in told_
    assert main(["lookalike", "reach", "like_fans", *where, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["share"] for one in lines] == [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2]
    assert [one["recall"] for one in lines] == sorted(one["recall"] for one in lines)
    assert main(["lookalike", "apply", "like_fans", *where]) == 0
    assert "Its audience is like_fans: " in capsys.readouterr().out
    assert main(["lookalike", "why", "like_fans", str(int(market.agreed.argmax())), *where]) == 0
    assert "towards" in capsys.readouterr().out
    assert main(["lookalike", "preview", "like_fans", *where]) == 0
    assert "Of the seed's " in capsys.readouterr().out
    assert main(["lookalike", "preview", "like_fans", "--count", "300", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["people"] in (299, 300, 301)
    assert main(["lookalike", "rule", "like_fans", *where]) == 0
    assert "of them are among the most similar 10.0%" in capsys.readouterr().out
    assert main(["lookalike", "list", *where]) == 0
    assert "applied" in capsys.readouterr().out
    path.write_text("kind: lookalike\nid: like_fans\nseed: {list: fnas}\n", encoding="utf-8")
    assert main(["lookalike", "train", "like_fan", *where]) == 2
    assert "like_fans" in capsys.readouterr().err
    assert main(["lookalike", "train", "like_fans", *where]) == 2
    assert 'there is no list "fnas"' in capsys.readouterr().err
    path.unlink()
    market.write("other", kind="lookalike", seed={"list": "fans"})
    assert main(["lookalike", "train", "--json", *where]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "trained"
    assert main(["lookalike", "apply", *where]) == 0
    assert "like_fans is removed: its document is gone." in capsys.readouterr().out


def test_reach_that_is_none(market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["-w", str(market.workspace.folder)]
    market.write("like_fans", kind="lookalike", seed={"list": "fans"})
    assert main(["lookalike", "train", *where]) == 0
    capsys.readouterr()
    assert main(["lookalike", "reach", "like_fans", "--count", "9000000", *where]) == 2
    assert "a reach is some of the" in capsys.readouterr().err
