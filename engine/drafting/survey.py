"""What the tables hold, read once: types, a bounded sample of each column, and answers about keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from engine.drafting.contents import MOST_VALUES, Share, known, shares
from engine.drafting.words import is_key_name
from engine.jobs import Job
from engine.sql.build import Expr, alias, call, cast, column, name, not_null
from engine.sql.columns import Physical, is_nested, physical
from engine.warehouses.protocol import TableInfo, Warehouse

_FEW_KNOWN = 30
"""A column with fewer known values in the sample is looked for further on in its table."""
_MOST_SECOND_LOOKS = 20
"""Columns of one table that are looked for so."""


@dataclass(frozen=True)
class Column:
    """A column with a sample of its values as text."""

    table: str
    name: str
    type: str
    values: tuple[str, ...] = field(repr=False)
    rows: int
    """Rows of the table that were looked at."""

    @property
    def physical(self) -> Physical:
        """Its storage type."""
        return physical(self.type)

    @property
    def place(self) -> str:
        """Table and column."""
        return f"{self.table}.{self.name}"

    @property
    def key_type(self) -> Physical:
        """Its storage type as a key: an empty cell makes a file's whole numbers floats, and they stay whole numbers."""
        whole = self.physical is Physical.FLOAT and self.known and all(one.endswith(".0") for one in self.different)
        return Physical.INTEGER if whole else self.physical

    @cached_property
    def shares(self) -> list[Share]:
        """The kinds of its values, the most frequent first."""
        if self.physical not in (Physical.TEXT, Physical.INTEGER):
            return []
        return shares(self.values)

    @cached_property
    def known(self) -> list[str]:
        """Its values that say something."""
        return known(self.values)

    @cached_property
    def different(self) -> frozenset[str]:
        """Its different known values in the sample."""
        return frozenset(self.known)


@dataclass(frozen=True)
class Table:
    """A table with its columns."""

    name: str
    columns: Mapping[str, Column]

    @property
    def kinds(self) -> Mapping[str, Physical]:
        """The storage types by column."""
        return {one: found.physical for one, found in self.columns.items()}


@dataclass(frozen=True)
class KeyFacts:
    """The counts of a column that may be a key, over all rows of its table."""

    rows: int
    known: int
    different: int

    @property
    def unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.rows > 0 and self.rows == self.known == self.different


class Survey:
    """The tables of a warehouse; what is asked twice is read once."""

    def __init__(self, warehouse: Warehouse, job: Job | None = None) -> None:
        self.warehouse = warehouse
        self.job = job or Job()
        self._keys: dict[tuple[str, str], KeyFacts] = {}
        listed = warehouse.tables()
        self.tables: dict[str, Table] = {}
        for at, table in enumerate(listed):
            self.job.report(0.8 * at / len(listed), table.name)
            self.tables[table.name] = self._table(table)

    def relation(self, table: str, as_name: str | None = None) -> exp.Table:
        """The table in a FROM clause."""
        parts = self.warehouse.locate(table)
        found = exp.Table(this=name(parts[-1]), db=name(parts[0]) if len(parts) > 1 else None)
        if as_name is not None:
            found.set("alias", exp.TableAlias(this=name(as_name)))
        return found

    def rows(self, query: Expr) -> list[tuple[object, ...]]:
        """The rows of a SELECT."""
        return self.warehouse.rows(query.sql(dialect="duckdb"), (), self.job)

    def _table(self, table: TableInfo) -> Table:
        plain = [one for one, kind in table.columns.items() if not is_nested(kind)]
        sampled: Sequence[Sequence[object]] = []
        if plain:
            query = exp.select(*(alias(cast(column(one), "VARCHAR"), one) for one in plain))
            sampled = self.rows(query.from_(self.relation(table.name)).limit(MOST_VALUES))
        columns, looks = {}, 0
        places = {one: at for at, one in enumerate(plain)}
        for one, kind in table.columns.items():
            at = places.get(one)
            values = [] if at is None else [str(row[at]) for row in sampled if row[at] is not None]
            sparse = len(values) < _FEW_KNOWN and len(sampled) == MOST_VALUES and physical(kind) is Physical.TEXT
            if sparse and looks < _MOST_SECOND_LOOKS:
                looks, values = looks + 1, self._further(table.name, one)
            columns[one] = Column(table.name, one, kind, tuple(values), len(sampled))
        return Table(table.name, columns)

    def _further(self, table: str, wanted: str) -> list[str]:
        """The first known values of a column that is mostly empty."""
        query = exp.select(cast(column(wanted), "VARCHAR")).from_(self.relation(table)).where(not_null(column(wanted)))
        return [str(row[0]) for row in self.rows(query.limit(MOST_VALUES))]

    def values(self, table: str, wanted: str, most: int) -> list[str]:
        """Different values of a column as text, sorted; ``most`` at most."""
        query = exp.select(cast(column(wanted), "VARCHAR")).distinct().from_(self.relation(table))
        found = self.rows(query.where(not_null(column(wanted))).limit(most))
        return sorted(str(row[0]) for row in found)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def key(self, table: str, wanted: str) -> KeyFacts:
        """The counts of a column over its whole table; those of all its likely keys are read with it."""
        if (table, wanted) not in self._keys:
            kinds = (Physical.INTEGER, Physical.TEXT, Physical.FLOAT)
            likely = [
                one
                for one, found in self.tables[table].columns.items()
                if found.physical in kinds and (one == wanted or (is_key_name(one) and (table, one) not in self._keys))
            ]
            self._count(table, likely)
        return self._keys[table, wanted]

    def _count(self, table: str, likely: Sequence[str]) -> None:
        counts: list[Expr] = [exp.Count(this=exp.Star())]
        for one in likely:
            counts += [exp.Count(this=column(one)), exp.Count(this=exp.Distinct(expressions=[column(one)]))]
        ((rows, *found),) = self.rows(exp.select(*counts).from_(self.relation(table)))
        for at, one in enumerate(likely):
            self._keys[table, one] = KeyFacts(int(str(rows)), int(str(found[2 * at])), int(str(found[2 * at + 1])))

    def contained(self, table: str, wanted: str, other: str, key: str, most: int = 1_000) -> float:
        """The share of different values of a column that the other table's key has; of ``most`` at most."""
        values = exp.select(alias(self._key_text(table, wanted), "value")).distinct().from_(self.relation(table))
        values = values.where(not_null(column(wanted))).limit(most)
        keys = exp.select(self._key_text(other, key)).from_(self.relation(other)).where(not_null(column(key)))
        there = exp.In(this=column("value"), query=exp.Subquery(this=keys))
        found = exp.select(exp.Count(this=exp.Star()), call("count_if", there))
        ((rows, held),) = self.rows(found.from_(exp.Subquery(this=values, alias=exp.TableAlias(this=name("v")))))
        return int(str(held)) / int(str(rows)) if rows else 0.0

    def _key_text(self, table: str, wanted: str) -> Expr:
        """A key as text: 17850 of a float too."""
        raw: Expr = column(wanted)
        if self.tables[table].columns[wanted].physical is Physical.FLOAT:
            raw = cast(raw, "BIGINT", safe=True)
        return cast(raw, "VARCHAR")

    def constant(self, table: str, key: str, wanted: Sequence[str]) -> dict[str, float]:
        """For each column the share of keys whose rows have one value of it, among keys with several rows; unknown
        values are passed over. Nothing where no key has several rows."""
        if not wanted:
            return {}
        same = [
            alias(exp.EQ(this=call("min", column(one)), expression=call("max", column(one))), f"c{at}")
            for at, one in enumerate(wanted)
        ]
        grouped = exp.select(*same).from_(self.relation(table)).where(not_null(column(key))).group_by(column(key))
        grouped = grouped.having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
        parts = [
            call("avg", call("coalesce", cast(column(f"c{at}"), "INTEGER"), exp.Literal.number(1)))
            for at in range(len(wanted))
        ]
        query = exp.select(*parts).from_(exp.Subquery(this=grouped, alias=exp.TableAlias(this=name("g"))))
        (found,) = self.rows(query)
        return {one: float(str(part)) for one, part in zip(wanted, found, strict=True) if part is not None}

    def filled(self, table: str, wanted: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Of time columns: the share of rows that have one, and their mean as seconds since 1970."""
        parts: list[Expr] = []
        for one in wanted:
            seconds = call("epoch", cast(column(one), "TIMESTAMP"))
            parts += [exp.Div(this=cast(exp.Count(this=column(one)), "DOUBLE"), expression=exp.Count(this=exp.Star()))]
            parts += [call("avg", seconds)]
        ((*found,),) = self.rows(exp.select(*parts).from_(self.relation(table)))
        numbers = [float(str(one)) if one is not None else 0.0 for one in found]
        return {one: (numbers[2 * at], numbers[2 * at + 1]) for at, one in enumerate(wanted)}

    def hours(self, table: str, wanted: str) -> tuple[list[int], int]:
        """How many times of a column fall in each hour as they are written, and how many are exactly midnight, which
        is no time of day."""
        time = column(wanted)
        midnight = exp.EQ(this=call("date_trunc", exp.Literal.string("day"), time), expression=time.copy())
        query = exp.select(call("hour", time.copy()), midnight, exp.Count(this=exp.Star()))
        query = query.from_(self.relation(table)).where(not_null(time.copy())).group_by("1", "2")
        counts, dates = [0] * 24, 0
        for hour, is_date, count in self.rows(query):
            if is_date:
                dates += int(str(count))
            else:
                counts[int(str(hour))] = int(str(count))
        return counts, dates
