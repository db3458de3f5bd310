"""Random operators, windows and measures over a generated world, with operands near its data."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.support.worlds import TEXTS, Field, Made

Plain = dict[str, Any]
NUMBERS = [Decimal("1E+1"), Decimal("2.50"), Decimal("1E-2"), 10**12, Decimal("-0.0"), Decimal("1E+20"),
           Decimal("2.5000000000000000001"), Decimal("2.5000000000000000002")]  # fmt: skip
LARGE = [Decimal("1E+28"), Decimal("-1E+30"), 10**300, Decimal("1.5E+300")]
"""What only a float may be compared with."""
DURATIONS = ["90d", "30d", "1d", "24h", "90min", "2w", "1mo", "6mo", "1y", "3mo", "0d", "7d"]
PATTERNS = ["^a", "a+b?", "São|x", "[A-Z]$", r"\d{2}", "", ".", "(?i)ñ", "b$", r"\s"]


class PartMaker:
    """Builds the parts of conditions from a source of randomness."""

    def __init__(self, rng: Random, made: Made) -> None:
        self.rng = rng
        self.made = made

    def marked(self, node: Plain) -> Plain:
        """Sometimes with a note or muted."""
        if self.rng.random() < 0.06:
            node["muted"] = True
        if self.rng.random() < 0.05:
            node["note"] = "look again"
        return node

    # -- operators -------------------------------------------------------------------------------------------------

    def operand(self, found: Field) -> Any:
        """An operand for a field's type, near its data."""
        rng, maker = self.rng, self
        match found.type:
            case "string":
                return rng.choice(TEXTS)
            case "integer" | "decimal" | "float":
                return rng.choice(
                    [
                        rng.randint(-3, 7),
                        Decimal(rng.randint(-300, 1000)) / 100,
                        rng.randint(-8, 16) // 4,
                        rng.choice(NUMBERS + LARGE if found.type == "float" else NUMBERS),
                    ]
                )
            case "boolean":
                return rng.random() < 0.5
            case _:
                return maker.moment()

    def moment(self) -> Any:
        """A date or time as documents write it."""
        rng = self.rng
        as_of = self.made.plain.as_of
        day = (as_of - timedelta(days=rng.choice([0, 1, 7, 30, 31, 90, 200, -1, -30]))).date()
        local = as_of.replace(
            tzinfo=None, microsecond=0, hour=rng.choice([0, as_of.hour, 23]), minute=rng.choice([0, 30])
        )
        return rng.choice([day, day, day.isoformat(), local, as_of, date(2000, 2, 29), as_of - timedelta(days=30)])

    def operator(self, found: Field) -> Plain:
        """One operator that suits the field."""
        rng = self.rng
        names = ["eq", "neq", "in", "not_in", "is_set"]
        if found.type != "boolean":
            names += ["lt", "lte", "gt", "gte", "between"]
        if found.type == "string":
            names += ["contains", "not_contains", "starts_with", "ends_with", "matches"]
        if found.type in ("date", "timestamp"):
            names += ["within_last", "within_next", "more_than_ago", "anniversary_within_next"] * 2
        name = rng.choice(names)
        result: Plain
        if name == "is_set":
            return {name: rng.random() < 0.5}
        if name in ("within_last", "within_next", "more_than_ago"):
            return {name: rng.choice(DURATIONS)}
        if name == "anniversary_within_next":
            return {name: rng.choice(["0d", "1d", "7d", "2w", "30d", "366d", "400d"])}
        if name in ("in", "not_in"):
            count = rng.choice([0, 1, 2, 3]) if rng.random() < 0.95 else 250
            result = {name: [self.operand(found) for _ in range(count)]}
        elif name == "between":
            result = {name: self._pair(found)}
        elif name == "matches":
            result = {name: rng.choice(PATTERNS)}
        else:
            result = {name: self.operand(found)}
        if found.type == "string" and rng.random() < 0.25:
            result["ignore_case"] = True
        return result

    def _pair(self, found: Field) -> list[Any]:
        if found.type in ("date", "timestamp"):
            days = sorted([self.made.plain.as_of.date() - timedelta(days=self.rng.randint(-5, 100)) for _ in range(2)])
            return list(days)
        return sorted([self.operand(found), self.operand(found)])

    def number(self) -> Any:
        """A comparison of a count."""
        rng = self.rng
        few = rng.choice([0, 1, 2, 3, 5])
        return rng.choice(
            [
                few, {"gte": few}, {"lte": few}, {"eq": few}, {"neq": few}, {"lt": few}, {"gt": few},
                {"between": [few, few + 2]}, {"in": [few, 3]}, {"not_in": [0, few]},
            ]
        )  # fmt: skip

    # -- events ----------------------------------------------------------------------------------------------------

    def where(self, source: str, depth: int = 2) -> Any:
        """A list or a tree of property conditions."""
        rng = self.rng
        if depth == 2 and rng.random() < 0.6:
            return [self._property(source) for _ in range(rng.choice([0, 1, 1, 2]))]
        if depth > 0 and rng.random() < 0.6:
            kind = rng.choice(["all", "any", "not"])
            if kind == "not":
                return {"not": self.where_node(source, depth - 1)}
            return {kind: [self.where_node(source, depth - 1) for _ in range(rng.choice([0, 1, 2]))]}
        return self._property(source)

    def where_node(self, source: str, depth: int) -> Plain:
        found = self.where(source, min(depth, 1))
        assert isinstance(found, dict)
        return found

    def _property(self, source: str) -> Plain:
        found = self.rng.choice(self.made.fields[source])
        return self.marked({"property": found.name, **self.operator(found)})

    def window(self) -> Any:
        """A window of any kind."""
        rng = self.rng
        day = self.made.plain.as_of.date()
        unit = rng.choice(["day", "week", "month", "quarter", "year"])
        return rng.choice(
            [
                rng.choice(DURATIONS),
                {"from": day - timedelta(days=60)},
                {"to": self.moment()},
                {"from": (day - timedelta(days=31)).isoformat(), "to": day + timedelta(days=rng.choice([0, 1, -7]))},
                {"ago": rng.choice([["60d", "30d"], ["2mo", "1mo"], ["1y", "0d"], ["30d", "30d"]])},
                {"calendar": unit, "last": rng.choice([1, 2, 3])},
                {"calendar": unit, "current": True},
            ]
        )

    def measured(self, source: str, *, timed: bool) -> Plain:
        """times, or a measure with its operator."""
        rng = self.rng
        if rng.random() < 0.3:
            return {}
        if rng.random() < 0.4:
            return {"times": self.number()}
        kinds = ["sum", "avg", "min", "max", "distinct"] + (["first", "last", "days"] if timed else [])
        kind = rng.choice(kinds)
        if kind == "days":
            return {"measure": {"days": True}, **self._comparison()}
        fields = [f for f in self.made.fields[source] if _measurable(kind, f.type)]
        if not fields:
            return {}
        found = rng.choice(fields)
        if kind == "distinct":
            return {"measure": {kind: found.name}, **self._comparison()}
        if kind in ("sum", "avg"):
            as_number = Field("", "decimal", "", "", None)
            names = self.operator(as_number)
            return {"measure": {kind: found.name}, **names}
        return {"measure": {kind: found.name}, **self.operator(found)}

    def _comparison(self) -> Plain:
        found = self.number()
        return {"eq": found} if isinstance(found, int) else found


def _measurable(kind: str, value_type: str) -> bool:
    if kind in ("sum", "avg"):
        return value_type in ("integer", "decimal", "float")
    return value_type != "boolean" or kind not in ("min", "max")
