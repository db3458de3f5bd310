"""What may be dropped where, and what it becomes; free of Qt, so that every case is tested."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from engine.domain import edit
from engine.domain.durations import Duration
from engine.domain.edit import Place, at, insert, move, put, remove
from engine.domain.model import DataModel
from engine.domain.operators import Compare, IsSet
from engine.domain.rule import (
    All,
    AnyOf,
    Did,
    Has,
    InAudience,
    InList,
    Node,
    Not,
    Sample,
    Sql,
    Step,
    TraitIs,
)
from engine.domain.rule import Sequence as Steps
from engine.domain.values import ValueType
from engine.domain.windows import Last
from engine.errors import EngineError

Kind = Literal["trait", "event", "object", "audience", "list", "sequence", "sample", "sql"]


def new_condition(kind: Kind, name: str, model: DataModel) -> Node:
    """The condition a palette item starts as: valid at once, and something one can read a size from."""
    match kind:
        case "trait":
            boolean = model.profile.traits[name].type is ValueType.BOOLEAN
            return TraitIs(name, Compare("eq", True) if boolean else IsSet(True))
        case "event":
            return Did(name, window=Last(Duration(30, "d")))
        case "object":
            return Has(name)
        case "list":
            return InList(name)
        case "sequence":
            events = list(model.events)
            return Steps((Step(events[0]), Step(events[min(1, len(events) - 1)])), window=Last(Duration(30, "d")))
        case "sample":
            return Sample(Decimal(10), "sample")
        case "sql":
            return Sql(" ".join(("SELECT", model.profile.key, "FROM", model.profile.source.table or "…")))
        case "audience":
            return InAudience(name)


def add_condition(root: Node, group: Place, index: int, node: Node) -> Node:
    """The rule with a new condition in a group; a root that is no group becomes ALL of itself and the new one."""
    if isinstance(at(root, group), All | AnyOf):
        return insert(root, group, index, node)
    return All((root, node))


def can_move(root: Node, source: Place, group: Place) -> bool:
    """Whether a node may move into a group: not into itself."""
    try:
        move(root, source, group, -1)
    except EngineError:
        return False
    return isinstance(at(root, group), All | AnyOf)


def opposite(root: Node, place: Place) -> type[All] | type[AnyOf]:
    """The kind of group that makes a difference at a place: ANY inside ALL, ALL inside ANY."""
    parent = at(root, place[:-1]) if place else None
    return All if isinstance(parent, AnyOf) else AnyOf


def onto(root: Node, place: Place, node: Node) -> Node:
    """The rule with a new node dropped on a condition: the two become a group."""
    made = opposite(root, place)
    return put(root, place, made((at(root, place), node)))


def move_onto(root: Node, source: Place, place: Place) -> Node:
    """The same with a node of the rule, which leaves its place."""
    if source[: len(place)] == place or place[: len(source)] == source:
        raise EngineError("structure", "a condition cannot be grouped with itself")
    return remove(onto(root, place, at(root, source)), source)


# -- the two lanes -----------------------------------------------------------------------------------------------------


def is_excluded(root: Node, place: Place) -> bool:
    """Whether a place is in the Exclude lane: a `not` directly below an outermost ALL."""
    if not place or not isinstance(root, All) or place[0] >= len(root.children):
        return False  # a card that is about to go may still ask
    return isinstance(root.children[place[0]], Not)


def exclude(root: Node, node: Node) -> Node:
    """The rule with a node excluded."""
    negated = node if isinstance(node, Not) else Not(node)
    return replace(root, children=(*root.children, negated)) if isinstance(root, All) else All((root, negated))


def regroup(root: Node, place: Place, kind: Literal["all", "any"]) -> Node:
    """A group turned into ALL or ANY. Of the whole rule only whom to include is turned: `any of these, or not those`
    would be nearly everyone, so the excluded stay apart in the outermost ALL."""
    if place or kind == "all" or not isinstance(root, All):
        return edit.regroup(root, place, kind)
    excluded = tuple(child for child in root.children if isinstance(child, Not))
    if not excluded:
        return edit.regroup(root, place, kind)
    included = AnyOf(tuple(child for child in root.children if not isinstance(child, Not)))
    return replace(root, children=(included, *excluded))


def move_to_exclude(root: Node, place: Place) -> Node:
    """The rule with one of its nodes excluded instead."""
    if not place:
        raise EngineError("structure", "the whole rule cannot be excluded")
    return exclude(remove(root, place), at(root, place))


def move_to_include(root: Node, place: Place, group: Place, index: int) -> Node:
    """The rule with an excluded node (its place in the outermost ALL) back in a group, without its `not`."""
    node = at(root, place)
    bare = put(root, place, node.child if isinstance(node, Not) else node)
    return move(bare, place, group, index)


# -- many at once ------------------------------------------------------------------------------------------------------


def outermost(places: Collection[Place]) -> list[Place]:
    """Places in reading order, without those inside others."""
    kept: list[Place] = []
    for place in sorted(places):
        if not any(place[: len(other)] == other for other in kept):
            kept.append(place)
    return kept


def nodes_at(root: Node, places: Collection[Place]) -> list[Node]:
    """The nodes at some places."""
    return [at(root, place) for place in outermost(places)]


def remove_many(root: Node, places: Collection[Place]) -> Node:
    """The rule without some nodes."""
    for place in reversed(outermost(places)):
        root = remove(root, place)
    return root


def mute_many(root: Node, places: Collection[Place], muted: bool) -> Node:
    """The rule with some nodes left out, or counted again."""
    for place in outermost(places):
        root = edit.mute(root, place, muted)
    return root


def duplicate_many(root: Node, places: Collection[Place]) -> Node:
    """The rule with a copy after each of some nodes."""
    for place in reversed(outermost(places)):
        root = edit.duplicate(root, place)
    return root


def group_many(root: Node, places: Collection[Place], kind: Literal["all", "any"]) -> Node:
    """The rule with some nodes in a new group, where the first of them was."""
    listed = outermost(places)
    if not listed:
        raise EngineError("structure", "nothing is selected")
    nodes = tuple(at(root, place) for place in listed)
    grouped = put(root, listed[0], All(nodes) if kind == "all" else AnyOf(nodes))
    for place in reversed(listed[1:]):
        grouped = remove(grouped, place)
    return grouped


def insert_many(root: Node, group: Place, index: int, nodes: Sequence[Node]) -> Node:
    """The rule with several nodes put into a group one after another."""
    for offset, node in enumerate(nodes):
        root = add_condition(root, group, index if index < 0 else index + offset, node)
        if not isinstance(at(root, group), All | AnyOf):
            group = ()
    return root
