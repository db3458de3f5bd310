"""What is kept of a source between runs: slices of hashed rows, and what tells whether they are still right.

Before anything is read, the rows that were read are counted and summed up (a hash of each one's values) over there: if
they are the same, nothing is read again. A source with a watermark may have more rows past it: only these are read. If
the rows up to the watermark are other ones than they were, everything is read anew.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from engine.domain.identity import RecordSource
from engine.durable import make_folder, sync_folder
from engine.errors import EngineError
from engine.jobs import Job
from engine.locks import holding
from engine.sql.build import Expr, alias, call, cast, column, conjunction, disjunction, is_null, number, word
from engine.warehouses.protocol import Warehouse

ROWS_AT_ONCE = 1_000_000
_STATE = "state.json"
_LOOK_AGAIN = 0.2
_MOST_ADDED = 500
"""Slices that may be added; then everything is read anew, and is in few again."""


@dataclass(frozen=True)
class Mark:
    """How far a source was read: ``begun`` tells one reading of all of it from another, ``added`` are the slices since,
    up to a value of the watermark (as text; None: no row had one)."""

    begun: str
    added: int
    upto: str | None


@dataclass(frozen=True)
class _State:
    """The mark with what it follows from: the slices at first and the watermark up to which they are, how many rows
    there are up to the mark and their sum, and the version that the warehouse gave its data."""

    mark: Mark
    parts: int
    first: str | None
    rows: int
    total: str
    version: str


@dataclass(frozen=True)
class Slice:
    """A file of hashed rows, and which rows these are (None: all)."""

    path: Path
    where: Expr | None


@dataclass(frozen=True)
class Growing:
    """A source and the folder that keeps it. ``rows`` is what is read from, as "r"; ``types`` are its columns'."""

    source: RecordSource
    rows: exp.Subquery
    types: Mapping[str, str]
    warehouse: Warehouse
    folder: Path

    @contextmanager
    def alone(self, job: Job | None) -> Iterator[None]:
        """Nobody else adds slices meanwhile: another process that tries what a rule would do is waited for."""
        make_folder(self.folder.parent)
        lock = self.folder.with_suffix(".lock")
        while True:
            with ExitStack() as held:
                try:
                    held.enter_context(holding(lock, "convoke identity", "refused", "records are being read"))
                except EngineError:
                    if job is not None:
                        job.check()
                    time.sleep(_LOOK_AGAIN)
                    continue
                yield
                return

    def slices(self, job: Job | None) -> Iterator[Slice]:
        """Every slice. Whoever takes one has read it, if it was missing, before they ask for the next."""
        state = self._checked(job)
        if state is None or state.mark.added >= _MOST_ADDED:
            state = self._begun(job)
        for part in range(state.parts):
            yield Slice(self.folder / f"{part}-of-{state.parts}.npz", self._part(state, part))
        for part in range(state.mark.added):
            yield Slice(self._added(part), None)
        yield from self._fresh(state, job)

    def grown(self, mark: Mark, job: Job | None) -> Iterator[Slice] | None:
        """The slices that came since a mark; None when everything was or is to be read anew."""
        state = self._checked(job)
        if state is None or state.mark.begun != mark.begun or state.mark.added >= _MOST_ADDED:
            return None
        return self._since(state, mark, job)

    def _since(self, state: _State, mark: Mark, job: Job | None) -> Iterator[Slice]:
        for part in range(mark.added, state.mark.added):
            yield Slice(self._added(part), None)
        yield from self._fresh(state, job)

    def mark(self) -> Mark:
        """How far it was read."""
        state = self._known()
        if state is None:
            raise ValueError("nothing was read yet")
        return state.mark

    def past(self, mark: Mark) -> Expr | None:
        """Which rows came since a mark."""
        if self.source.watermark is None:
            return None
        if mark.upto is None:
            return exp.Not(this=is_null(self._watermark()))
        return exp.GT(this=self._watermark(), expression=self._value(mark.upto))

    def _fresh(self, state: _State, job: Job | None) -> Iterator[Slice]:
        """The slice of rows past the watermark, if there are any."""
        version = self.warehouse.source_version(self.source.source)
        if state.version == version:
            return
        upto = self._newest(self.past(state.mark), job) if self.source.watermark is not None else None
        if upto is not None:
            path = self._added(state.mark.added)
            path.unlink(missing_ok=True)  # what a run left that did not come to an end: it may have had fewer rows
            until = exp.LTE(this=self._watermark(), expression=self._value(upto))
            past = self.past(state.mark)
            yield Slice(path, until if past is None else conjunction([past, until]))
            rows, total = self._seen(upto, job)
            mark = replace(state.mark, added=state.mark.added + 1, upto=upto)
            state = replace(state, mark=mark, rows=rows, total=total)
        self._keep(replace(state, version=version))

    def _checked(self, job: Job | None) -> _State | None:
        """What is known, if the rows up to the mark are as they were."""
        state = self._known()
        if state is None or state.version == self.warehouse.source_version(self.source.source):
            return state
        return state if self._seen(state.mark.upto, job) == (state.rows, state.total) else None

    def _begun(self, job: Job | None) -> _State:
        """Forget what was read, and begin with the rows that are there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(0o700, parents=True)
        version = self.warehouse.source_version(self.source.source)
        upto = None if self.source.watermark is None else self._newest(None, job)
        rows, total = self._seen(upto, job)
        mark = Mark(f"{rows}:{total}", 0, upto)
        state = _State(mark, max(1, -(-rows // ROWS_AT_ONCE)), upto, rows, total, version)
        self._keep(state)
        return state

    def _known(self) -> _State | None:
        try:
            kept = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            state = _State(Mark(**kept.pop("mark")), **kept)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return state if all(self._added(part).exists() for part in range(state.mark.added)) else None

    def _keep(self, state: _State) -> None:
        fresh = self.folder / f"{_STATE}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(state), sort_keys=True))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.folder / _STATE)
        sync_folder(self.folder)

    def _added(self, part: int) -> Path:
        return self.folder / f"more-{part}.npz"

    # -- conditions ----------------------------------------------------------------------------------------------------

    def _watermark(self) -> Expr:
        return column(self.source.watermark or "", "r")

    def _value(self, given: str) -> Expr:
        lower = {name.lower(): kind for name, kind in self.types.items()}
        return cast(word(given), lower[(self.source.watermark or "").lower()])

    def _upto(self, upto: str | None) -> Expr | None:
        """Rows up to a mark; those without a watermark were always there."""
        if self.source.watermark is None:
            return None
        none = is_null(self._watermark())
        if upto is None:
            return none
        return disjunction([none, exp.LTE(this=self._watermark(), expression=self._value(upto))])

    def _part(self, state: _State, part: int) -> Expr | None:
        conditions = [] if (upto := self._upto(state.first)) is None else [upto]
        if state.parts > 1:
            column_ = next(iter(self.source.identifiers.values()))[0]
            share = exp.Mod(this=call("hash", cast(column(column_, "r"), "VARCHAR")), expression=number(state.parts))
            conditions.append(exp.EQ(this=share, expression=number(part)))
        return conjunction(conditions) if conditions else None

    def _seen(self, upto: str | None, job: Job | None) -> tuple[int, str]:
        """How many rows there are up to a mark, and the sum of a hash of each one's values."""
        names = dict.fromkeys(name for some in self.source.identifiers.values() for name in some)
        names |= dict.fromkeys(name for name in (self.source.time, self.source.watermark) if name is not None)
        value = call("hash", *(column(name, "r") for name in names))
        total = cast(call("coalesce", call("sum", value), number(0)), "VARCHAR")
        rows, found = self._asked(
            [alias(exp.Count(this=exp.Star()), "n"), alias(total, "total")], self._upto(upto), job
        )
        return int(rows), str(found)

    def _newest(self, where: Expr | None, job: Job | None) -> str | None:
        found = self._asked([alias(cast(call("max", self._watermark()), "VARCHAR"), "newest")], where, job)[0]
        return None if found is None else str(found)

    def _asked(self, columns: Sequence[Expr], where: Expr | None, job: Job | None) -> tuple[Any, ...]:
        query = exp.select(*columns).from_(self.rows.copy())
        query = query if where is None else query.where(where)
        return self.warehouse.rows(query.sql(dialect="duckdb"), (), job)[0]
