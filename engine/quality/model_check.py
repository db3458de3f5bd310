"""`model check`: the model against the data, with counts.

Errors make numbers wrong (null or duplicate keys, missing columns, types that do not fit); warnings say what counts
leave
out (orphan events, rows of unknown sites, future times) or assume (times without zone).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlglot import exp

from engine.domain.model import Consent, DataModel, EventType, Field, ObjectType
from engine.errors import EngineError
from engine.jobs import Job
from engine.sql.build import Binder, Expr, alias, call, is_null, not_null, within
from engine.sql.columns import Physical, aware, column_type, physical
from engine.sql.keys import verify_keys
from engine.sql.reach import must_hold_one, must_tell
from engine.sql.sources import Rows, Sources
from engine.warehouses.protocol import ASIDE, Warehouse, rounding, telling

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One fact about the model and the data; ``count`` of ``of`` rows where counting makes sense."""

    severity: Severity
    path: str
    message: str
    count: int | None = None
    of: int | None = None


def check_model(model: DataModel, warehouse: Warehouse, job: Job | None = None) -> list[Finding]:
    """Every finding, errors first."""
    return _Checker(model, warehouse, job or Job()).run()


class _Checker:
    def __init__(self, model: DataModel, warehouse: Warehouse, job: Job) -> None:
        self._model = model
        self._warehouse = warehouse
        self._job = job
        self._found: list[Finding] = []

    def run(self) -> list[Finding]:
        try:
            sources = Sources(self._model, self._warehouse)
        except EngineError as error:
            return [_as_finding(error)]
        if self._trying(lambda: self._profiles(sources)):
            total = 1 + len(self._model.events) + len(self._model.objects)
            for i, event in enumerate(self._model.events.values()):
                self._job.report(i / total, event.name)
                self._trying(lambda event=event: self._rows(sources, event))  # type: ignore[misc]
            for thing in self._model.objects.values():
                self._trying(lambda thing=thing: self._rows(sources, thing))  # type: ignore[misc]
            self._people_columns(sources)
            self._files()
        order = {"error": 0, "warning": 1, "note": 2}
        return sorted(self._found, key=lambda f: order[f.severity])

    def _trying(self, check: Callable[[], None]) -> bool:
        try:
            check()
        except EngineError as error:
            if error.code == "cancelled":
                raise
            self._found.append(_as_finding(error))
            return False
        return True

    def _add(
        self, severity: Severity, path: str, message: str, count: int | None = None, of: int | None = None
    ) -> None:
        self._found.append(Finding(severity, path, message, count, of))

    def _ask(self, query: exp.Select, binder: Binder | None = None) -> tuple[int, ...]:
        values = binder.values if binder is not None else ()
        row = self._warehouse.rows(query.sql(dialect="duckdb"), values, self._job)[0]
        return tuple(int(value or 0) for value in row)

    def _files(self) -> None:
        """How the tables' files were read, and their lines that are no rows."""
        model = self._model
        sources = [model.profile.source, *(one.source for one in model.events.values())]
        sources += [one.source for one in model.objects.values()]
        for table in dict.fromkeys(one.table for one in sources if one.table is not None):
            for sentence in telling(self._warehouse, table):
                self._add("warning" if sentence.endswith(ASIDE) else "note", f"tables.{table}", sentence)

    # -- profiles --------------------------------------------------------------------------------------------------

    def _profiles(self, sources: Sources) -> None:
        profiles = verify_keys(sources, self._warehouse, self._job)
        self._add("note", "profile", "profiles with a unique key", profiles, profiles)
        if profiles == 0:
            self._add("warning", "profile", "the profile table is empty")
        self._fields(sources.profiles, self._model.profile.traits, "traits", self._model.profile.source.table)
        site = sources.site()
        if site is None:
            return
        binder = Binder()
        known = [binder.bind(one) for one in self._model.sites]
        strangers = exp.Not(
            this=exp.Paren(this=exp.Coalesce(this=exp.In(this=site, expressions=known), expressions=[exp.false()]))
        )
        query = exp.select(_count_if(strangers)).from_(sources.profiles.from_item())
        (lost,) = self._ask(query, binder)
        if lost:
            self._add("warning", "sites", "profiles whose site is not in the list belong to no site", lost, profiles)

    def _fields(self, rows: Rows, fields: Mapping[str, Field], section: str, table: str | None) -> None:
        listed = list(fields.values())
        good = [f for f in listed if self._trying(lambda f=f: self._field(rows, f, section, table))]  # type: ignore[misc]
        if not good:
            return
        zone = next(iter(self._model.sites.values())).zone
        counts = [
            alias(_count_if(is_null(rows.value(f, zone, section).expr)), f"missing {i}") for i, f in enumerate(good)
        ]
        total, *missing = self._ask(exp.select(exp.Count(this=exp.Star()), *counts).from_(rows.from_item()))
        for found, count in zip(good, missing, strict=True):
            if total and count == total:
                self._add("warning", f"{rows.path}.{section}.{found.name}", "no row has a value", count, total)

    def _field(self, rows: Rows, found: Field, section: str, table: str | None) -> None:
        zone = next(iter(self._model.sites.values())).zone
        rows.must_fit(found, zone, section)
        kind = physical(column_type(rows.columns, found.column, f"{rows.path}.{section}.{found.name}"))
        if kind is Physical.NAIVE and found.timezone is None and found.type == "timestamp":
            self._add("note", f"{rows.path}.{section}.{found.name}", "times have no zone and are read as UTC")
        rounded = rounding(self._warehouse, table, found.column)
        if rounded is not None and kind is Physical.FLOAT:
            self._add("note", f"{rows.path}.{section}.{found.name}", rounded)

    # -- events and objects ----------------------------------------------------------------------------------------

    def _rows(self, sources: Sources, kind: EventType | ObjectType) -> None:
        timed = isinstance(kind, EventType)
        rows = sources.event_rows(kind.name, "e") if timed else sources.object_rows(kind.name, "e")
        owner = sources.owner(rows, kind)
        binder = Binder()
        profiles = exp.select(sources.key()).from_(sources.profiles.from_item())
        known = within(owner, profiles)
        orphan = exp.And(this=not_null(owner.copy()), expression=exp.Not(this=exp.Paren(this=known)))
        counts = [exp.Count(this=exp.Star()), _count_if(is_null(owner.copy())), _count_if(orphan)]
        if isinstance(kind, EventType):
            zone = next(iter(self._model.sites.values())).zone
            time = sources.event_time(rows, kind.name, zone)
            future = exp.GT(this=aware(time), expression=binder.bind(datetime.now(UTC)))
            counts += [_count_if(is_null(time.expr.copy())), _count_if(future)]
            if time.naive and kind.timezone is None:
                self._add("note", f"{rows.path}.time", "times have no zone and are read as UTC")
        query = exp.select(*(alias(c, f"n{i}") for i, c in enumerate(counts))).from_(rows.from_item())
        total, nobody, orphans, *times = self._ask(query, binder)
        self._add("note", rows.path, "rows", total, total)
        if total == 0:
            self._add("warning", rows.path, "there are no rows")
        if nobody:
            self._add("warning", f"{rows.path}.profile", "rows without a profile belong to nobody", nobody, total)
        if orphans:
            self._add(
                "warning", f"{rows.path}.profile", "orphans: their profile is not in the profile table", orphans, total
            )
        if times and times[0]:
            self._add("warning", f"{rows.path}.time", "rows without a time are never counted", times[0], total)
        if times and times[1]:
            self._add("warning", f"{rows.path}.time", "rows lie in the future and do not count yet", times[1], total)
        rounded = rounding(self._warehouse, kind.source.table, kind.profile)
        if rounded is not None:
            self._add("warning", f"{rows.path}.profile", rounded)
        self._fields(rows, kind.properties, "properties", kind.source.table)

    def _people_columns(self, sources: Sources) -> None:
        for section, listed in (("identifiers", self._model.identifiers), ("consents", self._model.consents)):
            for wanted, spec in listed.items():
                path = f"{section}.{wanted}"

                def look(spec: object = spec, path: str = path) -> None:
                    columns = self._warehouse.columns(spec.source, path)  # type: ignore[attr-defined]
                    column_type(columns, spec.profile, f"{path}.profile")  # type: ignore[attr-defined]
                    must_hold_one(columns, spec, path)  # type: ignore[arg-type]
                    if isinstance(spec, Consent):
                        must_tell(spec, self._warehouse)

                self._trying(look)


def _count_if(condition: Expr) -> Expr:
    return call("count_if", condition)


def _as_finding(error: EngineError) -> Finding:
    advice = f" {error.hint}" if error.hint else ""
    return Finding("error", error.path or "", f"{error.message}.{advice}")
