"""Where each table belongs: with the person key itself, reached through other tables, or beside them as a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from engine.drafting.hashed import hashed
from engine.drafting.persons import Persons, holders, identifier_holders
from engine.drafting.survey import Column, Survey, Table
from engine.drafting.times import event_times
from engine.drafting.words import entity, is_key_name, listed, singular, words
from engine.sql.build import Expr, alias, column, name
from engine.sql.columns import Physical

_MOST_STEPS = 3
_LEAST_CONTAINED = 0.5
_LEAST_CONTAINED_ALONE = 0.9
"""Of a reference that only values suggest, not names."""
_PREFIXES = listed(
    """
    tb tbl dim fact fato stg raw vw mart src public main dbo t d f
    """
)


@dataclass(frozen=True)
class Link:
    """A column of one table whose values are those of a unique column of another."""

    table: str
    column: str
    other: str
    key: str
    part: float
    """The share of values that the other table has."""


@dataclass(frozen=True)
class Placement:
    """A table and the way to the person: no links where it holds the person key itself."""

    table: str
    owner: str
    """The column of the person key, in the table or in the last table of the links."""
    links: tuple[Link, ...] = ()
    hashed: tuple[str, str] | None = None
    """The column of an identifier and its kind, in that table, of which the person key is the hash."""


class Placing:
    """The placements of all tables that belong to persons, and the links to tables that describe them."""

    def __init__(self, survey: Survey, persons: Persons) -> None:
        self._survey, self._persons = survey, persons
        first = Placement(persons.table, persons.key, hashed=persons.hashed)
        self.placed: dict[str, Placement] = {persons.table: first}
        for table, owner in holders(survey, persons):
            self.placed[table.name] = Placement(table.name, owner)
        for table, of in identifier_holders(survey, persons):
            self.placed[table.name] = Placement(table.name, persons.key, hashed=of)
        for _ in range(_MOST_STEPS):
            found = [one for one in map(self._reached, self._open()) if one is not None]
            if not found:
                break
            self.placed |= {one.table: one for one in found}
        self.lists: dict[str, list[Link]] = {}
        """Tables that describe others, with the links of the placed tables and of other such tables to them."""
        self._find_lists()

    def _open(self) -> list[Table]:
        return [one for one in self._survey.tables.values() if one.name not in self.placed]

    def _reached(self, table: Table) -> Placement | None:
        best: tuple[int, bool, float, Link] | None = None
        for other in self.placed.values():
            for link in self._links(table, self._survey.tables[other.table]):
                timed = not event_times(self._survey.tables[other.table])
                rank = (len(other.links), timed, -link.part)
                if best is None or rank < best[:3]:
                    best = (*rank, link)
        if best is None:
            return None
        link = best[3]
        through = self.placed[link.other]
        return Placement(table.name, through.owner, (link, *through.links), through.hashed)

    def _find_lists(self) -> None:
        holding = set(self.placed)
        for _ in range(2):
            found: dict[str, list[Link]] = {}
            for table in self._open():
                if table.name in self.lists:
                    continue
                links = [
                    link
                    for one in sorted(holding)
                    for link in self._links(self._survey.tables[one], table, any_name=True)
                ]
                if links:
                    found[table.name] = links
            self.lists |= found
            holding = set(found)

    # -- links ---------------------------------------------------------------------------------------------------------

    def _links(self, table: Table, other: Table, *, any_name: bool = False) -> Iterator[Link]:
        """References from the table to a unique column of the other. With ``any_name`` a column that is no key by its
        name counts too where both tables call it the same."""
        for key in other.columns.values():
            if key.physical not in (Physical.INTEGER, Physical.TEXT) or len(key.different) < len(key.known):
                continue
            for one in table.columns.values():
                if one.key_type is not key.key_type or not one.known:
                    continue
                least = self._least(one, key, any_name=any_name)
                if least is None or not self._survey.key(other.name, key.name).unique:
                    continue
                part = self._survey.contained(table.name, one.name, other.name, key.name)
                if part >= least:
                    yield Link(table.name, one.name, other.name, key.name, part)

    def _least(self, one: Column, key: Column, *, any_name: bool) -> float | None:
        """The share of values that must be there for a reference; None where nothing suggests one."""
        same = one.name.lower() == key.name.lower()
        if is_key_name(one.name) and (same or _meaning(one) == _meaning(key)) and entity(one.name) is not None:
            return _LEAST_CONTAINED
        if same and any_name and key.physical is Physical.TEXT and len(key.different) >= 3:
            return _LEAST_CONTAINED_ALONE
        if not (is_key_name(one.name) and is_key_name(key.name)) or key.physical is not Physical.TEXT:
            return None
        long = sum(len(value) for value in key.known[:100]) >= 6 * len(key.known[:100])
        return _LEAST_CONTAINED_ALONE if long else None

    # -- sources -------------------------------------------------------------------------------------------------------

    def select(
        self, placement: Placement, more: Mapping[str, tuple[str, str]] | None = None, lists: tuple[Link, ...] = ()
    ) -> str:
        """The SELECT that gives a reached table its person key: ``more`` are further columns by their name there, each
        (table, column); ``lists`` are joined where they have a row."""
        survey, last = self._survey, placement.links[-1].other if placement.links else placement.table
        chosen: list[Expr] = [] if not placement.links else [column(placement.owner, last)]
        if placement.hashed is not None:
            chosen = [alias(hashed(column(placement.hashed[0], last), placement.hashed[1]), placement.owner)]
        chosen += [exp.Column(this=exp.Star(), table=name(placement.table))]
        for label, (table, wanted) in (more or {}).items():
            raw = column(wanted, table)
            chosen.append(raw if label == wanted else alias(raw, label))
        query = exp.select(*chosen).from_(survey.relation(placement.table, placement.table))
        for link in placement.links:
            query = query.join(survey.relation(link.other, link.other), on=_on(link), join_type="inner")
        for link in lists:
            query = query.join(survey.relation(link.other, link.other), on=_on(link), join_type="left")
        return query.sql(dialect="duckdb")


def _on(link: Link) -> Expr:
    return exp.EQ(this=column(link.column, link.table), expression=column(link.key, link.other))


def _meaning(found: Column) -> str:
    """What a key is the key of: said by its name, else by its table."""
    meant = entity(found.name)
    if meant is not None:
        return meant
    base = found.table.rsplit(".", 1)[-1]
    return " ".join(singular(one) for one in words(base) if one not in _PREFIXES)
