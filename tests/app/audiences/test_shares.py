"""Simple splits as per cents, and back."""

from __future__ import annotations

from app.audiences.shares import as_splits, shares, too_much
from engine.domain.delivery import read_delivery


def test_what_a_form_shows_comes_back_as_it_was() -> None:
    parts = [
        {"name": "b", "percent": 30, "destinations": ["meta"]},
        {"name": "a", "percent": 50, "destinations": ["crm"]},
    ]
    document = {"destinations": ["crm", "meta", "files"], "splits": {"seed": "x", "parts": parts}}
    found = read_delivery(document)
    shown = shares(found.splits, found.destinations)
    assert shown == {"crm": 50, "meta": 30, "files": 100}
    assert as_splits(shown, found.splits, "other") == document["splits"]
    assert as_splits({"crm": 100}, found.splits, "other") is None
    assert as_splits({"new": 10, "meta": 30}, None, "sp") == {
        "seed": "sp",
        "parts": [
            {"name": "meta", "percent": 30, "destinations": ["meta"]},
            {"name": "new", "percent": 10, "destinations": ["new"]},
        ],
    }


def test_what_a_form_cannot_show() -> None:
    for parts in (
        [{"name": "a", "percent": 50, "destinations": ["crm", "meta"]}],
        [{"name": "a", "percent": 12.5, "destinations": ["crm"]}],
        [{"name": "a", "percent": 50}],
        [{"name": n, "percent": 20, "destinations": ["crm"]} for n in "ab"],
    ):
        found = read_delivery({"destinations": ["crm", "meta"], "splits": parts})
        assert shares(found.splits, found.destinations) is None


def test_parts_are_at_most_everyone() -> None:
    assert not too_much({"a": 50, "b": 50, "c": 100})
    assert too_much({"a": 60, "b": 50, "c": 100})
