"""The graph of audiences that refer to audiences: order, and circles refused."""

from __future__ import annotations

from collections.abc import Mapping

from engine.domain.audience import Audience
from engine.domain.walk import references
from engine.errors import EngineError


def targets(audience: Audience) -> list[str]:
    """The ids an audience refers to, in reading order."""
    return list(dict.fromkeys(node.audience for _, node in references(audience.rule)))


def evaluation_order(audiences: Mapping[str, Audience]) -> list[str]:
    """Ids such that every audience comes after those it refers to; EngineError("cycle") names a circle."""
    order: list[str] = []
    done: set[str] = set()
    for start in audiences:
        _visit(start, audiences, [], set(), done, order)
    return order


def _visit(
    start: str,
    audiences: Mapping[str, Audience],
    trail: list[str],
    on_trail: set[str],
    done: set[str],
    order: list[str],
) -> None:
    """Depth first with an explicit stack: chains of thousands of references are fine."""
    stack: list[tuple[str, list[str]]] = []

    def enter(identifier: str) -> None:
        if identifier in done or identifier not in audiences:
            return
        if identifier in on_trail:
            around = trail[trail.index(identifier) :]
            first = around.index(min(around))
            circle = [*around[first:], *around[:first], around[first]]
            raise EngineError(
                "cycle",
                f"audiences refer to each other in a circle: {' → '.join(circle)}",
                hint="Remove one of these references, or copy the rule in.",
            )
        trail.append(identifier)
        on_trail.add(identifier)
        stack.append((identifier, targets(audiences[identifier])[::-1]))

    enter(start)
    while stack:
        identifier, rest = stack[-1]
        if rest:
            enter(rest.pop())
            continue
        stack.pop()
        trail.pop()
        on_trail.discard(identifier)
        done.add(identifier)
        order.append(identifier)


def referring_to(identifier: str, audiences: Mapping[str, Audience]) -> list[str]:
    """The ids of the audiences that refer to one."""
    return sorted(a.id for a in audiences.values() if a.id != identifier and identifier in targets(a))
