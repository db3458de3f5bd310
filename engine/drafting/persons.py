"""Whom the data are about: the column that tells persons apart, by uniqueness, references and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.domain.national import DOCUMENTS
from engine.drafting.asking import SURE, Option, Question, Record
from engine.drafting.hashed import KEY, KINDS
from engine.drafting.personal import personal
from engine.drafting.survey import Column, Survey, Table
from engine.drafting.times import event_times
from engine.drafting.words import PERSON, THINGS, entity, is_key_name, is_person, singular, words
from engine.errors import EngineError
from engine.sql.columns import Physical

_KINDS = (Physical.INTEGER, Physical.TEXT)
_ABOUT_PEOPLE = frozenset({"email", "name", "birth", "phone", "document", *DOCUMENTS})
_OTHERS = THINGS & frozenset(
    {
        "seller",
        "vendedor",
        "vendedora",
        "supplier",
        "fornecedor",
        "proveedor",
        "employee",
        "funcionario",
        "empleado",
        "agent",
        "store",
        "loja",
        "tienda",
        "company",
        "empresa",
    }
)
_ABOVE = ("unique", "master", "golden", "global", "person", "persona", "pessoa", "unico")
"""Words of a key that stands above another one."""


@dataclass(frozen=True)
class Persons:
    """The person key. ``table`` has one row a person, or, when ``single`` is false, it only holds their keys, such as
    rows of orders or of events."""

    table: str
    key: str
    single: bool
    below: str | None = None
    """A key of the same table that other tables hold in place of the person key."""
    hashed: tuple[str, str] | None = None
    """The column of an identifier and its kind, of which the key is the hash."""

    @property
    def column(self) -> str:
        """The column of the table that tells persons apart."""
        return self.key if self.hashed is None else self.hashed[0]


def find_persons(survey: Survey, record: Record) -> Persons:
    """The person key; raises EngineError("model_mismatch") when no column tells persons apart."""
    found = _with_table(survey)
    if found is not None:
        return _above(survey, record, found)
    found = _of_events(survey)
    if found is None:
        found = _by_uniqueness(survey, record) or _by_identifier(survey, record)
        if found is not None:
            return found
        raise EngineError(
            "model_mismatch",
            "no table looks like profiles: none has a unique key that its name or other tables suggest",
            hint="Write the model by hand, starting from convoke schema model.",
        )
    record.guess(
        f"{found.table}.{found.key}",
        "person key",
        "no table has one row a person; persons are the different values of this column",
        0.9,
    )
    return found


def is_keyish(found: Column) -> bool:
    """Whether a column may hold keys: by its type, its name, and values that are no personal data."""
    if found.key_type not in _KINDS or personal(found).kind is not None:
        return False
    said = words(found.name)
    return is_key_name(found.name) or (len(said) == 1 and singular(said[0]) in PERSON)


def is_about_people(table: Table) -> bool:
    """Whether a table's name or its values speak of persons."""
    if is_person(table.name):
        return True
    said = {singular(one) for one in words(table.name)}
    if said & THINGS or event_times(table):
        return False
    return any(personal(one).kind in _ABOUT_PEOPLE for one in table.columns.values())


# -- one row a person --------------------------------------------------------------------------------------------------


def _with_table(survey: Survey) -> Persons | None:
    scored = []
    for table in survey.tables.values():
        for one in table.columns.values():
            score = _score(survey, table, one)
            if score > 0 and one.physical in _KINDS:
                scored.append((-score, table.name, one.name))
    for _, table_name, key in sorted(scored):
        if survey.key(table_name, key).unique:
            return Persons(table_name, key, single=True)
    return None


def _score(survey: Survey, table: Table, key: Column) -> int:
    if not is_keyish(key):
        return 0
    about_people, said = is_about_people(table), words(table.name)
    key_about_people = is_person(key.name)
    things = entity(key.name)
    if things is not None and not key_about_people and not about_people:
        return 0
    if things is not None and set(things.split()) & THINGS:
        return 0
    if not about_people and not key_about_people and {singular(one) for one in said} & THINGS:
        return 0
    shared = sum(key.name.lower() in (one.lower() for one in other.columns) for other in survey.tables.values()) - 1
    has_time = bool(event_times(table)) and not is_person(table.name)
    stem = singular(table.name.lower())
    own = key.name.lower() in ("id", f"{stem}_id", f"id_{stem}") or things in (None, stem)
    return 4 * about_people + 3 * key_about_people + 2 * own + min(shared, 3) - 6 * has_time


# -- above a key of orders ---------------------------------------------------------------------------------------------


def _above(survey: Survey, record: Record, found: Persons) -> Persons:
    """The key above: a table may have one row for each order's copy of a customer, and beside it the customer."""
    table = survey.tables[found.table]
    best: tuple[float, Column, str] | None = None
    for one in table.columns.values():
        if one.name == found.key or not is_keyish(one) or not is_person(one.name):
            continue
        facts = survey.key(found.table, one.name)
        if facts.known < 0.98 * facts.rows or not 0.3 * facts.rows < facts.different < facts.rows:
            continue
        if survey.contained(found.table, one.name, found.table, found.key) > 0.05:
            continue  # it refers to other rows of the table, as an inviting person does
        confidence, evidence = _order_level(survey, found)
        if set(words(one.name)) & set(_ABOVE):
            confidence += 0.1
        said = f"{facts.rows:,} values of {found.key} belong to {facts.different:,} values of {one.name}; {evidence}"
        if best is None or confidence > best[0]:
            best = (min(confidence, 0.98), one, said)
    if best is None:
        record.guess(f"{found.table}.{found.key}", "person key", _unique(survey, found), 0.95)
        return found
    confidence, above, said = best
    key = above.name
    if confidence < SURE:
        question = Question(
            f"person:{found.table}",
            f"Which column of {found.table} identifies a person?",
            said,
            confidence,
            (
                Option(key, f"{key}: a person may have several rows"),
                Option(found.key, f"{found.key}: each row is a person"),
            ),
        )
        if record.ask(question) == found.key:
            return found
    record.guess(f"{found.table}.{key}", "person key", said, confidence)
    return Persons(found.table, key, single=False, below=found.key)


def _unique(survey: Survey, found: Persons) -> str:
    return f"each of {survey.key(found.table, found.key).rows:,} rows has a value of its own"


def _order_level(survey: Survey, found: Persons) -> tuple[float, str]:
    """Whether tables of events hold each value of the key once, as orders hold their own copy of a customer."""
    for other in survey.tables.values():
        if other.name == found.table or found.key not in other.columns or not event_times(other):
            continue
        facts = survey.key(other.name, found.key)
        if facts.known and facts.different == facts.known:
            return 0.88, f"{other.name} has each value of {found.key} in one row alone"
    return 0.7, "other tables do not tell which of the two is the person"


# -- only events -------------------------------------------------------------------------------------------------------


def _of_events(survey: Survey) -> Persons | None:
    """The key of persons in tables of events: held by the most tables, known and repeated."""
    scored = []
    for table in survey.tables.values():
        for one in table.columns.values():
            if not is_keyish(one) or not (is_person(one.name) or _alone(one, table)):
                continue
            facts = survey.key(table.name, one.name)
            if not facts.known:
                continue
            held = sum(one.name in other.columns for other in survey.tables.values())
            repeated = facts.different < facts.known
            above = bool(set(words(one.name)) & set(_ABOVE))
            score = 2 * held + 3 * repeated + above + facts.known / facts.rows + bool(event_times(table))
            scored.append((-score, -facts.different, table.name, one.name))
    for _, _, table_name, key in sorted(scored):
        return Persons(table_name, key, single=False)
    return None


def _alone(found: Column, table: Table) -> bool:
    """`matricula` or `codigo` where the table speaks of persons."""
    return entity(found.name) is None and is_about_people(table)


def _by_uniqueness(survey: Survey, record: Record) -> Persons | None:
    """A code of its own for each row of a table of persons, whatever it is called."""
    for table in survey.tables.values():
        if not is_about_people(table):
            continue
        for one in table.columns.values():
            code = one.physical in _KINDS and all(re.fullmatch(r"[\w-]{3,64}", value) for value in one.different)
            if not code or len(one.different) < max(3, len(one.values)) or personal(one).kind is not None:
                continue
            if survey.key(table.name, one.name).unique:
                place = f"{table.name}.{one.name}"
                record.guess(place, "person key", _unique(survey, Persons(table.name, one.name, single=True)), 0.75)
                return Persons(table.name, one.name, single=True)
    return None


def _by_identifier(survey: Survey, record: Record) -> Persons | None:
    """An e-mail address, a document or a phone, where nothing else tells persons apart: tables of persons first."""
    scored = []
    for table in survey.tables.values():
        if {singular(one) for one in words(table.name)} & _OTHERS:
            continue
        for one in table.columns.values():
            finding = personal(one)
            if finding.kind in KINDS and not finding.unsure and one.known:
                scored.append((KINDS.index(finding.kind), not is_person(table.name), table.name, one.name))
    for at, _, table_name, name in sorted(scored):
        said = "nothing else tells persons apart; the key is a hash of it, because keys are shown"
        record.guess(f"{table_name}.{name}", "person key", said, 0.8)
        return Persons(table_name, KEY, single=False, hashed=(name, KINDS[at]))
    return None


def identifier_holders(survey: Survey, persons: Persons) -> Iterator[tuple[Table, tuple[str, str]]]:
    """The other tables that hold the identifier whose hash is the person key, with their column of it and its kind."""
    if persons.hashed is None:
        return
    for table in survey.tables.values():
        for one in table.columns.values():
            if table.name != persons.table and personal(one).kind == persons.hashed[1]:
                yield table, (one.name, persons.hashed[1])
                break


def holders(survey: Survey, persons: Persons) -> Iterator[tuple[Table, str]]:
    """The other tables that hold the person key themselves, with their column of it."""
    if persons.hashed is not None:
        return
    key = survey.tables[persons.table].columns[persons.key]
    for table in survey.tables.values():
        if table.name == persons.table:
            continue
        found = _owner(survey, table, persons, key)
        if found is not None:
            yield table, found


def _owner(survey: Survey, table: Table, persons: Persons, key: Column) -> str | None:
    """The column that holds the person key: of the same name, else of the same meaning with values that are there."""
    named = [one for one in table.columns.values() if one.name.lower() == key.name.lower() and entity(key.name)]
    if named:
        return named[0].name
    stem = singular(persons.table.rsplit(".", 1)[-1].lower())
    usual = (f"{stem}_id", f"{stem}id", f"id_{stem}", "profile_id", "user_id", "customer_id")
    for wanted in usual:
        for one in table.columns.values():
            if one.name.lower() == wanted and one.key_type is key.key_type and persons.below is None:
                return one.name
    meant = entity(key.name) or " ".join(singular(one) for one in words(persons.table))
    best: tuple[float, str] | None = None
    for one in table.columns.values():
        if not is_keyish(one) or one.key_type is not key.key_type:
            continue
        alike = (entity(one.name) or "") == meant or is_person(one.name)
        if not alike or not one.known:
            continue
        part = survey.contained(table.name, one.name, persons.table, key.name)
        if part >= 0.5 and (best is None or part > best[0]):
            best = (part, one.name)
    if best is None and key.name in table.columns and is_about_people(table):
        return key.name
    return best[1] if best else None
