"""Which segments of keys a site's ordinals consist of."""

from __future__ import annotations

from dataclasses import dataclass

from engine.store.database import Database


@dataclass(frozen=True)
class Segment:
    """Consecutive ordinals: of consecutive integer keys from ``first_key``, else of the keys listed in ``file``."""

    first_ordinal: int
    count: int
    first_key: int | None = None
    file: str | None = None
    sha256: str | None = None

    @property
    def end(self) -> int:
        """The ordinal after the last."""
        return self.first_ordinal + self.count


class OrdinalSegments:
    """The repository of segments, by site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, site: str) -> list[Segment]:
        """The segments in the order they were added."""
        return [Segment(*row) for row in self._database.rows("ordinal_segments", {"site": site})]

    def sites(self) -> list[str]:
        """The sites that have any."""
        return [str(row[0]) for row in self._database.rows("ordinal_sites")]

    def replace(self, site: str, number: int, before: str, fresh: Segment) -> None:
        """Another file in place of ``before`` for the listed keys of a segment, if it is still there."""
        values = {"site": site, "number": number, "before": before, "file": fresh.file, "sha256": fresh.sha256}
        with self._database.transaction():
            self._database.run("replace_ordinal_file", values)

    def grow(self, site: str, number: int, before: str, fresh: Segment) -> None:
        """More keys in the last segment: a longer file in place of ``before``."""
        values = {"site": site, "number": number, "before": before, "file": fresh.file, "sha256": fresh.sha256}
        with self._database.transaction():
            self._database.run("grow_ordinal_segment", values | {"count": fresh.count})

    def epoch(self, site: str) -> int:
        """How many times the ordinals were begun anew; bitmaps of other epochs mean other profiles."""
        rows = self._database.rows("ordinal_epoch", {"site": site})
        return int(rows[0][0]) if rows else 0

    def add(self, site: str, number: int, segment: Segment) -> None:
        """Append a segment (number counts from 0); raises when another process appended it first."""
        values = {"site": site, "number": number, "first_ordinal": segment.first_ordinal, "count": segment.count}
        values |= {"first_key": segment.first_key, "file": segment.file, "sha256": segment.sha256}
        with self._database.transaction():
            self._database.run("save_ordinal_segment", values)

    def begin_anew(self, site: str) -> None:
        """Forget a site's ordinals and every condition found with them."""
        with self._database.transaction():
            self._database.run("save_ordinal_epoch", {"site": site, "epoch": self.epoch(site) + 1})
            self._database.run("forget_ordinal_segments", {"site": site})
            self._database.run("forget_conditions_of_site", {"site": site})
