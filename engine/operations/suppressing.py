"""What a delivery keeps away from people: the lists and audiences that it suppresses, and what they lost since the last
one. Whoever was suppressed a moment ago is not delivered before a person says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from engine.domain.audience import Audience
from engine.domain.rule import InAudience, InList, TraitIs
from engine.domain.walk import active
from engine.errors import EngineError
from engine.operations.catalogue import with_referred
from engine.operations.traits import trait_documents
from engine.operations.workspace import Workspace

Sizes: TypeAlias = Mapping[str, Any]
"""What a sync suppressed: `list:ID` with its (version, size), `audience:ID` with its size; `excluded:ID` is an audience
that the rule excludes, with its size."""


def suppressed_now(
    workspace: Workspace,
    audience: Audience,
    suppress: Sequence[tuple[str, str]],
    people: Mapping[str, int],
    size: Callable[[str], int] | None = None,
) -> dict[str, Any]:
    """What a delivery of an audience suppresses now: every list that takes people out of it, by its rule too, and the
    audiences with their sizes as far as these were counted (``people``). ``size`` counts an audience that the rule
    excludes; without it they are left out."""
    versions = workspace.lists.versions()
    named = {name for kind, name in suppress if kind == "list" or (kind == "any" and name in versions)}
    others = [name for kind, name in suppress if kind != "list"]
    away = list(_excluding(workspace, audience, others))
    named.update(name for kind, name in away if kind == "list")
    lists: dict[str, Any] = {f"list:{name}": list(versions[name]) for name in sorted(named) if name in versions}
    found = lists | {f"audience:{name}": count for name, count in sorted(people.items())}
    excluded = sorted({name for kind, name in away if kind == "audience"} - set(others))
    return found | ({} if size is None else {f"excluded:{name}": size(name) for name in excluded})


def _excluding(workspace: Workspace, audience: Audience, suppressed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lists (also as computed traits) that take people out of an audience, below a `not` of its rule or in an
    audience it suppresses; and the audiences that its rule excludes."""
    pending: list[tuple[Audience, bool]] = [(audience, False)]
    for name in suppressed:
        stored = workspace.audiences.find(name)
        if stored is not None:
            pending.append((stored.audience, True))
    catalogue = with_referred(workspace, {(one.id, None): one for one, _ in pending}, strict=False)
    listed = _traits_of_lists(workspace)
    seen: set[tuple[int, bool]] = set()
    while pending:
        one, out = pending.pop()
        if (id(one), out) in seen:
            continue
        seen.add((id(one), out))
        for path, node in active(one.rule):
            away = out != bool(path.split(".").count("not") % 2)
            if isinstance(node, InList) and away:
                yield "list", node.list
            elif isinstance(node, TraitIs) and away and node.trait in listed:
                yield "list", listed[node.trait]
            elif isinstance(node, InAudience) and (node.audience, node.version) in catalogue:
                if away and not out and node.version is None:
                    yield "audience", node.audience
                pending.append((catalogue[node.audience, node.version], away))


def _traits_of_lists(workspace: Workspace) -> dict[str, str]:
    """The list of each computed trait that is made of one. A document that cannot be read is told of elsewhere."""
    try:
        return {name: one.list for name, one in trait_documents(workspace).items() if one.list is not None}
    except EngineError:
        return {}


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
        elif kind == "excluded":  # what people did comes and goes; that nobody is left is no habit
            if (had := before.get(name) or 0) and not size:
                return (
                    f'the audience "{identifier}", which the rule excludes, fell from {had:,} people to none; '
                    f"to let it happen: convoke sync {audience} --allow-removals"
                )
        elif (had := before.get(name) or 0) > size and (not size or (had - size) * 100 > had * most):
            return (
                f'the audience "{identifier}", which is suppressed, fell from {had:,} to {size:,} people; '
                f"to let it happen: convoke sync {audience} --allow-removals"
            )
    return None
