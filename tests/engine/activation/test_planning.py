"""Identifiers that would go are remembered by their hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.activation import planning
from engine.activation.difference import Change
from engine.activation.planning import Hashes, Planner, counted
from engine.activation.target import Tally
from engine.store.activation import Batches, Destinations, Outbox
from engine.store.database import Database

values = st.lists(st.tuples(st.sampled_from(["email", "phone"]), st.text(max_size=3)), max_size=30)


@given(values, values, values)
def test_what_was_added_is_in_it(first: list[tuple[str, str]], second: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:  # fmt: skip
    for few in (0, 1_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(planning, "_FEW", few)
            kept = Hashes()
            kept.add(first)
            assert all(value in kept for value in first)
            kept.add(second)
            assert len(kept) == len(first) + len(second)
            assert [value in kept for value in other] == [value in {*first, *second} for value in other]


def payload(*addresses: str) -> str:
    return json.dumps([["email", one] for one in addresses], separators=(",", ":"))


Found = list[tuple[Change, str, str, str]]
FOUND: Found = [
    ("remove", "a", payload("a@x", "home"), ""),
    ("add", "b", "", payload("b@x")),
    ("change", "c", payload("c@x"), payload("new", "home")),
    ("refresh", "d", payload("d@x"), payload("d@x")),
    ("same", "e", payload("e@x"), payload("e@x")),
    ("refused", "f", "", payload("f@x")),
    ("add", "g", "", payload("g@x")),
    ("remove", "h", "", ""),
]


def planned(folder: Path, found: Found, size: int, others: list[str]) -> list[tuple[str, int, list[tuple[str, str]]]]:
    database = Database(folder / "store.sqlite")
    outbox = Outbox(database)
    with database.transaction():
        Destinations(database).save("out", {"type": "memory"}, "me", "")
        sync = outbox.get(outbox.add("sp", "out", 1, "2026-01-01T00:00:00Z"))
    planner = Planner(database, sync, size, "2026-01-01T00:00:00Z")
    for _ in range(2):  # the second time in place of the first
        planner.write(lambda: iter(found), counted(Tally(), iter(found), keys=False), lambda: others)
    batches = Batches(database)
    rows: list[tuple[str, int, list[tuple[str, str]]]] = [
        (one.operation, one.number, batches.rows(one.id)) for one in batches.of(sync.id)
    ]
    database.close()
    return rows


def test_removals_have_the_first_numbers_and_take_no_shared_address_along(tmp_path: Path) -> None:
    assert planned(tmp_path, FOUND, 2, []) == [
        ("remove", 1, [("a", payload("a@x")), ("c", payload("c@x"))]),
        ("remove", 2, [("h", "")]),
        ("add", 3, [("b", payload("b@x")), ("c", payload("new", "home"))]),
        ("add", 4, [("d", payload("d@x")), ("g", payload("g@x"))]),
    ]


def test_an_address_of_somebody_who_is_not_looked_at_stays(tmp_path: Path) -> None:
    found: Found = [("remove", "a", payload("a@x", "home"), ""), ("remove", "b", payload("b@x"), "")]
    assert planned(tmp_path, found, 10, [payload("home", "z@x")]) == [
        ("remove", 1, [("a", payload("a@x")), ("b", payload("b@x"))])
    ]


def test_without_anything_shared_what_was_sent_goes_as_it_was(tmp_path: Path) -> None:
    odd = '[["email", "a@x"]]'
    assert planned(tmp_path, [("remove", "a", odd, "")], 10, []) == [("remove", 1, [("a", odd)])]


def test_a_plan_counts_people_and_keeps_the_keys_of_those_who_will_be_there() -> None:
    plan = counted(Tally(), iter(FOUND), keys=True)
    assert (plan.removed, plan.leaving, plan.keys) == (2, 5, ["b", "c", "d", "e", "g"])
    assert [key for key, _ in plan.sample] == ["b", "c", "g"]
    assert len(plan.going) == 3
    assert counted(Tally(), iter(FOUND), keys=False).keys == []
    many = [("add", f"{n}", "", "[]") for n in range(9)]
    assert len(counted(Tally(), iter(many), keys=False).sample) == 5  # type: ignore[arg-type]
    said = plan.as_json()
    assert {name: said[name] for name in ("add", "remove", "change", "refresh", "same", "refused_before")} == {
        "add": 2, "remove": 2, "change": 1, "refresh": 1, "same": 1, "refused_before": 1,
    }  # fmt: skip
