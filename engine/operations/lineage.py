"""`convoke lineage`: from a column to the destinations that depend on it, and back; what a change would touch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from engine.bitmap.identity import properties
from engine.domain.audience import Audience
from engine.domain.destination import read_destination
from engine.domain.model import DataModel, EventType, Field, ObjectType, Source
from engine.domain.rule import Did, Has, InAudience, InList, Sequence, Sql, TraitIs, Where
from engine.domain.scoring import Group, LookalikeDocument, names
from engine.domain.walk import conditions
from engine.errors import EngineError, nearest
from engine.operations.contracting import contracts_of
from engine.operations.delivering import destinations_of
from engine.operations.depending import named_tables
from engine.operations.identity_documents import raw_model
from engine.operations.scoring import written_scores
from engine.operations.traits import trait_documents
from engine.operations.workspace import Workspace
from engine.store.activation import Destinations
from engine.store.scores import ScoreModels

Kind = Literal[
    "table", "column", "trait", "event", "object", "property", "identifier", "consent", "list", "audience",
    "destination",
]  # fmt: skip


@dataclass(frozen=True, order=True)
class Node:
    """Something that others are made of: a column is TABLE.COLUMN, a property EVENT.PROPERTY."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Lineage:
    """What something is made of, and what is made of it, directly or through others; and the checks of contracts on
    its columns."""

    asked: Node
    made_of: tuple[Node, ...]
    part_of: tuple[Node, ...]
    checks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """What is printed."""
        return asdict(self)


def lineage_of(workspace: Workspace, name: str) -> Lineage:
    """The lineage of a name: KIND:NAME, or a name that only one thing has."""
    edges = sorted(set(_edges(workspace)))
    nodes = {node for edge in edges for node in edge}
    asked = _named(name, nodes)
    made_of, part_of = _reach(asked, edges, back=True), _reach(asked, edges, back=False)
    columns = [one for one in {asked, *made_of, *part_of} if one.kind == "column"]
    checks = [
        f"{table}: {check.id}"
        for table, some in contracts_of(workspace).checks.items()
        for check in some
        if any(Node("column", f"{table}.{column}") in columns for column in check.columns)
    ]
    return Lineage(asked, tuple(made_of), tuple(part_of), tuple(sorted(checks)))


def lineage_names(workspace: Workspace) -> list[Node]:
    """Everything that has a lineage, by kind and name; nothing without a model."""
    if workspace.models.current() is None:
        return []
    return sorted({node for edge in _edges(workspace) for node in edge})


def _named(name: str, nodes: Iterable[Node]) -> Node:
    kind, colon, rest = name.partition(":")
    found = sorted(one for one in nodes if (one.name == rest and one.kind == kind if colon else one.name == name))
    if len(found) > 1:
        shown = ", ".join(f"{one.kind}:{one.name}" for one in found)
        raise EngineError("usage", f'"{name}" is several things', "NAME", f"Write one of {shown}.")
    if not found:
        names = {one.name for one in nodes} | {f"{one.kind}:{one.name}" for one in nodes}
        hint = nearest(name, sorted(names), "name")
        raise EngineError("unknown_name", f'nothing that is used is called "{name}"', "NAME", hint)
    return found[0]


def _reach(start: Node, edges: Iterable[tuple[Node, Node]], *, back: bool) -> list[Node]:
    around: dict[Node, list[Node]] = {}
    for one, other in edges:
        around.setdefault(other if back else one, []).append(one if back else other)
    seen, waiting = set[Node](), [start]
    while waiting:
        for node in around.get(waiting.pop(), ()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return sorted(seen - {start})


# -- what is made of what ----------------------------------------------------------------------------------------------


def _edges(workspace: Workspace) -> Iterator[tuple[Node, Node]]:
    """(part, what it is a part of)."""
    model = raw_model(workspace)
    mapped = [*_of_model(model, _Reading(workspace)), *_of_computed(workspace, model), *_of_scores(workspace, model)]
    yield from mapped
    tables = sorted({one.name for one, _ in mapped if one.kind == "table"})
    for identifier, stored_ in Destinations(workspace.database).all().items():
        for one in read_destination(stored_.document).identifiers:
            yield Node("identifier", one), Node("destination", identifier)
    for name, stored in workspace.audiences.all().items():
        mine = Node("audience", name)
        yield from ((part, mine) for part in _parts(model, stored.audience, tables))
        yield from ((mine, Node("destination", one)) for one in destinations_of(stored.audience))


def _of_scores(workspace: Workspace, model: DataModel) -> Iterator[tuple[Node, Node]]:
    """What models of people learn from: their seed or target, and every feature of those in force."""
    store = ScoreModels(workspace.database)
    for name, one in written_scores(workspace).items():
        document, newest = one.document, store.newest(name)
        sources: set[Node] = set()
        if isinstance(document, LookalikeDocument):
            sources |= set(_group(document.seed))
        else:
            for service in document.services:
                did, enters = service.did, service.enters
                sources.add(Node("audience", enters or "") if did is None else Node("event", str(did["did"])))
            sources |= set() if document.eligible is None else set(_group(document.eligible))
        learnt = [] if newest is None else newest.card.get("reads", [])
        sources |= {Node("event" if read in model.events else "trait", read) for read in learnt}
        mine = [Node("trait", trait) for trait in names([document])]
        yield from ((source, into) for source in sorted(sources) for into in mine)


def _group(group: Group) -> Iterator[Node]:
    if group.audience is not None:
        yield Node("audience", group.audience)
    if group.list is not None:
        yield Node("list", group.list)


def _of_computed(workspace: Workspace, model: DataModel) -> Iterator[tuple[Node, Node]]:
    """What computed traits are made of."""
    for name, one in trait_documents(workspace).items():
        mine, measure = Node("trait", name), one.measure
        if one.list is not None:
            yield Node("list", one.list), mine
            continue
        if measure is None:
            tables = [source.table for source in _sources(model) if source.table is not None]
            yield from ((Node("table", table), mine) for table in named_tables([Source(sql=one.sql)], tables))
            continue
        yield Node("event" if measure.is_event else "object", measure.of), mine
        yield from ((part, mine) for part in _properties(model, measure.of, measure.where, measure.property))


def _sources(model: DataModel) -> Iterator[Source]:
    yield model.profile.source
    for told in (model.events, model.objects, model.identifiers, model.consents):
        yield from (one.source for one in told.values())


def _of_model(model: DataModel, reading: _Reading) -> Iterator[tuple[Node, Node]]:
    profile = model.profile
    yield from _fields(reading, profile.source, profile.traits, lambda name: Node("trait", name))
    for event in model.events.values():
        yield from reading.column(event.source, event.time, Node("event", event.name))
        yield from _rows_of(reading, event, Node("event", event.name))
    for one_ in model.objects.values():
        yield from _rows_of(reading, one_, Node("object", one_.name))
    for one in model.identifiers.values():
        yield from reading.column(one.source, one.column, Node("identifier", one.name))
    for consent in model.consents.values():
        yield from reading.column(consent.source, consent.column, Node("consent", consent.name))


def _rows_of(reading: _Reading, told: EventType | ObjectType, whole: Node) -> Iterator[tuple[Node, Node]]:
    yield from reading.column(told.source, told.profile, whole)
    yield from _fields(reading, told.source, told.properties, lambda name: Node("property", f"{told.name}.{name}"))


def _fields(reading: _Reading, source: Source, fields: Mapping[str, Field], node: Any) -> Iterator[tuple[Node, Node]]:
    for name, field in fields.items():
        yield from reading.column(source, field.column, node(name))


class _Reading:
    """Follows columns to the tables of the warehouse, through the SELECTs of the model."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._selects: dict[str, Any] = {}

    @cached_property
    def _tables(self) -> dict[str, Mapping[str, str]]:
        if self._workspace.settings.warehouse is None:
            return {}
        return {one.name: one.columns for one in self._workspace.warehouse.tables()}

    def column(self, source: Source, column: str, into: Node) -> Iterator[tuple[Node, Node]]:
        """A column of a table; of a SELECT those that it is made of, or at least the tables that it names."""
        if source.sql is None:
            yield from _of_table(source.table or "", column, into)
            return
        read = self._read(source.sql)
        if read is not None and column.lower() in read:
            for table, one in sorted(read[column.lower()]):
                yield from _of_table(table, one, into)
            return
        yield from ((Node("table", table), into) for table in sorted(named_tables([source], self._tables)))

    def _read(self, sql: str) -> Any:
        if sql not in self._selects:
            from engine.sql.reading import columns_read

            self._selects[sql] = columns_read(sql, self._tables)
        return self._selects[sql]


def _of_table(table: str, column: str, into: Node) -> Iterator[tuple[Node, Node]]:
    mine = Node("column", f"{table}.{column}")
    yield Node("table", table), mine
    yield mine, into


def _parts(model: DataModel, audience: Audience, tables: list[str]) -> Iterator[Node]:
    for _, leaf in conditions(audience.rule):
        match leaf:
            case TraitIs(name):
                yield Node("trait", name)
            case Did(event, where, _, measure):
                yield Node("event", event)
                yield from _properties(model, event, where, measure.property)
            case Has(wanted, where, measure):
                yield Node("object", wanted)
                yield from _properties(model, wanted, where, measure.property)
            case Sequence(steps):
                for step in steps:
                    yield Node("event", step.event)
                    yield from _properties(model, step.event, step.where, None)
                    if step.without is not None:
                        yield Node("event", step.without.event)
                        yield from _properties(model, step.without.event, step.without.where, None)
            case InAudience(other):
                yield Node("audience", other)
            case InList(name):
                yield Node("list", name)
            case Sql(text):
                yield from (Node("table", one) for one in named_tables([Source(sql=text)], tables))


def _properties(model: DataModel, of: str, where: Where | None, measured: str | None) -> Iterator[Node]:
    told: EventType | ObjectType | None = model.events.get(of) or model.objects.get(of)
    names = {one.property for one in properties(where)} | ({measured} if measured else set())
    for name in sorted(names):
        if told is not None and name in told.properties:
            yield Node("property", f"{of}.{name}")
