"""Which features a data model gives, without anybody's code: by the types of traits and properties and by their values.

What is on the list of sensitive names, personal, or has too many values is left out, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from engine.domain.feature import ACTIVE_DAYS, YEAR, Excluded, Feature, sensitive
from engine.domain.model import DataModel, EventType, Field
from engine.domain.values import ValueType
from engine.errors import EngineError

Values = Callable[[str | None, str], Sequence[tuple[str, int]]]
"""How often each value of a text occurs, the most frequent first: of a trait (None) or an event's property."""
MOST_VALUES = 2_000
"""A text with as many values is a name rather than a kind: nothing to learn from."""
_TOP_VALUES = 8
_LEAST_SHARE = 0.005
_TEXTS_AN_EVENT = 1
_LATELY = 30


@dataclass(frozen=True)
class Policy:
    """What nobody learns from: names with one of ``words``, what the document ``excluded`` (traits, `event.property`,
    or events), traits and events that say who is in the ``seed``; ``allowed`` are those that it takes in although they
    are on a list."""

    words: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    seed: frozenset[str] = frozenset()

    def why(self, name: str, found: Field | None) -> str | None:
        """Why something is left out; None when it is not."""
        if name in self.excluded:
            return "document"
        if found is not None and found.personal:
            return "personal"
        if name in self.seed and name not in self.allowed:
            return "seed"
        return None if name in self.allowed else sensitive(name.rpartition(".")[2], self.words)


@dataclass
class Plan:
    """The features, and what was left out of them."""

    features: list[Feature] = field(default_factory=list)
    excluded: list[Excluded] = field(default_factory=list)


def plan(model: DataModel, values: Values, hot: Collection[tuple[str, str]], policy: Policy, *, traits: bool) -> Plan:
    """The features of a model. ``hot`` are the properties (event, property) that audiences compare: they come first.
    Without ``traits`` only what people did counts."""
    found = Plan()
    for name, one in sorted(model.profile.traits.items()) if traits else ():
        why = policy.why(name, one)
        if why is not None:
            found.excluded.append(Excluded(name, why))
            continue
        _trait(found, one, values)
    for name, event in sorted(model.events.items()):
        why = policy.why(name, None)
        if why is not None:
            found.excluded.append(Excluded(name, why))
            continue
        found.features += [
            Feature("times", name, days=_LATELY, log=True),
            Feature("times", name, days=YEAR, log=True),
            Feature("recency", name),
            Feature("active", name, days=ACTIVE_DAYS, log=True),
        ]
        _properties(found, event, values, hot, policy)
    return found


def _trait(found: Plan, one: Field, values: Values) -> None:
    if one.type is ValueType.STRING:
        told = values(None, one.name)
        frequent = _frequent(told)
        if not frequent:
            found.excluded.append(Excluded(one.name, "values" if told else "missing"))
        found.features += [Feature("value", one.name, value=value) for value in frequent]
    elif one.type is ValueType.BOOLEAN:
        found.features.append(Feature("flag", one.name))
    elif one.type.is_number:
        if _is_name(one):
            found.excluded.append(Excluded(one.name, "values"))
        else:
            found.features.append(Feature("number", one.name))
    else:
        found.features.append(Feature("age", one.name))


def _properties(
    found: Plan, event: EventType, values: Values, hot: Collection[tuple[str, str]], policy: Policy
) -> None:
    texts = 0
    for one in _by_heat(event, hot):
        name = f"{event.name}.{one.name}"
        why = policy.why(name, one)
        if why is not None:
            found.excluded.append(Excluded(name, why))
        elif one.type.is_number and not _is_name(one):
            money = one.money is not None
            found.features.append(Feature("sum", event.name, one.name, days=YEAR, money=money, log=True))
        elif one.type is ValueType.STRING and texts < _TEXTS_AN_EVENT:
            frequent = _frequent(values(event.name, one.name))
            if not frequent:
                found.excluded.append(Excluded(name, "values"))
                continue
            texts += 1
            found.features += [Feature("times", event.name, one.name, value, YEAR, log=True) for value in frequent]


def _by_heat(event: EventType, hot: Collection[tuple[str, str]]) -> Iterator[Field]:
    yield from sorted(event.properties.values(), key=lambda one: ((event.name, one.name) not in hot, one.name))


def _is_name(one: Field) -> bool:
    """Whether a number is one by which something is called: nothing to add up or compare."""
    return one.type is ValueType.INTEGER and (one.name.lower() == "id" or one.name.lower().endswith(("_id", "number")))


def _frequent(told: Sequence[tuple[str, int]]) -> list[str]:
    """The values that enough people have; none when there are too many values to be kinds."""
    if len(told) >= MOST_VALUES:
        return []
    total = sum(count for _, count in told)
    return [value for value, count in told[:_TOP_VALUES] if count >= _LEAST_SHARE * total]


def check_known(model: DataModel, features: Sequence[Feature]) -> None:
    """Raise for the first feature of a model that the data has no more."""
    for one in features:
        event = model.events.get(one.source)
        there = one.source in model.profile.traits
        if one.is_event:
            there = event is not None and (one.of is None or one.of in event.properties)
        if not there:
            raise EngineError(
                "changed",
                f'the data model has no "{one.source}" any more as the model was trained with (feature {one.name})',
                hint="Train it again.",
            )
