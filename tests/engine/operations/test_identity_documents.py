"""The drafted document: its kinds, the country its values are read by, and what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine import operations
from engine.domain.documents import dump_yaml, load_one
from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.sealing import make_vault_key

SAO_PAULO = {"name": "Brasil", "timezone": "America/Sao_Paulo", "currency": "BRL"}
MEXICO = {"name": "México", "timezone": "America/Mexico_City", "currency": "MXN"}
SOMEWHERE = {"name": "Elsewhere", "timezone": "UTC"}
PEOPLE = [
    ("1", "B", "(11) 98765-4321", "529.982.247-25"),
    ("2", "B", "11 8765-4321", "52998224725.0"),
    ("3", "M", "55 1234 5678", None),
    ("4", "M", "+52 1 55 1234 5678", "529.982.247-24"),
    ("5", "X", "+55 11 98765-4321", None),
    ("6", "X", "11 98765-4321", "n/a"),
    ("7", None, "123", "000.000.000-00"),
]


def model(sites: dict[str, Any] | None) -> dict[str, Any]:
    of_people = {"profile": "user_id"}
    return {
        "kind": "model",
        **(
            {} if sites is None else {"sites": {"column": "site", "list": sites} if len(sites) > 1 else {"list": sites}}
        ),
        "profile": {"table": "users", "key": "user_id", "traits": {}},
        "identifiers": {
            "phone": {"table": "contacts", **of_people, "column": "phone", "kind": "phone", "where": "phone <> '-'"},
            "cpf": {"table": "contacts", **of_people, "column": "document", "kind": "document"},
        },
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        connection.execute("CREATE TABLE contacts (user_id VARCHAR, site VARCHAR, phone VARCHAR, document VARCHAR)")
        connection.executemany("INSERT INTO contacts VALUES (?, ?, ?, ?)", PEOPLE)
        connection.execute("CREATE TABLE users AS SELECT user_id, site FROM contacts")
    made = operations.init(tmp_path / "ws")
    operations.connect(made, str(tmp_path / "data.duckdb"))
    make_vault_key(made, tmp_path / "vault.key")
    yield made
    made.close()


def test_phones_are_read_by_the_country_of_the_only_site(workspace: Workspace) -> None:
    workspace.models.save(dump_yaml(model({"B": SAO_PAULO})), "test")
    found = operations.identity_draft(workspace)
    kinds = load_one(found.text)["kinds"]
    assert list(kinds) == ["profile", "cpf", "phone"]
    assert kinds["phone"] == {"links": 4, "country": "BR"}
    assert kinds["cpf"] == {"most": 1}
    assert found.text == operations.draft_identity(workspace)
    assert found.unusable["cpf"] == {"values": 5, "different": 5, "check": 1, "placeholder": 2}
    assert found.unusable["phone"] == {"values": 7, "different": 7, "length": 1, "form": 1}
    assert "cpf: 2 of 5 values stand for no value" in found.notes


def test_a_model_that_does_not_tell_its_country_says_so(workspace: Workspace) -> None:
    workspace.models.save(dump_yaml(model(None)), "test")
    found = operations.identity_draft(workspace)
    assert "country" not in load_one(found.text)["kinds"]["phone"]
    assert found.notes[0].startswith("phone: the model does not tell the country")
    assert "phone: 5 of 7 values name no country, and the document names none" in found.notes
    given = operations.identity_draft(workspace, "BR")
    assert load_one(given.text)["kinds"]["phone"]["country"] == "BR"
    with pytest.raises(EngineError, match='"br" is not a country'):
        operations.identity_draft(workspace, "br")


def test_phones_of_several_countries_are_read_by_that_of_their_site(workspace: Workspace) -> None:
    workspace.models.save(dump_yaml(model({"B": SAO_PAULO, "M": MEXICO, "X": SOMEWHERE})), "test")
    found = operations.identity_draft(workspace)
    assert found.notes[0] == "phone: the model does not tell the country of X: write it in sources, as country: BR"
    sources = load_one(found.text)["sources"]
    assert {name: one.get("country") for name, one in sources.items()} == {
        "cpf": None, "phone_br": "BR", "phone_mx": "MX", "phone_others": None,
    }  # fmt: skip
    assert found.unusable["phone"] == {"values": 7, "different": 7, "country": 2}
    operations.apply_identity_text(workspace, found.text)
    run = operations.run_identity(workspace)
    assert run.unusable["phone"] == {"values": 7, "country": 2, "different": 2}
    ways = [
        "+55 11 98765-4321",
        "(11) 98765-4321",
        "11 8765-4321",
        "+52 55 1234 5678",
        "55 1234 5678",
        "1 55 1234 5678",
    ]
    wanted = operations.resolve_identifiers(workspace, [("phone", one) for one in ways])
    brazil, mexico = {one.person for one in wanted[:3]}, {one.person for one in wanted[3:]}
    assert (len(brazil), len(mexico)) == (1, 1)
    assert None not in brazil | mexico
    assert brazil != mexico
    assert operations.run_identity(workspace).read == 0
