"""The documents of models of people: `kind: lookalike` and `kind: propensity`, in the workspace's folder `scores`.

What a model finds is a trait of every profile it ranks, called like the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.domain import reading
from engine.domain.model import Labels
from engine.domain.schedule import read_schedule

CONSENT = "profiling"
"""The purpose that is asked for unless the document names another."""
_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
COMMON = (
    "kind", "id", "label", "sites", "consent", "features", "retrain", "refresh", "guard", "number",
)  # fmt: skip
LOOKALIKE = (*COMMON, "seed", "reach", "keep_seed")
PROPENSITY = (*COMMON, "target", "horizon", "eligible", "services", "value", "cost", "uplift", "best")
_MOVES = {"lookalike": (0.9, 1.1), "propensity": (0.5, 2.0)}
"""How far numbers of people may move unless the document says so."""
DAYS = (7, 180)
"""The shortest and the longest horizon."""


@dataclass(frozen=True)
class Group:
    """People: the members of an audience, or those of a list."""

    audience: str | None = None
    list: str | None = None


@dataclass(frozen=True)
class Guard:
    """What a new state must keep to be put in force, against the one before: how many people are within reach (of a
    propensity: how many are expected to do it), and of what a model came to (the part of the seed kept apart that it
    finds; how far its AUC is above chance)."""

    reach: tuple[float, float]
    recall: float = 0.8


@dataclass(frozen=True)
class Learning:
    """What both kinds say: who and what is learnt from, and how often. ``consent`` None asks nobody; with ``seed_rule``
    a lookalike learns also from the traits and events that the seed's rule looks at; ``number`` is what everything that
    is drawn is drawn from."""

    id: str
    label: Labels
    sites: tuple[str, ...]
    consent: str | None
    exclude: frozenset[str]
    allow: frozenset[str]
    traits: bool
    seed_rule: bool
    retrain: Any
    refresh: Any
    guard: Guard
    number: int


@dataclass(frozen=True)
class LookalikeDocument:
    """Who is like the people of a seed. ``share`` (of those who may be found) or ``count`` says how many the audience
    takes; the seed itself is left out unless ``keep_seed``."""

    learning: Learning
    seed: Group
    share: float | None
    count: int | None
    keep_seed: bool


@dataclass(frozen=True)
class Service:
    """Something that people may do: an event (a `did` condition without its window) or entering an audience; what it is
    worth and what it costs to offer."""

    name: str
    did: Mapping[str, Any] | None
    enters: str | None
    label: Labels = field(default_factory=dict)
    value: float = 1.0
    cost: float = 0.0


@dataclass(frozen=True)
class Trialled:
    """A treatment with a control arm, from a day on: two groups, or the members of an audience that is delivered, whose
    own ``holdout`` is the control."""

    since: str
    treated: Group | None = None
    control: Group | None = None
    holdout: str | None = None


@dataclass(frozen=True)
class PropensityDocument:
    """How likely each of the ``eligible`` (None: everybody) is to do it within ``days``. With several services there is
    a trait for each and one for the next best. ``best`` (event, property) is where people answer: it gives the channel
    and the hour."""

    learning: Learning
    services: tuple[Service, ...]
    days: int
    eligible: Group | None
    uplift: Trialled | None
    best: tuple[str, str] | None

    def trait_of(self, service: Service) -> str:
        """The trait of a service's probability."""
        return self.learning.id if len(self.services) == 1 else f"{self.learning.id}_{service.name}"

    @property
    def traits(self) -> tuple[str, ...]:
        """Every trait that the document gives."""
        found = [self.trait_of(one) for one in self.services]
        name = self.learning.id
        if len(self.services) > 1:
            found += [f"{name}_next", f"{name}_next_value"]
        if self.uplift is not None:
            found.append(f"{name}_uplift")
        if self.best is not None:
            found += [f"{name}_channel", f"{name}_hour"]
        return tuple(found)


Document = LookalikeDocument | PropensityDocument


def read_score(value: Any) -> Document:
    """The document in a plain value; raises EngineError with the path of what is wrong."""
    found = reading.mapping(value, "", "the document")
    kind = found.get("kind")
    if kind == "lookalike":
        return _lookalike(found)
    if kind == "propensity":
        return _propensity(found)
    hint = "Write kind: lookalike or kind: propensity."
    raise reading.fail("kind", f"this is not a model of people: kind is {reading.shown(kind)}", hint)


def _lookalike(found: Mapping[str, Any]) -> LookalikeDocument:
    reading.known_keys(found, LOOKALIKE, "", "a lookalike")
    share, count = _reach(found.get("reach"))
    keep = reading.flag(found.get("keep_seed", False), "keep_seed", "keep_seed")
    return LookalikeDocument(_learning(found), _group(found.get("seed"), "seed"), share, count, keep)


def _reach(value: Any) -> tuple[float | None, int | None]:
    if value is None:
        return None, None
    found = reading.mapping(value, "reach", "reach")
    reading.known_keys(found, ("share", "count"), "reach", "reach")
    if len(found) != 1:
        raise reading.fail("reach", "reach is a share or a count", "Write reach: {share: 0.05}.")
    if "share" in found:
        return _within(found["share"], "reach.share", 0.0001, 1), None
    count = found["count"]
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise reading.fail("reach.count", f"{reading.shown(count)} is no number of people", "Write 50000.", "operand")
    return None, count


def _propensity(found: Mapping[str, Any]) -> PropensityDocument:
    reading.known_keys(found, PROPENSITY, "", "a propensity")
    learning = _learning(found)
    if ("target" in found) == ("services" in found):
        raise reading.fail("target", "a propensity has one target, or several services", "Write target: {did: EVENT}.")
    if "target" in found:
        told = {name: found[name] for name in ("target", "value", "cost") if name in found}
        services: tuple[Service, ...] = (_service(learning.id, told, ""),)
    else:
        several = reading.mapping(found["services"], "services", "services")
        services = tuple(_service(name, one, f"services.{name}.") for name, one in several.items())
        if len(services) < 2:
            raise reading.fail("services", "there are two services at least", "Write target for one alone.")
    days = _days(found.get("horizon"))
    eligible = None if found.get("eligible") is None else _group(found["eligible"], "eligible")
    return PropensityDocument(
        learning, services, days, eligible, _trialled(found.get("uplift")), _best(found.get("best"))
    )


def _service(name: str, value: Any, head: str) -> Service:
    found = reading.mapping(value, head.rstrip("."), "a service")
    reading.known_keys(found, ("target", "label", "value", "cost"), head.rstrip("."), "a service")
    if not _ID.fullmatch(str(name)):
        raise reading.fail(head.rstrip("."), f"{reading.shown(name)} cannot be a service's name", "Use a-z, 0-9 and _.")
    path = f"{head}target"
    target = reading.mapping(found.get("target"), path, "target")
    if ("did" in target) == ("audience" in target):
        raise reading.fail(path, "a target is an event that people do or an audience they enter", "Write {did: EVENT}.")
    value_ = _number(found.get("value", 1), f"{head}value")
    cost = _number(found.get("cost", 0), f"{head}cost")
    labels = _labels(found.get("label"), f"{head}label")
    if "audience" in target:
        reading.known_keys(target, ("audience",), path, "a target")
        return Service(
            name, None, reading.text(target["audience"], f"{path}.audience", "audience"), labels, value_, cost
        )
    reading.known_keys(target, ("did", "where"), path, "a target")
    reading.text(target["did"], f"{path}.did", "did")
    return Service(name, dict(target), None, labels, value_, cost)


def _trialled(value: Any) -> Trialled | None:
    if value is None:
        return None
    found = reading.mapping(value, "uplift", "uplift")
    reading.known_keys(found, ("treated", "control", "holdout", "since"), "uplift", "uplift")
    since = str(found.get("since", ""))
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", since):
        raise reading.fail("uplift.since", f"{reading.shown(found.get('since'))} is no day", "Write 2026-01-31.")
    if "holdout" in found:
        if "treated" in found or "control" in found:
            raise reading.fail("uplift.holdout", "a holdout has both arms", "Leave treated and control out.")
        return Trialled(since, holdout=reading.text(found["holdout"], "uplift.holdout", "audience"))
    return Trialled(
        since, _group(found.get("treated"), "uplift.treated"), _group(found.get("control"), "uplift.control")
    )


def _best(value: Any) -> tuple[str, str] | None:
    if value is None:
        return None
    found = reading.mapping(value, "best", "best")
    reading.known_keys(found, ("did", "channel"), "best", "best")
    return reading.text(found.get("did"), "best.did", "did"), reading.text(
        found.get("channel"), "best.channel", "channel"
    )


def _learning(found: Mapping[str, Any]) -> Learning:
    identifier = found.get("id")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        hint = "Use lower-case letters, digits and _, at most 63, such as like_buyers."
        raise reading.fail("id", f"{reading.shown(identifier)} cannot be a model's id", hint)
    consent = found.get("consent", CONSENT)
    if consent is True:
        consent = CONSENT
    if consent is not False:
        reading.text(consent, "consent", "consent")
    features = reading.mapping(found.get("features") or {}, "features", "features")
    reading.known_keys(features, ("exclude", "allow", "traits", "seed_rule"), "features", "features")
    number = found.get("number", 0)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise reading.fail("number", f"{reading.shown(number)} is no whole number from 0 on", None, "operand")
    retrain, refresh = found.get("retrain", {"every": "7d"}), found.get("refresh", {"every": "1d"})
    read_schedule(retrain)
    read_schedule(refresh)
    return Learning(
        identifier,
        _labels(found.get("label"), "label"),
        _texts(found.get("sites"), "sites"),
        None if consent is False else str(consent),
        frozenset(_texts(features.get("exclude"), "features.exclude")),
        frozenset(_texts(features.get("allow"), "features.allow")),
        reading.flag(features.get("traits", True), "features.traits", "traits"),
        reading.flag(features.get("seed_rule", False), "features.seed_rule", "seed_rule"),
        retrain,
        refresh,
        _guard(found.get("guard"), _MOVES[str(found["kind"])]),
        number,
    )


def _guard(value: Any, reach: tuple[float, float]) -> Guard:
    found = reading.mapping(value or {}, "guard", "guard")
    reading.known_keys(found, ("reach", "recall"), "guard", "guard")
    if "reach" in found:
        two = [_number(one, "guard.reach") for one in reading.sequence(found["reach"], "guard.reach", "reach")]
        if len(two) != 2 or not two[0] <= 1 <= two[1]:
            raise reading.fail("guard.reach", "reach is a range around 1", "Write [0.9, 1.1].")
        reach = (two[0], two[1])
    return Guard(reach, _within(found.get("recall", Guard(reach).recall), "guard.recall", 0, 1))


def _group(value: Any, path: str) -> Group:
    found = reading.mapping(value, path, path)
    reading.known_keys(found, ("audience", "list"), path, path)
    if len(found) != 1:
        raise reading.fail(path, f"{path} is an audience or a list", f"Write {path.split('.')[-1]}: {{audience: ID}}.")
    return Group(
        reading.optional_text(found.get("audience"), f"{path}.audience", "audience"),
        reading.optional_text(found.get("list"), f"{path}.list", "list"),
    )


def _days(value: Any) -> int:
    text = str(value)
    if not re.fullmatch(r"\d{1,3}d", text) or not DAYS[0] <= int(text[:-1]) <= DAYS[1]:
        hint = f"Write days, from {DAYS[0]}d to {DAYS[1]}d, such as 30d."
        raise reading.fail("horizon", f"{reading.shown(value)} is no horizon", hint)
    return int(text[:-1])


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise reading.fail(path, f"{reading.shown(value)} is no number", None, "operand")
    return float(value)


def _within(value: Any, path: str, least: float, most: float) -> float:
    found = _number(value, path)
    if not least <= found <= most:
        raise reading.fail(path, f"{reading.shown(value)} is not from {least:g} to {most:g}", None, "operand")
    return found


def _texts(value: Any, path: str) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(reading.text(one, path, path) for one in reading.sequence(value, path, path))


def _labels(value: Any, path: str) -> Labels:
    if value is None:
        return {}
    if isinstance(value, str):
        return {"en": value}
    return {str(k): reading.text(v, f"{path}.{k}", "a label") for k, v in reading.mapping(value, path, path).items()}


def names(documents: Iterable[Document]) -> list[str]:
    """Every trait that documents give."""
    found: list[str] = []
    for one in documents:
        found += [one.learning.id] if isinstance(one, LookalikeDocument) else one.traits
    return found
