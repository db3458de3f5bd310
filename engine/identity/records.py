"""Records of the warehouse, hashed: read slice by slice, normalised, and kept as nothing but keyed hashes.

What was hashed stays in a folder until its source changes, so that another run reads only what changed, and one that
died goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from engine.domain.canonical import canonical_json
from engine.domain.identity import PROFILE, PROFILES, IdentityDocument, Kind, RecordSource
from engine.domain.model import DataModel
from engine.domain.unusable import Reading, Unusable
from engine.durable import sync_folder
from engine.errors import EngineError
from engine.identity.arrays import U64, Ints
from engine.identity.growing import Growing, Mark, Slice
from engine.identity.linking import NO_TIME, NONE
from engine.identity.values import FORM, REASONS, Cleaner, Hasher
from engine.jobs import Job
from engine.sql.build import Expr, alias, call, cast, column, number
from engine.sql.sources import relation
from engine.warehouses.protocol import Warehouse

_JOINED = "\x1e"


@dataclass(frozen=True)
class Hashed:
    """A slice of records: by kind (its place in the document) the two halves of each one's hash (0 and 0: none)."""

    source: int
    high: Mapping[int, U64]
    low: Mapping[int, U64]
    times: Ints
    former: Mapping[int, tuple[U64, U64]] = field(default_factory=dict)
    """The halves by the former pepper, while it is rotated."""
    counts: Mapping[int, Ints] = field(default_factory=dict)
    """How many values there are, and how many are unusable by each reason (see ``Column``)."""


def sources_of(document: IdentityDocument, model: DataModel) -> tuple[RecordSource, ...]:
    """The document's sources, or those of the model's identifiers; the profiles themselves always, as the document's
    source of that name says."""
    profiles = RecordSource(PROFILES, model.profile.source, {PROFILE: (model.profile.key,)})
    if any(one.name == PROFILES for one in document.sources):
        return document.sources
    if document.sources:
        return (profiles, *document.sources)
    found = []
    for name, one in model.identifiers.items():
        kind = next((wanted for wanted in (name, one.kind) if document.kind(wanted) is not None), None)
        if kind is not None:
            columns = {PROFILE: (one.profile,), kind: (one.column,)}
            found.append(RecordSource(name, one.source, columns))
    if not found:
        raise EngineError(
            "document",
            "neither the identity document nor the model says where identifiers are",
            "sources",
            "Write sources, or name a kind as an identifier of the model is named.",
        )
    return (profiles, *found)


def must_fit(document: IdentityDocument, model: DataModel, warehouse: Warehouse) -> None:
    """Raise when a source names a table or column that is not there."""
    for source in sources_of(document, model):
        path = f"sources.{source.name}"
        _must_be_there(source, warehouse.columns(source.source, path), path)


class Records:
    """The records of all sources. ``folder`` keeps what was hashed. With a ``former`` hasher everything is read anew
    and hashed by both. ``keep``: what was hashed for other documents stays."""

    def __init__(
        self,
        document: IdentityDocument,
        model: DataModel,
        warehouse: Warehouse,
        hasher: Hasher,
        folder: Path,
        former: Hasher | None = None,
        *,
        keep: bool = False,
    ) -> None:
        self._former, self._keep_all = former, keep
        self._document, self._warehouse, self._hasher, self._folder = document, warehouse, hasher, folder
        self.sources = sources_of(document, model)
        self.read = 0
        """Slices that were read anew."""
        self._counts: dict[int, Ints] = {}

    def slices(self, job: Job | None = None) -> Iterator[Hashed]:
        """Every record. What did not change since it was hashed is not read."""
        used = {self._folder_of(place).name for place in range(len(self.sources))}
        for place in range(len(self.sources)):
            growing = self._growing(place)
            with growing.alone(job):
                yield from self._hashed_of(place, growing.slices(job), job)
        for old in self._folder.iterdir():
            if old.name not in used and not self._keep_all:
                shutil.rmtree(old, ignore_errors=True)

    def unusable(self) -> dict[str, dict[str, int]]:
        """Of the slices that were given out: by kind how many values there were (``values``) and how many of them are
        unusable, by reason."""
        names = ("values", *(one.value for one in REASONS))
        found = {}
        for place, counts in sorted(self._counts.items()):
            some = {name: int(count) for name, count in zip(names, counts.tolist(), strict=True)}
            found[self._document.kinds[place].name] = {
                name: count for name, count in some.items() if count or name == "values"
            }
        return found

    def _count(self, found: Hashed) -> None:
        for place, counts in found.counts.items():
            self._counts[place] = self._counts[place] + counts if place in self._counts else counts

    def marks(self) -> dict[str, Mark]:
        """How far each source was read, by the name of what is kept of it."""
        return {self._folder_of(place).name: self._growing(place).mark() for place in range(len(self.sources))}

    def grown(self, since: Mapping[str, Mark], job: Job | None = None) -> list[Hashed] | None:
        """The records that came since some marks; None when that cannot be told without reading everything."""
        growing = [self._growing(place) for place in range(len(self.sources))]
        if set(since) != {one.folder.name for one in growing}:
            return None
        found: list[Hashed] = []
        for place, one in enumerate(growing):
            with one.alone(job):
                more = one.grown(since[one.folder.name], job)
                if more is None:
                    return None
                found.extend(self._hashed_of(place, more, job))
        return found

    def keys_since(self, since: Mapping[str, Mark], job: Job | None = None) -> list[str]:
        """The keys, as they are written, of profiles that came since some marks."""
        place = next(place for place, source in enumerate(self.sources) if source.name == PROFILES)
        growing = self._growing(place)
        past = growing.past(since[growing.folder.name])
        if past is None:
            return []
        key = cast(column(growing.source.identifiers[PROFILE][0], "r"), "VARCHAR")
        query = exp.select(alias(key, "key")).distinct().from_(growing.rows.copy()).where(past)
        return sorted(
            str(key) for (key,) in self._warehouse.rows(query.sql(dialect="duckdb"), (), job) if key is not None
        )

    def _folder_of(self, place: int) -> Path:
        return self._folder / f"{place:02d}-{self._fingerprint(self.sources[place])}"

    def _growing(self, place: int) -> Growing:
        source = self.sources[place]
        path = f"sources.{source.name}"
        rows = exp.Subquery(
            this=relation(source.source, self._warehouse, path), alias=exp.TableAlias(this=exp.to_identifier("r"))
        )
        columns = self._warehouse.columns(source.source, path)
        _must_be_there(source, columns, path)
        return Growing(source, rows, columns, self._warehouse, self._folder_of(place))

    def _fingerprint(self, source: RecordSource) -> str:
        """Changes when the meaning of rows or the pepper does."""
        kinds = [self._document.kind(name) for name in source.identifiers]
        about = {
            "source": [source.source.table, source.source.sql, source.source.where, source.time, source.watermark],
            "columns": {name: list(columns) for name, columns in source.identifiers.items()},
            "kinds": [[one.name, one.normaliser, one.country, list(one.blocked)] for one in kinds if one is not None],
            "order": [one.name for one in self._document.kinds],
            "pepper": self._hasher.fingerprint,
            "form": FORM,
            **({} if source.country is None else {"country": source.country}),
        }
        return hashlib.sha256(canonical_json(about).encode()).hexdigest()[:24]

    def _hashed_of(self, place: int, slices: Iterator[Slice], job: Job | None) -> Iterator[Hashed]:
        source, rows = self.sources[place], self._growing(place).rows
        for one in slices:
            former: dict[int, tuple[U64, U64]] = {}
            if self._former is not None or not one.path.exists():
                table = self._fetch(source, rows, one.where, job)
                self._keep(one.path, {"at": _times(table), **_flat(self._hashed(table, source, self._hasher))})
                self.read += 1
                if self._former is not None:
                    columns = self._hashed(table, source, self._former)
                    former = {kind: (one.high, one.low) for kind, one in columns.items()}
            found = _loaded(one.path, place, former)
            self._count(found)
            yield found
            if job is not None:
                job.report((place + 0.5) / len(self.sources), "reading")

    def _fetch(self, source: RecordSource, rows: exp.Subquery, where: Expr | None, job: Job | None) -> Any:
        query = exp.select().from_(rows.copy())
        for at, columns in enumerate(source.identifiers.values()):
            for i, one in enumerate(columns):
                query = query.select(alias(cast(column(one, "r"), "VARCHAR"), f"v{at}_{i}"))
        query = query.select(alias(_moment(source), "at"))
        if where is not None:
            query = query.where(where)
        scratch = self._warehouse.scratch()
        try:
            return scratch.table(query.sql(dialect="duckdb"), (), job)
        finally:
            scratch.close()

    def _hashed(self, table: Any, source: RecordSource, hasher: Hasher) -> dict[int, Column]:
        """The columns by the places of kinds."""
        found: dict[int, Column] = {}
        for at, (name, columns) in enumerate(source.identifiers.items()):
            kind = self._document.kind(name)
            assert kind is not None  # noqa: S101 - the codec has seen to it
            place = self._document.kinds.index(kind)
            parts = [table.column(f"v{at}_{i}").combine_chunks() for i in range(len(columns))]
            here = replace(kind, country=source.country or kind.country)
            found[place] = read_column(parts, here, hasher)
        return found

    @staticmethod
    def _keep(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        sync_folder(path.parent)


@dataclass(frozen=True)
class Column:
    """The halves of the hashes of a column (0 and 0: none), and how many of its values there are: at 0 those that are
    there at all, behind it those of every reason why one is unusable."""

    high: U64
    low: U64
    counts: Ints


def read_column(parts: Sequence[Any], kind: Kind, hasher: Hasher) -> Column:
    """A column, or several that are one value together (Arrow arrays of text)."""
    cleaner = Cleaner(kind.normaliser, kind.country, kind.blocked)
    if len(parts) == 1:
        encoded = parts[0].dictionary_encode()
        found = cleaner.readings(encoded.dictionary.to_pylist())
        places = np.asarray(encoded.indices.fill_null(len(found)))
    else:
        columns = [cleaner.readings(part.to_pylist()) for part in parts]
        found = [_together(row) for row in zip(*columns, strict=True)]
        places = np.arange(len(found))
    normal = [one if isinstance(one, str) else None for one in found]
    digests = b"".join(hasher.hashed(kind.name, [one for one in normal if one is not None]))
    halves = np.frombuffer(digests, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    there = np.fromiter((one is not None for one in [*normal, None]), dtype=bool, count=len(normal) + 1)
    both = np.zeros((len(normal) + 1, 2), dtype=np.uint64)
    both[there] = halves
    both[(both[:, 0] == NONE) & there, 0] = np.uint64(1)  # 0 is nobody's
    return Column(both[places, 0], both[places, 1], _counts(found, places))


def hashed_column(parts: Sequence[Any], kind: Kind, hasher: Hasher) -> tuple[U64, U64]:
    """The halves of the hashes of a column, or of several that are one value together (Arrow arrays of text)."""
    column_ = read_column(parts, kind, hasher)
    return column_.high, column_.low


def _together(row: Sequence[Reading | None]) -> Reading | None:
    """The values of several columns as one: none where one is missing, unusable where one is."""
    if None in row:
        return None
    return next((one for one in row if isinstance(one, Unusable)), _JOINED.join(map(str, row)))


def _counts(found: Sequence[Reading | None], places: NDArray[Any]) -> Ints:
    """How many values are there, and how many are unusable by each reason."""
    codes: dict[Unusable, int] = {reason: at for at, reason in enumerate(REASONS, 2)}
    of_each = (0 if one is None else 1 if isinstance(one, str) else codes[one] for one in [*found, None])
    code = np.fromiter(of_each, dtype=np.int64, count=len(found) + 1)
    counted = np.bincount(code[places], minlength=len(REASONS) + 2)
    counts: Ints = np.append(counted[1:].sum(), counted[2:]).astype(np.int64)
    return counts


def _times(table: Any) -> Ints:
    return np.asarray(table.column("at").combine_chunks(), dtype=np.int64)


def _flat(columns: Mapping[int, Column]) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for place, one in columns.items():
        found[f"high{place}"], found[f"low{place}"], found[f"counts{place}"] = one.high, one.low, one.counts
    return found


def _loaded(path: Path, source: int, former: Mapping[int, tuple[U64, U64]]) -> Hashed:
    with np.load(path) as kept:
        places = [int(name[4:]) for name in kept.files if name.startswith("high")]
        return Hashed(
            source,
            {place: kept[f"high{place}"] for place in places},
            {place: kept[f"low{place}"] for place in places},
            kept["at"].astype(np.int64),
            former,
            {place: kept[f"counts{place}"] for place in places},
        )


def _moment(source: RecordSource) -> Expr:
    """Seconds since 1970; a record without a time has the smallest number."""
    none = cast(number(int(NO_TIME)), "BIGINT")
    if source.time is None:
        return none
    seconds = call("epoch_us", cast(column(source.time, "r"), "TIMESTAMP"))
    return call("coalesce", exp.IntDiv(this=seconds, expression=number(1_000_000)), none)


def _must_be_there(source: RecordSource, columns: Mapping[str, str], path: str) -> None:
    lower = {name.lower() for name in columns}
    named = [(f"identifiers.{kind}", one) for kind, some in source.identifiers.items() for one in some]
    named += [(key, one) for key, one in (("time", source.time), ("watermark", source.watermark)) if one is not None]
    for part, one in named:
        if one.lower() not in lower:
            raise EngineError(
                "model_mismatch", f'there is no column "{one}"', f"{path}.{part}", f"There are: {', '.join(columns)}."
            )
