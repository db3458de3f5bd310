"""Rules from plain values, with the node's path in every error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, cast

from engine.domain import reading
from engine.domain.habits import (
    condition_hint,
    event_hint,
    group_hint,
    measure_hint,
    operator_hint,
    property_hint,
)
from engine.domain.operator_codec import (
    OPERATOR_KEYS,
    OPERATORS,
    read_gap,
    read_number_operator,
    read_operator,
)
from engine.domain.rule import (
    All,
    AnyOf,
    Did,
    Has,
    InAudience,
    InList,
    Measure,
    MeasureKind,
    Node,
    Not,
    PropertyIs,
    Same,
    Sample,
    Sequence,
    Sql,
    Step,
    TraitIs,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
    Without,
)
from engine.domain.window_codec import read_window
from engine.errors import nearest

MAX_DEPTH = 100
MARKS = ("note", "muted")
NODE_KINDS = ("all", "any", "not", "trait", "did", "has", "sequence", "audience", "list", "sample", "sql")
STEP_KEYS = ("did", "where", "as", "gap", "same", "without")
PROPERTY_MEASURES: tuple[MeasureKind, ...] = ("sum", "avg", "min", "max", "distinct", "first", "last")


def read_rule(value: Any, path: str = "rule") -> Node:
    """The rule in a plain value; raises EngineError("structure" or "operand") that names the node's path."""
    return _node(value, path, 1)


def _marks(found: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {
        "note": reading.optional_text(found.get("note"), path, "note"),
        "muted": reading.flag(found.get("muted", False), path, "muted"),
    }


def _too_deep(path: str) -> Exception:
    head = ".".join(path.split(".")[:3]) + "…"
    return reading.fail(
        head, f"the rule nests deeper than {MAX_DEPTH} levels", "Unwrap groups that hold only one group."
    )


def _node(value: Any, path: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise _too_deep(path)
    found = reading.mapping(value, path, "a condition")
    kinds = [kind for kind in NODE_KINDS if kind in found]
    if not kinds:
        names = [str(key) for key in found if key not in MARKS and key not in OPERATORS]
        habit_hint = next((said for said in map(condition_hint, names) if said is not None), None)
        hint = habit_hint or reading.key_hint(names[0] if names else "", NODE_KINDS)
        raise reading.fail(path, "the condition says neither what it is about nor how", hint)
    if len(kinds) > 1:
        habit_hint = operator_hint(kinds[0]) if kinds in (["not", "trait"], ["any", "trait"]) else None
        hint = habit_hint or "Put them into an `all`."
        raise reading.fail(path, f"one condition cannot be {' and '.join(kinds)} at once", hint)
    kind = kinds[0]
    if kind in ("all", "any"):
        reading.known_keys(found, (kind, *MARKS), path, f"`{kind}`", group_hint)
        items = reading.sequence(found[kind], path, f"`{kind}`")
        children = tuple(_node(item, f"{path}.{kind}[{i}]", depth + 1) for i, item in enumerate(items))
        return (All if kind == "all" else AnyOf)(children, **_marks(found, path))
    if kind == "not":
        reading.known_keys(found, ("not", *MARKS), path, "`not`")
        return Not(_node(found["not"], f"{path}.not", depth + 1), **_marks(found, path))
    return _LEAVES[kind](found, path, depth)


def _trait(found: dict[str, Any], path: str, depth: int) -> Node:
    reading.known_keys(found, ("trait", *OPERATOR_KEYS, *MARKS), path, "a trait condition", operator_hint)
    name = reading.text(found["trait"], path, "trait")
    return TraitIs(name, read_operator(found, path, f'the condition on "{name}"'), **_marks(found, path))


def _did(found: dict[str, Any], path: str, depth: int) -> Node:
    allowed = ("did", "where", "within", "times", "measure", *OPERATOR_KEYS, *MARKS)
    reading.known_keys(found, allowed, path, "an event condition", event_hint)
    return Did(
        reading.text(found["did"], path, "did"),
        read_where(found.get("where"), f"{path}.where", depth),
        read_window(found["within"], path) if "within" in found else None,
        _measure(found, path, PROPERTY_MEASURES, days=True),
        **_marks(found, path),
    )


def _has(found: dict[str, Any], path: str, depth: int) -> Node:
    allowed = ("has", "where", "times", "measure", *OPERATOR_KEYS, *MARKS)
    if "within" in found:
        raise reading.fail(path, "objects have no time, so `has` takes no within", "Use `did` for events.")
    reading.known_keys(found, allowed, path, "an object condition", event_hint)
    timeless = tuple(kind for kind in PROPERTY_MEASURES if kind not in ("first", "last"))
    return Has(
        reading.text(found["has"], path, "has"),
        read_where(found.get("where"), f"{path}.where", depth),
        _measure(found, path, timeless, days=False),
        **_marks(found, path),
    )


def _measure(found: dict[str, Any], path: str, kinds: tuple[MeasureKind, ...], *, days: bool) -> Measure:
    stray = [key for key in OPERATOR_KEYS if key in found]
    if "measure" not in found:
        if stray:
            raise reading.fail(
                path, f"{stray[0]} has no measure to compare", "Write times: {…}, or add measure: {sum: …}."
            )
        if "times" not in found:
            return Measure()
        return Measure("times", read_number_operator(found["times"], path, "times"))
    if "times" in found:
        raise reading.fail(path, "times and measure cannot stand together", "Use two conditions in an `all`.")
    what = reading.mapping(found["measure"], path, "measure")
    names = (*kinds, "days") if days else kinds
    if "days" not in names and "days" in what:
        raise reading.fail(path, "objects have no time, so days cannot be counted", "Use another measure.")
    if ("first" in what or "last" in what) and "first" not in names:
        raise reading.fail(path, "objects have no time, so none is first or last", "Use another measure.")
    reading.known_keys(what, names, path, "measure", measure_hint)
    if len(what) != 1:
        raise reading.fail(path, "measure takes exactly one of " + ", ".join(names))
    ((key, subject),) = what.items()
    kind = cast(MeasureKind, key)
    comparison = {key: found[key] for key in stray}
    if kind == "days":
        if subject is not True:
            raise reading.fail(path, f"measure days must be true, not {reading.shown(subject)}", code="operand")
        return Measure("days", read_number_operator(comparison, path, "measure days"))
    name = reading.text(subject, path, f"measure {kind}")
    if kind in ("sum", "avg", "distinct"):
        operator = read_number_operator(comparison, path, f"measure {kind}", count=kind == "distinct")
        return Measure(kind, operator, name)
    return Measure(kind, read_operator(comparison, path, f"measure {kind}"), name)


def read_where(value: Any, path: str, depth: int = 1) -> Where | None:
    """A list of property conditions (all must hold) or an all/any/not tree of them."""
    if value is None:
        return None
    if isinstance(value, list):
        if not value:
            return None
        return WhereAll(tuple(_where(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)))
    return _where(value, path, depth + 1)


def _where(value: Any, path: str, depth: int) -> Where:
    if depth > MAX_DEPTH:
        raise _too_deep(path)
    found = reading.mapping(value, path, "a property condition")
    kinds = [kind for kind in ("property", "all", "any", "not") if kind in found]
    if len(kinds) != 1:
        names = [str(key) for key in found if key not in OPERATORS and key not in MARKS]
        hint = None
        if names and not kinds:
            hint = property_hint(names[0]) or reading.key_hint(names[0], ("property", "all", "any", "not"))
        raise reading.fail(path, "a property condition is one of property, all, any, not", hint)
    kind = kinds[0]
    if kind == "property":
        reading.known_keys(found, ("property", *OPERATOR_KEYS, *MARKS), path, "a property condition", operator_hint)
        name = reading.text(found["property"], path, "property")
        operator = read_operator(found, path, f'the condition on "{name}"')
        return PropertyIs(name, operator, **_marks(found, path))
    reading.known_keys(found, (kind, *MARKS), path, f"`{kind}`")
    if kind == "not":
        return WhereNot(_where(found["not"], f"{path}.not", depth + 1), **_marks(found, path))
    items = reading.sequence(found[kind], path, f"`{kind}`")
    children = tuple(_where(item, f"{path}.{kind}[{i}]", depth + 1) for i, item in enumerate(items))
    return (WhereAll if kind == "all" else WhereAny)(children, **_marks(found, path))


def _sequence(found: dict[str, Any], path: str, depth: int) -> Node:
    reading.known_keys(found, ("sequence", "within", *MARKS), path, "a sequence")
    items = reading.sequence(found["sequence"], path, "sequence")
    if not items:
        raise reading.fail(path, "a sequence needs at least one step", "Add a step such as {did: view}.")
    if len(items) > 20:
        raise reading.fail(path, f"a sequence takes at most 20 steps, not {len(items)}")
    steps: list[Step] = []
    for i, item in enumerate(items):
        steps.append(_step(item, f"{path}.sequence[{i}]", depth, steps))
    window = read_window(found["within"], path) if "within" in found else None
    return Sequence(tuple(steps), window, **_marks(found, path))


def _step(value: Any, path: str, depth: int, earlier: list[Step]) -> Step:
    found = reading.mapping(value, path, "a step")
    reading.known_keys(found, STEP_KEYS, path, "a step", event_hint)
    if "did" not in found:
        raise reading.fail(path, "a step needs did", "Write {did: EVENT}.")
    name = reading.optional_text(found.get("as"), path, "as")
    names = [step.name for step in earlier if step.name]
    if name is not None and "." in name:
        raise reading.fail(path, f'the step\'s name "{name}" holds a dot', "Use letters, digits and _.")
    if name in names:
        raise reading.fail(path, f'two steps are called "{name}"', "Give each its own name.")
    if not earlier:
        for key in ("gap", "same", "without"):
            if key in found:
                raise reading.fail(path, f"the first step has no step before it, so it takes no {key}")
    at_least, at_most = read_gap(found["gap"], path) if "gap" in found else (None, None)
    return Step(
        reading.text(found["did"], path, "did"),
        read_where(found.get("where"), f"{path}.where", depth),
        name,
        at_least,
        at_most,
        _same(found.get("same"), path, names),
        _without(found["without"], path, depth) if "without" in found else None,
    )


def _same(value: Any, path: str, names: list[str]) -> tuple[Same, ...]:
    if value is None:
        return ()
    result = []
    for own, other in reading.mapping(value, path, "same").items():
        target = reading.text(other, path, "same")
        step, dot, property_name = target.partition(".")
        if not dot or not property_name:
            raise reading.fail(path, f'same takes step.property, not "{target}"', "Write {item: v.item}.")
        if step not in names:
            raise reading.fail(
                path,
                f'no earlier step is called "{step}"',
                nearest(step, names, "named step"),
                "unknown_name",
            )
        result.append(Same(own, step, property_name))
    return tuple(result)


def _without(value: Any, path: str, depth: int) -> Without:
    found = reading.mapping(value, path, "without")
    reading.known_keys(found, ("did", "where"), path, "without")
    return Without(
        reading.text(found.get("did"), path, "without did"),
        read_where(found.get("where"), f"{path}.without.where", depth),
    )


def _audience(found: dict[str, Any], path: str, depth: int) -> Node:
    reading.known_keys(found, ("audience", "version", *MARKS), path, "an audience condition")
    version = reading.whole(found["version"], path, "version", 1) if "version" in found else None
    return InAudience(reading.text(found["audience"], path, "audience"), version, **_marks(found, path))


def _list(found: dict[str, Any], path: str, depth: int) -> Node:
    reading.known_keys(found, ("list", *MARKS), path, "a list condition")
    return InList(reading.text(found["list"], path, "list"), **_marks(found, path))


def _sample(found: dict[str, Any], path: str, depth: int) -> Node:
    reading.known_keys(found, ("sample", *MARKS), path, "a sample condition")
    what = reading.mapping(found["sample"], path, "sample")
    reading.known_keys(what, ("percent", "seed"), path, "sample")
    percent = reading.scalar(what.get("percent"), path, "sample percent")
    if isinstance(percent, bool) or not isinstance(percent, int | Decimal) or not 0 <= percent <= 100:
        raise reading.fail(path, f"sample percent must be from 0 to 100, not {reading.shown(percent)}", code="operand")
    seed = what.get("seed", "")
    if isinstance(seed, bool) or not isinstance(seed, str | int):
        raise reading.fail(path, f"sample seed must be text, not {reading.shown(seed)}", code="operand")
    return Sample(Decimal(percent), reading.sound_text(str(seed), path), **_marks(found, path))


def _sql(found: dict[str, Any], path: str, depth: int) -> Node:
    reading.known_keys(found, ("sql", *MARKS), path, "a SQL condition")
    return Sql(reading.text(found["sql"], path, "sql"), **_marks(found, path))


_LEAVES: dict[str, Callable[[dict[str, Any], str, int], Node]] = {
    "trait": _trait,
    "did": _did,
    "has": _has,
    "sequence": _sequence,
    "audience": _audience,
    "list": _list,
    "sample": _sample,
    "sql": _sql,
}
