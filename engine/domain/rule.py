"""The nodes of a rule: a closed union of frozen dataclasses. Every node denotes a set of profiles of one site."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from engine.domain.durations import Duration
from engine.domain.operators import Operator, at_least
from engine.domain.windows import Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """What any node may carry: a note (no meaning) and ``muted`` (left out of its group, as if not written)."""

    note: str | None = None
    muted: bool = False


@dataclass(frozen=True, slots=True)
class All(Marked):
    """Intersection; with no children, everyone."""

    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf(Marked):
    """Union; with no children, nobody."""

    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Not(Marked):
    """Every profile of the site that is not in the child."""

    child: Node


@dataclass(frozen=True, slots=True)
class TraitIs(Marked):
    """Profiles whose trait satisfies the operator."""

    trait: str
    operator: Operator


# -- conditions on the properties of one event or object ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PropertyIs(Marked):
    """The property of this very event or object satisfies the operator."""

    property: str
    operator: Operator


@dataclass(frozen=True, slots=True)
class WhereAll(Marked):
    """All of them hold on the same event."""

    children: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True)
class WhereAny(Marked):
    """At least one of them holds."""

    children: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True)
class WhereNot(Marked):
    """It does not hold."""

    child: Where


Where: TypeAlias = PropertyIs | WhereAll | WhereAny | WhereNot

_ONCE = at_least(1)
MeasureKind: TypeAlias = Literal["times", "sum", "avg", "min", "max", "distinct", "first", "last", "days"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What is computed over the matching events or objects of a profile, and the operator its value must satisfy.

    ``times`` counts, ``days`` counts distinct local days; the others take a property.
    """

    kind: MeasureKind = "times"
    operator: Operator = _ONCE
    property: str | None = None


ZERO_WHEN_EMPTY = ("times", "sum", "distinct", "days")
"""The measures that are 0 without any matching event; the others are missing then."""


@dataclass(frozen=True, slots=True)
class Did(Marked):
    """Profiles whose matching events satisfy the measure."""

    event: str
    where: Where | None = None
    window: Window | None = None
    measure: Measure = Measure()


@dataclass(frozen=True, slots=True)
class Has(Marked):
    """The same over objects, which have no time."""

    object: str
    where: Where | None = None
    measure: Measure = Measure()


@dataclass(frozen=True, slots=True)
class Same:
    """``property`` of this step equals ``other`` of the earlier step called ``step``; missing equals nothing."""

    property: str
    step: str
    other: str


@dataclass(frozen=True, slots=True)
class Without:
    """No such event lies strictly between the previous step's event and this one."""

    event: str
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sequence; gap bounds the time since the previous step's event."""

    event: str
    where: Where | None = None
    name: str | None = None
    gap_at_least: Duration | None = None
    gap_at_most: Duration | None = None
    same: tuple[Same, ...] = ()
    without: Without | None = None


@dataclass(frozen=True, slots=True)
class Sequence(Marked):
    """Profiles that did the steps in order, at strictly increasing times inside the window."""

    steps: tuple[Step, ...]
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class InAudience(Marked):
    """The members of another audience at the same as_of; ``version`` pins one, else the current."""

    audience: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class InList(Marked):
    """Profiles in an uploaded list."""

    list: str


@dataclass(frozen=True, slots=True)
class Sample(Marked):
    """A stable share of everyone, by SHA-256 of the seed and the key."""

    percent: Decimal
    seed: str


@dataclass(frozen=True, slots=True)
class Sql(Marked):
    """Profiles whose key a read-only SELECT returns."""

    sql: str


Leaf: TypeAlias = TraitIs | Did | Has | Sequence | InAudience | InList | Sample | Sql
Node: TypeAlias = All | AnyOf | Not | Leaf

EVERYONE = All()
NOBODY = AnyOf()
