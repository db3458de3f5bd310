"""A workspace whose people have addresses, numbers and devices, with a vault and an identity document."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from engine import operations
from engine.domain.documents import dump_yaml
from engine.operations import Workspace
from engine.operations.sealing import make_vault_key
from tests.support.filling import insert

Row = tuple[str, str | None, str | None, str | None]
"""A profile key, and an address, a tax number, a device."""

MODEL: dict[str, Any] = {
    "kind": "model",
    "profile": {
        "table": "users",
        "key": "user_id",
        "identity": True,
        "traits": {"age": {"type": "integer"}, "state": {"type": "string"}},
    },
    "events": {"visit": {"table": "visits", "profile": "user_id", "time": "ts"}},
    "identifiers": {
        "email": {"table": "contacts", "profile": "user_id", "column": "email", "kind": "email"},
        "cpf": {"table": "contacts", "profile": "user_id", "column": "cpf", "kind": "cpf"},
        "device": {"table": "contacts", "profile": "user_id", "column": "device", "kind": "device"},
    },
    "consents": {"ads": {"table": "consents", "profile": "user_id", "column": "ads"}},
}
DOCUMENT: dict[str, Any] = {
    "kind": "identity",
    "id": "persons",
    "kinds": {"profile": {"most": 4}, "cpf": {"most": 1}, "email": {"links": 5}, "device": {"links": 4}},
    "households": ["device"],
}
ANA, BRUNO = "529.982.247-25", "168.995.350-09"
"""Tax numbers that are right."""
PEOPLE: list[Row] = [
    ("ana-1", "Ana@Mail.com ", ANA, "tablet-77"),
    ("ana-2", "ana@mail.com", None, "phone-a"),
    ("ana-3", "ana.work@firm.com", ANA.replace(".", ""), "phone-a"),
    ("bruno-1", "bruno@mail.com", BRUNO, "tablet-77"),
    ("carla-1", "carla@mail.com", None, "phone-c"),
    ("nobody", "teste@teste.com", "111.111.111-11", None),
]
"""One person with three profiles, another one who shares her tablet, one by herself, and one whose values say nothing."""


def publish(folder: Path, people: Sequence[Row]) -> None:
    """Make the warehouse hold these people."""
    path = folder / "fresh.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE contacts (user_id VARCHAR, email VARCHAR, cpf VARCHAR, device VARCHAR)")
        insert(connection, "contacts", people)
        connection.execute(
            "CREATE TABLE users AS SELECT user_id, (20 + row_number() OVER ())::INTEGER AS age, 'SP' AS state "
            "FROM (SELECT DISTINCT user_id FROM contacts ORDER BY user_id)"
        )
        connection.execute("CREATE TABLE visits AS SELECT user_id, TIMESTAMP '2026-06-01' AS ts FROM users")
        connection.execute("CREATE TABLE consents AS SELECT user_id, user_id != 'ana-2' AS ads FROM users")
    path.replace(folder / "data.duckdb")


def make(folder: Path, people: Sequence[Row] | None = None, document: dict[str, Any] | None = None) -> Workspace:
    """A workspace with a vault, a model over persons and an identity document; nothing was resolved yet."""
    folder.mkdir(parents=True, exist_ok=True)
    publish(folder, PEOPLE if people is None else people)
    workspace = operations.init(folder / "ws")
    operations.connect(workspace, str(folder / "data.duckdb"))
    workspace.models.save(dump_yaml(MODEL), "test")
    make_vault_key(workspace, folder / "vault.key")
    operations.apply_identity_text(workspace, dump_yaml(document or DOCUMENT))
    return workspace


def persons(workspace: Workspace, keys: list[str]) -> dict[str, str | None]:
    """The person of each profile key."""
    found = operations.resolve_identifiers(workspace, [("profile", one) for one in keys])
    return {key: one.person for key, one in zip(keys, found, strict=True)}


FIRST = ("Ana", "Bruno", "Carla", "Diego", "Elena", "Fabio", "Gina", "Hugo", "Iris", "Jonas", "Karen", "Lucas", "María")
LAST = ("Silva", "Souza", "Gómez", "Pereira", "Rojas", "Castro", "Mendes", "Torres", "Lima", "Ramos", "Vargas", "Nunes")


def typo(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice("abcdeghilmnorst") + text[at + 1 :]


def twice(folder: Path) -> None:
    """A thousand people in crm.duckdb, half of them twice (N-a and N-b), with typing errors."""
    rng = random.Random(5)
    rows: list[tuple[str | None, ...]] = []
    for number in range(1_000):
        first, last = rng.choice(FIRST) + rng.choice(("", " Paula", " Luis")), f"{rng.choice(LAST)} {rng.choice(LAST)}"
        born = f"{rng.randrange(1950, 2005)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        city = rng.choice(("Lima", "Rio", "Bogotá", "Quito"))
        rows.append((f"{number}-a", first, last, born, city))
        if number % 2:
            kind = rng.randrange(3)
            again = (typo(first, rng) if kind == 0 else first.upper(), typo(last, rng) if kind == 1 else last)
            rows.append((f"{number}-b", *again, typo(born, rng) if kind == 2 else born, None if kind == 0 else city))
    with duckdb.connect(str(folder / "crm.duckdb")) as made:
        made.execute("CREATE TABLE crm (id VARCHAR, first VARCHAR, last VARCHAR, born VARCHAR, city VARCHAR)")
        insert(made, "crm", rows)
