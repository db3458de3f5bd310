"""YAML by the 1.2 core rules: what looks like text stays text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from engine.domain.documents import dump_yaml, load_documents, load_one
from engine.errors import EngineError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("0012", 12),
        ("'0012'", "0012"),
        ("19.90", Decimal("19.90")),
        ("1e3", Decimal("1e3")),
        ("true", True),
        ("~", None),
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31 10:00:00 -03:00", datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=-3)))),
        ("2026-01-31T10:00", datetime(2026, 1, 31, 10)),
        ("São Paulo", "São Paulo"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    assert load_one(f"value: {text}")["value"] == value


def test_json_and_many_documents() -> None:
    assert load_one('{"a": [1, 2.50, "x"]}') == {"a": [1, Decimal("2.50"), "x"]}
    assert load_documents("a: 1\n---\na: 2\n") == [{"a": 1}, {"a": 2}]
    with pytest.raises(EngineError, match="twice"):
        load_one('{"a": 1, "a": 2}')


def test_impossible_dates_and_tags_are_one_sentence() -> None:
    for text in ("a: 2026-02-30", "a: !!python/object/apply:os.system [ls]", "\t- x", "a: 'x", "\xff\xfe"):
        with pytest.raises(EngineError) as caught:
            load_one(text.encode("latin-1"))
        assert "\n" not in str(caught.value)


def test_what_is_written_reads_back() -> None:
    value = {
        "a": "2026-01-31",
        "b": date(2026, 1, 31),
        "c": Decimal("1.50"),
        "d": "NO",
        "e": "1",
        "f": None,
        "g": "12:30",
    }
    assert load_one(dump_yaml(value)) == value
