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


def test_everything_that_is_wrong_is_named_at_once(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "audiences"
    write_audience(folder, "good", {"trait": "age", "gte": 30})
    write_audience(folder, "one", {"trait": "agee", "gte": 30})
    write_audience(folder, "two", {"all": []}, destinations=["crm"])
    (folder / "three.yaml").write_text("kind: audience\nid: three\nname: Three\nrule: {alll: []}\n", encoding="utf-8")
    for operation in (operations.plan, operations.apply):
        with pytest.raises(EngineError, match="3 documents are wrong") as found:
            operation(workspace, folder, as_of=AS_OF)
        for name in ("one.yaml", "two.yaml", "three.yaml", '"agee"', '"crm"'):
            assert name in str(found.value)
        assert "good.yaml" not in str(found.value)
        assert found.value.exit_code == 2
    assert workspace.audiences.all() == {}
    assert [one.id for one in operations.size(workspace, [str(folder)], as_of=AS_OF, wrong=[])] == ["good", "two"]


@pytest.mark.parametrize(
    ("more", "path", "hint"),
    [
        ({"destinations": ["crm", "out"]}, "destinations[1]", 'Did you mean "ou"?'),
        ({"consent": ["ads"]}, "consent[0]", "There is no consent yet."),
        ({"suppress": [{"list": "nevr"}]}, "suppress[0].list", 'Did you mean "never"?'),
        ({"suppress": ["never", {"audience": "a2"}]}, "suppress[1].audience", 'Did you mean "a"?'),
        ({"suppress": ["nobody"]}, "suppress[0]", "Known: a, never."),
    ],
)
def test_what_a_delivery_names_must_be_there(
    workspace: Workspace, tmp_path: Path, more: dict[str, object], path: str, hint: str
) -> None:
    workspace.lists.save("never", ["1"], "me")
    for name in ("crm", "ou"):
        settings = {"path": str(tmp_path / "out")}
        operations.save_destination(
            workspace, {"kind": "destination", "id": name, "type": "folder", "settings": settings}
        )
    write_audience(tmp_path / "f", "a", {"all": []}, **more)
    for operation in (operations.plan, operations.apply):
        with pytest.raises(EngineError) as found:
            operation(workspace, tmp_path / "f", as_of=AS_OF)
        assert (found.value.code, found.value.path) == ("unknown_name", path)
        assert found.value.hint == hint
    with pytest.raises(EngineError) as found:
        operations.save(workspace, {"kind": "audience", "id": "a", "name": "A", "rule": {"all": []}, **more})
    assert found.value.path == path


@pytest.mark.parametrize("suppressed", ["a", {"audience": "a"}])
def test_an_audience_does_not_suppress_itself(workspace: Workspace, tmp_path: Path, suppressed: object) -> None:
    write_audience(tmp_path / "f", "a", {"all": []}, suppress=[suppressed])
    with pytest.raises(EngineError, match="suppresses itself") as found:
        operations.apply(workspace, tmp_path / "f", as_of=AS_OF)
    assert found.value.path == "suppress[0]"


def test_what_is_suppressed_or_goes_first_is_not_deleted(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "f"
    settings = {"path": str(tmp_path / "out")}
    crm = {"kind": "destination", "id": "crm", "type": "folder", "settings": settings, "priority": ["staff", "sp"]}
    operations.save_destination(workspace, crm)
    gone = write_audience(folder, "staff", {"trait": "age", "gte": 60})
    write_audience(folder, "sp", {"all": []}, suppress=["staff"], destinations=["crm"])
    operations.apply(workspace, folder, as_of=AS_OF)
    with pytest.raises(EngineError, match="because sp, destination crm refers to it") as refused:
        operations.delete(workspace, "staff")
    assert refused.value.exit_code == 1
    gone.unlink()
    with pytest.raises(EngineError, match="because sp, destination crm refers to it") as refused:
        operations.apply(workspace, folder, as_of=AS_OF)
    assert refused.value.exit_code == 1
    write_audience(folder, "sp", {"all": []}, destinations=["crm"])
    with pytest.raises(EngineError, match="because destination crm refers to it"):
        operations.apply(workspace, folder, as_of=AS_OF)
    write_audience(folder, "sp", {"all": []})  # nobody of whom it goes before goes there now
    operations.apply(workspace, folder, as_of=AS_OF)
    assert list(workspace.audiences.all()) == ["sp"]
