"""The plan of what must be read: missing conditions grouped by shape, each group one shared scan in bounded slices.

conditions on one trait                      one look at each distinct value, one pass over the column
one event or object, a property = constants  one grouping by (constant, profile), a bit for each test
one event or object, other conditions        one grouping by profile, a bit for each test
anything else                                its own SQL; the plan says so
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.domain.canonical import canonical, canonical_json
from engine.domain.model import DataModel
from engine.domain.operators import Compare, Operator
from engine.domain.rule import Did, Has, PropertyIs, TraitIs, Where, WhereAll
from engine.domain.values import ValueType
from engine.sql.events import left_out
from engine.sql.leaves import Condition
from engine.sql.shared import TESTS_A_SCAN

ALONE_UP_TO = 3
"""Conditions on one event that share no constants run alone up to this many: small hash tables beat one large."""


CONSTANTS_A_SCAN = 1 << 15
"""Constants of one scan; their codes are sorted as sixteen-bit numbers."""


@dataclass(frozen=True)
class Missing:
    """A condition to find: its number, where it was first met."""

    index: int
    condition: Condition
    path: str


@dataclass(frozen=True)
class TraitGroup:
    """Conditions on one trait."""

    trait: str
    tests: tuple[tuple[int, Operator], ...]


@dataclass(frozen=True)
class CountGroup:
    """Conditions on one event or object; ``wanted`` are (constant's code, test's number, condition's number);
    ``by`` is the property that equals one of the ``constants``."""

    tests: tuple[Did | Has, ...]
    wanted: tuple[tuple[int, int, int], ...]
    by: str | None = None
    constants: tuple[Any, ...] = ()

    @property
    def source(self) -> str:
        """The event or object."""
        first = self.tests[0]
        return first.event if isinstance(first, Did) else first.object


@dataclass
class Groups:
    """What a site's missing conditions became."""

    traits: list[TraitGroup] = field(default_factory=list)
    counts: list[CountGroup] = field(default_factory=list)
    alone: list[Missing] = field(default_factory=list)


def group(missing: Iterable[Missing], model: DataModel) -> Groups:
    """Group conditions by shape."""
    result = Groups()
    traits: dict[str, list[Missing]] = {}
    counted: dict[tuple[str, str, str | None], list[tuple[Missing, Did | Has, Any]]] = {}
    for one in missing:
        match one.condition:
            case TraitIs(trait):
                traits.setdefault(trait, []).append(one)
            case Did() | Has() as node:
                kind, source = ("did", node.event) if isinstance(node, Did) else ("has", node.object)
                wanted, constant, rest = _constant(node, model)
                counted.setdefault((kind, source, wanted), []).append((one, rest, constant))
            case _:
                result.alone.append(one)
    for trait, found in traits.items():
        _add_trait(result, trait, found)
    for (_, _, wanted), entries in counted.items():
        _add_counted(result, wanted, entries)
    return result


def _add_trait(result: Groups, trait: str, found: Sequence[Missing]) -> None:
    if len(found) == 1:
        result.alone += found
        return
    tests = [(one.index, one.condition.operator) for one in found if isinstance(one.condition, TraitIs)]
    for start in range(0, len(tests), TESTS_A_SCAN):
        result.traits.append(TraitGroup(trait, tuple(tests[start : start + TESTS_A_SCAN])))


def _add_counted(result: Groups, wanted: str | None, entries: list[tuple[Missing, Did | Has, Any]]) -> None:
    if len(entries) <= (ALONE_UP_TO if wanted is None else 1):
        result.alone += [one for one, _, _ in entries]
        return
    tests: dict[str, list[tuple[Missing, Did | Has, Any]]] = {}
    for entry in entries:
        tests.setdefault(_shape(entry[1]), []).append(entry)
    shapes = sorted(tests)  # tests that ask alike come together
    for chosen, constants in _batches(shapes, tests):
        codes = {constant: code for code, constant in enumerate(constants)}
        triples = [
            (codes[constant], number, one.index)
            for number, shape in enumerate(chosen)
            for one, _, constant in tests[shape]
            if constant in codes
        ]
        nodes = tuple(tests[shape][0][1] for shape in chosen)
        result.counts.append(CountGroup(nodes, tuple(triples), wanted, tuple(constants) if wanted is not None else ()))


def _batches(shapes: list[str], tests: dict[str, list[Any]]) -> Iterator[tuple[list[str], list[Any]]]:
    """Tests and constants that one scan takes."""
    for start in range(0, len(shapes), TESTS_A_SCAN):
        chosen = shapes[start : start + TESTS_A_SCAN]
        constants = _ordered({constant for shape in chosen for _, _, constant in tests[shape]})
        for first in range(0, len(constants), CONSTANTS_A_SCAN):
            yield chosen, constants[first : first + CONSTANTS_A_SCAN]


def _ordered(constants: set[Any]) -> list[Any]:
    return [None] if constants == {None} else sorted(constants)


def _shape(node: Did | Has) -> str:
    """What a test asks besides its constant; the where and the window come first, so that equal ones sort together."""
    plain = canonical(node)
    inner = plain.get("not", plain)
    head = [inner.pop("where", None), inner.pop("within", None)]
    return canonical_json([head, inner, "not" in plain])


def _constant(node: Did | Has, model: DataModel) -> tuple[str | None, Any, Did | Has]:
    """The first property that must equal a constant, the constant, and the node without that condition."""
    fields = (model.events[node.event] if isinstance(node, Did) else model.objects[node.object]).properties
    parts = _parts(node.where)
    for place, part in enumerate(parts):
        if isinstance(part, PropertyIs) and _shareable(part, fields[part.property].type):
            rest = parts[:place] + parts[place + 1 :]
            where: Where | None = WhereAll(tuple(rest)) if rest else None
            assert isinstance(part.operator, Compare)  # noqa: S101 — as _shareable says
            return part.property, part.operator.value, replace(node, where=where)
    return None, None, node


def _parts(where: Where | None) -> list[Where]:
    """The conditions that must all hold."""
    if where is None or left_out(where):
        return []
    if isinstance(where, WhereAll):
        return [part for child in where.children for part in _parts(child)]
    return [where]


def _shareable(part: PropertyIs, kind: ValueType) -> bool:
    operator = part.operator
    if not isinstance(operator, Compare) or operator.name != "eq" or operator.ignore_case:
        return False
    if kind is ValueType.STRING:
        return isinstance(operator.value, str)
    if not isinstance(operator.value, int) or isinstance(operator.value, bool):
        return False
    return kind is ValueType.INTEGER and abs(operator.value) < 1 << 63
