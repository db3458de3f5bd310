"""Another machine reads persons as the machine beside the data does, also after another map was put in force there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import operations
from engine.domain.documents import dump_yaml
from engine.errors import EngineError
from engine.operations import Workspace
from engine.serving.hosting import Hosted
from tests.support.people import MODEL, make

RULE: dict[str, Any] = {"kind": "audience", "id": "v", "name": "V", "rule": {"did": "visit", "times": {"gte": 2}}}
AS_OF = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.fixture
def near(tmp_path: Path) -> Iterator[Workspace]:
    with make(tmp_path) as made:
        yield made


def test_persons_over_there(near: Workspace, tmp_path: Path) -> None:
    operations.run_identity(near)
    hosted = Hosted(near.folder, "unix")
    try:
        with operations.init(tmp_path / "far") as far:
            operations.connect(far, hosted.location.replace("grpc", "flight", 1))
            far.models.save(dump_yaml(MODEL), "test")
            here, there = (operations.size_document(one, RULE, as_of=AS_OF) for one in (near, far))
            assert (here.base, here.size) == (there.base, there.size) == (4, 1)
            operations.cut_identifiers(near, "profile:ana-1", "profile:ana-2", "twins")
            far.reload()
            here, there = (operations.size_document(one, RULE, as_of=AS_OF) for one in (near, far))
            assert (here.base, here.size) == (there.base, there.size)
            assert here.base == 5
            operations.save(far, RULE)
            operations.run(far, ["v"], as_of=AS_OF)
            (members,) = operations.members(far, ["v"], as_of=AS_OF)
            assert members.keys
            assert all(key.startswith("p") for key in members.keys)
    finally:
        hosted.stop()


def test_where_nobody_was_resolved_it_says_so(near: Workspace, tmp_path: Path) -> None:
    hosted = Hosted(near.folder, "unix")
    try:
        with operations.init(tmp_path / "far") as far:
            operations.connect(far, hosted.location.replace("grpc", "flight", 1))
            far.models.save(dump_yaml(MODEL), "test")
            with pytest.raises(EngineError, match="identity was never resolved"):
                operations.size_document(far, RULE, as_of=AS_OF)
    finally:
        hosted.stop()


def test_computed_traits_over_there(near: Workspace, tmp_path: Path) -> None:
    (near.folder / "traits").mkdir()
    path = near.folder / "traits" / "visits.yaml"
    trait: dict[str, Any] = {"kind": "trait", "id": "visits", "event": "visit", "measure": {"times": True}}
    path.write_text(dump_yaml(trait))
    rule = {"kind": "audience", "id": "v", "name": "V", "rule": {"trait": "visits", "gte": 1}}
    profile = {key: value for key, value in MODEL["profile"].items() if key != "identity"}
    plain = MODEL | {"profile": profile}
    near.models.save(dump_yaml(plain), "test")
    hosted = Hosted(near.folder, "unix")
    try:
        with operations.init(tmp_path / "far") as far:
            operations.connect(far, hosted.location.replace("grpc", "flight", 1))
            far.models.save(dump_yaml(plain), "test")
            with pytest.raises(EngineError, match='there is no trait "visits"'):
                operations.size_document(far, rule, as_of=AS_OF)
            operations.trait_run(near)
            far.reload()
            assert "visits" in far.model.profile.traits
            here, there = (operations.size_document(one, rule, as_of=AS_OF) for one in (near, far))
            assert (here.base, here.size) == (there.base, there.size)
            assert there.size > 0
            assert far.warehouse.data_version() == near.warehouse.data_version()
            operations.save(far, rule)
            operations.run(far, ["v"], as_of=AS_OF)
            path.write_text(dump_yaml(trait | {"measure": {"days": True}}))
            operations.trait_run(near)
            assert not far.warehouse.still_current()
            far.reload()
            here, there = (operations.size_document(one, rule, as_of=AS_OF) for one in (near, far))
            assert here.size == there.size
    finally:
        hosted.stop()
