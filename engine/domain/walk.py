"""Walking a rule: every node with its path, leaves, and what a rule refers to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.domain.rule import All, AnyOf, Did, InAudience, Leaf, Node, Not, Sequence, TraitIs

Step = int | str
"""A child's place: its index in a group, or "not"."""


def children(node: Node) -> list[tuple[str, Node]]:
    """The children of a group or a `not`, each with its path below the node (`all[2]`, `not`)."""
    match node:
        case All(kids):
            return [(f"all[{i}]", kid) for i, kid in enumerate(kids)]
        case AnyOf(kids):
            return [(f"any[{i}]", kid) for i, kid in enumerate(kids)]
        case Not(child):
            return [("not", child)]
        case _:
            return []


def walk(node: Node, path: str = "rule") -> Iterator[tuple[str, Node]]:
    """Every node with its path, parents before children."""
    yield path, node
    for step, child in children(node):
        yield from walk(child, f"{path}.{step}")


def place_of(rule: Node, path: str) -> tuple[int, ...]:
    """The child indexes that lead to the node at a path; KeyError when there is none."""
    places: dict[str, tuple[int, ...]] = {"rule": ()}
    for where, node in walk(rule):
        for index, (step, _) in enumerate(children(node)):
            places[f"{where}.{step}"] = (*places[where], index)
    return places[path]


def active(node: Node, path: str = "rule") -> Iterator[tuple[str, Node]]:
    """Like :func:`walk`, leaving out muted nodes and everything below them."""
    if node.muted:
        return
    yield path, node
    for step, child in children(node):
        yield from active(child, f"{path}.{step}")


def conditions(node: Node, path: str = "rule") -> list[tuple[str, Leaf]]:
    """The leaves that count, with their paths, in reading order."""
    return [(where, found) for where, found in active(node, path) if not isinstance(found, All | AnyOf | Not)]


def references(node: Node) -> list[tuple[str, InAudience]]:
    """The audiences a rule refers to, with the paths of the referring nodes; muted nodes refer to nothing."""
    return [(path, found) for path, found in active(node) if isinstance(found, InAudience)]


def named(rule: Node) -> tuple[set[str], set[str]]:
    """The events that the conditions of a rule look at, and the traits."""
    events: set[str] = set()
    traits: set[str] = set()
    for _, leaf in conditions(rule):
        match leaf:
            case Did(event):
                events.add(event)
            case Sequence(steps):
                events |= {step.event for step in steps} | {s.without.event for s in steps if s.without is not None}
            case TraitIs(trait):
                traits.add(trait)
    return events, traits


def with_children(node: All | AnyOf, kids: tuple[Node, ...]) -> All | AnyOf:
    """The same group around other children."""
    return replace(node, children=kids)


def unmuted(node: Node) -> Node | None:
    """The rule as if muted nodes were not written; None when nothing of the node is left."""
    if node.muted:
        return None
    match node:
        case All(kids) | AnyOf(kids):
            kept = tuple(k for k in (unmuted(kid) for kid in kids) if k is not None)
            return replace(node, children=kept)
        case Not(child):
            inner = unmuted(child)
            return None if inner is None else replace(node, child=inner)
        case _:
            return node
