"""Audiences together with everything their rules refer to; only those are read, however many are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from engine.domain.audience import Audience
from engine.domain.walk import references
from engine.errors import EngineError
from engine.operations.workspace import Workspace

Catalogue: TypeAlias = dict[tuple[str, int | None], Audience]
"""Audiences by id and pinned version; None is the current one."""


def with_referred(
    workspace: Workspace, given: Mapping[tuple[str, int | None], Audience], *, strict: bool = True
) -> Catalogue:
    """The given audiences with all they refer to, directly or not: the stored ones, and pinned versions.

    An audience that there is not stays out (checking the rule tells); so does a version, unless ``strict``: then
    EngineError("unknown_name") names the place that refers to it.
    """
    catalogue: Catalogue = dict(given)
    pending = list(given.values())
    while pending:
        for path, node in references(pending.pop().rule):
            key = (node.audience, node.version)
            if key in catalogue:
                continue
            try:
                found = _found(workspace, *key)
            except EngineError as error:
                if strict:
                    raise EngineError("unknown_name", error.message, path, error.hint) from None
                continue
            if found is not None:
                catalogue[key] = found
                pending.append(found)
    return catalogue


def _found(workspace: Workspace, identifier: str, version: int | None) -> Audience | None:
    if version is not None:
        return workspace.audiences.version(identifier, version)
    stored = workspace.audiences.find(identifier)
    return None if stored is None else stored.audience
