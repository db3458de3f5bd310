"""A child looks again before it runs: what another one did meanwhile is not done twice."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from engine import operations
from engine.daemon.children import Child
from engine.daemon.saying import say
from engine.operations import Workspace
from tests.support.likely import Market
from tests.support.small import AS_OF, make_workspace, write_audience


def asked(workspace: Workspace, since: str, *ids: str) -> dict[str, Any]:
    """What a child answers that is to run audiences."""
    child = Child(workspace.folder, {"op": "run", "audiences": list(ids), "as_of": AS_OF, "since": since})
    assert child.wait(60)
    return child.answer()


def test_a_run_that_another_process_did_since_is_the_answer(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    for name in ("a", "b"):
        write_audience(tmp_path / "audiences", name, {"all": []})
    operations.apply(workspace, tmp_path / "audiences", as_of=AS_OF)
    run = operations.run(workspace, ["a"], as_of=AS_OF)
    (row,) = workspace.runs.all()
    found = asked(workspace, row.started_at, "a")
    assert (found["run"], found.get("found_done")) == (run.id, True)
    assert "found_done" not in asked(workspace, row.started_at, "a", "b"), "others were asked for"
    assert "found_done" not in asked(workspace, "2100-01-01T00:00:00Z", "a"), "asked for after it had begun"
    assert len(workspace.runs.all()) == 3


def test_models_that_are_due(tmp_path: Path) -> None:
    market = Market(tmp_path, people=1_500)
    market.upload("fans", market.fans(150))
    market.write("like_fans", kind="lookalike", seed={"list": "fans"}, reach={"share": 0.1})
    market.workspace.close()
    child = Child(market.workspace.folder, {"op": "scores"})
    assert child.wait(120)
    answer = child.answer()
    assert [one["state"] for one in answer["scores"]] == ["trained", "applied"]
    said: list[tuple[int, str]] = []

    class Log:
        def log(self, level: int, what: str, extra: object) -> None:
            said.append((level, what))

    say(Log(), "scores", answer)  # type: ignore[arg-type]
    assert said == [(logging.INFO, "model trained"), (logging.INFO, "model applied")]
