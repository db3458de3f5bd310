"""People in a local warehouse who come, go, change their addresses and their minds; and a destination in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.activation.identifiers import PROFILES
from engine.destinations.protocol import Batch, Capabilities, Operation, Receipt, Sync
from engine.operations import Workspace, add_destination, apply_model_text, init, run, save
from engine.settings import write_settings
from engine.warehouses.local import publishing
from tests.support.filling import insert

MODEL = """kind: model
profile: {table: people, key: id, traits: {city: {type: string}}}
identifiers:
  email: {table: people, profile: id, column: email, kind: email}
  phone: {table: people, profile: id, column: phone, kind: phone}
consents:
  ads: {table: people, profile: id, column: agreed}
"""


@dataclass(frozen=True)
class Person:
    """A row of the warehouse."""

    id: int
    city: str = "SP"
    email: str | None = None
    phone: str | None = None
    agreed: bool = True


def person(identifier: int, **more: Any) -> Person:
    """Someone with an address."""
    return replace(Person(identifier, email=f"Person{identifier}@Example.com"), **more)


PEOPLE = [person(i) for i in range(1, 8)]
BY_MAIL = {"type": "memory", "identifiers": ["email"]}


def publish(folder: Path, people: Sequence[Person]) -> None:
    """These people are the data now."""
    with publishing(folder / "warehouse", "test") as connection:
        connection.execute(
            "CREATE TABLE people (id BIGINT, city VARCHAR, email VARCHAR, phone VARCHAR, agreed BOOLEAN)"
        )
        if people:
            rows = [[one.id, one.city, one.email, one.phone, one.agreed] for one in people]
            insert(connection, "people", rows)


def make(
    folder: Path, people: Sequence[Person], destination: Mapping[str, Any], model: str = MODEL, **audience: Any
) -> Workspace:
    """A workspace with an audience of everyone in SP that goes to one destination, ``out``."""
    with init(folder) as made:
        write_settings(folder, replace(made.settings, warehouse="local:", allow_endpoints="127.0.0.1 localhost"))
    publish(folder, people)
    workspace = Workspace(folder)
    apply_model_text(workspace, model)
    add(workspace, "out", destination)
    save_audience(workspace, "sp", {"trait": "city", "eq": "SP"}, destinations=["out"], **audience)
    return workspace


def add(workspace: Workspace, identifier: str, destination: Mapping[str, Any]) -> None:
    """Add a destination."""
    from engine.domain.documents import dump_yaml

    path = workspace.folder / f"{identifier}.yaml"
    path.write_text(dump_yaml({"kind": "destination", "id": identifier, **destination}), encoding="utf-8")
    add_destination(workspace, path)


def save_audience(workspace: Workspace, identifier: str, rule: Any, **more: Any) -> None:
    """Save an audience."""
    save(workspace, {"kind": "audience", "id": identifier, "name": identifier, "rule": rule, **more})


def refresh(workspace: Workspace, people: Sequence[Person] | None = None, *ids: str) -> int:
    """New data, if any, and a run over it; its number."""
    if people is not None:
        publish(workspace.folder, people)
        workspace.reload()
    return run(workspace, list(ids) or ["sp"]).id


def hashed(address: str) -> str:
    """An address as the default profile sends it."""
    found = PROFILES["sha256"].prepared("email", address, None)
    assert found is not None
    return found


def expected(people: Sequence[Person]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Who should be at a destination of e-mail addresses: in SP, agreed, with an address."""
    return {
        str(one.id): (("email", hashed(one.email)),)
        for one in people
        if one.city == "SP" and one.agreed and one.email is not None
    }


@dataclass
class Memory:
    """A destination that keeps what it was sent, with every effect in order.

    ``before`` and ``after`` may raise on the way in and out; ``refuses`` says why a row is not wanted.
    """

    state: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    effects: list[tuple[str, str]] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    before: Callable[[Batch], None] = lambda batch: None
    after: Callable[[Batch], None] = lambda batch: None
    refuses: Callable[[str], str | None] = lambda key: None
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(2, "set", "protocol", ("sha256", "meta")))

    def check(self) -> str:
        return "It is there."

    def send(self, batch: Batch) -> Receipt:
        self.before(batch)
        self.batches.append(batch.id)
        rejected = {}
        for place, row in enumerate(batch.rows):
            reason = self.refuses(row.key) if batch.operation == "add" else None
            if reason is not None:
                rejected[place] = reason
            elif batch.operation == "add" and self.state.get(row.key) != row.values:
                self.state[row.key] = row.values
                self.effects.append(("add", row.key))
            elif batch.operation == "remove" and row.key in self.state:
                del self.state[row.key]
                self.effects.append(("remove", row.key))
        self.after(batch)
        return Receipt(rejected)

    def finish(self, sync: Sync, batches: Sequence[tuple[str, str, Operation]]) -> None:
        self.finished.append(sync.id)

    def close(self) -> None:
        return

    def __call__(self, settings: Mapping[str, Any], identifiers: Sequence[str], base: Path) -> Memory:
        """Stands for the connector's class."""
        return self
