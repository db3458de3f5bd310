"""Data contracts of the Open Data Contract Standard (ODCS 3): what they say of tables, as checks.

A contract is validated by the standard's own JSON Schema. What Convoke does not check (texts, other engines) is told.
https://bitol-io.github.io/open-data-contract-standard/
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from engine.errors import EngineError

Kind = Literal[
    "required", "missing", "values", "range", "length", "pattern", "type",
    "unique", "reference", "rows", "freshness", "drift", "sql",
]  # fmt: skip
BY_ROW: tuple[Kind, ...] = ("required", "missing", "values", "range", "length", "pattern", "type")
"""Kinds that tell of one row by itself whether it is good."""
_OPERATORS: Mapping[str, str] = {
    "mustBe": "=",
    "mustNotBe": "!=",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
    "mustBeBetween": "between",
    "mustNotBeBetween": "not between",
}
_METRICS: Mapping[str, Kind] = {
    "nullValues": "required",
    "missingValues": "missing",
    "invalidValues": "values",
    "duplicateValues": "unique",
    "rowCount": "rows",
}
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "hr": 3_600, "d": 86_400, "w": 604_800}
_UNITS = {"second": "s", "minute": "min", "hour": "h", "day": "d", "week": "w"}


@dataclass(frozen=True)
class Bound:
    """What a number must be: ``operator`` and its value (two for between)."""

    operator: str
    value: Any

    def holds(self, number: float) -> bool:
        """Whether a number is as it must be."""
        match self.operator:
            case "between":
                return bool(self.value[0] <= number <= self.value[1])
            case "not between":
                return not self.value[0] <= number <= self.value[1]
            case "=":
                return bool(number == self.value)
            case "!=":
                return bool(number != self.value)
            case ">":
                return bool(number > self.value)
            case ">=":
                return bool(number >= self.value)
            case "<":
                return bool(number < self.value)
        return bool(number <= self.value)

    def __str__(self) -> str:
        if isinstance(self.value, list | tuple):
            return f"{self.operator} {self.value[0]:,} and {self.value[1]:,}"
        return f"{self.operator} {self.value:,}"


NONE = Bound("=", 0)


@dataclass(frozen=True)
class Check:
    """A check of a table. ``id`` names it for good; ``bound`` is of how many rows are bad (a share of a hundred with
    ``percent``), or of what is measured; a ``warning`` makes nothing red."""

    id: str
    table: str
    kind: Kind
    columns: tuple[str, ...] = ()
    bound: Bound = NONE
    percent: bool = False
    warning: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """A contract: its checks, and what in it Convoke does not check, by place."""

    id: str
    checks: tuple[Check, ...]
    unchecked: tuple[str, ...] = ()


def read_contract(value: Any) -> Contract:
    """The contract in a plain value; EngineError("structure") with the path of what is wrong."""
    value = _renewed(value)
    _validate(value)
    checks: list[Check] = []
    unchecked: list[str] = []
    for place, table in enumerate(value.get("schema") or []):
        reader = _Table(table, f"schema[{place}]", unchecked)
        checks += reader.checks()
    for place, one in enumerate(value.get("slaProperties") or []):
        found = _freshness(one, f"slaProperties[{place}]", value, unchecked)
        checks += [] if found is None else [found]
    ids = [(one.table, one.id) for one in checks]
    twice = next((one for one in ids if ids.count(one) > 1), None)
    if twice is not None:
        message = f'the table "{twice[0]}" has the check "{twice[1]}" twice'
        raise EngineError("structure", message, "schema", "Give each a name of its own.")
    return Contract(str(value.get("id", "")), tuple(checks), tuple(unchecked))


@cache
def _schema() -> dict[str, Any]:
    text = files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _validate(value: Any) -> None:
    from jsonschema import Draft201909Validator
    from jsonschema.exceptions import best_match

    if not isinstance(value, dict) or value.get("kind") != "DataContract":
        raise EngineError(
            "structure",
            "this is no data contract: kind must be DataContract",
            "kind",
            "Write kind: DataContract, as ODCS 3 has it.",
        )
    error = best_match(Draft201909Validator(_schema()).iter_errors(_typed(value)))
    if error is not None:
        path = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in error.absolute_path).lstrip(".")
        raise EngineError(
            "structure", f"the contract is not as ODCS has it: {error.message[:200]}", path, "Correct it there."
        )


_RULES = {
    "nullCheck": "nullValues",
    "uniqueCheck": "duplicateValues",
    "duplicateCount": "duplicateValues",
    "duplicateCheck": "duplicateValues",
    "validValues": "invalidValues",
    "validCheck": "invalidValues",
    "countCheck": "rowCount",
}
"""The rules of ODCS 3.0 by the metrics that took their place."""


def _renewed(value: Any) -> Any:
    """A contract of ODCS 3.0 as later versions write it: a check there has a ``rule``, and valid values beside it."""
    if not isinstance(value, dict) or not isinstance(value.get("schema"), list):
        return value
    found = copy.deepcopy(value)
    for table in found["schema"]:
        columns = table.get("properties") if isinstance(table, dict) else None
        for one in [table, *(columns if isinstance(columns, list) else [])]:
            checks = one.get("quality") if isinstance(one, dict) else None
            for check in checks if isinstance(checks, list) else []:
                if not isinstance(check, dict) or check.get("type", "library") != "library" or "metric" in check:
                    continue
                rule = check.pop("rule", None)
                metric = _RULES.get(str(rule), str(rule))
                if rule is not None and metric in _METRICS:
                    check["metric"] = metric
                    if not any(str(key).startswith("must") for key in check):
                        check["mustBeGreaterThan" if metric == "rowCount" else "mustBe"] = 0
                elif rule is not None:  # it is told as one that is not checked
                    check |= {"type": "text", "description": str(rule)}
                if isinstance(check.get("validValues"), list):
                    check["arguments"] = {"validValues": check.pop("validValues"), **(check.get("arguments") or {})}
    return found


def _typed(value: Mapping[str, Any]) -> dict[str, Any]:
    """The contract for its schema: a property without logicalType, which the standard allows, has one there, since the
    schema of 3.2 takes it for a map otherwise."""
    found = copy.deepcopy(dict(value))
    tables = found.get("schema")
    for table in tables if isinstance(tables, list) else []:
        columns = table.get("properties") if isinstance(table, dict) else None
        for column in columns if isinstance(columns, list) else []:
            if isinstance(column, dict) and "logicalType" not in column and "logicalTypeOptions" not in column:
                column["logicalType"] = "string"
    return found


class _Table:
    """Reads the checks of one table."""

    def __init__(self, table: Mapping[str, Any], path: str, unchecked: list[str]) -> None:
        self._told, self._path, self._unchecked = table, path, unchecked
        self.name = str(table.get("physicalName") or table["name"])

    def checks(self) -> Iterator[Check]:
        keys = []
        for place, column in enumerate(self._told.get("properties") or []):
            name = str(column.get("physicalName") or column["name"])
            path = f"{self._path}.properties[{place}]"
            yield from self._of_column(name, column, path)
            if column.get("primaryKey"):
                keys.append((column.get("primaryKeyPosition", -1), name))
        if keys:
            yield self._made("unique", tuple(name for _, name in sorted(keys)), "primary key")
        for place, one in enumerate(self._told.get("quality") or []):
            yield from self._of_quality(one, (), f"{self._path}.quality[{place}]")

    def _made(self, kind: Kind, columns: Sequence[str], what: str, **more: Any) -> Check:
        name = f"{'.'.join(columns)}: {what}" if columns else what
        return Check(more.pop("name", None) or name, self.name, kind, tuple(columns), **more)

    def _of_column(self, name: str, told: Mapping[str, Any], path: str) -> Iterator[Check]:
        mine = (name,)
        if told.get("required") or told.get("primaryKey"):
            yield self._made("required", mine, "required")
        if told.get("unique") and not told.get("primaryKey"):
            yield self._made("unique", mine, "unique")
        values = [one["value"] for one in told.get("enum") or [] if "value" in one]
        if values:
            yield self._made("values", mine, "values", arguments={"values": values})
        if told.get("logicalType") in ("integer", "number", "boolean", "date", "timestamp"):
            yield self._made("type", mine, "type", arguments={"type": told["logicalType"]})
        yield from self._of_options(mine, told.get("logicalTypeOptions") or {}, path)
        for place, link in enumerate(told.get("relationships") or []):
            yield self._reference(mine, link, f"{path}.relationships[{place}]")
        for place, one in enumerate(told.get("quality") or []):
            yield from self._of_quality(one, mine, f"{path}.quality[{place}]")

    def _of_options(self, mine: Sequence[str], told: Mapping[str, Any], path: str) -> Iterator[Check]:
        limits = {
            name: told[name]
            for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
            if told.get(name) is not None
        }
        if limits:
            yield self._made("range", mine, "range", arguments=limits)
        lengths = {name: told[name] for name in ("minLength", "maxLength") if told.get(name) is not None}
        if lengths:
            yield self._made("length", mine, "length", arguments=lengths)
        if told.get("pattern"):
            yield self._made(
                "pattern", mine, "pattern", arguments=_pattern(told["pattern"], f"{path}.logicalTypeOptions.pattern")
            )
        known = {*limits, *lengths, "pattern", "format", "timezone", "defaultTimezone"}
        self._unchecked += [f"{path}.logicalTypeOptions.{one}" for one in told if one not in known]

    def _reference(self, mine: Sequence[str], link: Mapping[str, Any], path: str) -> Check:
        to = link.get("to")
        parts = str(to).rsplit(".", 1) if isinstance(to, str) else []
        if len(parts) != 2:
            raise EngineError(
                "structure", "a relationship leads to TABLE.COLUMN", f"{path}.to", "Write it like users.user_id."
            )
        return self._made("reference", mine, f"in {to}", arguments={"table": parts[0], "column": parts[1]})

    def _of_quality(self, told: Mapping[str, Any], mine: Sequence[str], path: str) -> Iterator[Check]:
        kind, common = told.get("type") or "library", self._common(told, path)
        metric = str(told.get("metric") or told.get("rule"))
        if kind == "sql":
            if not told.get("query"):
                raise EngineError("structure", "a check by SQL has a query", f"{path}.query", "Write a SELECT.")
            yield self._made("sql", mine, "sql", arguments={"query": str(told["query"])}, **common)
        elif kind == "custom" and told.get("engine") == "convoke":
            yield self._drift(told, path, common)
        elif kind == "library" and metric in _METRICS:
            yield from self._of_metric(_METRICS[metric], metric, told, mine, path, common)
        else:
            self._unchecked.append(path)

    def _of_metric(
        self, kind: Kind, metric: str, told: Mapping[str, Any], mine: Sequence[str], path: str, common: dict[str, Any]
    ) -> Iterator[Check]:
        given = told.get("arguments") or {}
        columns = tuple(mine) or tuple(map(str, given.get("properties") or ()))
        if kind != "rows" and not columns:
            raise EngineError("structure", f"{metric} is of a property", path, "Write arguments.properties.")
        if kind == "values":
            arguments: dict[str, Any] = {}
            if given.get("validValues") is not None:
                arguments = {"values": list(given["validValues"])}
            elif given.get("pattern"):
                kind, arguments = "pattern", _pattern(given["pattern"], f"{path}.arguments.pattern")
            else:
                raise EngineError(
                    "structure", "it is not said what is valid", f"{path}.arguments", "Write validValues or pattern."
                )
        else:
            arguments = {"missing": list(given.get("missingValues") or [])} if kind == "missing" else {}
        if kind == "rows" and "bound" not in common:
            common["bound"] = Bound(">", 0)
        yield self._made(kind, columns if kind != "rows" else (), metric, arguments=arguments, **common)

    def _drift(self, told: Mapping[str, Any], path: str, common: dict[str, Any]) -> Check:
        given = told.get("implementation")
        if not isinstance(given, dict) or given.get("drift") != "rowCount":
            hint = "Write {drift: rowCount, tolerance: 0.4}."
            raise EngineError("structure", "Convoke knows the drift of rowCount", f"{path}.implementation", hint)
        common.pop("bound", None)
        return self._made("drift", (), "drift", arguments={"tolerance": float(given.get("tolerance", 0.4))}, **common)

    @staticmethod
    def _common(told: Mapping[str, Any], path: str) -> dict[str, Any]:
        given = [(name, told[name]) for name in _OPERATORS if told.get(name) is not None]
        if len(given) > 1:
            raise EngineError("structure", "a check has one operator", path, "Make two checks of it.")
        found: dict[str, Any] = {"percent": told.get("unit") in ("percent", "%")}
        if given:
            operator, value = given[0]
            numbers = value if isinstance(value, list) else [value]
            if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
                raise EngineError("structure", "this must be a number", f"{path}.{operator}", "Write one.")
            found["bound"] = Bound(_OPERATORS[operator], value)
        found["warning"] = str(told.get("severity", "error")).lower() in ("warning", "warn", "info")
        if told.get("name") or told.get("id"):
            found["name"] = str(told.get("name") or told["id"])
        return found


def _freshness(one: Mapping[str, Any], path: str, value: Mapping[str, Any], unchecked: list[str]) -> Check | None:
    """How old the newest row may be: `latency` or `freshness` of TABLE.COLUMN."""
    if one.get("property") not in ("latency", "freshness", "ly", "fr"):
        unchecked.append(path)
        return None
    table, _, column = str(one.get("element") or "").rpartition(".")
    unit = str(one.get("unit") or "").lower().rstrip("s") or "d"
    unit = _UNITS.get(unit, unit)
    number = one.get("value")
    if not table or unit not in _SECONDS or not isinstance(number, int | float):
        message = "a freshness is a number of s, min, h or d, of TABLE.COLUMN"
        raise EngineError("structure", message, path, "Write value, unit, element.")
    tables = [one for one in value.get("schema") or [] if "name" in one]
    physical = {str(one["name"]): str(one.get("physicalName") or one["name"]) for one in tables}
    return Check(
        f"{column}: fresh",
        physical.get(table, table),
        "freshness",
        (column,),
        Bound("<=", number * _SECONDS[unit]),
        arguments={"text": f"{number:g} {unit}"},
    )


def _pattern(text: object, path: str) -> dict[str, str]:
    try:
        re.compile(str(text))
    except re.error as error:
        raise EngineError("structure", f"this is no regular expression: {error}", path, "Correct it there.") from None
    return {"pattern": str(text)}
