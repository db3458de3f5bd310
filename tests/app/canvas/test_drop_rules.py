"""What becomes of things that are dropped, and of many nodes at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.canvas.drop_rules import (
    add_condition,
    can_move,
    duplicate_many,
    exclude,
    group_many,
    insert_many,
    is_excluded,
    move_onto,
    move_to_exclude,
    move_to_include,
    mute_many,
    new_condition,
    onto,
    outermost,
    regroup,
    remove_many,
)
from engine.domain.audience import Audience
from engine.domain.check import check_audience
from engine.domain.model import DataModel, Source
from engine.domain.rule import Node
from engine.domain.rule_codec import read_rule
from engine.domain.rule_writing import write_rule
from engine.errors import EngineError
from tests.support.canvases import SMALL

A, B, C = ({"trait": "age", "gte": n} for n in (1, 2, 3))
NEW = read_rule({"did": "view"})
VIEW = {"did": "view"}


def rule(document: object) -> Node:
    return read_rule(document)


def written(node: Node) -> object:
    return write_rule(node)


@pytest.mark.parametrize("kind", ["trait", "event", "object", "audience", "list", "sequence", "sample", "sql"])
def test_everything_new_is_valid_at_once(kind: str) -> None:
    name = {"trait": "vip", "event": "view", "object": "card"}.get(kind, "x")
    node = new_condition(kind, name, SMALL)  # type: ignore[arg-type]
    check_audience(Audience("a", "a", node), SMALL, ["x"], ["x"])
    assert read_rule(write_rule(node)) == node


def test_what_something_new_asks_at_first() -> None:
    def begun(kind: Any, name: str, model: DataModel = SMALL) -> object:
        return written(new_condition(kind, name, model))

    assert begun("trait", "vip") == {"trait": "vip", "eq": True}
    assert begun("trait", "age") == {"trait": "age", "is_set": True}
    assert begun("event", "view") == {"did": "view", "within": "30d"}
    assert begun("sample", "") == {"sample": {"percent": 10, "seed": "sample"}}
    assert begun("sequence", "") == {"sequence": [{"did": "purchase"}, {"did": "view"}], "within": "30d"}
    alone = replace(SMALL, events={"view": SMALL.events["view"]})
    assert begun("sequence", "", alone) == {"sequence": [{"did": "view"}, {"did": "view"}], "within": "30d"}
    assert begun("sql", "") == {"sql": "SELECT user_id FROM users"}
    queried = replace(SMALL, profile=replace(SMALL.profile, source=Source(sql="SELECT 1 AS user_id")))
    assert begun("sql", "", queried) == {"sql": "SELECT user_id FROM …"}


def test_several_are_put_one_after_another_from_the_first_place_on() -> None:
    root = rule({"all": [B, C]})
    assert written(insert_many(root, (), 0, [NEW, rule(A)])) == {"all": [VIEW, A, B, C]}
    assert written(insert_many(root, (), 1, [NEW, rule(A)])) == {"all": [B, VIEW, A, C]}
    assert written(insert_many(root, (), -1, [NEW, rule(A)])) == {"all": [B, C, VIEW, A]}


def test_on_a_condition_two_become_the_group_that_makes_a_difference() -> None:
    assert written(onto(rule({"all": [A, B]}), (1,), NEW)) == {"all": [A, {"any": [B, VIEW]}]}
    assert written(onto(rule({"any": [A, B]}), (0,), NEW)) == {"any": [{"all": [A, VIEW]}, B]}
    assert written(onto(rule(A), (), NEW)) == {"any": [A, VIEW]}
    assert written(onto(rule({"all": [{"not": A}]}), (0, 0), NEW)) == {"all": [{"not": {"any": [A, VIEW]}}]}


def test_a_card_moved_onto_another_leaves_its_place() -> None:
    assert written(move_onto(rule({"all": [A, B, C]}), (0,), (2,))) == {"all": [B, {"any": [C, A]}]}
    assert written(move_onto(rule({"all": [A, {"any": [B, C]}]}), (1, 0), (0,))) == {
        "all": [{"any": [A, B]}, {"any": [C]}]
    }
    for source, place in (((0,), (0,)), ((1,), (1, 0)), ((1, 0), (1,))):
        with pytest.raises(EngineError):
            move_onto(rule({"all": [A, {"any": [B, C]}]}), source, place)


def test_the_lanes() -> None:
    root = rule({"all": [A, {"not": B}, {"any": [{"not": C}]}]})
    assert [is_excluded(root, (i,)) for i in range(4)] == [False, True, False, False]
    assert not is_excluded(rule({"any": [{"not": A}]}), (0,))
    assert written(exclude(rule({"any": [A]}), NEW)) == {"all": [{"any": [A]}, {"not": VIEW}]}
    assert written(move_to_exclude(root, (0,))) == {"all": [{"not": B}, {"any": [{"not": C}]}, {"not": A}]}
    assert written(move_to_include(root, (1,), (2,), 0)) == {"all": [A, {"any": [B, {"not": C}]}]}
    with pytest.raises(EngineError):
        move_to_exclude(root, ())


def test_any_of_whom_to_include_keeps_the_excluded_apart() -> None:
    root = rule({"all": [A, {"not": B}, C, {"not": VIEW}]})
    assert written(regroup(root, (), "any")) == {"all": [{"any": [A, C]}, {"not": B}, {"not": VIEW}]}
    assert written(regroup(rule({"all": [A, C]}), (), "any")) == {"any": [A, C]}
    assert written(regroup(rule({"any": [A, {"not": B}]}), (), "all")) == {"all": [A, {"not": B}]}
    inner = rule({"all": [{"all": [A, {"not": B}]}]})
    assert written(regroup(inner, (0,), "any")) == {"all": [{"any": [A, {"not": B}]}]}


def test_many_at_once() -> None:
    root = rule({"all": [A, {"any": [B, C]}, B, C]})
    assert outermost([(1, 0), (1,), (3,), (0,)]) == [(0,), (1,), (3,)]
    assert written(remove_many(root, [(1, 0), (3,), (0,)])) == {"all": [{"any": [C]}, B]}
    assert written(duplicate_many(root, [(0,), (1, 1)])) == {"all": [A, A, {"any": [B, C, C]}, B, C]}
    assert written(group_many(root, [(3,), (0,), (1, 1)], "any")) == {"all": [{"any": [A, C, C]}, {"any": [B]}, B]}
    muted = mute_many(root, [(0,), (2,)], muted=True)
    assert written(muted) == {"all": [{**A, "muted": True}, {"any": [B, C]}, {**B, "muted": True}, C]}
    assert written(insert_many(root, (1,), 1, [NEW, rule(A)])) == {"all": [A, {"any": [B, VIEW, A, C]}, B, C]}
    assert written(insert_many(rule(A), (), -1, [NEW, rule(B)])) == {"all": [A, VIEW, B]}
    with pytest.raises(EngineError):
        group_many(root, [], "all")


def test_siblings_that_are_grouped_keep_their_order_and_nothing_else_goes() -> None:
    five = rule({"all": [A, B, C, VIEW, {"trait": "age", "gte": 5}]})
    last = {"trait": "age", "gte": 5}
    assert written(group_many(five, [(1,), (2,), (3,)], "any")) == {"all": [A, {"any": [B, C, VIEW]}, last]}
    assert written(group_many(five, [(3,), (0,), (2,)], "all")) == {"all": [{"all": [A, C, VIEW]}, B, last]}
    assert written(group_many(five, [(0,), (2,), (4,)], "any")) == {"all": [{"any": [A, C, last]}, B, VIEW]}
    assert written(remove_many(five, [(0,), (2,), (3,)])) == {"all": [B, last]}
    assert written(duplicate_many(five, [(0,), (2,), (3,)])) == {"all": [A, A, B, C, C, VIEW, VIEW, last]}
    assert written(mute_many(mute_many(five, [(0,), (2,)], muted=True), [(2,)], muted=False)) == {
        "all": [{**A, "muted": True}, B, C, VIEW, last]
    }


def test_moves_into_itself_are_refused() -> None:
    root = rule({"all": [A, {"any": [B, C]}]})
    assert can_move(root, (0,), (1,))
    assert not can_move(root, (1,), (1,))
    assert not can_move(root, (1,), (1, 0))
    assert written(add_condition(rule(A), (), -1, NEW)) == {"all": [A, VIEW]}
