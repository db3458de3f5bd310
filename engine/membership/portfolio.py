"""Many audiences at once: their distinct conditions in shared scans, the audiences as set algebra over bitmaps.

Means the same as :mod:`engine.membership.evaluate`, which asks one audience of one query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from engine.bitmap.algebra import BitmapAlgebra
from engine.bitmap.bits import to_array
from engine.bitmap.finding import Setting
from engine.bitmap.site import SiteBitmaps
from engine.domain.audience import Audience
from engine.domain.model import Site
from engine.domain.walk import conditions
from engine.membership.evaluate import Catalogue, NodeSize, Sizes, Tally
from engine.membership.without import sets_without
from engine.sql.formula import Expansion

Opened = tuple[Site, SiteBitmaps, Expansion, BitmapAlgebra]
"""A site with its bitmaps at hand."""


class Portfolio:
    """Sizes and members of audiences over one state of the data at one moment; each with its own sites."""

    def __init__(self, setting: Setting, catalogue: Catalogue) -> None:
        self._setting = setting
        self._catalogue = catalogue

    def sizes(self, wanted: Sequence[tuple[Audience, Sequence[Site]]]) -> list[Sizes]:
        """The sizes of audiences with every condition's own; raises for the first condition that fails."""
        tallies = [Tally() for _ in wanted]
        per_site: list[dict[str, int]] = [{site.id: 0 for site in sites} for _, sites in wanted]
        for site, bitmaps, expansion, algebra in self.opened(wanted):
            for (audience, sites), tally, sized in zip(wanted, tallies, per_site, strict=True):
                if site in sites and (audience.sites is None or site.id in audience.sites):
                    sized[site.id] = self._count(audience, expansion, bitmaps, algebra, tally)
        return [
            _sizes(audience, tally, sized)
            for (audience, _), tally, sized in zip(wanted, tallies, per_site, strict=True)
        ]

    def members(self, wanted: Sequence[tuple[Audience, Sequence[Site]]]) -> list[NDArray[Any]]:
        """The sorted member keys of audiences."""
        parts: list[list[NDArray[Any]]] = [[] for _ in wanted]
        for site, bitmaps, expansion, algebra in self.opened(wanted):
            for (audience, sites), found in zip(wanted, parts, strict=True):
                if site in sites:
                    bits = members_in(audience, expansion, bitmaps, algebra)
                    found.append(bitmaps.ordinals.keys_of(to_array(bits)))
        return [sorted_keys(found) for found in parts]

    def opened(self, wanted: Sequence[tuple[Audience, Sequence[Site]]]) -> Iterator[Opened]:
        """Each site with every condition of the audiences found; raises for the first condition that fails."""
        for site in {site.id: site for _, sites in wanted for site in sites}.values():
            bitmaps, expansion = self._open(site, wanted)
            yield site, bitmaps, expansion, bitmaps.algebra()
            bitmaps.close()

    def _open(self, site: Site, wanted: Sequence[tuple[Audience, Sequence[Site]]]) -> tuple[SiteBitmaps, Expansion]:
        expansion = Expansion(site.id, self._catalogue)
        for audience, sites in wanted:
            if site in sites:
                expansion.audience(audience)
        bitmaps = SiteBitmaps(self._setting, site)
        bitmaps.find(expansion)
        for error in bitmaps.failed.values():
            raise error
        return bitmaps, expansion

    def _count(
        self, audience: Audience, expansion: Expansion, bitmaps: SiteBitmaps, algebra: BitmapAlgebra, tally: Tally
    ) -> int:
        """Add one site's counts; the site's size."""
        limit = audience.top.count if audience.top is not None else None
        formula, parts = expansion.audience(audience), expansion.parts(audience)
        size = algebra.size(formula)
        tally.base += len(bitmaps.everyone)
        tally.add(size, limit)
        for path, part in parts.items():
            tally.own[path] = tally.own.get(path, 0) + algebra.size(part)
        for path, bits in sets_without(audience.rule, parts, algebra).items():
            tally.without[path] = tally.without.get(path, 0) + (len(bits) if limit is None else min(len(bits), limit))
        algebra.forget()
        return size if limit is None else min(size, limit)


def members_in(audience: Audience, expansion: Expansion, bitmaps: SiteBitmaps, algebra: BitmapAlgebra) -> BitMap:
    """An audience's members in an open site, its `top` applied."""
    bits = algebra.members(expansion.audience(audience))
    return bits if audience.top is None else bitmaps.first(bits, audience.top)


def _sizes(audience: Audience, tally: Tally, per_site: Mapping[str, int]) -> Sizes:
    leaves = [path for path, _ in conditions(audience.rule)]
    known = set(leaves)
    return Sizes(
        tally.size,
        tally.base,
        per_site,
        tuple(NodeSize(path, tally.own.get(path, 0), tally.without.get(path, 0)) for path in leaves),
        tuple(NodeSize(path, size) for path, size in tally.own.items() if path not in known),
    )


def sorted_keys(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Keys of several sites in one order: integers by number, text by code point."""
    if not parts:
        return np.array([], dtype=np.int64)
    return np.sort(np.concatenate(parts)) if len(parts) > 1 else np.sort(parts[0])
