"""The identity document: which columns name people, what a person can have of each, and what overrules it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from engine.domain.durations import Duration
from engine.domain.model import Source
from engine.domain.schedule import Schedule

PROFILE = "profile"
"""The kind of the model's own profile key."""
PROFILES = "profiles"
"""The source of the model's profiles."""


@dataclass(frozen=True)
class Kind:
    """A kind of identifier.

    ``normaliser`` makes values of one meaning equal (``country``, ISO 3166, reads phones without a country code);
    ``blocked`` patterns (RE2, the whole value) name nobody. A person has ``most`` values (None: any number), of those
    seen ``within`` a time before the newest data. A value that touches more than ``shared`` values of one unique kind
    (``most: 1``), or more than ``links`` other values, belongs to nobody.
    """

    name: str
    normaliser: str
    country: str | None = None
    blocked: tuple[str, ...] = ()
    most: int | None = None
    within: Duration | None = None
    shared: int | None = 1
    links: int | None = None


@dataclass(frozen=True)
class RecordSource:
    """Rows of the warehouse, each about one person: columns by kind (several are one value together), and a time. With
    a ``watermark``, a column that is larger in later rows, only new rows are read as long as the others stay.
    ``country`` (ISO 3166) reads its values instead of the kind's."""

    name: str
    source: Source
    identifiers: Mapping[str, tuple[str, ...]]
    time: str | None = None
    watermark: str | None = None
    country: str | None = None


@dataclass(frozen=True)
class RuleSet:
    """Kinds whose links are taken together. What earlier sets put together, later ones do not take apart."""

    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Probable:
    """A rule set after all others: profiles whose fields (columns of ``source``, by how they are compared) are alike.

    Pairs are looked at where all fields of one ``block`` agree. ``recall`` is the share of true pairs that a block is
    thought to find, ``threshold`` the probability that two must be one person with.
    """

    source: Source
    profile: str
    compare: Mapping[str, str]
    block: tuple[tuple[str, ...], ...]
    recall: Decimal = Decimal("0.7")
    threshold: Decimal = Decimal("0.95")


@dataclass(frozen=True)
class Manual:
    """What a person decided: two identifiers are one person's (together) or never (apart)."""

    together: bool
    one: str
    other: str
    reason: str


@dataclass(frozen=True)
class Quality:
    """What holds back a new map: a person of more than ``largest`` identifiers, more than ``churn`` percent of earlier
    ids gone, ``quarantine`` percent more values set aside than before, a ``precision`` (percent) that labelled pairs
    speak against."""

    largest: int = 500
    churn: int = 20
    quarantine: int = 100
    precision: int = 90


@dataclass(frozen=True)
class IdentityDocument:
    """How persons are found. ``kinds`` are in the order of their priority, the strongest first; without ``sources``
    those of the model's identifiers are taken. Persons who share values of the ``households`` kinds live together.
    ``refresh`` says when the daemon finds persons anew, as an audience's does."""

    id: str
    name: str
    kinds: tuple[Kind, ...]
    tenant: str = "default"
    sources: tuple[RecordSource, ...] = ()
    rules: tuple[RuleSet, ...] = ()
    manual: tuple[Manual, ...] = ()
    households: tuple[str, ...] = ()
    quality: Quality = field(default_factory=Quality)
    refresh: Schedule = field(default_factory=Schedule)
    probable: Probable | None = None

    def countries(self, name: str) -> tuple[str, ...]:
        """The countries whose values of a kind are read: its own, and those of the sources."""
        kind = self.kind(name)
        own = {None if kind is None else kind.country}
        return tuple(
            sorted(one for one in own | {one.country for one in self.sources if name in one.identifiers} if one)
        )

    def kind(self, name: str) -> Kind | None:
        """The kind of that name."""
        return next((one for one in self.kinds if one.name == name), None)

    def ranks(self) -> tuple[int, ...]:
        """How strong the links of each kind are, 0 the strongest: by rule set, or by the order of kinds."""
        if not self.rules:
            return tuple(range(len(self.kinds)))
        place = {name: number for number, rules in enumerate(self.rules) for name in rules.kinds}
        return tuple(place.get(one.name, len(self.rules)) for one in self.kinds)
