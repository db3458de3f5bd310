"""A child looks again before it runs: what another one did meanwhile is not done twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine import operations
from engine.daemon.children import Child
from engine.operations import Workspace
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
