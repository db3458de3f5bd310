"""Persons found from the warehouse: the same however often, held back when a check is red, never by another pepper."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.identity import values
from engine.identity.publication import current
from engine.operations import Workspace
from engine.secrets.opening import open_keeper
from tests.support.people import ANA, BRUNO, DOCUMENT, MODEL, PEOPLE, make, persons, publish, twice
from tests.support.small import AS_OF

KEYS = [row[0] for row in PEOPLE]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path) as made:
        yield made


def test_one_person_has_one_id_and_those_who_share_a_tablet_are_two(workspace: Workspace) -> None:
    found = operations.run_identity(workspace)
    assert (found.state, found.numbers["persons"], found.read) == ("published", 4, 4)
    who = persons(workspace, KEYS)
    assert who["ana-1"] == who["ana-2"] == who["ana-3"]
    assert len({who["ana-1"], who["bruno-1"], who["carla-1"], who["nobody"]}) == 4
    ana, bruno = (operations.find_person(workspace, f"profile:{one}") for one in ("ana-1", "bruno-1"))
    assert ana.household == bruno.household, "they share a tablet"
    carla = operations.find_person(workspace, "profile:carla-1")
    assert carla.household == carla.id
    assert operations.resolve_identifiers(workspace, [("email", " ANA@mail.com"), ("cpf", ANA)]) == [
        type(one)(one.kind, one.identifier, ana.id)
        for one in operations.resolve_identifiers(workspace, [("email", "ana@mail.com"), ("cpf", ANA)])
    ]
    unknown = operations.resolve_identifiers(workspace, [("email", "teste@teste.com"), ("email", "x" * 5_000)])
    assert [one.identifier for one in unknown] == [None, None], "they can name nobody"


def test_again_nothing_is_read_and_nothing_changes_and_new_data_keeps_ids(workspace: Workspace, tmp_path: Path) -> None:
    operations.run_identity(workspace)
    before = persons(workspace, KEYS)
    again = operations.run_identity(workspace)
    assert (again.read, again.numbers["new"], again.numbers["merged"]) == (0, 0, 0)
    assert persons(workspace, KEYS) == before
    publish(
        tmp_path,
        [*reversed(PEOPLE), ("carla-2", "carla@mail.com", None, "phone-c"), ("dora", "d@mail.com", None, None)],
    )
    workspace.reload()
    fresh = operations.run_identity(workspace)
    assert (fresh.numbers["persons"], fresh.numbers["new"], fresh.read) == (5, 1, 4)
    after = persons(workspace, [*KEYS, "carla-2"])
    assert {key: after[key] for key in KEYS} == before
    assert after["carla-2"] == before["carla-1"]


def test_two_who_become_one_keep_the_older_id_and_the_other_leads_to_it(workspace: Workspace, tmp_path: Path) -> None:
    operations.run_identity(workspace)
    before = persons(workspace, KEYS)
    publish(tmp_path, [*PEOPLE, ("carla-1", "bruno@mail.com", None, None)])
    workspace.reload()
    found = operations.run_identity(workspace, even_if_red=True)
    assert found.numbers["merged"] == 1
    now = persons(workspace, KEYS)["carla-1"]
    assert now in (before["carla-1"], before["bruno-1"])
    for key in ("carla-1", "bruno-1"):
        assert operations.profile_of(workspace, str(before[key])).id == now
        assert operations.find_person(workspace, str(before[key])).id == now


def test_audiences_and_consents_are_of_persons(workspace: Workspace) -> None:
    with pytest.raises(EngineError, match="identity was never resolved here"):
        operations.size(workspace, [])  # no target: the model alone is asked for
        _ = workspace.model
    operations.run_identity(workspace)
    rule = {"kind": "audience", "id": "visitors", "name": "V", "rule": {"did": "visit", "times": {"gte": 2}}}
    found = operations.size_document(workspace, rule, as_of=datetime(2026, 6, 15, tzinfo=UTC))
    assert (found.base, found.size) == (4, 1), "three visits of three profiles are hers"
    operations.save(workspace, rule)
    operations.run(workspace, ["visitors"], as_of=AS_OF)
    ana = operations.find_person(workspace, "profile:ana-1")
    assert operations.members(workspace, ["visitors"], as_of=AS_OF)[0].keys == [ana.id]
    reach = operations.reachable(workspace, "visitors", as_of=AS_OF)
    assert reach.consents == {"ads": 0}, "one of her profiles did not consent, so she did not"
    assert operations.profile_of(workspace, ana.id).consents == ()
    bruno = operations.find_person(workspace, "profile:bruno-1")
    assert operations.profile_of(workspace, bruno.id).consents == ("ads",)


def test_a_list_of_profiles_is_one_of_persons(workspace: Workspace, tmp_path: Path) -> None:
    operations.run_identity(workspace)
    (tmp_path / "vip.csv").write_text("user_id\nana-1\nana-2\nbruno-1\nwho\n")
    found = operations.upload_list(workspace, "vip", tmp_path / "vip.csv")
    assert [row.outcome for row in found.rows] == ["matched", "duplicate", "matched", "unknown"]
    rule = {"kind": "audience", "id": "vips", "name": "V", "rule": {"list": "vip"}}
    who = persons(workspace, KEYS)
    assert operations.size_document(workspace, rule, as_of=datetime(2026, 6, 15, tzinfo=UTC)).size == 2
    assert sorted(workspace.lists.keys("vip")) == sorted(["who", str(who["ana-1"]), str(who["bruno-1"])])


def test_a_red_check_keeps_the_earlier_map(workspace: Workspace, tmp_path: Path) -> None:
    operations.run_identity(workspace)
    before = persons(workspace, KEYS)
    operations.apply_identity_text(workspace, dump_yaml(DOCUMENT | {"quality": {"largest": 3}}))
    found = operations.run_identity(workspace)
    assert found.state == "held"
    assert [one.name for one in found.checks if one.state == "red"] == ["size tail"]
    assert persons(workspace, KEYS) == before
    state = operations.identity_state(workspace)
    assert (state.runs[0].state, state.runs[0].reason, state.in_force["run"] if state.in_force else 0) == (
        "held",
        "red: size tail",
        1,
    )
    seen = operations.Seen()
    operations.watch(workspace, seen)
    (alert,) = operations.alerts(workspace, open_only=True)
    assert (alert.kind, alert.message) == (
        "identity",
        "the map of persons is held back, the earlier one stays: red: size tail",
    )
    assert operations.run_identity(workspace, even_if_red=True).state == "published"
    operations.watch(workspace, seen)
    assert operations.alerts(workspace, open_only=True) == []


def test_a_pepper_that_is_missing_or_another_is_refused_and_begins_no_second_space(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    keeper = open_keeper(workspace.folder, workspace.settings)
    kept = keeper.get("identity-pepper-1")
    assert kept is not None
    keeper.set("identity-pepper-1", "ab" * 32)
    with pytest.raises(EngineError, match="not the one that the map was made with"):
        operations.run_identity(workspace)
    keeper.set("identity-pepper-1", "no hex")
    with pytest.raises(EngineError, match="cannot be read"):
        operations.run_identity(workspace)
    keeper.remove("identity-pepper-1")
    with pytest.raises(EngineError, match='"identity-pepper-1" is missing'):
        operations.resolve_identifiers(workspace, [("email", "ana@mail.com")])
    keeper.set("identity-pepper-1", kept)
    assert operations.run_identity(workspace).numbers["new"] == 0


def test_a_pepper_in_use_is_neither_replaced_nor_removed_and_one_without_a_row_is_taken_over(
    workspace: Workspace,
) -> None:
    open_keeper(workspace.folder, workspace.settings).set("identity-pepper-1", "cd" * 32)  # its maker died
    operations.run_identity(workspace)
    assert open_keeper(workspace.folder, workspace.settings).get("identity-pepper-1") == "cd" * 32
    for wrong in (
        lambda: operations.set_secret(workspace, "identity-pepper-1", "ab" * 32),
        lambda: operations.remove_secret(workspace, "identity-pepper-1"),
    ):
        with pytest.raises(EngineError, match=r"own secrets|persons are known by"):
            wrong()
    open_keeper(workspace.folder, workspace.settings).remove("identity-pepper-1")
    operations.set_secret(workspace, "identity-pepper-1", "cd" * 32)
    assert operations.run_identity(workspace).numbers["new"] == 0, "put back from a backup"


def test_rules_of_the_document_survive_another_pepper_and_a_decision_after_it(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    ids = [str(one.identifier) for one in operations.resolve_identifiers(workspace, [("profile", k) for k in KEYS])]
    manual = [{"apart": [ids[0], ids[1]], "reason": "twins"}]
    operations.apply_identity_text(workspace, dump_yaml(DOCUMENT | {"manual": manual}))
    operations.run_identity(workspace)
    before = persons(workspace, KEYS)
    assert before["ana-1"] != before["ana-2"]
    operations.rotate_pepper(workspace)
    assert persons(workspace, KEYS) == before
    operations.cut_identifiers(workspace, "profile:ana-1", "profile:ana-3", "triplets")
    who = persons(workspace, KEYS)  # the second may go with the third: they share a phone
    assert who["ana-1"] not in (who["ana-2"], who["ana-3"])


def test_another_pepper_keeps_every_id_and_every_decision(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    operations.cut_identifiers(workspace, "profile:ana-1", "profile:ana-2", "they are twins")
    before = persons(workspace, KEYS)
    assert before["ana-1"] != before["ana-2"]
    old = operations.resolve_identifiers(workspace, [("email", "ana@mail.com")])[0].identifier
    found = operations.rotate_pepper(workspace)
    assert (found.numbers["new"], found.numbers["merged"], found.numbers["split"]) == (0, 0, 0)
    assert persons(workspace, KEYS) == before
    assert operations.resolve_identifiers(workspace, [("email", "ana@mail.com")])[0].identifier != old
    pointer = current(workspace.folder / "identity")
    assert pointer is not None
    assert pointer.pepper == 2
    (decision,) = operations.identity_decisions(workspace)
    operations.undo_decision(workspace, decision.id)
    assert persons(workspace, KEYS)["ana-1"] == persons(workspace, KEYS)["ana-2"]


def test_the_draft_can_be_applied(workspace: Workspace) -> None:
    text = operations.draft_identity(workspace)
    document = operations.apply_identity_text(workspace, text)
    assert [one.name for one in document.kinds] == ["profile", "cpf", "email", "device"]
    assert operations.show_identity(workspace) == text
    workspace.models.save(dump_yaml({**MODEL, "identifiers": {}}), "test")
    with pytest.raises(EngineError, match="the model names no identifiers"):
        operations.draft_identity(workspace)
    with pytest.raises(EngineError, match="neither the identity document nor the model"):
        operations.run_identity(workspace)


def test_a_source_that_is_not_there_is_named(workspace: Workspace) -> None:
    wrong = {**DOCUMENT, "sources": {"crm": {"table": "contacts", "identifiers": {"email": "mail"}}}}
    with pytest.raises(EngineError, match='there is no column "mail"') as caught:
        operations.apply_identity_text(workspace, dump_yaml(wrong))
    assert caught.value.path == "sources.crm.identifiers.email"
    wrong["sources"]["crm"]["table"] = "nothing"
    with pytest.raises(EngineError, match='no table "nothing"'):
        operations.apply_identity_text(workspace, dump_yaml(wrong))


def test_sources_with_a_time_and_values_out_of_several_columns(tmp_path: Path) -> None:
    sources = {
        "contacts": {
            "sql": "SELECT *, TIMESTAMP '2026-01-01' + to_days(len(user_id)) AS seen FROM contacts",
            "time": "seen",
            "identifiers": {"profile": "user_id", "who": ["email", "device"]},
        }
    }
    document = {
        "kind": "identity",
        "id": "persons",
        "kinds": {"profile": {}, "who": {"most": 3, "within": "1y"}},
        "sources": sources,
        "rules": [{"name": "all", "kinds": ["profile", "who"]}],
    }
    with make(tmp_path, [*PEOPLE, ("ana-9", "Ana@Mail.com ", None, "tablet-77")], document) as workspace:
        found = operations.run_identity(workspace)
        assert found.numbers["persons"] == 6
        why = operations.explain_identity(workspace, "profile:ana-1", "profile:ana-9")
        assert why.person
        assert [(e.sources, e.first_seen) for e in why.path] == [(("contacts",), "2026-01-06T00:00:00Z")] * 2


def test_a_value_that_very_many_share_glues_nobody(tmp_path: Path) -> None:
    many = [(f"u{i:05d}", "shop@kiosk.com", None, "kiosk") for i in range(3_000)]
    with make(tmp_path, many) as workspace:
        found = operations.run_identity(workspace)
        assert found.numbers["persons"] == 3_002
        assert found.numbers["quarantined"] == 2
        shared = operations.find_person(workspace, "email:shop@kiosk.com")
        assert {one.split(":")[0] for one in shared.shared} == {"email", "profile"}
        assert set(shared.identifiers) <= set(shared.shared)


def test_profiles_that_look_alike_are_put_together_last(tmp_path: Path) -> None:
    with make(tmp_path) as workspace:
        twice(tmp_path)
        operations.connect(workspace, str(tmp_path / "crm.duckdb"))
        profile = {"table": "crm", "key": "id", "identity": True, "traits": {"city": {"type": "string"}}}
        workspace.models.save(dump_yaml({"kind": "model", "profile": profile}), "test")
        compare = {"first": "name", "last": "name", "born": "date", "city": "exact"}
        likely = {"table": "crm", "profile": "id", "compare": compare, "block": [["first", "last"], ["born"]]}
        document = {"kind": "identity", "id": "persons", "kinds": {"profile": {"most": 2}}, "probable": likely}
        sources = {"crm": {"table": "crm", "identifiers": {"profile": "id"}}}
        operations.apply_identity_text(workspace, dump_yaml(document | {"sources": sources}))
        found = operations.run_identity(workspace)
        assert 1_000 <= found.numbers["persons"] < 1_080, "a thousand, but for those that were missed"
        why = operations.explain_identity(workspace, "profile:1-a", "profile:1-b")
        assert [one.rule for one in why.path] == ["likely one person"]
        operations.cut_identifiers(workspace, "profile:1-a", "profile:1-b", "twins")
        again = operations.run_identity(workspace)
        assert again.numbers["persons"] == found.numbers["persons"] + 1
        who = persons(workspace, [f"{n}-{side}" for n in range(3, 103, 2) for side in "ab"])
        assert sum(who[f"{n}-a"] == who[f"{n}-b"] for n in range(3, 103, 2)) > 40


def test_killed_for_real_at_any_moment(tmp_path: Path) -> None:
    many = [(f"u{i:05d}", f"m{i // 2}@mail.com", None, f"d{i}") for i in range(4_000)]
    with make(tmp_path, many) as workspace:
        operations.run_identity(workspace)
        before = persons(workspace, ["u00000", "u00001", "u03999"])
        command = [sys.executable, "-m", "engine.cli", "identity", "run", "-w", str(workspace.folder), "--json"]
        for number in range(8):
            publish(tmp_path, [*many, (f"x{number}", f"x{number}@mail.com", None, None)])
            process = subprocess.Popen(
                command, cwd=Path(__file__).parents[3], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(0.25 + 0.12 * number)
            process.kill()
            process.wait()
            assert persons(workspace, ["u00000", "u00001", "u03999"]) == before
        done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, check=True, env=os.environ)
        assert json.loads(done.stdout)["persons"] == 2_001
        assert persons(workspace, ["u00000", "u00001", "u03999"]) == before


def test_a_folder_is_planned_and_applied_with_its_identity_document(workspace: Workspace, tmp_path: Path) -> None:
    operations.run_identity(workspace)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "identity.yaml").write_text(dump_yaml(DOCUMENT | {"households": []}))
    (folder / "all.yaml").write_text(dump_yaml({"kind": "audience", "id": "all", "name": "A", "rule": {"all": []}}))
    found = operations.plan(workspace, folder, as_of=AS_OF)
    assert [(step.action, step.id) for step in found.steps] == [("add", "all"), ("change", "persons")]
    assert found.steps[1].changes == ("households changed",)
    assert (found.skipped, found.unchanged) == ((), 0)
    operations.apply(workspace, folder, as_of=AS_OF)
    assert "households" not in operations.show_identity(workspace).replace("households: []", "")
    again = operations.plan(workspace, folder, as_of=AS_OF)
    assert (again.steps, again.unchanged) == ((), 2)
    (folder / "twice.yaml").write_text(dump_yaml(DOCUMENT))
    with pytest.raises(EngineError, match="several identity documents"):
        operations.plan(workspace, folder, as_of=AS_OF)
    (folder / "twice.yaml").write_text(dump_yaml({"kind": "identity", "id": "x"}))
    with pytest.raises(EngineError, match="no kind of identifier") as caught:
        operations.plan(workspace, folder, as_of=AS_OF)
    assert "twice.yaml" in str(caught.value)


ODD: list[tuple[str, str | None, str | None, str | None]] = [
    ("a-1", "a@@b.com", "529.982.247-24", "[object Object]"),
    ("b-1", "null@null.com", BRUNO, "tablet"),
    ("c-1", "c@mail.com", "123", None),
    ("d-1", "d@mail.com", ANA, "tablet"),
    ("e-1", None, None, "undefined"),
    *((f"f-{place}", None, None, "tablet") for place in range(3)),
]


def test_a_run_and_a_check_tell_how_many_values_name_nobody_and_why(tmp_path: Path) -> None:
    with make(tmp_path, ODD) as workspace:
        found = operations.run_identity(workspace)
        unusable = found.unusable
        assert unusable["email"] == {"values": 4, "form": 1, "placeholder": 1, "different": 2}
        assert unusable["cpf"] == {"values": 4, "length": 1, "check": 1, "different": 2}
        assert unusable["device"] == {"values": 7, "placeholder": 2, "different": 1, "shared": 1}
        told = {one.sentence: one.state for one in found.checks if one.name == "values"}
        assert told["email: 1 of 4 values are none of their kind"] == "yellow"
        assert told["device: 1 of 1 different values are shared by too many"] == "yellow"
        health = operations.check_identity(workspace)
        assert health.unusable == unusable
        assert {one["sentence"] for one in health.checks if one["name"] == "values"} == set(told)
        assert operations.run_identity(workspace).unusable == unusable, "nothing is counted twice"
        assert operations.run_identity(workspace, everything=True).unusable == unusable
        assert operations.identity_state(workspace).in_force["summary"]["unusable"] == unusable  # type: ignore[index]


def test_when_values_are_read_in_another_way_ids_stay_and_who_is_one_is_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [*PEOPLE, ("ida-1", "ida@niño.com", None, None), ("ida-2", "ida@xn--nio-8ma.com", None, None)]
    keys = [row[0] for row in people]
    with make(tmp_path, people) as workspace:
        with monkeypatch.context() as former:
            former.setattr("engine.identity.records.FORM", 1)
            former.setitem(values.READERS, "email", lambda value, country: value.strip().lower())
            operations.run_identity(workspace)
        before = persons(workspace, keys)
        assert before["ida-1"] != before["ida-2"], "as the earlier version read addresses"
        found = operations.run_identity(workspace)
        after = persons(workspace, keys)
        assert (found.state, found.increment, found.numbers["merged"]) == ("published", False, 1)
        assert {key: after[key] for key in KEYS} == {key: before[key] for key in KEYS}
        assert after["ida-1"] == after["ida-2"]
        assert after["ida-1"] in (before["ida-1"], before["ida-2"])
        for key in ("ida-1", "ida-2"):
            assert operations.profile_of(workspace, str(before[key])).id == after[key], "the other id leads there"
        told = operations.find_person(workspace, "profile:ida-1").history
        assert [step.what for step in told] == ["merged"]
        assert operations.run_identity(workspace).read == 0, "then all is as ever"
