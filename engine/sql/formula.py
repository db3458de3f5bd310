"""A rule with its references expanded: set algebra over numbered, distinct conditions.

The formula is what the counting, the membership query and the explanation share. Equal conditions get one number,
whatever notes they carry and wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from engine.domain.audience import Audience, Top
from engine.domain.canonical import canonical, canonical_json
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
    Sequence,
    Sql,
    TraitIs,
)
from engine.domain.walk import active, unmuted
from engine.errors import EngineError
from engine.sql.leaves import Condition

_MOST_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """Condition number ``index``."""

    index: int


@dataclass(frozen=True, slots=True)
class Group:
    """All (``every``) or any of the parts; none of them is everyone or nobody."""

    every: bool
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Complement:
    """Everyone who is not in the part."""

    part: Formula


Formula: TypeAlias = Leaf | Group | Complement
EVERYONE = Group(True, ())
NOBODY = Group(False, ())


@dataclass(frozen=True)
class TopOf:
    """The members of an audience that keeps only the first n: a condition of its own, ranked in its site."""

    formula: Formula
    top: Top


@dataclass(frozen=True)
class Numbered:
    """A distinct condition and the path where it was first met."""

    condition: Condition | TopOf
    path: str


@dataclass
class Expansion:
    """Turns rules into formulas for one site; conditions are numbered across all of them."""

    site: str
    catalogue: Mapping[tuple[str, int | None], Audience]
    leaves: list[Numbered] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _audiences: dict[tuple[str, int | None], Formula] = field(default_factory=dict)
    _nodes: int = 0

    def audience(self, audience: Audience) -> Formula:
        """The members of an audience in this site, before its own `top`."""
        self._nodes = 0
        return self._audience(audience)

    def _audience(self, audience: Audience) -> Formula:
        if audience.sites is not None and self.site not in audience.sites:
            return NOBODY
        kept = unmuted(audience.rule)
        return EVERYONE if kept is None else self.node(kept, "rule")

    def identities(self) -> tuple[str, ...]:
        """What tells the conditions apart, in the order of their numbers."""
        return tuple(self._numbers)

    def parts(self, audience: Audience) -> dict[str, Formula]:
        """The formula of every active node of an audience's rule, by path."""
        result = {}
        for path, node in active(audience.rule):
            self._nodes = 0
            result[path] = self.node(node, path)
        return result

    def node(self, node: Node, path: str) -> Formula:
        """One node; muted children are left out."""
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise EngineError(
                "structure",
                "the rule and the audiences it refers to are too large together",
                path,
                "Simplify them.",
            )
        match node:
            case All(children) | AnyOf(children):
                step = "all" if isinstance(node, All) else "any"
                kept = [
                    self.node(child, f"{path}.{step}[{i}]")
                    for i, child in enumerate(children)
                    if unmuted(child) is not None
                ]
                return Group(isinstance(node, All), tuple(kept))
            case Not(child):
                return EVERYONE if unmuted(child) is None else Complement(self.node(child, f"{path}.not"))
            case InAudience():
                return self._reference(node)
            case TraitIs() | Did() | Has() | Sequence() | InList() | Sample() | Sql():
                return self._numbered(canonical_json(canonical(node)), node, path)
            case _:
                assert_never(node)

    def _numbered(self, identity: str, condition: Condition | TopOf, path: str) -> Leaf:
        if identity not in self._numbers:
            self._numbers[identity] = len(self.leaves)
            self.leaves.append(Numbered(condition, path))
        return Leaf(self._numbers[identity])

    def _reference(self, node: InAudience) -> Formula:
        key = (node.audience, node.version)
        if key not in self._audiences:
            audience = self.catalogue[key]
            formula = self._audience(audience)
            if audience.top is not None and formula != NOBODY:
                formula = self._numbered(f"top:{key}", TopOf(formula, audience.top), "rule")
            self._audiences[key] = formula
        self._nodes += _size(self._audiences[key])
        return self._audiences[key]


def _size(formula: Formula) -> int:
    match formula:
        case Group(_, parts):
            return 1 + sum(_size(part) for part in parts)
        case Complement(part):
            return 1 + _size(part)
        case _:
            return 1
