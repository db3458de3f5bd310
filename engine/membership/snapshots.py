"""Reading what runs froze: members then, what changed, who was in on a day, and keeping house."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from numpy.typing import NDArray
from pyroaring import BitMap

from engine.bitmap.bits import to_array
from engine.bitmap.library import Library
from engine.bitmap.ordinals import SiteOrdinals
from engine.errors import EngineError
from engine.membership.encoding import decode
from engine.membership.portfolio import sorted_keys
from engine.store.ordinals import OrdinalSegments
from engine.store.runs import PastSnapshot, Runs, SnapshotRow


class Snapshots:
    """The snapshots of a workspace; needs no warehouse."""

    def __init__(self, runs: Runs, segments: OrdinalSegments, library: Library) -> None:
        self._runs = runs
        self._segments = segments
        self._library = library

    def history(self, audience: str) -> list[list[PastSnapshot]]:
        """The snapshots of an audience by run, oldest first; each with a row a site."""
        result: dict[int, list[PastSnapshot]] = {}
        for one in self._runs.of_audience(audience):
            result.setdefault(one.run_id, []).append(one)
        return list(result.values())

    def at(self, audience: str, moment: datetime | None) -> list[PastSnapshot]:
        """The newest snapshot whose as_of is not after the moment; raises EngineError("not_found")."""
        found = self.history(audience)
        if not found:
            raise EngineError(
                "not_found", f'audience "{audience}" has no snapshot yet', hint=f"Make one: convoke run {audience}."
            )
        chosen = [one for one in found if moment is None or datetime.fromisoformat(one[0].as_of) <= moment]
        if not chosen:
            raise EngineError(
                "not_found",
                f'audience "{audience}" has no snapshot that early; its first is as of {found[0][0].as_of}',
                hint="Name a later moment.",
            )
        return max(chosen, key=lambda one: (datetime.fromisoformat(one[0].as_of), one[0].run_id))

    def members(self, snapshot: Sequence[PastSnapshot]) -> NDArray[Any]:
        """The sorted member keys of a snapshot."""
        return sorted_keys([self._keys(one.row, self._set(one.row)) for one in snapshot])

    def changes(
        self, before: Sequence[PastSnapshot], after: Sequence[PastSnapshot]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The keys that came and the keys that went between two snapshots."""
        then = {one.row.site: one.row for one in before}
        now = {one.row.site: one.row for one in after}
        came, went = [], []
        for site in sorted(then.keys() | now.keys()):
            row = now.get(site) or then[site]
            old = self._set(then[site]) if site in then else BitMap()
            new = self._set(now[site]) if site in now else BitMap()
            if site in then and site in now and then[site].epoch != now[site].epoch:
                raise _other_epoch(site)
            came.append(self._keys(row, new - old))
            went.append(self._keys(row, old - new))
        return sorted_keys(came), sorted_keys(went)

    def _set(self, row: SnapshotRow) -> BitMap:
        """The members as ordinals, checked against the size that was frozen."""
        everyone = self._library.bitmap(row.base)
        found = decode(row.members, everyone, self._library.bitmap)
        bits = everyone - found.bits if found.inverted else found.bits
        if len(bits) != row.size:
            raise EngineError(
                "bitmaps",
                f'the snapshot of "{row.audience_id}" in {row.site} has {len(bits):,} members instead of {row.size:,}',
                hint="Run the audience again.",
            )
        return bits

    def keys(self, sets: Sequence[tuple[SnapshotRow, BitMap]]) -> NDArray[Any]:
        """The sorted keys of some profiles, given as ordinals beside a snapshot of their site."""
        return sorted_keys([self._keys(row, bits) for row, bits in sets])

    def _keys(self, row: SnapshotRow, bits: BitMap) -> NDArray[Any]:
        ordinals = SiteOrdinals(row.site, self._segments, self._library.folder / "ordinals")
        if ordinals.epoch != row.epoch:
            raise _other_epoch(row.site)
        return ordinals.keys_of(to_array(bits))

    def expired(self, keep_days: int, at: datetime | None = None) -> list[tuple[str, int]]:
        """Snapshots (audience, run) older than the policy keeps; the newest of each audience is never among them: that
        of the latest moment (as_of), whenever it was run."""
        limit = (at or datetime.now(UTC)) - timedelta(days=keep_days)
        ages = self._runs.ages()
        newest = {audience: run for audience, run, _ in ages}  # they come by as_of
        return [
            (audience, run)
            for audience, run, started in ages
            if run != newest[audience] and datetime.fromisoformat(started) < limit
        ]


def _other_epoch(site: str) -> EngineError:
    return EngineError(
        "bitmaps",
        f"the members of {site} were frozen before its ordinals were lost and begun anew; only their number is known",
        hint="Run the audience again.",
    )
