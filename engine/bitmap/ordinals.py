"""The ordinal dictionary of a site: every profile key ever seen has one 32-bit number, for good.

Append-only: new profiles get new ordinals, a vanished profile keeps its own (it is masked by not being in "everyone").
Integer keys that lie close together are runs, whose ordinals are arithmetic and take no room; other keys are listed
in Arrow files with a checksum. When such a file is lost or corrupt the site's ordinals begin anew in a new epoch, and
bitmaps of older epochs are never mixed with newer ones.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.bitmap.bits import Ordinals
from engine.durable import make_folder, sync_folder
from engine.errors import EngineError
from engine.jobs import Job
from engine.sql.ordinals import KeyRun, OrdinalMap
from engine.sql.shared import Scans
from engine.store.ordinals import OrdinalSegments, Segment
from engine.warehouses.protocol import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable

SPARSE_UP_TO = 8
"""Integer keys become a run when they fill at least one in this many places."""
ERASED = "erased:"
"""What a key begins with, before its ordinal, that took the place of somebody's who was erased."""
_ROOM = 1 << 16
_MOST = 1 << 32


class CorruptKeys(EngineError):
    """A key file is missing or not what was written; the dictionary must begin anew."""

    def __init__(self, site: str, file: str) -> None:
        super().__init__(
            "bitmaps", f'the ordinals of the site "{site}" are lost: {file} is missing or corrupt', hint="Run again."
        )


class OtherKeys(CorruptKeys):
    """The keys are of another type than those that were numbered."""

    def __init__(self, site: str) -> None:
        super().__init__(site, "the keys' type")


class SiteOrdinals:
    """The dictionary of one site, brought up to date with the warehouse by :meth:`update`."""

    def __init__(self, site: str, segments: OrdinalSegments, folder: Path) -> None:
        self.site = site
        self.epoch = segments.epoch(site)
        self._store = segments
        self._folder = folder
        self._segments = segments.of(site)
        self._keys: dict[str, Any] = {}
        self._staged: tuple[int, str] | None = None

    @property
    def capacity(self) -> int:
        """One more than the greatest ordinal given out."""
        return self._segments[-1].end if self._segments else 0

    @property
    def listed(self) -> int:
        """How many keys are listed, rather than reckoned."""
        return sum(segment.count for segment in self._segments if segment.first_key is None)

    def update(
        self, scans_for: Callable[[OrdinalMap], Scans], scratch: Scratch, *, integer: bool, job: Job | None = None
    ) -> OrdinalMap:
        """Give every profile of the site an ordinal; the map that scans need. Raises OtherKeys when the profiles' keys
        are no longer of the type that was numbered (another warehouse, or persons in place of profiles)."""
        if self._segments and self._are_integers() != integer:
            raise OtherKeys(self.site)
        if integer and self._covered_by_runs(scans_for, scratch, job):
            return self._map(scratch)
        current = self._map(scratch)
        statement = scans_for(current).unnumbered()
        keys = scratch.table(statement.sql, statement.parameters, job).column("key").combine_chunks()
        if len(keys):
            self._append(keys, integer=integer)
            current = self._map(scratch)
        return current

    def keys_of(self, ordinals: Ordinals) -> NDArray[Any]:
        """The keys of ordinals, in the same order: integers, or text as objects."""
        if len(self._segments) == 1 and self._segments[0].first_key is not None:
            return ordinals.astype(np.int64) + (self._segments[0].first_key - self._segments[0].first_ordinal)
        parts = []
        edges = np.searchsorted(ordinals, [s.first_ordinal for s in self._segments] + [self.capacity])
        for segment, low, high in zip(self._segments, edges[:-1], edges[1:], strict=True):
            offsets = ordinals[low:high].astype(np.int64) - segment.first_ordinal
            if segment.first_key is not None:
                parts.append(offsets + segment.first_key)
            elif len(offsets):
                parts.append(self._listed(segment).take(offsets).to_numpy(zero_copy_only=False))
        return np.concatenate(parts) if parts else np.array([], dtype=np.int64)

    def numbers_of(self, keys: Any) -> NDArray[np.int64]:
        """The ordinals of distinct keys (an Arrow array of integers or text), -1 for those that have none."""
        import pyarrow.compute as pc

        found = np.full(len(keys), -1, dtype=np.int64)
        for segment in self._segments:
            if segment.first_key is not None:
                values = keys.to_numpy(zero_copy_only=False)
                inside = (values >= segment.first_key) & (values < segment.first_key + segment.count)
                found[inside] = values[inside] - segment.first_key + segment.first_ordinal
                continue
            places = pc.index_in(self._listed(segment), value_set=keys)
            there = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
            found[places.drop_null().to_numpy(zero_copy_only=False)] = there + segment.first_ordinal
        return found

    def number(self, keys: Any) -> None:
        """Give ordinals to distinct keys that have none, without looking at any other profile. A few go to the last
        file of keys, so that very many such calls leave few files."""
        import pyarrow as pa

        if not self._segments or self._are_integers() != pa.types.is_integer(keys.type):
            raise OtherKeys(self.site)
        last = self._segments[-1]
        if last.first_key is not None or last.count + len(keys) > _ROOM:
            self._append(keys, integer=pa.types.is_integer(keys.type))
            return
        former = last.file or ""
        listed = pa.concat_arrays([self._listed(last), keys])
        name = self._file_name(len(self._segments) - 1, f"{len(listed)}")
        fresh = replace(last, count=len(listed), file=name, sha256=_write_keys(self._folder / name, listed))
        self._store.grow(self.site, len(self._segments) - 1, former, fresh)
        self._segments[-1], self._keys[name] = fresh, listed
        self._keys.pop(former, None)
        with suppress(OSError):  # Windows keeps a file that is open
            (self._folder / former).unlink()

    def holding(self, keys: Collection[str]) -> int:
        """How many of some keys are listed."""
        return sum(int(there.sum()) for _, _, there in self._places(keys))

    def erase(self, keys: Collection[str]) -> None:
        """Put something else in the place of keys of people who were erased: their ordinals stay, and lead nowhere."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for number, segment, there in self._places(keys):
            listed, ordinals = self._listed(segment), np.flatnonzero(there) + segment.first_ordinal
            instead = pa.array([f"{ERASED}{one}" for one in ordinals.tolist()], listed.type)
            which = hashlib.sha256(there.tobytes()).hexdigest()[:12]
            former, name = segment.file or "", self._file_name(number, which)
            kept = pc.replace_with_mask(listed, pa.array(there), instead)
            fresh = replace(segment, file=name, sha256=_write_keys(self._folder / name, kept))
            self._store.replace(self.site, number, former, fresh)
            self._segments[number] = fresh
            self._keys.pop(former, None)
            with suppress(OSError):  # Windows keeps a file that is open
                (self._folder / former).unlink()

    def _places(self, keys: Collection[str]) -> Iterator[tuple[int, Segment, NDArray[np.bool_]]]:
        """(number, segment, where in it some of the keys are) for segments of texts that list any."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for number, segment in enumerate(self._segments):
            if segment.first_key is None and pa.types.is_string(self._listed(segment).type):
                found = pc.is_in(self._listed(segment), pa.array(sorted(keys), pa.string()))
                there = found.to_numpy(zero_copy_only=False)
                if there.any():
                    yield number, segment, there

    # -- segments --------------------------------------------------------------------------------------------------

    def _are_integers(self) -> bool:
        import pyarrow as pa

        first = self._segments[0]
        return first.first_key is not None or bool(pa.types.is_integer(self._listed(first).type))

    def _covered_by_runs(self, scans_for: Callable[[OrdinalMap], Scans], scratch: Scratch, job: Job | None) -> bool:
        """Whether runs hold every key, adding a run where the new keys lie close together."""
        if any(segment.first_key is None for segment in self._segments):
            return False
        statement = scans_for(OrdinalMap()).key_range()
        count, low, high = scratch.rows(statement.sql, statement.parameters, job)[0]
        if not count:
            return True
        if not self._segments:
            if high - low + 1 <= SPARSE_UP_TO * count + _ROOM:
                self._add(Segment(0, high - low + 1, first_key=low))
                return True
            return False
        runs = sorted((s.first_key or 0, (s.first_key or 0) + s.count - 1) for s in self._segments)
        adjoining = all(after[0] == before[1] + 1 for before, after in pairwise(runs))
        lowest, highest = runs[0][0], runs[-1][1]
        if not adjoining or max(high, highest) - min(low, lowest) + 1 > SPARSE_UP_TO * count + _ROOM:
            return adjoining and lowest <= low and high <= highest
        if high > highest:
            self._add(Segment(self.capacity, high - highest, first_key=highest + 1))
        if low < lowest:
            self._add(Segment(self.capacity, lowest - low, first_key=low))
        return True

    def _append(self, keys: Any, *, integer: bool) -> None:
        """List new keys, sorted, in a file of their own."""
        import pyarrow as pa

        first = self.capacity
        keys = keys.cast(pa.int64() if integer else pa.string())
        name = self._file_name(len(self._segments))
        path = self._folder / name
        sha256 = _write_keys(path, keys)
        self._add(Segment(first, len(keys), file=name, sha256=sha256))
        self._keys[name] = keys

    def _file_name(self, number: int, again: str = "") -> str:
        return f"{named_for(self.site)}-{self.epoch}-{number}{'-' + again if again else ''}.arrow"

    def _add(self, segment: Segment) -> None:
        if segment.end > _MOST:
            raise EngineError(
                "bitmaps",
                f'the site "{self.site}" has had more than {_MOST:,} profile keys',
                hint="Split it into several sites.",
            )
        self._store.add(self.site, len(self._segments), segment)
        self._segments.append(segment)

    def _listed(self, segment: Segment) -> Any:
        name = segment.file or ""
        if name not in self._keys:
            current = segment
            if not (self._folder / name).exists():  # another process erased somebody meanwhile
                held = [one for one in self._store.of(self.site) if one.first_ordinal == segment.first_ordinal]
                current = held[0] if held else segment
            self._keys[name] = _read_keys(self._folder / (current.file or ""), current.sha256 or "", self.site)
        return self._keys[name]

    # -- in the warehouse ------------------------------------------------------------------------------------------

    def _map(self, scratch: Scratch) -> OrdinalMap:
        runs = tuple(
            KeyRun(s.first_key, s.first_key + s.count - 1, s.first_ordinal)
            for s in self._segments
            if s.first_key is not None
        )
        return OrdinalMap(_joined(runs), self._stage(scratch))

    def _stage(self, scratch: Scratch) -> str | None:
        """The scratch table of listed keys; made again when segments were added."""
        listed = [segment for segment in self._segments if segment.first_key is None]
        if not listed:
            return None
        if self._staged is not None and self._staged[0] == len(self._segments):
            return self._staged[1]
        table = f"ordinals_{named_for(self.site)}"
        scratch.stage_keys(table, self._batches(listed))
        self._staged = (len(self._segments), table)
        return table

    def _batches(self, listed: Sequence[Segment]) -> Iterator[tuple[Any, int]]:
        for segment in listed:
            yield self._listed(segment), segment.first_ordinal

    def unstage(self, scratch: Scratch) -> None:
        """Forget the scratch table, so that the next site has the memory."""
        if self._staged is not None:
            scratch.drop(self._staged[1])
            self._staged = None


def named_for(site: str) -> str:
    """What files and tables of a site's ordinals have in their names."""
    return hashlib.sha256(site.encode()).hexdigest()[:12]


def _joined(runs: tuple[KeyRun, ...]) -> tuple[KeyRun, ...]:
    """Runs whose keys and ordinals both continue become one."""
    result: list[KeyRun] = []
    for run in sorted(runs, key=lambda r: r.first_key):
        last = result[-1] if result else None
        if (
            last is not None
            and run.first_key == last.last_key + 1
            and run.first_ordinal - run.first_key == last.first_ordinal - last.first_key
        ):
            result[-1] = KeyRun(last.first_key, run.last_key, last.first_ordinal)
        else:
            result.append(run)
    return tuple(result)


def _write_keys(path: Path, keys: Any) -> str:
    """Write keys as an Arrow file, safely on disk before it gets its name; the checksum."""
    import pyarrow as pa

    fresh = path.with_name(f".{path.name}.new")
    try:
        make_folder(path.parent)
        with pa.OSFile(str(fresh), "wb") as sink, pa.ipc.new_file(sink, pa.schema([("key", keys.type)])) as writer:
            writer.write_table(pa.table({"key": keys}))
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        os.replace(fresh, path)
        sync_folder(path.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise unwritable(path, error) from None
    return sha256


def _read_keys(path: Path, sha256: str, site: str) -> Any:
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            sound = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        sound = False
    if not sound:
        raise CorruptKeys(site, path.name)
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all().column("key").combine_chunks()


def unwritable(path: Path, error: OSError) -> EngineError:
    """What a failed write means: which file, why, and that nothing was recorded."""
    reason = (error.strerror or "unknown").lower()
    return EngineError(
        "bitmaps", f"{path} cannot be written: {reason}", hint="Make room or check permissions; nothing was recorded."
    )
