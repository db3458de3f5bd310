"""Builds the features of everybody into a file: one pass over each table of events for each block of people.

A block is as many people as the memory allows; those of a workstation are one or a few.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.domain.feature import Feature
from engine.domain.model import Site
from engine.durable import make_folder
from engine.errors import EngineError
from engine.jobs import Job
from engine.lookalike.planning import Plan, Policy, check_known, plan
from engine.lookalike.table import FeatureTable
from engine.sql.features import GONE, PEOPLE, FeatureSql
from engine.warehouses.protocol import Scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTES = 4
_COPIES = 4
"""What a block takes besides its own numbers while it is put together: DuckDB's groups, their columns, the file's."""
LEAST_BLOCK = 50_000
_LOOKED_AT = 500_000
"""Profiles whose values are counted to find the frequent ones."""


@dataclass(frozen=True)
class Building:
    """What features are built of. ``features`` are those of a model that is there already; without any they are planned
    anew."""

    sql: FeatureSql
    scratch: Scratch
    sites: tuple[Site, ...]
    consent: str | None
    gone: frozenset[str]
    hot: frozenset[tuple[str, str]]
    policy: Policy
    traits: bool
    features: tuple[Feature, ...]
    memory: int
    data: str
    as_of: str


def build(model: Any, what: Building, path: Path, job: Job | None = None) -> FeatureTable:
    """Build the features and keep them at a path; what was begun and not finished is no table."""
    return _Builder(model, what, path, job).built()


class _Builder:
    def __init__(self, model: Any, what: Building, path: Path, job: Job | None) -> None:
        self._model, self._what, self._path, self._job = model, what, path, job
        self._people = self._stage()

    def _stage(self) -> int:
        import pyarrow as pa

        what = self._what
        what.scratch.stage_keys(GONE, [(pa.array(sorted(what.gone), pa.string()), 0)])
        told = what.sql.people(what.sites, what.consent)
        what.scratch.stage(PEOPLE, told.sql, told.parameters, self._job)
        ((count,),) = what.scratch.rows(f"SELECT count(*) FROM temp.{PEOPLE}")  # noqa: S608 - our name
        if not count:
            if what.consent is not None:
                raise EngineError("refused", f'nobody agreed to "{what.consent}": there is nobody to learn from')
            raise EngineError("refused", "there is nobody to learn from")
        return int(count)

    def built(self) -> FeatureTable:
        from pyarrow import parquet

        what, made = self._what, self._plan()
        if not made.features:
            raise EngineError("refused", "the data model has nothing to learn from", hint="Give it traits or events.")
        make_folder(self._path.parent)
        fresh = self._path.with_name(f".{self._path.name}.new")
        means = self._means(made.features)
        size = max(LEAST_BLOCK, what.memory // (_COPIES * _BYTES * len(made.features)))
        schema, writer = _schema(len(made.features)), None
        try:
            writer = parquet.ParquetWriter(fresh, schema, compression="zstd", write_page_checksum=True)
            for first in range(0, self._people, size):
                past = min(first + size, self._people)
                self._report(0.1 + 0.85 * first / self._people, "counting what people did")
                self._write(writer, schema, first, self._block(made.features, means, first, past))
        finally:
            if writer is not None:
                writer.close()
        fresh.replace(self._path)
        found = FeatureTable(
            self._path, tuple(made.features), tuple(made.excluded), self._people, what.data, what.as_of
        )
        found.keep()
        return found

    def _report(self, share: float, step: str) -> None:
        if self._job is not None:
            self._job.report(share, step)

    def _plan(self) -> Plan:
        if self._what.features:
            check_known(self._model, self._what.features)
            return Plan(list(self._what.features))
        shares = max(1, self._people // _LOOKED_AT)

        def values(event: str | None, prop: str) -> list[tuple[str, int]]:
            told = self._what.sql.values(event, prop, shares)
            self._report(0.05, prop)
            return [(str(value), int(n)) for value, n in self._rows(told.sql, told.parameters)]

        return plan(self._model, values, self._what.hot, self._what.policy, traits=self._what.traits)

    def _rows(self, sql: str, parameters: Any) -> list[tuple[Any, ...]]:
        return self._what.scratch.rows(sql, parameters, self._job)

    def _means(self, features: Collection[Feature]) -> dict[Feature, dict[str, float]]:
        """The mean amount of each site, where amounts of several sites are compared."""
        found: dict[Feature, dict[str, float]] = {}
        for one in features:
            if one.money:
                told = self._what.sql.site_means(one.source, one.of or "")
                rows = self._rows(told.sql, told.parameters)
                found[one] = {str(site): float(mean) for site, mean in rows if mean}
        return found

    def _block(
        self, features: list[Feature], means: Mapping[Feature, Mapping[str, float]], first: int, past: int
    ) -> NDArray[Any]:
        """The features of a block: zero or missing where the passes say nothing."""
        import numpy as np

        found = np.full((past - first, len(features)), np.nan, dtype=np.float32, order="F")
        for place, one in enumerate(features):
            if one.zero:
                found[:, place] = 0
        mine = [(place, one) for place, one in enumerate(features) if not one.is_event]
        sql = self._what.sql
        if mine:
            told = sql.traits([one for _, one in mine], first, past)
            self._fill(found, first, [place for place, _ in mine], told.sql, told.parameters)
        names = sorted({one.source for one in features if one.is_event})
        for scan in sql.scans(names, self._what.sites):
            events = {event.name for event in scan.events}
            mine = [(place, one) for place, one in enumerate(features) if one.is_event and one.source in events]
            told = sql.counted(scan, [one for _, one in mine], first, past)
            self._fill(found, first, [place for place, _ in mine], told.sql, told.parameters)
        for place, one in enumerate(features):
            if one in means:
                found[:, place] /= self._per_person(means[one], first, past)
        return found

    def _fill(self, found: NDArray[Any], first: int, places: list[int], sql: str, parameters: Any) -> None:
        rows = self._what.scratch.table(sql, parameters, self._job)
        who = rows.column("n").to_numpy() - first
        for column, place in enumerate(places):
            found[who, place] = rows.column(f"f{column}").to_numpy()

    def _per_person(self, means: Mapping[str, float], first: int, past: int) -> NDArray[Any]:
        import numpy as np

        rows = self._people_table("site", first, past)
        sites = rows.to_pylist() if len(means) > 1 else []
        if not sites:
            return np.full(past - first, next(iter(means.values()), 1.0), dtype=np.float32)
        return np.array([means.get(one, 1.0) for one in sites], dtype=np.float32)

    def _people_table(self, column: str, first: int, past: int) -> Any:
        sql = f"SELECT {column}::VARCHAR AS x FROM temp.{PEOPLE} WHERE n >= $1 AND n < $2 ORDER BY n"  # noqa: S608
        return self._what.scratch.table(sql, [first, past], self._job).column("x")

    def _write(self, writer: Any, schema: Any, first: int, values: NDArray[Any]) -> None:
        import pyarrow as pa

        keys = self._people_table("key", first, first + len(values))
        columns = [keys, *(pa.array(values[:, place]) for place in range(values.shape[1]))]
        writer.write_table(pa.table(columns, schema=schema), row_group_size=len(values))


def _schema(count: int) -> Any:
    import pyarrow as pa

    return pa.schema([("key", pa.string()), *((f"f{place}", pa.float32()) for place in range(count))])
