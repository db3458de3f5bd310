"""Conditions that people write in a model, as far as they are understood."""

from __future__ import annotations

import pytest

from engine.sql.usersql import equality


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("event_type = 'view'", ("event_type", "view")),
        ("('view' = \"event type\")", ("event type", "view")),
        ("kind = 7", ("kind", "7")),
        ("kind = 'a' OR kind = 'b'", None),
        ("kind = other", None),
        ("lower(kind) = 'a'", None),
        ("kind = 'a' AND value > 3", None),
        ("t.kind = 'a'", None),
        ("kind != 'a'", None),
        ("this is no condition", None),
    ],
)
def test_a_condition_of_one_column_and_one_constant(text: str, found: tuple[str, str] | None) -> None:
    assert equality(text) == found
