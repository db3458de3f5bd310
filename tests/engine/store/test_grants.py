"""Grants are forgotten by what was given, by its name, and by whom it was given to; never more than that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.database import Database
from engine.store.grants import Grant, Grants

GIVEN = [
    Grant("secret", "token", "out", "a.test:443"),
    Grant("secret", "token", "other", "a.test:443"),
    Grant("secret", "second", "out", "a.test:443"),
    Grant("env", "token", "out", "a.test:443"),
]


@pytest.fixture
def grants(tmp_path: Path) -> Iterator[tuple[Database, Grants]]:
    database = Database(tmp_path / "store.sqlite")
    grants = Grants(database)
    with database.transaction():
        for one in GIVEN:
            grants.save(one)
    yield database, grants
    database.close()


def _left(grants: Grants) -> set[tuple[str, str, str]]:
    return {(one.what, one.name, one.user) for one in grants.all()}


def test_a_name_is_forgotten_for_everybody(grants: tuple[Database, Grants]) -> None:
    database, found = grants
    with database.transaction():
        found.forget_name("secret", "token")
    assert _left(found) == {("secret", "second", "out"), ("env", "token", "out")}


def test_a_name_is_forgotten_for_one(grants: tuple[Database, Grants]) -> None:
    database, found = grants
    with database.transaction():
        found.forget_name("secret", "token", "out")
    assert _left(found) == {("secret", "token", "other"), ("secret", "second", "out"), ("env", "token", "out")}


def test_a_user_forgets_all_that_it_was_given(grants: tuple[Database, Grants]) -> None:
    database, found = grants
    with database.transaction():
        found.forget_user("out")
    assert _left(found) == {("secret", "token", "other")}


@pytest.mark.parametrize(
    ("granted", "place", "within"),
    [
        ("a.test:443", "a.test:443", True),
        ("a.test:443", "a.test:80", False),
        ("a.test", "a.test:80", True),
        ("a.test", "b.a.test:80", False),
        ("", ":80", False),
        ("", "", True),
    ],
)
def test_a_host_covers_its_ports(granted: str, place: str, within: bool) -> None:
    assert Grant("secret", "token", "out", granted).covers(place) is within
