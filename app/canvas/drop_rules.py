"""What may be dropped where, and what it becomes; free of Qt, so that every case is tested."""

from __future__ import annotations

from typing import Literal

from engine.domain.durations import Duration
from engine.domain.edit import Place, at, insert, move
from engine.domain.model import DataModel
from engine.domain.operators import Compare, IsSet
from engine.domain.rule import All, AnyOf, Did, Has, InAudience, Node, TraitIs
from engine.domain.values import ValueType
from engine.domain.windows import Last
from engine.errors import EngineError


def new_condition(kind: Literal["trait", "event", "object", "audience"], name: str, model: DataModel) -> Node:
    """The condition a palette item starts as: valid at once, and something one can read a size from."""
    if kind == "trait":
        if model.profile.traits[name].type is ValueType.BOOLEAN:
            return TraitIs(name, Compare("eq", True))
        return TraitIs(name, IsSet(True))
    if kind == "event":
        return Did(name, window=Last(Duration(30, "d")))
    if kind == "object":
        return Has(name)
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
