"""Windows that slide: the next run reads only the rows that entered them and those that left.

For conditions that count an event in the last N days, a run keeps a counter a profile (and constant). When the data
did not change since, or a digest proves that the rows of the old window did not, the counter is moved: plus the rows
between the old as_of and the new, minus those the window left behind, plus all rows of profiles that are new. Late,
changed or deleted rows inside the old window change its digest; then it is counted anew, and the report says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.bitmap.bits import from_sorted
from engine.bitmap.counters import Counts, joined, read_counts, write_counts
from engine.bitmap.identity import in_where
from engine.bitmap.library import ProfileSet
from engine.bitmap.planner import CountGroup
from engine.bitmap.reading import BYTES_A_GROUP, Scan, SiteReader
from engine.domain.canonical import canonical, canonical_json
from engine.domain.documents import iso
from engine.domain.rule import Did, Has, Measure
from engine.domain.windows import Last, bounds
from engine.sql.counting import Constants, CountScans
from engine.sql.events import holds_when_empty
from engine.store.counters import CounterIndex, Facts, StoredCounter

Window = tuple[datetime | None, datetime]


@dataclass(frozen=True)
class SlidingPart:
    """The tests of a group that count the same rows in windows that slide with as_of."""

    node: Did
    tests: tuple[tuple[int, Did], ...]


@dataclass(frozen=True)
class Keeping:
    """Where counters are kept and what makes them those of this site, model and data."""

    index: CounterIndex
    folder: Path
    head: bytes
    site: str
    run: int
    as_of: datetime
    capacity: int
    source_version: str


def slidable(node: Did | Has) -> bool:
    """Whether a condition counts rows in a window whose length in seconds never changes."""
    if not isinstance(node, Did) or node.measure.kind != "times" or in_where(node.where):
        return False
    return node.window is None or (isinstance(node.window, Last) and node.window.duration.exact is not None)


def split(group: CountGroup) -> tuple[list[SlidingPart], CountGroup | None]:
    """The tests of a group that slide, by what they ask of a row, and the rest of the group."""
    parts: dict[str, list[tuple[int, Did]]] = {}
    rest: set[int] = set()
    for number, node in enumerate(group.tests):
        if isinstance(node, Did) and slidable(node):
            parts.setdefault(_asked(node), []).append((number, node))
        else:
            rest.add(number)
    left = None
    if rest:
        left = replace(group, wanted=tuple(triple for triple in group.wanted if triple[1] in rest))
    return [SlidingPart(_bare(tests[0][1]), tuple(tests)) for tests in parts.values()], left


def _bare(node: Did) -> Did:
    return replace(node, window=None, measure=Measure())


def _asked(node: Did) -> str:
    return canonical_json(canonical(_bare(node)))


class Slider:
    """Counts, moves and keeps the counters of one group's sliding tests."""

    def __init__(self, counting: CountScans, reader: SiteReader, keeping: Keeping, zone: Any) -> None:
        self._counting = counting
        self._reader = reader
        self._keeping = keeping
        self._zone = zone

    def sets(self, group: CountGroup, part: SlidingPart, scan: Scan) -> Iterator[tuple[int, ProfileSet]]:
        """The conditions of the sliding tests, window by window, so that one counter is in memory at a time."""
        numbers = {number for number, _ in part.tests}
        wanted = [triple for triple in group.wanted if triple[1] in numbers]
        tests = dict(part.tests)
        windows: dict[Window, list[tuple[int, int, int]]] = {}
        for triple in wanted:
            windows.setdefault(self._window(tests[triple[1]]), []).append(triple)
        fresh: list[Window] = []
        for window, triples in windows.items():
            moved = self._moved(group, part, window, scan)
            if moved is None:
                fresh.append(window)
                continue
            yield from self._passing(group, tests, triples, *moved)
        if fresh:
            built = self._built(group, part, fresh, group.constants, scan)
            for window, counts in zip(fresh, built, strict=True):
                yield from self._passing(group, tests, windows[window], counts, group.constants)

    def knows(self, group: CountGroup, part: SlidingPart) -> bool:
        """Whether any counter of these tests is kept."""
        windows = {self._window(node) for _, node in part.tests}
        return any(self._keeping.index.get(self._key(group, part, window)) is not None for window in windows)

    def _window(self, node: Did) -> Window:
        return bounds(node.window, self._keeping.as_of, self._zone)

    def _passing(
        self,
        group: CountGroup,
        tests: dict[int, Did],
        triples: Sequence[tuple[int, int, int]],
        counts: Counts,
        values: Sequence[Any],
    ) -> Iterator[tuple[int, ProfileSet]]:
        codes = {value: code for code, value in enumerate(values)}
        for code, test, index in triples:
            measure = tests[test].measure
            inverted = holds_when_empty(measure)
            mine = codes[group.constants[code]] if group.by is not None else 0
            found = counts.passing(mine, measure.operator, wanted=not inverted)
            yield index, ProfileSet(self._reader.known(from_sorted(found)), inverted)

    # -- moving ----------------------------------------------------------------------------------------------------

    def _moved(
        self, group: CountGroup, part: SlidingPart, window: Window, scan: Scan
    ) -> tuple[Counts, tuple[Any, ...]] | None:
        """The counter of a window, moved from where it was; None when it must be counted anew."""
        key = self._key(group, part, window)
        stored = self._keeping.index.get(key)
        if stored is None or not _can_move(stored.facts, window, self._keeping.capacity):
            return None
        facts = stored.facts
        then: Window = (None if facts.start is None else _instant(facts.start), _instant(facts.end))
        if facts.source_version != self._keeping.source_version and self._digests(group, part, [then]) != [
            facts.digest
        ]:
            scan.recounted += 1
            return None
        counts = read_counts(self._keeping.folder / stored.file, stored.sha256)
        if counts is None:
            return None
        values = tuple(facts.values)
        constants = None if group.by is None else Constants(group.by, values)
        entered: Window = (then[1], window[1])
        left: Window | None = None if then[0] is None or window[0] is None else (then[0], window[0])
        try:
            counts = counts.plus(self._tally(scan, part, constants, entered, (0, facts.capacity)))
            if left is not None:
                counts = counts.plus(self._tally(scan, part, constants, left, (0, facts.capacity)), -1)
        except ValueError:
            return None  # the rows are not those it counted, whatever the digest says
        newcomers = (facts.capacity, self._keeping.capacity)
        counts = counts.plus(self._tally(scan, part, constants, window, newcomers))
        new = [value for value in group.constants if value not in set(values)]
        if new:
            (extra,) = self._built(group, part, [window], tuple(new), scan, keep=False)
            counts = counts.followed_by(extra.shifted(len(values)))
            values = (*values, *new)
        digest = self._moved_digest(group, part, facts.digest, entered, left)
        scan.moved += 1
        self._save(key, window, counts, values, digest, group)
        return counts, values

    def _moved_digest(
        self, group: CountGroup, part: SlidingPart, digest: str, entered: Window, left: Window | None
    ) -> str:
        total = int(digest) + int(self._digests(group, part, [entered])[0])
        return str(total if left is None else total - int(self._digests(group, part, [left])[0]))

    def _tally(
        self, scan: Scan, part: SlidingPart, constants: Constants | None, window: Window, ordinals: tuple[int, int]
    ) -> Counts:
        """The counts of one small window."""
        if window[0] == window[1] or ordinals[0] == ordinals[1]:
            return Counts.none()
        rows = self._reader.arrays(self._counting.tallies(part.node, constants, [window], ordinals))
        scan.rows += int(rows["n0"].sum())
        return Counts.of(rows["code"], rows["ordinal"], rows["n0"])

    # -- counting anew ---------------------------------------------------------------------------------------------

    def _built(
        self,
        group: CountGroup,
        part: SlidingPart,
        windows: Sequence[Window],
        values: tuple[Any, ...],
        scan: Scan,
        *,
        keep: bool = True,
    ) -> list[Counts]:
        """Counters of windows from all their rows, in one scan a slice."""
        whole = replace(group, constants=values)
        slices, shares = self._reader.slices(whole, scan)
        parts: list[list[Counts]] = [[] for _ in windows]
        if shares > 1:
            width = -(-self._keeping.capacity // shares)
            ranges = [(i * width, (i + 1) * width) for i in range(shares)]
        else:
            ranges = [(0, self._keeping.capacity)]
        for codes in slices:
            chosen = None if group.by is None else Constants(group.by, tuple(values[code] for code in codes))
            for ordinals in ranges:
                rows = self._reader.arrays(self._counting.tallies(part.node, chosen, windows, ordinals))
                for i, found in enumerate(parts):
                    found.append(Counts.of(rows["code"], rows["ordinal"], rows[f"n{i}"]).shifted(codes[0]))
        result = []
        digests = self._digests(group, part, windows) if keep else []
        for i, window in enumerate(windows):
            counts = joined(parts[i])
            parts[i] = []
            if keep:
                self._save(self._key(group, part, window), window, counts, values, digests[i], group)
            result.append(counts)
        return result

    # -- keeping ---------------------------------------------------------------------------------------------------

    def _digests(self, group: CountGroup, part: SlidingPart, windows: Sequence[Window]) -> list[str]:
        constants = None if group.by is None else Constants(group.by, group.constants)
        return [str(h) for h in self._reader.rows(self._counting.digests(part.node, constants, windows))[0]]

    def _key(self, group: CountGroup, part: SlidingPart, window: Window) -> bytes:
        length = "" if window[0] is None else str((window[1] - window[0]).total_seconds())
        text = canonical_json([_asked(part.node), group.by, length])
        return hashlib.sha256(self._keeping.head + text.encode()).digest()

    def _save(
        self, key: bytes, window: Window, counts: Counts, values: Sequence[Any], digest: str, group: CountGroup
    ) -> None:
        keeping = self._keeping
        before = keeping.index.get(key)
        name, sha256 = write_counts(keeping.folder, key, counts, max(1, len(values)))
        start = None if window[0] is None else iso(window[0])
        facts = Facts(
            start, iso(window[1]), keeping.source_version, digest, keeping.capacity, list(values) if group.by else []
        )
        keeping.index.save(key, keeping.site, keeping.run, StoredCounter(name, sha256, facts))
        if before is not None and before.file != name:
            (keeping.folder / before.file).unlink(missing_ok=True)


def fits(scan: Scan, memory: int) -> bool:
    """Whether a group's counters may be held: one counter at a time, about as much as the rows of its scan."""
    return scan.rows * BYTES_A_GROUP // 4 <= memory * 4


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _can_move(facts: Facts, window: Window, capacity: int) -> bool:
    """Whether a counter's window lies before the wanted one and overlaps it."""
    if _instant(facts.end) > window[1] or facts.capacity > capacity:
        return False
    if (facts.start is None) is not (window[0] is None):
        return False
    return facts.start is None or (window[0] is not None and _instant(facts.start) <= window[0] < _instant(facts.end))
