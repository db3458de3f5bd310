"""The ordinals of sites that a session keeps open, so that an edit on the canvas does not number the profiles again.

A run numbers them anew, because it may add profiles; what was kept is then let go, as both use the same scratch tables.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from engine.bitmap.ordinals import SiteOrdinals
from engine.sql.ordinals import OrdinalMap
from engine.warehouses.protocol import Scratch

_BYTES_A_LISTED_KEY = 64
"""What a key takes in a scratch table and its index, about: text of ordinary length, and an ordinal."""


@dataclass(frozen=True)
class Numbered:
    """A site's ordinals, and the map that scans need."""

    ordinals: SiteOrdinals
    map: OrdinalMap


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
        while len(self._kept) > 1 and self._bytes() > self._memory:
            self.forget(next(iter(self._kept)))
        return made

    def forget(self, site: str) -> None:
        """Let go of a site's ordinals and their scratch table."""
        known = self._kept.pop(site, None)
        if known is not None:
            known[1].ordinals.unstage(self._scratch)

    def _bytes(self) -> int:
        return sum(numbered.ordinals.listed for _, numbered in self._kept.values()) * _BYTES_A_LISTED_KEY
