"""The canonical form of a rule (rules.md §4): only for evaluation; equal hashes are evaluated once.

Canonicalising works on plain values: notes and muted nodes go, groups flatten, sort and drop doubles, double negation
cancels, one-child groups unwrap, complements become `not` of their twin.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from decimal import Decimal
from secrets import token_hex
from typing import Any

from engine.domain.documents import iso
from engine.domain.operator_codec import write_operator
from engine.domain.operators import Among, Operator, positive_twin
from engine.domain.rule import (
    All,
    AnyOf,
    Did,
    Has,
    Measure,
    Node,
    Not,
    PropertyIs,
    Sequence,
    TraitIs,
    Where,
    WhereAll,
    WhereAny,
    WhereNot,
)
from engine.domain.rule_writing import plain_number, write_rule
from engine.domain.walk import unmuted
from engine.domain.window_codec import write_window

Plain = dict[str, Any]


_EXACT = f"\x00{token_hex(8)} "
"""Marks the digits of a fraction that a float would round: JSON's number has them all. Nobody can write the mark."""
_EXACT_IN_JSON = re.compile('"' + json.dumps(_EXACT)[1:-1].replace("\\", "\\\\") + '([^"]*)"')


def canonical(rule: Node) -> Plain:
    """The canonical form of a rule as JSON values."""
    kept = unmuted(rule)
    return {"all": []} if kept is None else _node(kept)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces."""
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _EXACT_IN_JSON.sub(r"\1", text) if _EXACT_IN_JSON.search(text) else text


def exact_number(text: str) -> float | Decimal:
    """A fraction in JSON: a Decimal where a float would round its digits."""
    short, exact = float(text), Decimal(text)
    return short if Decimal(repr(short)) == exact else exact


def rule_hash(rule: Node) -> str:
    """SHA-256 (hex) of the canonical JSON in UTF-8."""
    return hashlib.sha256(canonical_json(canonical(rule)).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        number = plain_number(value)
        if isinstance(number, int):
            return number
        short = exact_number(str(number))
        return short if isinstance(short, float) else _EXACT + f"{number:f}".rstrip("0")
    return iso(value) if isinstance(value, date) else value


def _node(node: Node) -> Plain:
    match node:
        case All(children):
            return _group("all", [_node(child) for child in children])
        case AnyOf(children):
            return _group("any", [_node(child) for child in children])
        case Not(child):
            return _negate(_node(child))
        case TraitIs(trait, operator):
            return _with_operator({"trait": trait}, operator)
        case Did() | Has():
            return _counted(node)
        case Sequence():
            return _sequence(node)
        case _:
            plain = write_rule(node)
            plain.pop("note", None)
            return plain


def _group(kind: str, children: list[Plain]) -> Plain:
    flat: dict[str, Plain] = {}
    for child in children:
        inner = child[kind] if kind in child else [child]
        for item in inner:
            flat[canonical_json(item)] = item
    if len(flat) == 1:
        return next(iter(flat.values()))
    return {kind: [flat[key] for key in sorted(flat)]}


def _negate(plain: Plain) -> Plain:
    inner: Plain = plain["not"] if "not" in plain else {"not": plain}
    return inner


def _operator(operator: Operator) -> tuple[bool, Plain]:
    """Whether the operator is a complement, and its positive twin as plain values, lists sorted without doubles."""
    positive = positive_twin(operator)
    chosen = positive if positive is not None else operator
    if isinstance(chosen, Among):
        kept = {canonical_json(_plain(value)): value for value in chosen.values}
        ordered = sorted(kept.values(), key=lambda v: (isinstance(v, str | date), *_order(v)))
        chosen = Among(chosen.name, tuple(ordered), chosen.ignore_case)
    return positive is not None, write_operator(chosen)


def _order(value: Any) -> tuple[Any, ...]:
    return ("", Decimal(value)) if isinstance(value, int | float | Decimal) else (str(_plain(value)), Decimal(0))


def _with_operator(subject: Plain, operator: Operator) -> Plain:
    negated, plain = _operator(operator)
    return _negate(subject | plain) if negated else subject | plain


def _where(where: Where) -> Plain | None:
    if where.muted:
        return None
    match where:
        case PropertyIs(name, operator):
            return _with_operator({"property": name}, operator)
        case WhereNot(child):
            inner = _where(child)
            return None if inner is None else _negate(inner)
        case WhereAll(children):
            return _group("all", [p for p in (_where(child) for child in children) if p is not None])
        case WhereAny(children):
            return _group("any", [p for p in (_where(child) for child in children) if p is not None])


def _where_part(where: Where | None) -> Plain:
    plain = None if where is None else _where(where)
    return {} if plain is None or plain == {"all": []} else {"where": plain}


def _counted(node: Did | Has) -> Plain:
    result: Plain = {"did": node.event} if isinstance(node, Did) else {"has": node.object}
    result |= _where_part(node.where)
    if isinstance(node, Did) and node.window is not None:
        result["within"] = write_window(node.window)
    return _measured(result, node.measure)


def _measured(result: Plain, measure: Measure) -> Plain:
    negated, plain = _operator(measure.operator)
    if measure.kind == "times":
        result["times"] = plain
    else:
        result["measure"] = {measure.kind: measure.property if measure.kind != "days" else True}
        result |= plain
    return _negate(result) if negated else result


def _sequence(node: Sequence) -> Plain:
    plain = write_rule(node)
    plain.pop("note", None)
    for written, step in zip(plain["sequence"], node.steps, strict=True):
        written.pop("where", None)
        written |= _where_part(step.where)
        if step.without is not None:
            written["without"] = {"did": step.without.event} | _where_part(step.without.where)
    return plain
