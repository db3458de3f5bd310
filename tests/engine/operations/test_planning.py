"""Audiences as files: plans, applying all or nothing, every version kept, deletion refused while referenced."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import operations
from engine.domain.audience_codec import write_audience as plain_audience
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.planning import Plan
from tests.support.small import AS_OF, make_workspace, write_audience


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path)


def actions(plan: Plan) -> dict[str, tuple[str, int | None, int | None]]:
    return {step.id: (step.action, step.size_before, step.size_after) for step in plan.steps}


def test_adds_changes_and_deletes_with_sizes(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "audiences"
    write_audience(folder, "a", {"trait": "age", "gte": 30})
    gone = write_audience(folder, "b", {"all": []})
    assert actions(operations.plan(workspace, folder, as_of=AS_OF)) == {"a": ("add", None, 3), "b": ("add", None, 5)}
    operations.apply(workspace, folder, as_of=AS_OF)
    assert operations.plan(workspace, folder, as_of=AS_OF).steps == ()
    write_audience(folder, "a", {"trait": "age", "gte": 40})
    gone.unlink()
    plan = operations.plan(workspace, folder, as_of=AS_OF)
    assert actions(plan) == {"a": ("change", 3, 2), "b": ("delete", 5, None)}
    assert plan.steps[0].changes == ('~ rule: {"gte":30,"trait":"age"} → {"gte":40,"trait":"age"}',)
    operations.apply(workspace, folder, as_of=AS_OF)
    assert list(workspace.audiences.all()) == ["a"]
    assert [v.version for v in operations.history(workspace, "a")] == [1, 2]
    assert operations.history(workspace, "b")[-1].audience is None


def test_a_bad_document_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "audiences"
    write_audience(folder, "good", {"all": []})
    write_audience(folder, "bad", {"trait": "nope", "eq": 1})
    with pytest.raises(EngineError, match="nope") as caught:
        operations.apply(workspace, folder)
    assert "bad.yaml" in caught.value.message
    assert workspace.audiences.all() == {}


def test_deleting_what_is_referred_to_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "audiences"
    base = write_audience(folder, "base", {"all": []})
    write_audience(folder, "upon", {"not": {"audience": "base"}})
    operations.apply(workspace, folder)
    with pytest.raises(EngineError) as caught:
        operations.delete(workspace, "base")
    assert (caught.value.code, caught.value.exit_code) == ("refused", 1)
    base.unlink()
    with pytest.raises(EngineError):
        operations.plan(workspace, folder)


def test_audiences_of_the_app_are_not_deleted_by_a_folder(workspace: Workspace, tmp_path: Path) -> None:
    document = {"kind": "audience", "id": "mine", "name": "Mine", "rule": {"all": []}}
    assert operations.save(workspace, document) == 1
    assert operations.save(workspace, document) == 1
    folder = tmp_path / "audiences"
    write_audience(folder, "theirs", {"all": []})
    operations.apply(workspace, folder)
    assert sorted(workspace.audiences.all()) == ["mine", "theirs"]


def test_a_pinned_version_keeps_its_rule(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "audiences"
    write_audience(folder, "base", {"trait": "age", "gte": 40})
    operations.apply(workspace, folder)
    write_audience(folder, "base", {"all": []})
    write_audience(folder, "pinned", {"audience": "base", "version": 1})
    operations.apply(workspace, folder)
    assert operations.members(workspace, ["pinned"], as_of=AS_OF)[0].keys == [2, 10]
    with pytest.raises(EngineError, match="no version 9"):
        path = write_audience(tmp_path, "it", {"audience": "base", "version": 9})
        operations.size(workspace, [str(path)])


def test_a_circle_through_the_app_is_refused(workspace: Workspace) -> None:
    operations.save(workspace, {"kind": "audience", "id": "a", "rule": {"all": []}})
    operations.save(workspace, {"kind": "audience", "id": "b", "rule": {"audience": "a"}})
    with pytest.raises(EngineError) as caught:
        operations.save(workspace, {"kind": "audience", "id": "a", "rule": {"audience": "b"}})
    assert caught.value.code in ("cycle", "refused")
    current = operations.show(workspace, "a").stored
    assert plain_audience(current.audience)["rule"] == {"all": []}


def test_the_document_is_kept_as_written(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "audiences"
    folder.mkdir()
    text = "# for the June campaign\nkind: audience\nid: it\nrule: {all: []}\n"
    (folder / "it.yaml").write_text(text)
    operations.apply(workspace, folder)
    assert operations.show(workspace, "it").stored.document == text
