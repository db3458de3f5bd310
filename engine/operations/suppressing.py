"""What a delivery keeps away from people: the lists and audiences that it suppresses, and what they lost since the last
one. Whoever was suppressed a moment ago is not delivered before a person says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from engine.domain.audience import Audience
from engine.domain.rule import InAudience, InList
from engine.domain.walk import active
from engine.operations.catalogue import with_referred
from engine.operations.workspace import Workspace

Sizes: TypeAlias = Mapping[str, Any]
"""What a sync suppressed: `list:ID` with its (version, size), `audience:ID` with its size."""


def suppressed_now(
    workspace: Workspace, audience: Audience, suppress: Sequence[tuple[str, str]], people: Mapping[str, int]
) -> dict[str, Any]:
    """What a delivery of an audience suppresses now: every list that takes people out of it, by its rule too, and the
    audiences with their sizes as far as these were counted (``people``)."""
    versions = workspace.lists.versions()
    named = {name for kind, name in suppress if kind == "list" or (kind == "any" and name in versions)}
    named.update(_excluding(workspace, audience, [name for kind, name in suppress if kind != "list"]))
    lists: dict[str, Any] = {f"list:{name}": list(versions[name]) for name in sorted(named) if name in versions}
    return lists | {f"audience:{name}": size for name, size in sorted(people.items())}


def _excluding(workspace: Workspace, audience: Audience, suppressed: Sequence[str]) -> Iterator[str]:
    """The lists that take people out of an audience: below a `not` of its rule, or in an audience it suppresses."""
    pending: list[tuple[Audience, bool]] = [(audience, False)]
    for name in suppressed:
        stored = workspace.audiences.find(name)
        if stored is not None:
            pending.append((stored.audience, True))
    catalogue = with_referred(workspace, {(one.id, None): one for one, _ in pending}, strict=False)
    seen: set[tuple[int, bool]] = set()
    while pending:
        one, out = pending.pop()
        if (id(one), out) in seen:
            continue
        seen.add((id(one), out))
        for path, node in active(one.rule):
            away = out != bool(path.split(".").count("not") % 2)
            if isinstance(node, InList) and away:
                yield node.list
            elif isinstance(node, InAudience) and (node.audience, node.version) in catalogue:
                pending.append((catalogue[node.audience, node.version], away))


def shrunk_reason(workspace: Workspace, audience: str, before: Sizes, now: Sizes, most: int) -> str | None:
    """Why a delivery waits: something that it suppresses lost more than ``most`` percent since the last delivery, or
    all; None when nothing did."""
    for name, size in now.items():
        kind, _, identifier = name.partition(":")
        if kind == "list":
            version, left = size
            then, had = before.get(name) or (0, 0)
            lost = workspace.lists.dropped_since(identifier, then) if version > then else 0
            whole = max(had or left + lost, lost)
            if lost and (not left or lost * 100 > whole * most):
                return (
                    f'the list "{identifier}", which keeps people away, lost {lost:,} of {whole:,} keys; '
                    f"to let it happen: convoke sync {audience} --allow-removals"
                )
        elif (had := before.get(name) or 0) > size and (not size or (had - size) * 100 > had * most):
            return (
                f'the audience "{identifier}", which is suppressed, fell from {had:,} to {size:,} people; '
                f"to let it happen: convoke sync {audience} --allow-removals"
            )
    return None
