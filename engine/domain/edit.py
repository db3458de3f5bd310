"""Pure edits of a rule: each takes a tree and gives a new one; the old one stays as it was.

A node's place is a tuple of child indexes from the root; the child of a `not` has index 0. Edits that make no sense
raise EngineError("structure").
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from engine.domain.rule import All, AnyOf, Node, Not
from engine.errors import EngineError

Place: TypeAlias = tuple[int, ...]
Group: TypeAlias = All | AnyOf


def _kids(node: Node) -> tuple[Node, ...]:
    match node:
        case All(children) | AnyOf(children):
            return children
        case Not(child):
            return (child,)
        case _:
            return ()


def _rebuilt(node: Node, kids: tuple[Node, ...]) -> Node:
    match node:
        case All() | AnyOf():
            return replace(node, children=kids)
        case Not():
            return replace(node, child=kids[0])
        case _:
            return node


def at(root: Node, place: Place) -> Node:
    """The node at a place."""
    node = root
    for index in place:
        kids = _kids(node)
        if not 0 <= index < len(kids):
            raise EngineError("structure", "there is no condition at that place any more")
        node = kids[index]
    return node


def put(root: Node, place: Place, node: Node) -> Node:
    """The tree with another node at a place."""
    if not place:
        return node
    kids = list(_kids(root))
    if not 0 <= place[0] < len(kids):
        raise EngineError("structure", "there is no condition at that place any more")
    kids[place[0]] = put(kids[place[0]], place[1:], node)
    return _rebuilt(root, tuple(kids))


def _group_at(root: Node, place: Place) -> Group:
    node = at(root, place)
    if not isinstance(node, All | AnyOf):
        raise EngineError("structure", "only a group can take conditions", hint="Wrap it in a group first.")
    return node


def insert(root: Node, group: Place, index: int, node: Node) -> Node:
    """The tree with a node put into a group before the child at ``index`` (−1 or beyond: at the end)."""
    target = _group_at(root, group)
    kids = list(target.children)
    kids.insert(len(kids) if index < 0 else index, node)
    return put(root, group, replace(target, children=tuple(kids)))


def remove(root: Node, place: Place) -> Node:
    """The tree without the node; removing the child of a `not` removes the `not`; removing the root leaves everyone."""
    if not place:
        return All()
    parent = at(root, place[:-1])
    if isinstance(parent, Not):
        return remove(root, place[:-1])
    kids = list(_group_at(root, place[:-1]).children)
    at(root, place)
    del kids[place[-1]]
    return put(root, place[:-1], _rebuilt(parent, tuple(kids)))


def move(root: Node, source: Place, group: Place, index: int) -> Node:
    """The tree with the node at ``source`` moved into ``group`` before the child now at ``index``."""
    if group[: len(source)] == source:
        raise EngineError("structure", "a group cannot move into itself")
    node = at(root, source)
    taken = source
    while len(taken) > 1 and isinstance(at(root, taken[:-1]), Not):
        taken = taken[:-1]
    _group_at(root, group)
    if group[: len(taken)] == taken:
        raise EngineError("structure", "a group cannot move into itself")
    without = remove(root, source)
    parent, position = taken[:-1], taken[-1]
    index = len(_group_at(root, group).children) if index < 0 else index
    if parent == group:
        index -= position < index
    elif group[: len(parent)] == parent and group[len(parent)] > position:
        group = (*parent, group[len(parent)] - 1, *group[len(parent) + 1 :])
    return insert(without, group, index, node)


def wrap(root: Node, place: Place, kind: Literal["all", "any"]) -> Node:
    """The tree with a new group around the node."""
    node = at(root, place)
    return put(root, place, All((node,)) if kind == "all" else AnyOf((node,)))


def unwrap(root: Node, place: Place) -> Node:
    """The tree with a group's children put in its place; the root unwraps only to its single child."""
    group = _group_at(root, place)
    parent = at(root, place[:-1]) if place else None
    if isinstance(parent, All | AnyOf):
        kids = parent.children
        return put(
            root,
            place[:-1],
            replace(parent, children=kids[: place[-1]] + group.children + kids[place[-1] + 1 :]),
        )
    if len(group.children) != 1:
        raise EngineError(
            "structure",
            "only a group with one condition can be unwrapped here",
            hint="Move the others out first.",
        )
    return put(root, place, group.children[0])


def negate(root: Node, place: Place) -> Node:
    """The tree with the node negated; a `not` loses its negation instead."""
    node = at(root, place)
    return put(root, place, node.child if isinstance(node, Not) else Not(node))


def duplicate(root: Node, place: Place) -> Node:
    """The tree with a copy of the node after it; the root is put into an `all` with its copy."""
    node = at(root, place)
    if not place:
        return All((node, node))
    if isinstance(at(root, place[:-1]), Not):
        return duplicate(root, place[:-1])
    return insert(root, place[:-1], place[-1] + 1, node)


def mute(root: Node, place: Place, muted: bool) -> Node:
    """The tree with the node left out of its group (or counted again)."""
    return put(root, place, replace(at(root, place), muted=muted))


def annotate(root: Node, place: Place, note: str | None) -> Node:
    """The tree with a note on the node."""
    return put(root, place, replace(at(root, place), note=note or None))


def regroup(root: Node, place: Place, kind: Literal["all", "any"]) -> Node:
    """The tree with a group turned into ALL or ANY."""
    group = _group_at(root, place)
    made = All if kind == "all" else AnyOf
    return put(root, place, made(group.children, note=group.note, muted=group.muted))
