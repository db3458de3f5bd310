"""What people decide about who is one person: it touches no more than it must, it can be taken back, a run obeys it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.finding import open_map
from tests.support.people import DOCUMENT, PEOPLE, make, persons

KEYS = [row[0] for row in PEOPLE]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path) as made:
        operations.run_identity(made)
        yield made


def test_cut_and_taken_back(workspace: Workspace) -> None:
    before = persons(workspace, KEYS)
    found = operations.cut_identifiers(workspace, "profile:ana-1", "profile:ana-2", "a mother and her daughter")
    assert found.looked_at <= 2, "hers, and the tablet that is nobody's"
    assert len(found.split) == 1
    after = persons(workspace, KEYS)
    assert after["ana-1"] != after["ana-2"]
    assert {key: after[key] for key in KEYS if not key.startswith("ana")} == {
        key: before[key] for key in KEYS if not key.startswith("ana")
    }
    assert operations.explain_identity(workspace, "profile:ana-1", "profile:ana-2").person is None
    operations.run_identity(workspace)
    assert persons(workspace, KEYS) == after, "a run obeys"
    operations.undo_decision(workspace, found.id)
    assert persons(workspace, KEYS) == before
    operations.run_identity(workspace)
    assert persons(workspace, KEYS) == before
    with pytest.raises(EngineError, match="no decision 1 in force"):
        operations.undo_decision(workspace, found.id)


def test_a_document_that_was_not_run_yet_does_not_mix_up_kinds(workspace: Workspace) -> None:
    ana = operations.find_person(workspace, "profile:ana-1")
    before = operations.profile_of(workspace, ana.id)
    turned = {"device": {"links": 1}, "email": {}, "profile": {}, "cpf": {}}
    operations.apply_identity_text(workspace, dump_yaml(DOCUMENT | {"kinds": turned}))
    assert sorted(operations.profile_of(workspace, ana.id).identifiers) == sorted(before.identifiers)
    operations.cut_identifiers(workspace, "profile:carla-1", "profile:nobody", "a test")
    assert operations.find_person(workspace, "profile:ana-1").identifiers == ana.identifiers
    assert sorted(operations.profile_of(workspace, ana.id).identifiers) == sorted(before.identifiers)


def test_the_index_that_was_patched_is_the_one_that_would_be_made_anew(workspace: Workspace) -> None:
    def everything() -> list[object]:
        with open_map(workspace) as found:
            ids = [
                f"{kind}:{high:016x}{low:016x}"
                for kind, high, low in found.rows(
                    "SELECT k.name, i.high, i.low FROM identifiers AS i JOIN kinds AS k ON k.place = i.kind ORDER BY ALL"
                )
            ]
            people = [
                str(one) for (one,) in found.rows("SELECT id FROM persons UNION SELECT id FROM redirects ORDER BY 1")
            ]
        looked: list[object] = [*operations.resolve_identifiers(workspace, [(one.split(":")[0], one) for one in ids])]
        lookup = operations.Lookup(workspace)
        looked += [lookup.ready().index.profile(one) for one in people]
        lookup.close()
        return looked

    decisions: list[Callable[[], object]] = [
        lambda: operations.cut_identifiers(workspace, "profile:ana-1", "profile:ana-2", "x"),
        lambda: operations.join_identifiers(workspace, "profile:carla-1", "profile:bruno-1", "x"),
        lambda: operations.block_identifier(workspace, "device:phone-a", "x"),
        lambda: operations.undo_decision(workspace, 1),
        lambda: operations.undo_decision(workspace, 2),
    ]
    for decide in decisions:
        decide()
        patched = everything()
        operations.check_identity(workspace, rebuild=True)
        assert everything() == patched


def test_joined_and_taken_back(workspace: Workspace) -> None:
    before = persons(workspace, KEYS)
    found = operations.join_identifiers(workspace, "profile:carla-1", "profile:nobody", "she said so")
    after = persons(workspace, KEYS)
    assert after["carla-1"] == after["nobody"]
    why = operations.explain_identity(workspace, "profile:carla-1", "profile:nobody")
    assert [edge.rule for edge in why.path] == ["a person's decision"]
    operations.run_identity(workspace)
    assert persons(workspace, KEYS) == after
    operations.undo_decision(workspace, found.id)
    assert persons(workspace, KEYS) == before


def test_a_blocked_value_names_nobody_until_that_is_taken_back(workspace: Workspace) -> None:
    before = persons(workspace, KEYS)
    found = operations.block_identifier(workspace, "email:ana@mail.com", "it is the shop's own")
    operations.block_identifier(workspace, "device:phone-a", "the shop's too")
    after = persons(workspace, KEYS)
    assert after["ana-1"] == after["ana-3"] != after["ana-2"]
    operations.undo_decision(workspace, found.id)
    assert persons(workspace, KEYS) == before
    assert [(one.what, one.undone_at is None) for one in operations.identity_decisions(workspace)] == [
        ("block", False),
        ("block", True),
    ]


def test_decisions_that_contradict_each_other_are_refused_and_change_nothing(workspace: Workspace) -> None:
    before = persons(workspace, KEYS)
    operations.join_identifiers(workspace, "profile:carla-1", "profile:nobody", "she said so")
    joined = persons(workspace, KEYS)
    with pytest.raises(EngineError, match="contradict each other"):
        operations.cut_identifiers(workspace, "profile:carla-1", "profile:nobody", "no")
    assert persons(workspace, KEYS) == joined != before
    assert len(operations.identity_decisions(workspace)) == 1
    for wrong, said in (
        (("profile:ana-1", "profile:ana-1"), "the same"),
        (("profile:ana-1", "p" + "0" * 20), "no identifier"),
    ):
        with pytest.raises(EngineError, match=said):
            operations.cut_identifiers(workspace, *wrong, "x")
    with pytest.raises(EngineError, match="needs a reason"):
        operations.cut_identifiers(workspace, "profile:ana-1", "profile:ana-2", " ")
    with pytest.raises(EngineError, match="can name nobody"):
        operations.block_identifier(workspace, "email:teste@teste.com", "x")


def test_the_documents_own_rules_are_obeyed(workspace: Workspace) -> None:
    ids = [str(one.identifier) for one in operations.resolve_identifiers(workspace, [("profile", key) for key in KEYS])]
    manual = [
        {"apart": [ids[0], ids[1]], "reason": "twins"},
        {"together": [ids[4], ids[5]], "reason": "she said so"},
    ]
    operations.apply_identity_text(workspace, dump_yaml(DOCUMENT | {"manual": manual}))
    operations.run_identity(workspace)
    who = persons(workspace, KEYS)
    assert who["ana-1"] != who["ana-2"]
    assert who["carla-1"] == who["nobody"]


def test_what_if_tells_before_anything_changes(workspace: Workspace, tmp_path: Path) -> None:
    rule = {"kind": "audience", "id": "visitors", "name": "V", "rule": {"did": "visit", "times": {"gte": 2}}}
    operations.save(workspace, rule)
    before = persons(workspace, KEYS)
    kinds = {**DOCUMENT["kinds"], "cpf": {}, "email": {"links": 1}, "device": {"links": 1}}
    (tmp_path / "other.yaml").write_text(dump_yaml(DOCUMENT | {"kinds": kinds}))
    found = operations.what_if_identity(workspace, tmp_path / "other.yaml")
    assert (found.before["persons"], found.after["persons"]) == (4, 8)  # two emails and two devices stand alone
    assert sum(count for _, count in found.splits) == 4, "what was hers, and the tablet"
    assert found.sizes == {"visitors": (1, 1)}
    assert persons(workspace, KEYS) == before
    assert operations.run_identity(workspace).read == 0, "what was hashed for the document in force is still there"


def test_judged_pairs_tell_how_right_the_map_is(workspace: Workspace) -> None:
    operations.judge_pair(workspace, "profile:ana-1", "profile:ana-2", same=True)
    number = operations.judge_pair(workspace, "profile:ana-1", "profile:ana-3", same=False)
    (check,) = [one for one in operations.run_identity(workspace).checks if one.name == "accuracy"]
    assert (check.value, check.state) == (50.0, "green"), "two pairs prove nothing"
    operations.undo_decision(workspace, number)
    (check,) = [one for one in operations.run_identity(workspace).checks if one.name == "accuracy"]
    assert check.value == 100.0
