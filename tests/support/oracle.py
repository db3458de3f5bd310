"""The meaning of a rule in plain Python over plain rows, straight from the rules; it shares nothing with the compiler.

Documents are plain values (as YAML gives them). A world holds the model document, rows as dictionaries with ready
values (None is missing, instants are aware datetimes, dates are dates), uploaded lists, other audiences and as_of.

Large worlds stay affordable: rows are indexed by profile once, and the set of a condition is remembered until
:meth:`World.forget`, which whoever changes rows or the moment must call.
"""

from __future__ import annotations

import hashlib
import math
import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import re2

Key = int | str
Row = dict[str, Any]

COMPLEMENT = {"neq": "eq", "not_in": "in", "not_contains": "contains"}
OPERATORS = {
    "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "between", "contains", "not_contains", "starts_with",
    "ends_with", "matches", "is_set", "within_last", "within_next", "more_than_ago", "anniversary_within_next",
}  # fmt: skip


@dataclass
class World:
    """Everything a rule may look at. Event rows carry ``_profile`` and ``_time``; object rows ``_profile``."""

    profiles: list[Row]  # each with _key, _site and the traits
    types: dict[str, dict[str, str]]  # "" → traits, event or object name → property types
    events: dict[str, list[Row]]
    objects: dict[str, list[Row]]
    sites: dict[str, str]  # id → zone
    as_of: datetime
    audiences: dict[str, Row] = field(default_factory=dict)
    lists: dict[str, list[Key]] = field(default_factory=dict)
    sql: dict[str, set[Key]] = field(default_factory=dict)
    _indexes: dict[str, dict[Key, list[Row]]] = field(default_factory=dict)
    _sets: dict[tuple[str, str], set[Key]] = field(default_factory=dict)

    def forget(self) -> None:
        """Rows or the moment are others now."""
        self._indexes.clear()
        self._sets.clear()

    def of(self, name: str, key: Key) -> list[Row]:
        """The rows of one profile among those of an event or object."""
        if name not in self._indexes:
            index = self._indexes[name] = {}
            for row in self.events[name] if name in self.events else self.objects[name]:
                index.setdefault(row["_profile"], []).append(row)
        return self._indexes[name].get(key, [])

    def remembered(self, site: str, node: Row, find: Callable[[], set[Key]]) -> set[Key]:
        """The set of a condition on rows and traits."""
        place = (site, repr(node))
        if place not in self._sets:
            self._sets[place] = find()
        return self._sets[place]


def members(document: Row, world: World) -> set[Key]:
    """The members of an audience document over its sites."""
    wanted = document.get("sites", "*")
    chosen = list(world.sites) if wanted == "*" else [site for site in world.sites if site in wanted]
    return set().union(*(_members_in(document, site, world) for site in chosen))


def _members_in(document: Row, site: str, world: World) -> set[Key]:
    evaluation = Evaluation(site, world)
    rule = _unmuted(document["rule"])
    found = evaluation.everyone if rule is None else evaluation.node(rule)
    top = document.get("top")
    if top is None:
        return found
    rows = {row["_key"]: row for row in evaluation.rows}
    descending = top.get("order", "desc") == "desc"

    def rank(key: Key) -> tuple[Any, ...]:
        value = _known(rows[key].get(top["by"]["trait"]))
        if value is None:
            return (1, 0, key)
        return (0, _Reversed(value) if descending else value, key)

    return set(sorted(found, key=rank)[: top["n"]])


class _Reversed:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(other.value == self.value)


def _unmuted(node: Row) -> Row | None:
    if node.get("muted"):
        return None
    for kind in ("all", "any"):
        if kind in node:
            kept = [k for k in (_unmuted(child) for child in node[kind]) if k is not None]
            return {kind: kept}
    if "not" in node:
        inner = _unmuted(node["not"])
        return None if inner is None else {"not": inner}
    return node


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


# -- time --------------------------------------------------------------------------------------------------------------


def instant(local: datetime, tz: ZoneInfo) -> datetime:
    """The instant of a wall-clock time; of repeated times the first."""
    return local.replace(tzinfo=tz, fold=0).astimezone(UTC)


def midnight(day: date, tz: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    return instant(datetime.combine(day, time()), tz)


def shift(moment: datetime, duration: str, sign: int, tz: ZoneInfo) -> datetime:
    """A moment plus or minus a duration text."""
    found = re.fullmatch(r"(\d+)(min|h|d|w|mo|y)", duration)
    assert found is not None
    count, unit = int(found[1]), found[2]
    exact = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
    if unit in exact:
        return moment + timedelta(seconds=sign * count * exact[unit])
    months = sign * count * (12 if unit == "y" else 1)
    local = moment.astimezone(tz)
    year, month = local.year, local.month + months
    while month < 1:
        year, month = year - 1, month + 12
    while month > 12:
        year, month = year + 1, month - 12
    day = min(local.day, monthrange(year, month)[1])
    return instant(datetime(year, month, day, *local.timetuple()[3:6], local.microsecond), tz)


def _moment(value: Any) -> date | datetime:
    if isinstance(value, str):
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    assert isinstance(value, date)
    return value


def _as_instant(value: Any, tz: ZoneInfo) -> datetime:
    found = _moment(value)
    if not isinstance(found, datetime):
        return midnight(found, tz)
    return instant(found, tz) if found.tzinfo is None else found.astimezone(UTC)


def window(within: Any, as_of: datetime, tz: ZoneInfo) -> tuple[datetime | None, datetime]:
    """The window as [from, to), to never after as_of."""
    if within is None:
        return None, as_of
    if isinstance(within, str):
        return shift(as_of, within, -1, tz), as_of
    if "ago" in within:
        older, newer = within["ago"]
        return shift(as_of, older, -1, tz), shift(as_of, newer, -1, tz)
    if "calendar" in within:
        start = _period(as_of.astimezone(tz).date(), within["calendar"])
        if within.get("current"):
            return midnight(start, tz), as_of
        first = start
        for _ in range(within["last"]):
            first = _period(first - timedelta(days=1), within["calendar"])
        return midnight(first, tz), midnight(start, tz)
    first_instant = _as_instant(within["from"], tz) if "from" in within else None
    end = min(as_of, _as_instant(within["to"], tz)) if "to" in within else as_of
    return first_instant, end


def _period(day: date, unit: str) -> date:
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.isoweekday() - 1)
    if unit == "month":
        return date(day.year, day.month, 1)
    if unit == "quarter":
        return date(day.year, {0: 1, 1: 4, 2: 7, 3: 10}[(day.month - 1) // 3], 1)
    return date(day.year, 1, 1)


# -- one value ---------------------------------------------------------------------------------------------------------


def _lower(text: str) -> str:
    """Lower case by code point: no context, no expansion."""
    return "".join(c.lower() if len(c.lower()) == 1 else ("i" if c == "İ" else c) for c in text)


class Evaluation:
    """One rule at one site."""

    def __init__(self, site: str, world: World) -> None:
        self.world = world
        self.tz = ZoneInfo(world.sites[site])
        self.site = site
        self.rows = [row for row in world.profiles if row["_site"] == site]
        self.everyone: set[Key] = {row["_key"] for row in self.rows}
        self._tested: dict[tuple[int, str, Any], bool] = {}
        self._steps: dict[int, Callable[[Row], bool]] = {}

    def tested(self, value: Any, kind: str, node: Row) -> bool:
        """As :meth:`holds`, each value of a document's node tried once."""
        place = (id(node), kind, value)
        if place not in self._tested:
            self._tested[place] = self.holds(value, kind, node)
        return self._tested[place]

    def holds(self, value: Any, kind: str, node: Row) -> bool:
        """Whether a value satisfies the operator among a node's keys."""
        (name,) = [key for key in node if key in OPERATORS]
        operand, fold = node[name], bool(node.get("ignore_case"))
        value = _known(value)
        if name in COMPLEMENT:
            positive = {k: v for k, v in node.items() if k != name} | {COMPLEMENT[name]: operand}
            return not self.holds(value, kind, positive)
        if name == "is_set":
            return (value is not None) is operand
        if value is None:
            return False
        if name == "matches":
            return re2.search(f"(?i){operand}" if fold else operand, value) is not None
        if fold:
            value = _lower(value)
            operand = [_lower(o) for o in operand] if isinstance(operand, list) else _lower(operand)
        if name in ("contains", "starts_with", "ends_with"):
            test = {"contains": value.__contains__, "starts_with": value.startswith, "ends_with": value.endswith}
            return bool(test[name](operand))
        if kind in ("date", "timestamp"):
            return self._temporal(value, name, operand)
        return self._plain(value, name, operand, kind)

    def _plain(self, value: Any, name: str, operand: Any, kind: str) -> bool:
        if name == "in":
            return any(self._plain(value, "eq", o, kind) for o in operand)
        if name == "between":
            return self._plain(value, "gte", operand[0], kind) and self._plain(value, "lte", operand[1], kind)
        if kind == "float":
            operand = float(operand)
        elif kind in ("integer", "decimal"):
            value, operand = Fraction(value), Fraction(operand)
        return _compare(value, name, operand)

    def _temporal(self, value: Any, name: str, operand: Any) -> bool:
        at, tz = self.world.as_of, self.tz
        moment = value if isinstance(value, datetime) else midnight(value, tz)
        if name == "within_last":
            return shift(at, operand, -1, tz) <= moment < at
        if name == "within_next":
            return at <= moment < shift(at, operand, 1, tz)
        if name == "more_than_ago":
            return moment < shift(at, operand, -1, tz)
        if name == "anniversary_within_next":
            return self._anniversary(value, operand)
        if name == "in":
            return any(self._temporal(value, "eq", o) for o in operand)
        if name == "between":
            return self._temporal(value, "gte", operand[0]) and self._temporal(value, "lte", operand[1])
        found = _moment(operand)
        if isinstance(found, datetime):
            return _compare(moment, name, _as_instant(found, tz))
        local = value if not isinstance(value, datetime) else value.astimezone(tz).date()
        return _compare(local, name, found)

    def _anniversary(self, value: Any, operand: str) -> bool:
        local = value if not isinstance(value, datetime) else value.astimezone(self.tz).date()
        today = self.world.as_of.astimezone(self.tz).date()
        days = int(operand[:-1]) * (7 if operand.endswith("w") else 1)
        for year in (today.year, today.year + 1):
            day = local.day
            if (local.month, local.day) == (2, 29) and monthrange(year, 2)[1] == 28:
                day = 28
            upcoming = date(year, local.month, day)
            if upcoming >= today:
                return upcoming < today + timedelta(days=days)
        return False

    # -- nodes -----------------------------------------------------------------------------------------------------

    def node(self, node: Row) -> set[Key]:
        """The set a node denotes."""
        if "all" in node:
            result = set(self.everyone)
            for child in node["all"]:
                result &= self.node(child)
            return result
        if "any" in node:
            return set().union(*(self.node(child) for child in node["any"]))
        if "not" in node:
            return self.everyone - self.node(node["not"])
        if "trait" in node or "did" in node or "has" in node or "sequence" in node:
            return set(self.world.remembered(self.site, node, lambda: self._condition(node)))
        if "audience" in node:
            other = self.world.audiences[node["audience"]]
            wanted = other.get("sites", "*")
            return _members_in(other, self.site, self.world) if wanted == "*" or self.site in wanted else set()
        if "list" in node:
            return self.everyone & set(self.world.lists[node["list"]])
        if "sample" in node:
            return self._sample(node["sample"])
        return self.everyone & self.world.sql[node["sql"]]

    def _condition(self, node: Row) -> set[Key]:
        if "trait" in node:
            name = node["trait"]
            return {r["_key"] for r in self.rows if self.tested(r.get(name), self.world.types[""][name], node)}
        if "did" in node:
            return self._measured(node, node["did"], timed=True)
        if "has" in node:
            return self._measured(node, node["has"], timed=False)
        return self._sequence(node)

    def _sample(self, sample: Row) -> set[Key]:
        limit = math.floor(Fraction(sample["percent"]) / 100 * 2**32)
        seed = sample.get("seed", "")
        return {k for k in self.everyone if int(hashlib.sha256(f"{seed}:{k}".encode()).hexdigest()[:8], 16) < limit}

    def where(self, where: Any, types: dict[str, str]) -> Callable[[Row], bool]:
        """Whether the property conditions hold on one row."""
        kept = None if where is None else _unmuted({"all": where} if isinstance(where, list) else where)
        return lambda row: kept is None or self._where(kept, row, types)

    def _where(self, node: Row, row: Row, types: dict[str, str]) -> bool:
        if "all" in node:
            return all(self._where(child, row, types) for child in node["all"])
        if "any" in node:
            return any(self._where(child, row, types) for child in node["any"])
        if "not" in node:
            return not self._where(node["not"], row, types)
        return self.tested(row.get(node["property"]), types[node["property"]], node)

    def _measured(self, node: Row, name: str, *, timed: bool) -> set[Key]:
        types = self.world.types[name]
        window_ = window(node.get("within"), self.world.as_of, self.tz) if timed else None
        holds = self.where(node.get("where"), types)

        def matching(key: Key) -> list[Row]:
            rows = self.world.of(name, key)
            return [row for row in rows if (window_ is None or _inside(row["_time"], window_)) and holds(row)]

        return {key for key in self.everyone if self._measure(node, matching(key), types)}

    def _measure(self, node: Row, rows: list[Row], types: dict[str, str]) -> bool:
        if "measure" not in node:
            times = node.get("times", {"gte": 1})
            return self.holds(len(rows), "integer", {"eq": times} if isinstance(times, int) else times)
        ((kind, name),) = node["measure"].items()
        if kind == "days":
            return self.holds(len({r["_time"].astimezone(self.tz).date() for r in rows}), "integer", node)
        values = [(row, _known(row.get(name))) for row in rows]
        present = [(row, value) for row, value in values if value is not None]
        plain = [value for _, value in present]
        value: Any = None
        result_type = types[name]
        if kind == "distinct":
            value, result_type = len(set(plain)), "integer"
        elif kind == "sum":
            value = _known(sum(plain)) if plain else 0
        elif kind == "avg":
            if plain and result_type == "float":
                value = _known(sum(plain) / len(plain))
            elif plain:
                value, result_type = Fraction(sum(Fraction(v) for v in plain)) / len(plain), "decimal"
        elif kind in ("min", "max"):
            value = (min if kind == "min" else max)(plain) if plain else None
        elif plain and kind == "first":
            value = min(((row["_time"], v) for row, v in present))[1]
        elif plain:
            value = max(((row["_time"], v) for row, v in present))[1]
        return self.holds(value, result_type, node)

    # -- sequences -------------------------------------------------------------------------------------------------

    def _sequence(self, node: Row) -> set[Key]:
        steps = node["sequence"]
        window_ = window(node.get("within"), self.world.as_of, self.tz)
        found = set()
        for key in self.everyone:
            chosen = [self._matching(step, key, window_) for step in steps]
            between = [
                sorted(row["_time"] for row in self._matching(step["without"], key, window_))
                if "without" in step
                else []
                for step in steps
            ]
            if all(chosen) and self._chain(steps, chosen, between, []):
                found.add(key)
        return found

    def _matching(self, step: Row, key: Key, window_: tuple[datetime | None, datetime]) -> list[Row]:
        """The rows of one profile that a step asks for."""
        place = id(step)
        if place not in self._steps:
            self._steps[place] = self.where(step.get("where"), self.world.types[step["did"]])
        holds = self._steps[place]
        return [row for row in self.world.of(step["did"], key) if _inside(row["_time"], window_) and holds(row)]

    def _chain(self, steps: list[Row], rows: list[list[Row]], between: list[list[datetime]], chosen: list[Row]) -> bool:
        place = len(chosen)
        if place == len(steps):
            return True
        return any(
            self._chain(steps, rows, between, [*chosen, row])
            for row in rows[place]
            if self._fits(steps, row, between[place], chosen)
        )

    def _fits(self, steps: list[Row], row: Row, between: list[datetime], chosen: list[Row]) -> bool:
        if not chosen:
            return True
        step = steps[len(chosen)]
        before, now = chosen[-1]["_time"], row["_time"]
        if not before < now:
            return False
        for own, target in step.get("same", {}).items():
            name, other = target.split(".", 1)
            index = next(i for i, s in enumerate(steps) if s.get("as") == name)
            a, b = _known(row.get(own)), _known(chosen[index].get(other))
            if a is None or b is None or a != b:
                return False
        gap = step.get("gap", {})
        if "lte" in gap and now > shift(before, gap["lte"], 1, self.tz):
            return False
        if "gte" in gap and now < shift(before, gap["gte"], 1, self.tz):
            return False
        first_after = bisect_right(between, before)
        return first_after == len(between) or between[first_after] >= now


def _inside(moment: datetime | None, window_: tuple[datetime | None, datetime]) -> bool:
    start, end = window_
    return moment is not None and (start is None or start <= moment) and moment < end


def _compare(value: Any, name: str, operand: Any) -> bool:
    return bool(
        {
            "eq": lambda: value == operand,
            "lt": lambda: value < operand,
            "lte": lambda: value <= operand,
            "gt": lambda: value > operand,
            "gte": lambda: value >= operand,
        }[name]()
    )


__all__ = ["Decimal", "Evaluation", "World", "members"]
