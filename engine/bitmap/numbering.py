"""The ordinals of sites that a session keeps open, so that an edit on the canvas does not number the profiles again.

A run numbers them anew, because it may add profiles; what was kept is then let go, as both use the same scratch tables.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from engine.bitmap.ordinals import SiteOrdinals
from engine.sql.ordinals import OrdinalMap
from engine.warehouses.protocol import Scratch

_BYTES_A_LISTED_KEY = 64
"""What a key takes in a scratch table and its index, about: text of ordinary length, and an ordinal."""


@dataclass(frozen=True)
class TraitColumn:
    """A trait by ordinal. ``labels`` are its distinct values when ``array`` holds their numbers from 1 (0: no profile
    has this ordinal); None when it holds the values themselves as numbers, NaN where missing."""

    array: NDArray[Any]
    labels: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Numbered:
    """A site's ordinals, the map that scans need, and traits that were read by ordinal."""

    ordinals: SiteOrdinals
    map: OrdinalMap
    columns: dict[str, TraitColumn] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """About how much memory this takes."""
        return self.ordinals.listed * _BYTES_A_LISTED_KEY + sum(c.array.nbytes for c in self.columns.values())


class Numbering:
    """What is kept for one scratch session, the least used given up beyond ``memory`` bytes of listed keys."""

    def __init__(self, scratch: Scratch, memory: int) -> None:
        self._scratch = scratch
        self._memory = memory
        self._kept: OrderedDict[str, tuple[bytes, Numbered]] = OrderedDict()

    def of(self, site: str, state: bytes, make: Callable[[], Numbered]) -> Numbered:
        """The ordinals of a site; ``state`` is what they hold for: the profiles' data, model and epoch."""
        known = self._kept.get(site)
        if known is not None and known[0] == state:
            self._kept.move_to_end(site)
            return known[1]
        self.forget(site)
        made = make()
        self._kept[site] = (state, made)
        self.trim()
        return made

    def trim(self) -> None:
        """Give up columns and sites until what is kept fits the memory; the site in use stays."""
        while len(self._kept) > 1 and self._bytes() > self._memory:
            self.forget(next(iter(self._kept)))
        for _, numbered in self._kept.values():
            while len(numbered.columns) > 1 and self._bytes() > self._memory:
                del numbered.columns[next(iter(numbered.columns))]

    def forget(self, site: str) -> None:
        """Let go of a site's ordinals and their scratch table."""
        known = self._kept.pop(site, None)
        if known is not None:
            known[1].ordinals.unstage(self._scratch)

    def _bytes(self) -> int:
        return sum(numbered.bytes for _, numbered in self._kept.values())
