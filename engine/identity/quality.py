"""Whether a new map can be trusted: checks with a limit each; a red one keeps the earlier map in force."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.domain.identity import IdentityDocument
from engine.domain.unusable import Unusable
from engine.identity.arrays import U64, Bools, Ints
from engine.identity.candidates import Candidate
from engine.identity.publication import Map
from engine.identity.stability import Named

State = Literal["green", "yellow", "red"]
_Z = 1.959964
_FEW = 1_000
_MANY = 10
"""Percent of a kind's values that name nobody: somebody should look."""
_ENOUGH = 20
"""Judged pairs that can hold a map back."""


@dataclass(frozen=True)
class Check:
    """A check: what was found, what the limit is, and a sentence."""

    name: str
    state: State
    value: float
    limit: float | None
    sentence: str


@dataclass(frozen=True)
class Pair:
    """Two identifiers (graph nodes) that a person judged to be one person, or two."""

    one: int
    other: int
    same: bool


@dataclass(frozen=True)
class Shape:
    """As much of a map as its checks look at: sorted nodes with their kinds and persons' places, how many of it there
    are, and what became of ids."""

    nodes: U64
    kinds: NDArray[np.uint8]
    person: Ints
    quarantined: Bools
    persons: int
    twice: int
    households: int
    links: int
    refused: int
    names: Named


def shape_of(found: Candidate) -> Shape:
    """The shape of a candidate."""
    persons, ids = found.persons, found.names.ids
    return Shape(
        found.graph.high,
        found.graph.kinds,
        persons.person,
        persons.quarantined,
        persons.count,
        len(ids) - len(set(ids)),
        len(np.unique(found.home)),
        len(found.graph.first),
        int(persons.refused.sum()),
        found.names,
    )


def shape_in(found: Map, names: Named) -> Shape:
    """The shape of a map; ``names`` say what became of ids."""
    nodes = found.arrays("SELECT high, kind, person, quarantined FROM identifiers ORDER BY high")
    persons, twice, households = found.rows(
        "SELECT count(*), count(*) - count(DISTINCT id), count(DISTINCT household) FROM persons"
    )[0]
    links, refused = found.rows("SELECT count(*), count(*) FILTER (WHERE refused) FROM links")[0]
    return Shape(
        nodes["high"].astype(np.uint64),
        nodes["kind"].astype(np.uint8),
        nodes["person"].astype(np.int64),
        nodes["quarantined"].astype(bool),
        int(persons),
        int(twice),
        int(households),
        int(links),
        int(refused),
        names,
    )


def measured(found: Shape) -> dict[str, Any]:
    """The numbers of a map."""
    sizes = np.bincount(found.person, minlength=1)
    spread = np.sort(sizes[sizes > 0])
    return {
        "identifiers": len(found.nodes),
        "persons": found.persons,
        "households": found.households,
        "links": found.links,
        "refused": found.refused,
        "quarantined": int(found.quarantined.sum()),
        "largest": int(spread[-1]) if len(spread) else 0,
        "p99": int(spread[int(len(spread) * 0.99)]) if len(spread) else 0,
        "merged": len(found.names.merged),
        "split": len(found.names.split),
        "new": len(found.names.new),
    }


SAID = {
    Unusable.FORM: "{kind}: {count:,} of {all:,} values are none of their kind",
    Unusable.COUNTRY: "{kind}: {count:,} of {all:,} values name no country, and the document names none",
    Unusable.LENGTH: "{kind}: {count:,} of {all:,} values are too short or too long",
    Unusable.CHECK: "{kind}: {count:,} of {all:,} values contradict their check digits",
    Unusable.PLACEHOLDER: "{kind}: {count:,} of {all:,} values stand for no value",
    Unusable.BLOCKED: "{kind}: {count:,} of {all:,} values are blocked by the document",
    Unusable.SHARED: "{kind}: {count:,} of {all:,} different values are shared by too many",
}
"""What is said of values that name nobody."""


def unusable_in(
    document: IdentityDocument, found: Shape, read: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, int]]:
    """By kind: how many values were read and how many different ones the map holds, and how many of them name nobody,
    by reason. ``read`` are those that were counted as the records were."""
    result = {}
    for place, kind in enumerate(document.kinds):
        mine = found.kinds == place
        counts = {"values": 0, **read.get(kind.name, {}), "different": int(mine.sum())}
        counts[Unusable.SHARED.value] = int((mine & found.quarantined).sum())
        result[kind.name] = {name: count for name, count in counts.items() if count or name in ("values", "different")}
    return result


def numbers_of(document: IdentityDocument, found: Shape, read: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a map with those of unusable values (``read``, or the numbers of an earlier map)."""
    return {**measured(found), "unusable": unusable_in(document, found, read.get("unusable", read))}


def added(some: Mapping[str, Mapping[str, int]], more: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """The counts of values of earlier records and of new ones together."""
    found = {kind: dict(counts) for kind, counts in some.items()}
    for kind, counts in more.items():
        mine = found.setdefault(kind, {})
        for reason, count in counts.items():
            mine[reason] = mine.get(reason, 0) + count
    return found


def value_checks(unusable: Mapping[str, Mapping[str, int]]) -> list[Check]:
    """A check for every kind and reason that some values name nobody by: yellow from a tenth of them on."""
    found = []
    for kind, counts in unusable.items():
        for reason, sentence in SAID.items():
            count = counts.get(reason.value, 0)
            if not count:
                continue
            whole = counts["different"] if reason is Unusable.SHARED else counts["values"]
            share = 100 * count / whole if whole else 100.0
            state: State = "yellow" if share >= _MANY else "green"
            said = sentence.format(kind=kind, count=count, all=whole)
            found.append(Check("values", state, round(share, 1), _MANY, said))
    return found


def checked(
    document: IdentityDocument,
    found: Shape,
    before: Mapping[str, Any] | None,
    gone: int,
    pairs: Sequence[Pair],
) -> list[Check]:
    """Every check. ``before`` are the numbers of the map in force (or of an earlier one, with ``merged_since``: the ids
    that were merged after it), ``gone`` how many of its ids have no successor."""
    numbers, quality = measured(found), document.quality
    checks = [_uniqueness(found), _consistency(document, found)]
    largest = numbers["largest"]
    state: State = "red" if largest > quality.largest else "green"
    checks.append(
        Check("size tail", state, largest, quality.largest, f"the largest person has {largest:,} identifiers")
    )
    if before is not None and before.get("persons", 0) > 0:
        churn = 100 * (numbers["merged"] + int(before.get("merged_since", 0)) + gone) / before["persons"]
        noticed = churn > quality.churn and before["persons"] >= 100
        sentence = f"{churn:.1f} % of the earlier ids lead elsewhere or are gone"
        checks.append(Check("churn", "red" if noticed else "green", round(churn, 2), quality.churn, sentence))
        checks.append(_quarantine(numbers["quarantined"], int(before.get("quarantined", 0)), quality.quarantine))
    checks.append(_accuracy(found, pairs, quality.precision))
    return checks


def _uniqueness(found: Shape) -> Check:
    """Every identifier has one person, every person one id."""
    lost = int((found.person < 0).sum()) + int((found.nodes[1:] == found.nodes[:-1]).sum())
    wrong = found.twice + lost
    sentence = "every identifier has one person, every person one id" if not wrong else f"{wrong:,} ids are there twice"
    return Check("uniqueness", "red" if wrong else "green", wrong, 0, sentence)


def _consistency(document: IdentityDocument, found: Shape) -> Check:
    """No person has more than the kinds allow, whatever was put together. (Values outside a kind's time do not count,
    so kinds with one are left to the resolution itself.)"""
    over = 0
    for place, kind in enumerate(document.kinds):
        if kind.most is not None and kind.within is None:
            held = np.bincount(found.person[found.kinds == place], minlength=1)
            over += int((held > kind.most).sum())
    sentence = "no person has more identifiers than a kind allows" if not over else f"{over:,} persons are over a limit"
    return Check("consistency", "red" if over else "green", over, 0, sentence)


def _quarantine(now: int, before: int, limit: int) -> Check:
    grown = 100 * (now - before) / before if before else (100.0 * now if now > _FEW else 0.0)
    state: State = "red" if grown > limit and now > _FEW else ("yellow" if grown > limit else "green")
    sentence = f"{now:,} values are set aside, {before:,} before"
    return Check("quarantine", state, round(grown, 1), limit, sentence)


def _accuracy(found: Shape, pairs: Sequence[Pair], limit: int) -> Check:
    """Precision and recall over the judged pairs, with Wilson's interval of 95 %."""
    high, person = found.nodes, found.person
    known = [one for one in pairs if _at(high, one.one) >= 0 and _at(high, one.other) >= 0]
    same = [(bool(person[_at(high, one.one)] == person[_at(high, one.other)]), one.same) for one in known]
    put_together = [told for found_, told in same if found_]
    if not put_together:
        return Check("accuracy", "yellow", 0, limit, f"{len(known)} pairs were judged: too few to say anything")
    right = sum(put_together)
    low, up = wilson(right, len(put_together))
    state: State = "green" if 100 * up >= limit else ("red" if len(put_together) >= _ENOUGH else "yellow")
    sentence = (
        f"{right} of {len(put_together)} judged pairs that were put together belong together "
        f"({100 * low:.0f} to {100 * up:.0f} % with 95 % confidence)"
    )
    return Check("accuracy", state, round(100 * right / len(put_together), 1), limit, sentence)


def _at(high: Any, node: int) -> int:
    place = int(np.searchsorted(high, np.uint64(node)))
    return place if place < len(high) and int(high[place]) == node else -1


def wilson(right: int, count: int) -> tuple[float, float]:
    """Wilson's score interval of a share, 95 % (E. B. Wilson, 1927)."""
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = share + _Z**2 / (2 * count)
    around = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    below = 1 + _Z**2 / count
    return max(0.0, (middle - around) / below), min(1.0, (middle + around) / below)
