"""The data model document: what the warehouse holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from engine.domain.durations import zone
from engine.domain.values import ValueType

SITE_MONEY = "site"
Labels = Mapping[str, str]
"""Names for people by language (`es`, `pt`, `en`)."""


@dataclass(frozen=True)
class Source:
    """Rows to read: a table's name or a SELECT, and an optional SQL condition over it."""

    table: str | None = None
    sql: str | None = None
    where: str | None = None


@dataclass(frozen=True)
class Field:
    """A trait or a property: a typed column. ``timezone`` says how a timestamp column without zone is read; ``money``
    that a number is an amount: in a currency (ISO 4217), or ``"site"``, in that of the row's site."""

    name: str
    type: ValueType
    column: str
    timezone: str | None = None
    label: Labels = field(default_factory=dict)
    personal: bool = False
    money: str | None = None


@dataclass(frozen=True)
class Site:
    """One country site of the business."""

    id: str
    name: str
    timezone: str = "UTC"
    currency: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return zone(self.timezone)


DEFAULT_SITE = Site("default", "default")


@dataclass(frozen=True)
class ByIdentity:
    """Profiles of one person are one. Of each trait the value of the row with the largest ``latest`` is taken, or of
    the smallest key; unknown values are passed over."""

    latest: str | None = None


@dataclass(frozen=True)
class ProfileTable:
    """Where profiles are, their key and their traits; ``site_column`` says which site a row belongs to. With
    ``identity`` profiles are the persons that identity resolution found."""

    source: Source
    key: str
    traits: Mapping[str, Field]
    site_column: str | None = None
    identity: ByIdentity | None = None


@dataclass(frozen=True)
class EventType:
    """Something profiles do at a time."""

    name: str
    source: Source
    profile: str
    time: str
    properties: Mapping[str, Field]
    timezone: str | None = None
    label: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class ObjectType:
    """Something profiles have, without a time."""

    name: str
    source: Source
    profile: str
    properties: Mapping[str, Field]
    label: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class Identifier:
    """A column that activation and identity may use; all of it is personal data."""

    name: str
    source: Source
    profile: str
    column: str
    kind: str


@dataclass(frozen=True)
class Consent:
    """A column that says whether a profile agreed to a purpose."""

    name: str
    source: Source
    profile: str
    column: str


@dataclass(frozen=True)
class DataModel:
    """What the warehouse holds, in Convoke's words."""

    profile: ProfileTable
    sites: Mapping[str, Site]
    events: Mapping[str, EventType] = field(default_factory=dict)
    objects: Mapping[str, ObjectType] = field(default_factory=dict)
    identifiers: Mapping[str, Identifier] = field(default_factory=dict)
    consents: Mapping[str, Consent] = field(default_factory=dict)


def currency_of(found: Field, sites: Iterable[Site]) -> str | None:
    """The currency of an amount over these sites; None for no amount, and where the sites differ or say nothing."""
    if found.money is None:
        return None
    known = {site.currency for site in sites} if found.money == SITE_MONEY else {found.money}
    return known.pop() if len(known) == 1 else None


def label_of(name: str, labels: Labels, language: str) -> str:
    """The label in a language (`pt_BR` falls back to `pt`), else the name with its underscores opened."""
    found = labels.get(language) or labels.get(language.split("_")[0])
    return found or name.replace("_", " ")
