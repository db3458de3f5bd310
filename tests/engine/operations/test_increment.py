"""New rows alone make the map that all rows make; where they cannot say all, everything is read; a crash loses nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.identity import growing
from engine.identity.publication import current
from engine.operations import Workspace
from tests.support.filling import insert
from tests.support.people import ANA, DOCUMENT, MODEL, PEOPLE, Row, make, persons

GROWING: dict[str, Any] = DOCUMENT | {
    "sources": {
        "profiles": {"table": "users", "identifiers": {"profile": "user_id"}, "watermark": "n"},
        "contacts": {
            "table": "contacts",
            "identifiers": {"profile": "user_id", "email": "email", "cpf": "cpf", "device": "device"},
            "watermark": "n",
        },
    }
}
MORE: list[Row] = [
    ("carla-2", "carla@mail.com", None, "phone-c"),
    ("dora", "dora@mail.com", None, None),
    ("bruno-1", "bruno.work@firm.com", None, None),
]
KEYS = [row[0] for row in PEOPLE] + ["carla-2", "dora"]


def rows(folder: Path, people: Sequence[Row]) -> None:
    """A warehouse with these people, numbered in their order."""
    path = folder / "fresh.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as made:
        made.execute(
            "CREATE TABLE contacts (user_id VARCHAR, email VARCHAR, cpf VARCHAR, device VARCHAR, n INTEGER, note VARCHAR)"
        )
        insert(made, "contacts", [(*one, n, "") for n, one in enumerate(people)])
        made.execute(
            "CREATE TABLE users AS SELECT user_id, 30 AS age, 'SP' AS state, min(n) AS n FROM contacts GROUP BY 1"
        )
        made.execute("CREATE TABLE visits AS SELECT user_id, TIMESTAMP '2026-06-01' AS ts FROM users")
        made.execute("CREATE TABLE consents AS SELECT user_id, user_id != 'ana-2' AS ads FROM users")
    path.replace(folder / "data.duckdb")


def workspace_of(folder: Path, document: dict[str, Any] = GROWING) -> Workspace:
    folder.mkdir(exist_ok=True)
    found = make(folder)
    rows(folder, PEOPLE)
    found.reload()
    operations.apply_identity_text(found, dump_yaml(document))
    return found


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with workspace_of(tmp_path) as made:
        yield made


def more(workspace: Workspace, people: Sequence[Row]) -> None:
    rows(workspace.folder.parent, people)
    workspace.reload()


def test_only_new_rows_are_read_and_the_map_is_that_of_all_rows(workspace: Workspace, tmp_path: Path) -> None:
    assert not operations.run_identity(workspace).increment
    more(workspace, [*PEOPLE, *MORE])
    found = operations.run_identity(workspace)
    assert (found.increment, found.read, found.numbers["new"], found.numbers["persons"]) == (True, 2, 1, 5)
    with workspace_of(tmp_path / "beside") as other:
        operations.run_identity(other)
        more(other, [*PEOPLE, *MORE])
        whole = operations.run_identity(other, everything=True)
        assert not whole.increment
        of_the_pepper = {"largest", "p99"}  # whose the shared tablet is depends on it
        assert {k: v for k, v in whole.numbers.items() if k not in of_the_pepper} == {
            k: v for k, v in found.numbers.items() if k not in of_the_pepper
        }
        named, others = persons(workspace, KEYS), persons(other, KEYS)
        assert None not in named.values()
        same = [[named[one] == named[two] for one in KEYS for two in KEYS]]
        assert same == [[others[one] == others[two] for one in KEYS for two in KEYS]]
    again = operations.run_identity(workspace)
    assert (again.increment, again.read, again.run) == (True, 0, found.run)
    whole = operations.run_identity(workspace, everything=True)
    assert (whole.read, whole.numbers["new"], whole.numbers["merged"]) == (0, 0, 0)
    assert persons(workspace, KEYS) == named
    assert (
        operations.size_document(
            workspace,
            {"kind": "audience", "id": "a", "name": "A", "rule": {"trait": "age", "gte": 1}},
            as_of=datetime(2026, 6, 15, tzinfo=UTC),
        ).size
        == 5
    )


def test_other_changes_of_the_data_are_nothing_new(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    with duckdb.connect(str(workspace.folder.parent / "data.duckdb")) as made:
        made.execute("UPDATE contacts SET note = 'seen'")
        made.execute("INSERT INTO visits SELECT user_id, TIMESTAMP '2026-06-02' FROM users")
    workspace.reload()
    found = operations.run_identity(workspace)
    assert (found.increment, found.read) == (True, 0)
    pointer = current(workspace.folder / "identity")
    assert pointer is not None
    assert pointer.data == workspace.warehouse.data_version()


@pytest.mark.parametrize(
    "people",
    [
        [(PEOPLE[0][0], "other@mail.com", *PEOPLE[0][2:]), *PEOPLE[1:], *MORE],
        [*PEOPLE[1:], *MORE],
        [MORE[0], *PEOPLE],
    ],
    ids=["changed", "removed", "inserted before"],
)
def test_rows_that_are_other_ones_are_noticed_and_everything_is_read(workspace: Workspace, people: list[Row]) -> None:
    operations.run_identity(workspace)
    more(workspace, people)
    found = operations.run_identity(workspace, even_if_red=True)
    assert not found.increment
    assert found.read >= 1
    assert not operations.run_identity(workspace, everything=True).read


@pytest.mark.parametrize("document", [{"kinds": {**DOCUMENT["kinds"], "email": {"most": 3, "within": "30d"}}}])
def test_rules_that_look_at_everybody_read_everything(tmp_path: Path, document: dict[str, Any]) -> None:
    with workspace_of(tmp_path / "w", GROWING | document) as made:
        operations.run_identity(made)
        more(made, [*PEOPLE, *MORE])
        assert not operations.run_identity(made).increment


def test_another_document_is_not_an_increment(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    operations.apply_identity_text(workspace, dump_yaml(GROWING | {"households": []}))
    more(workspace, [*PEOPLE, *MORE])
    assert not operations.run_identity(workspace).increment


@pytest.mark.parametrize("at", ["replace_region", "point_to"])
def test_who_dies_in_the_middle_loses_nothing(workspace: Workspace, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.identity import patching, publication

    operations.run_identity(workspace)
    before = persons(workspace, KEYS)
    more(workspace, [*PEOPLE, *MORE])

    class Dead(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Dead

    with monkeypatch.context() as patched:
        patched.setattr(patching if at == "replace_region" else publication, at, die)
        with pytest.raises(Dead):
            operations.run_identity(workspace)
    assert persons(workspace, KEYS) == before
    found = operations.run_identity(workspace)
    assert (found.increment, found.read, found.numbers["persons"]) == (True, 0, 5), "what was hashed stays"
    assert persons(workspace, KEYS)["carla-2"] == before["carla-1"]


def test_a_red_check_holds_new_rows_back_and_many_small_merges_count_as_one(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    operations.apply_identity_text(workspace, dump_yaml(GROWING | {"quality": {"largest": 4}}))
    with pytest.raises(EngineError, match="nobody is known"):
        operations.find_person(workspace, "profile:dora")
    operations.run_identity(workspace, even_if_red=True)
    before = persons(workspace, KEYS)
    more(workspace, [*PEOPLE, *MORE])
    found = operations.run_identity(workspace)
    assert (found.increment, found.state) == (True, "held")
    assert persons(workspace, KEYS) == before
    assert operations.run_identity(workspace, even_if_red=True).state == "published"
    assert persons(workspace, KEYS)["carla-2"] == before["carla-1"]
    more(workspace, [*PEOPLE, *MORE, ("dora", "carla@mail.com", None, None)])
    assert operations.run_identity(workspace, even_if_red=True).numbers["merged"] == 1
    pointer = current(workspace.folder / "identity")
    assert pointer is not None
    assert pointer.whole["merged_since"] == 1


def test_decisions_and_erasure_hold_for_new_rows(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    operations.block_identifier(workspace, "email:carla@mail.com", "a test")
    operations.forget_person(workspace, "profile:bruno-1")
    more(workspace, [*PEOPLE, *MORE])
    found = operations.run_identity(workspace)
    assert found.increment
    who = persons(workspace, KEYS)
    assert who["bruno-1"] is None
    assert who["carla-1"] == who["carla-2"], "they share a telephone"
    with pytest.raises(EngineError, match="nobody is known"):
        operations.find_person(workspace, "email:bruno@mail.com")
    assert operations.find_person(workspace, "email:carla@mail.com").id not in who.values()
    cpf = operations.resolve_identifiers(workspace, [("cpf", ANA)])[0]
    assert cpf.person == who["ana-1"]


def test_an_index_that_is_damaged_is_made_again_with_the_new_rows(workspace: Workspace) -> None:
    operations.run_identity(workspace)
    before = persons(workspace, KEYS)
    pointer = current(workspace.folder / "identity")
    assert pointer is not None
    (workspace.folder / "identity" / pointer.index).write_bytes(b"no index")
    more(workspace, [*PEOPLE, *MORE])
    assert operations.run_identity(workspace).increment
    assert persons(workspace, KEYS)["carla-2"] == before["carla-1"]


def test_after_many_increments_everything_is_read_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "_MOST_ADDED", 1)
    operations.run_identity(workspace)
    more(workspace, [*PEOPLE, *MORE[:1]])
    assert operations.run_identity(workspace).increment
    more(workspace, [*PEOPLE, *MORE])
    found = operations.run_identity(workspace)
    assert (found.increment, found.numbers["persons"]) == (False, 5)


def test_a_watermark_that_is_not_there_is_named(workspace: Workspace) -> None:
    wrong = {**GROWING["sources"], "contacts": {**GROWING["sources"]["contacts"], "watermark": "m"}}
    with pytest.raises(EngineError, match='there is no column "m"') as caught:
        operations.apply_identity_text(workspace, dump_yaml(GROWING | {"sources": wrong}))
    assert caught.value.path == "sources.contacts.watermark"
    wrong = {"profiles": {"table": "users", "identifiers": {"email": "user_id"}}}
    with pytest.raises(EngineError, match="profiles are named by their key"):
        operations.apply_identity_text(workspace, dump_yaml(GROWING | {"sources": wrong}))
    assert MODEL["profile"]["key"] == "user_id"


def test_who_tries_a_rule_and_who_runs_read_one_after_the_other(workspace: Workspace, tmp_path: Path) -> None:
    """Both would otherwise add a slice of the same name."""
    operations.run_identity(workspace)
    more(workspace, [*PEOPLE, *MORE])
    (folder,) = {path.parent for path in (workspace.folder / "identity" / "hashed").glob("01-*/state.json")}
    code = (
        "import sys, time; from pathlib import Path; from engine.locks import holding\n"
        "with holding(Path(sys.argv[1]), 'test', 'refused', 'busy'):\n    print('held', flush=True); time.sleep(1.5)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(folder.with_suffix(".lock"))], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        found = operations.run_identity(workspace)
        assert other.poll() is not None, "it was waited for"
        assert (found.increment, found.numbers["persons"]) == (True, 5)
    finally:
        other.kill()
        other.wait()
        if other.stdout is not None:
            other.stdout.close()
