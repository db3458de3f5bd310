"""Who is in an audience: its members by a trait against the base, and its size at every threshold of a trait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp, log, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.bitmap.bits import to_array
from engine.domain.audience import Audience
from engine.domain.model import Site
from engine.domain.values import ValueType
from engine.membership.portfolio import Portfolio, members_in

BINS = 10
_Z = 1.959964
"""The 97.5 % quantile of the normal distribution."""


@dataclass(frozen=True)
class Share:
    """One value (or range ``low`` … ``high``) of a trait: how many members and how many of everyone have it.

    ``index`` is 100 when members have it as often as everyone; ``low_index`` and ``high_index`` bound it by Katz's log
    interval of a ratio of two proportions (Katz et al. 1978, Biometrics 34), 95 %, the members taken as a sample; None
    where there is nothing to compare.
    """

    value: Any
    members: int
    base: int
    index: float | None
    low_index: float | None
    high_index: float | None
    high: Any = None


@dataclass(frozen=True)
class Composition:
    """Members by a trait."""

    trait: str
    size: int
    base: int
    shares: tuple[Share, ...]


def index_of(members: int, size: int, base: int, total: int) -> tuple[float | None, float | None, float | None]:
    """The index of a value and its interval.

    >>> [round(x) for x in index_of(50, 100, 250, 1000)]
    [200, 160, 250]
    """
    if not members or not base or not size or not total:
        return None, None, None
    ratio = (members / size) / (base / total)
    spread = _Z * sqrt(max(0.0, 1 / members - 1 / size + 1 / base - 1 / total))
    return 100 * ratio, 100 * exp(log(ratio) - spread), 100 * exp(log(ratio) + spread)


def composition(
    portfolio: Portfolio, audience: Audience, sites: Sequence[Site], trait: str, kind: ValueType, most: int = 12
) -> Composition:
    """Members by a trait: by value, numbers and times by tenths of everyone."""
    ordered = kind.is_number or kind.is_temporal
    everyone: list[NDArray[Any]] = []
    inside: list[NDArray[Any]] = []
    counted: tuple[Counter[Any], Counter[Any]] = (Counter(), Counter())
    for _, bitmaps, expansion, algebra in portfolio.opened([(audience, sites)]):
        column = bitmaps.column(trait, numbers=ordered)
        for which, bits in enumerate((bitmaps.everyone, members_in(audience, expansion, bitmaps, algebra))):
            picked = column.array[to_array(bits)]
            if column.labels is None:
                (inside if which else everyone).append(picked)
            else:
                counts = np.bincount(picked, minlength=len(column.labels) + 1)[1:]
                counted[which].update(dict(zip(column.labels, counts.tolist(), strict=True)))
    if ordered:
        return _binned(trait, kind, _joined(everyone), _joined(inside))
    base, members = counted
    first = [value for value, count in members.most_common() if count][:most]
    return _composed(trait, [(value, members[value], base[value], None) for value in first], members, base)


def _composed(trait: str, rows: list[tuple[Any, int, int, Any]], members: Any, base: Any) -> Composition:
    size, total = sum(members.values()), sum(base.values())
    shares = [Share(v, m, b, *index_of(m, size, b, total), high=high) for v, m, b, high in rows]
    return Composition(trait, size, total, tuple(shares))


def _binned(trait: str, kind: ValueType, everyone: NDArray[Any], inside: NDArray[Any]) -> Composition:
    """By ranges that hold a tenth of everyone each, as far as equal values allow; missing last."""
    known = everyone[~np.isnan(everyone)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1), method="lower")) if len(known) else known
    members, base = _by_bin(inside, edges), _by_bin(everyone, edges)
    rows: list[tuple[Any, int, int, Any]] = []
    for i, low in enumerate(edges):
        high = edges[i + 1] if i + 1 < len(edges) else low
        if i + 1 < len(edges) or len(edges) == 1:
            rows.append((plain(low, kind), members[i], base[i], plain(high, kind)))
    if base[-1]:
        rows.append((None, members[-1], base[-1], None))
    return _composed(trait, rows, members, base)


def _by_bin(values: NDArray[Any], edges: NDArray[Any]) -> dict[int, int]:
    """How many values lie in [edge, next edge), the last bin closed; −1 counts missing ones."""
    known = values[~np.isnan(values)]
    bins = max(1, len(edges) - 1)
    places = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins).tolist()
    return dict(enumerate(counts)) | {-1: len(values) - len(known)}


# -- thresholds --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ribbon:
    """The audience's size for each threshold of one condition, by its comparison: `lt`, `lte`, `gt`, `gte`."""

    trait: str
    thresholds: tuple[Any, ...]
    sizes: Mapping[str, tuple[int, ...]]


def ribbon(
    portfolio: Portfolio,
    held: Audience,
    failed: Audience,
    sites: Sequence[Site],
    trait: str,
    kind: ValueType,
    most: int = 200,
) -> Ribbon:
    """Exact sizes at up to ``most`` thresholds.

    ``held`` and ``failed`` are the audience with everyone and with nobody in the condition's place, wherever in the
    rule that is: a profile that satisfies the condition is a member when it is in ``held``, another when it is in
    ``failed``. An audience's `top` keeps the first n of each site, so sizes are added up site by site.
    The thresholds of a timestamp are days: a timestamp compared with a day compares its local date.
    """
    parts: list[tuple[Site, NDArray[Any], NDArray[Any]]] = []
    for site, bitmaps, expansion, algebra in portfolio.opened([(held, sites), (failed, sites)]):
        column = bitmaps.column(trait, numbers=True).array
        yes, no = (column[to_array(algebra.members(expansion.audience(one)))] for one in (held, failed))
        parts.append((site, yes, no))
    every = [values[~np.isnan(values)] for _, *pair in parts for values in pair]
    thresholds = _thresholds(_joined(every), kind, most)
    limit = None if held.top is None else held.top.count
    sizes = {name: np.zeros(len(thresholds), dtype=np.int64) for name in _SIDES}
    for site, yes, no in parts:
        starts, ends = _local_days(thresholds, site) if kind is ValueType.TIMESTAMP else (thresholds, None)
        for name, here in _sizes_at(starts, ends, yes, no).items():
            sizes[name] += here if limit is None else np.minimum(here, limit)
    return Ribbon(
        trait,
        tuple(plain(one, ValueType.DATE if kind.is_temporal else kind) for one in thresholds),
        {name: tuple(found.tolist()) for name, found in sizes.items()},
    )


_SIDES: Mapping[str, Literal["left", "right"]] = {"lt": "left", "lte": "right", "gt": "right", "gte": "left"}


def _sizes_at(
    starts: NDArray[Any], ends: NDArray[Any] | None, yes: NDArray[Any], no: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """One site's size at each threshold; a missing value satisfies no comparison.

    A threshold that is a day lasts from its start to before its end; others are points.
    """
    inside, outside = (np.sort(values[~np.isnan(values)]) for values in (yes, no))
    found = {}
    for name, side in _SIDES.items():
        at = starts if ends is None or side == "left" else ends
        which = side if ends is None else "left"
        under, under_not = (np.searchsorted(known, at, side=which) for known in (inside, outside))
        satisfied = under if name in ("lt", "lte") else len(inside) - under
        satisfied_not = under_not if name in ("lt", "lte") else len(outside) - under_not
        found[name] = satisfied + len(no) - satisfied_not
    return found


def _local_days(days: NDArray[Any], site: Site) -> tuple[NDArray[Any], NDArray[Any]]:
    """When days (as the seconds of their UTC midnights) begin and end in a site, in seconds."""

    def midnight(seconds: float) -> float:
        day = datetime.fromtimestamp(seconds, UTC)
        return datetime(day.year, day.month, day.day, tzinfo=site.zone).timestamp()

    return np.array([midnight(one) for one in days]), np.array([midnight(one + 86400) for one in days])


def _thresholds(known: NDArray[Any], kind: ValueType, most: int) -> NDArray[Any]:
    """Every distinct value, or values spread over the range so that each step moves about as many profiles."""
    if kind.is_temporal:
        known = np.floor(known / 86400) * 86400
    distinct = np.unique(known)
    if len(distinct) <= most:
        return distinct
    return np.unique(np.quantile(known, np.linspace(0, 1, most), method="lower"))


def plain(value: float, kind: ValueType) -> Any:
    """A number as it is, a time as ISO text (UTC)."""
    if kind.is_temporal:
        return str(
            np.datetime64(int(value), "s").astype("datetime64[D]" if kind is ValueType.DATE else "datetime64[s]")
        )
    return int(value) if float(value).is_integer() else float(value)


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.array([], dtype=np.float64)
