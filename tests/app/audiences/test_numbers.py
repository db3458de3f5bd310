"""Home asks for its numbers batch by batch, and only while it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.audiences.numbers import BATCH, Numbers
from app.audiences.table import COLUMNS, AudienceTable, Row
from app.i18n import Words
from app.theme.tokens import SCHEMES
from engine.errors import EngineError


class FakeSession:
    """Keeps what was asked."""

    def __init__(self) -> None:
        self.asked: dict[int, tuple[str, list[str], Callable[..., object], Callable[..., object]]] = {}
        self.dropped: list[int] = []

    def call(self, operation: str, answer: Any, failure: Any, ids: Any = ()) -> int:
        token = len(self.asked) + 1
        self.asked[token] = (operation, list(ids), answer, failure)
        return token

    def drop(self, token: int) -> None:
        self.dropped.append(token)

    def sizes(self) -> list[tuple[int, list[str], Callable[..., object], Callable[..., object]]]:
        return [(t, ids, good, bad) for t, (name, ids, good, bad) in self.asked.items() if name == "sizes"]


@pytest.fixture
def asked() -> tuple[FakeSession, AudienceTable, Numbers, list[str]]:
    session, said = FakeSession(), []  # type: ignore[var-annotated]
    table = AudienceTable(Words("en"), SCHEMES["light"])
    table.add([Row(f"a{i:04d}", dict.fromkeys(COLUMNS, f"n{i:04d}")) for i in range(2 * BATCH + 10)])
    return session, table, Numbers(session, table, Words("en"), said.append), said  # type: ignore[arg-type]


Asked = tuple[FakeSession, AudienceTable, Numbers, list[str]]


def test_every_audience_is_counted_in_its_turn(asked: Asked) -> None:
    session, table, numbers, _ = asked
    numbers.ask()
    for _ in range(3):
        _, ids, answer, _ = session.sizes()[-1]
        answer(dict.fromkeys(ids, 7))
    assert [len(ids) for _, ids, _, _ in session.sizes()] == [BATCH, BATCH, 10]
    assert {row.size for row in table.rows.values()} == {7}


def test_what_was_interrupted_is_asked_again(asked: Asked) -> None:
    session, table, numbers, _ = asked
    numbers.ask()
    token, first, _, _ = session.sizes()[0]
    numbers.look(at=False)
    assert session.dropped == [token]
    numbers.look(at=True)
    assert session.sizes()[-1][1] == first
    numbers.look(at=True)
    assert len(session.sizes()) == 2
    for _ in range(3):
        _, ids, answer, _ = session.sizes()[-1]
        answer(dict.fromkeys(ids))
    assert {row.size for row in table.rows.values()} == {-1}


def test_a_failure_is_said_once_and_ends_it(asked: Asked) -> None:
    session, table, numbers, said = asked
    numbers.ask()
    session.sizes()[0][3](EngineError("no_model", "there is no model"))
    assert len(said) == 1
    assert len(session.sizes()) == 1
    assert {row.size for row in table.rows.values()} == {None}
