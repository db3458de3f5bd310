"""Audiences in pages for the window; what saving and deleting look at among thousands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.domain.audience_codec import read_audience
from engine.errors import EngineError
from engine.operations import Workspace, audience_page, delete, prepare_demo, save, save_all
from engine.operations.exploring import AUDIENCES_A_PAGE

ALL = {"kind": "audience", "rule": {"all": []}}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Workspace]:
    """A small demo workspace to change."""
    with prepare_demo(tmp_path / "demo", profiles=200) as workspace:
        yield workspace


def test_pages_hold_every_audience_once(fresh: Workspace) -> None:
    documents = [ALL | {"id": f"p{i:03d}", "name": "x" * (i % 7)} for i in range(AUDIENCES_A_PAGE * 2 + 5)]
    documents.append(ALL | {"id": "large", "rule": {"trait": "state", "in": [f"v{i}" for i in range(30_000)]}})
    save_all(fresh, documents)
    found: list[str] = []
    while True:
        one = audience_page(fresh, found[-1] if found else "")
        for document in one["audiences"]:
            version = document.pop("_version")
            assert version >= 1
            found.append(read_audience(document).id)
        if not one["more"]:
            break
    assert found == sorted(fresh.audiences.ids())


def refers(identifier: str, other: str, **more: object) -> dict[str, object]:
    return {"kind": "audience", "id": identifier, "name": identifier, "rule": {"audience": other, **more}}


def test_a_circle_is_refused_however_long(fresh: Workspace) -> None:
    save(fresh, ALL | {"id": "c0", "name": "c0"})
    for i in range(1, 40):
        save(fresh, refers(f"c{i}", f"c{i - 1}"))
    with pytest.raises(EngineError, match="circle") as caught:
        save(fresh, refers("c0", "c39"))
    assert caught.value.code == "cycle"
    with pytest.raises(EngineError, match="circle"):
        save(fresh, refers("c0", "c39", version=1))


def test_only_audiences_that_refer_hold_up_a_deletion(fresh: Workspace) -> None:
    save(fresh, ALL | {"id": "vip", "name": "vip"})
    save(fresh, {"kind": "audience", "id": "named", "name": "vip", "rule": {"trait": "state", "eq": "vip"}})
    save(fresh, refers("user", "vip"))
    with pytest.raises(EngineError, match="because user refers to it"):
        delete(fresh, "vip")
    delete(fresh, "user")
    delete(fresh, "vip")
    assert "vip" not in fresh.audiences.ids()
