"""Sizes without one condition: what the audience would be if that condition were not written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.domain.rule import All, AnyOf, Node, Not
from engine.domain.walk import unmuted
from engine.membership.algebra import Algebra, Bits
from engine.sql.formula import Formula, Group


def sets_without(rule: Node, parts: Mapping[str, Formula], algebra: Algebra) -> dict[str, Bits]:
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
    algebra: Algebra,
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
            for (i, child), rest in zip(kept, algebra.others(group), strict=True):

                def into(bits: Bits, rest: Bits = rest) -> Bits:
                    return outward(rest & bits if group.every else rest | bits)

                _walk(child, f"{path}.{step}[{i}]", parts, algebra, into, outward(rest), result)
        case _:
            result[path] = removed
