"""A first data model from any warehouse: persons, events, objects, identifiers and consents.

Guesses come from values and measured facts first, from names second, and each is kept with its evidence.
The draft is for a person to correct.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from engine.domain.model import DataModel, EventType, Field, ObjectType, ProfileTable, Source
from engine.drafting.asking import Guess, Question, Record
from engine.drafting.consents import is_consent_table
from engine.drafting.fields import TYPES, Fields, samples
from engine.drafting.personal import personal
from engine.drafting.persons import Persons, find_persons
from engine.drafting.placing import Link, Placement, Placing
from engine.drafting.profiles import local, profile_source
from engine.drafting.sites import Sites
from engine.drafting.survey import Column, Survey, Table
from engine.drafting.times import event_time
from engine.drafting.words import is_key_name, is_person, listed, singular, words
from engine.jobs import Job
from engine.sql.build import column
from engine.sql.columns import Physical
from engine.warehouses.protocol import Warehouse, rounding

_TYPE_COLUMNS = ("event_type", "event", "event_name", "tipo_evento", "evento", "nome_evento", "nombre_evento")
_TYPE_COLUMNS_OF_EVENTS = ("type", "action", "name", "tipo", "accion", "acao")
_EVENT_TABLES = listed(
    """
    event evento activity actividad atividade action interaction log track click clickstream
    """
)
_MOST_EVENT_TYPES = 60
_MOST_OF_A_LIST = 6
"""Columns of a list that an event takes over."""


@dataclass(frozen=True)
class ColumnFacts:
    """What was found about a column: type, a few values, the kind of personal data it likely holds, and why."""

    table: str
    column: str
    type: str
    samples: tuple[str, ...]
    personal: str | None
    confidence: float = 1.0
    evidence: str = ""


@dataclass
class Inference:
    """The draft and what it was drawn from."""

    model: DataModel
    columns: list[ColumnFacts]
    notes: list[str] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def infer_model(warehouse: Warehouse, job: Job | None = None, answers: Mapping[str, str] | None = None) -> Inference:
    """Draft a data model. ``answers`` are the options taken by the question's id.

    Raises EngineError("model_mismatch") when no column tells persons apart, EngineError("usage") for an answer to a
    question that is not asked.
    """
    record = Record(dict(answers or {}))
    survey = Survey(warehouse, job)
    persons = find_persons(survey, record)
    found = _Drafter(survey, record, persons).draft()
    columns = [one.place for table in survey.tables.values() for one in table.columns.values()]
    record.must_know({*survey.tables, *columns})
    return found


class _Drafter:
    def __init__(self, survey: Survey, record: Record, persons: Persons) -> None:
        self._survey, self._record, self._persons = survey, record, persons
        self._placing = Placing(survey, persons)
        self._fields = Fields(survey, record)
        self._sites = Sites(survey, record, persons, self._placing)
        self._events: dict[str, EventType] = {}
        self._objects: dict[str, ObjectType] = {}
        self._listed: set[str] = set()
        """Lists whose columns an event took over."""

    def draft(self) -> Inference:
        """The whole draft."""
        survey, persons, fields = self._survey, self._persons, self._fields
        table = survey.tables[persons.table]
        site_column, sites = self._sites.found()
        profiles = self._source(self._placing.placed[persons.table])
        fields.identify(table, persons.key, profiles)
        fields.agree(table, persons.key, profiles)
        for at, one in enumerate(survey.tables.values()):
            survey.job.report(0.8 + 0.2 * at / len(survey.tables), one.name)
            placement = self._placing.placed.get(one.name)
            if placement is not None and (one.name != persons.table or self._is_event(one)):
                self._place(one, placement)
        self._left_out()
        if not self._events:
            self._record.notes.append("no table with the profile key and a time was found, so there are no events")
        source, traits = profile_source(survey, persons, self._placing, fields)
        if persons.single:
            zone = self._sites.zone(table, None)
            traits = fields.of(table, {persons.key, site_column or ""}, zone)
        elif (time := event_time(survey, table)) is not None:
            naive = table.columns[time].physical is Physical.NAIVE
            traits = local(traits, self._sites.zone(table, time), naive)
        profile = ProfileTable(source, persons.key, traits, site_column)
        model = DataModel(profile, sites, self._events, self._objects, fields.identifiers, fields.consents)
        self._note_rounding()
        return Inference(model, self._facts(), self._record.notes, self._record.guesses, self._record.questions)

    def _is_event(self, table: Table) -> bool:
        """Whether rows of the table that the persons come from are things that they did."""
        if self._persons.single or self._persons.below is not None or is_person(table.name):
            return False
        return event_time(self._survey, table) is not None

    def _place(self, table: Table, placement: Placement) -> None:
        """A table as events, as objects, or as consents of a person."""
        fields = self._fields
        if is_consent_table(table.name):
            fields.agree(table, placement.owner, self._source(placement))
            return
        time = event_time(self._survey, table)
        if time is not None:
            self._add(table, self._of_events(table, placement, time, (placement.table, time)))
            return
        through = self._time_of_links(placement)
        if through is not None:
            label = through[1] if through[1] not in table.columns else f"{through[0]}_{through[1]}"
            self._add(table, self._of_events(table, placement, label, through))
            return
        source = self._source(placement)
        fields.identify(table, placement.owner, source)
        fields.agree(table, placement.owner, source)
        properties = fields.of(table, {placement.owner}, self._sites.zone(table, None))
        if properties:
            label = _slug(singular(table.name))
            label = label if label not in self._objects else _full(table.name)
            self._objects[label] = ObjectType(label, source, placement.owner, properties)

    def _add(self, table: Table, events: Mapping[str, EventType]) -> None:
        """Keep events; a name that another table took already is said with its table's."""
        for label, event in events.items():
            own = label
            if label in self._events:
                own = _full(table.name) if len(events) == 1 else f"{_full(table.name)}_{label}"
            self._events[own] = replace(event, name=own)

    def _time_of_links(self, placement: Placement) -> tuple[str, str] | None:
        """The time of the nearest table on the way to the person that is one of events."""
        for link in placement.links:
            other = self._survey.tables[link.other]
            time = event_time(self._survey, other)
            if time is not None and link.other != self._persons.table:
                return link.other, time
        return None

    def _source(
        self, placement: Placement, more: Mapping[str, tuple[str, str]] | None = None, lists: tuple[Link, ...] = ()
    ) -> Source:
        if not placement.links and not more and placement.hashed is None:
            return Source(table=placement.table)
        return Source(sql=self._placing.select(placement, more, lists))

    # -- events --------------------------------------------------------------------------------------------------------

    def _of_events(
        self, table: Table, placement: Placement, time: str, origin: tuple[str, str]
    ) -> dict[str, EventType]:
        timed = self._survey.tables[origin[0]]
        zone = self._sites.zone(timed, origin[1])
        more = {} if origin[0] == table.name else {time: origin}
        taken, lists = self._from_lists(table, placement)
        source = self._source(placement, more | {label: (one.table, one.name) for label, one in taken.items()}, lists)
        self._fields.identify(table, placement.owner, source, new_kinds_only=True)
        kind = self._kind(table)
        without = {placement.owner, time, *(one.name for one in (kind,) if one is not None)}
        fields = self._fields.of(table, without, zone)
        for label, one in taken.items():
            fields[label] = Field(label, TYPES[one.physical], label)
        naive = timed.columns[origin[1]].physical is Physical.NAIVE
        own = zone if naive and zone not in (None, "UTC") else None
        return self._split(
            table, kind, EventType(_slug(singular(table.name)), source, placement.owner, time, fields, own)
        )

    def _split(self, table: Table, kind: Column | None, event: EventType) -> dict[str, EventType]:
        """One event for each value of a column that says what happened."""
        if kind is None:
            return {event.name: event}
        values = self._survey.values(table.name, kind.name, _MOST_EVENT_TYPES + 1)
        if not 1 <= len(values) <= _MOST_EVENT_TYPES:
            told = self._fields.of(table, set(table.columns) - {kind.name})
            return {event.name: replace(event, properties={**event.properties, **told})}
        result = {}
        for value in values:
            says = exp.EQ(this=column(kind.name), expression=exp.Literal.string(value)).sql(dialect="duckdb")
            result[_slug(value)] = replace(event, name=_slug(value), source=replace(event.source, where=says))
        return result

    def _kind(self, table: Table) -> Column | None:
        """The column that says what happened; in a table of no one kind of event a common word is enough."""
        said = {singular(one) for one in words(table.name)}
        wanted = _TYPE_COLUMNS + (_TYPE_COLUMNS_OF_EVENTS if said & _EVENT_TABLES else ())
        for one in wanted:
            for found in table.columns.values():
                text = found.physical is Physical.TEXT and self._fields.finding(found).kind is None
                if found.name.lower() == one and text:
                    return found
        return None

    def _from_lists(self, table: Table, placement: Placement) -> tuple[dict[str, Column], tuple[Link, ...]]:
        """What lists say of a reached table's rows, such as the category of its product."""
        if not placement.links:
            return {}, ()
        taken: dict[str, Column] = {}
        joined: list[Link] = []
        holding = [table.name]
        for _ in range(2):
            links = [one for many in self._placing.lists.values() for one in many if one.table in holding]
            for link in links:
                if any(one.other == link.other for one in joined):
                    continue
                chosen = self._telling(link)
                if chosen or any(one.table == link.other for many in self._placing.lists.values() for one in many):
                    joined.append(link)
                    self._listed.add(link.other)
                for one in chosen[: _MOST_OF_A_LIST - len(taken)]:
                    label = one.name
                    if label in table.columns or label in taken:
                        label = f"{singular(link.other)}_{one.name}"
                    taken[label] = one
            holding = [one.other for one in links]
        return taken, tuple(joined)

    def _telling(self, link: Link) -> list[Column]:
        """Texts of a list that several of its rows share, or that name each row of a short one."""
        table = self._survey.tables[link.other]
        return [
            one
            for one in table.columns.values()
            if one.name != link.key
            and one.physical in (Physical.TEXT, Physical.BOOLEAN)
            and not is_key_name(one.name)
            and 1 < len(one.different) <= 300
            and self._fields.finding(one).kind is None
        ]

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _left_out(self) -> None:
        for table in self._survey.tables.values():
            if table.name in self._placing.placed or table.name in self._listed:
                continue
            links = self._placing.lists.get(table.name)
            if links:
                link = links[0]
                said = f"it describes {link.table}.{link.column}, and a sql: source of that event can join it"
            else:
                said = "no column of it holds the profile key"
            self._record.notes.append(f"the table {table.name} was left out: {said}")

    def _note_rounding(self) -> None:
        for table in self._survey.tables.values():
            for wanted in table.columns:
                rounded = rounding(self._survey.warehouse, table.name, wanted)
                if rounded is not None:
                    self._record.notes.append(f"{table.name}.{wanted}: {rounded}")

    def _facts(self) -> list[ColumnFacts]:
        """Every column; values of personal ones are not shown."""
        facts = []
        for table in self._survey.tables.values():
            used = table.name in self._placing.placed or table.name in self._listed
            for one in table.columns.values():
                finding = self._fields.finding(one) if used else personal(one)
                facts.append(
                    ColumnFacts(
                        table.name,
                        one.name,
                        one.type,
                        samples(one, finding),
                        finding.kind,
                        finding.confidence,
                        finding.evidence,
                    )
                )
        return facts


def _slug(text: str) -> str:
    return re.sub(r"\s+", "_", text.strip()) or "event"


def _full(table: str) -> str:
    """A table's name with its schema, as the name of an event or object."""
    return _slug(table.replace(".", "_"))
