"""Sizes without one condition: what the audience would be if that condition were not written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from engine.domain.rule import All, AnyOf, Node, Not
from engine.domain.walk import unmuted
from engine.sql.formula import Formula, Group

Bits = TypeVar("Bits", bound=Any)
"""A set that knows & and |: packed bits of a truth table, or a bitmap."""


class SetAlgebra(Protocol[Bits]):
    """What evaluates formulas to sets."""

    def evaluate(self, formula: Formula) -> Bits:
        """The set of a formula."""

    def identity(self, every: bool) -> Bits:
        """What an empty group denotes: everyone or nobody."""

    def complement(self, bits: Bits) -> Bits:
        """Everyone who is not in the set."""


def sets_without(rule: Node, parts: Mapping[str, Formula], algebra: SetAlgebra[Bits]) -> dict[str, Bits]:
    """For each active condition's path, the set of the whole rule with that condition left out.

    ``parts`` holds the formula of every active node by path, as the expansion made them.
    """
    result: dict[str, Bits] = {}
    everyone = algebra.identity(every=True)
    _walk(rule, "rule", parts, algebra, lambda bits: bits, everyone, result)
    return result


def _walk(
    node: Node,
    path: str,
    parts: Mapping[str, Formula],
    algebra: SetAlgebra[Bits],
    outward: Callable[[Bits], Bits],
    removed: Bits,
    result: dict[str, Bits],
) -> None:
    """``outward`` turns a set standing in this node's place into the whole rule's; ``removed`` is the whole rule's set
    when the node is not written."""
    if node.muted:
        return
    match node:
        case Not(child):
            # Without the child the `not` is left out too.
            _walk(child, f"{path}.not", parts, algebra, lambda b: outward(algebra.complement(b)), removed, result)
        case All(children) | AnyOf(children):
            group = parts[path]
            assert isinstance(group, Group)  # noqa: S101 — expansions keep groups as groups
            step = "all" if group.every else "any"
            kept = [(i, child) for i, child in enumerate(children) if unmuted(child) is not None]
            for (i, child), rest in zip(kept, others(group, algebra), strict=True):

                def into(bits: Bits, rest: Bits = rest) -> Bits:
                    return outward(rest & bits if group.every else rest | bits)

                _walk(child, f"{path}.{step}[{i}]", parts, algebra, into, outward(rest), result)
        case _:
            result[path] = removed


def others(group: Group, algebra: SetAlgebra[Bits]) -> list[Bits]:
    """For each part of a group, the group of all its other parts."""
    sets = [algebra.evaluate(part) for part in group.parts]
    after = [algebra.identity(group.every)] if sets else []
    for bits in reversed(sets[1:]):
        after.append(after[-1] & bits if group.every else after[-1] | bits)
    after.reverse()
    before, result = algebra.identity(group.every), []
    for bits, rest in zip(sets, after, strict=True):
        result.append(before & rest if group.every else before | rest)
        before = before & bits if group.every else before | bits
    return result
