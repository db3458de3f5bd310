"""Taking people who were erased out of the numbering of profiles; their ordinals stay, and lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.bitmap.ordinals import ERASED, CorruptKeys, SiteOrdinals, named_for
from engine.store.ordinals import OrdinalSegments

_FILE = re.compile(r"(?P<site>[0-9a-f]{12})-(?P<epoch>\d+)-.+\.arrow")


def erase_keys(segments: OrdinalSegments, folder: Path, keys: Collection[str]) -> tuple[int, int]:
    """Take keys out of every site's numbering, files of earlier epochs too; how many sites have one, and how many of
    those list one of the keys afterwards. A numbering that is damaged begins anew, as the next run would find."""
    sites, left = segments.sites(), 0
    for site in sites:
        try:
            SiteOrdinals(site, segments, folder).erase(keys)
            left += SiteOrdinals(site, segments, folder).holding(keys) > 0
        except CorruptKeys:
            segments.begin_anew(site)
    epochs = {named_for(site): segments.epoch(site) for site in sites}
    for path in folder.glob("*.arrow"):
        found = _FILE.fullmatch(path.name)
        if found and int(found["epoch"]) < epochs.get(found["site"], 0):
            path.unlink(missing_ok=True)
    return len(sites), left


def erased(keys: NDArray[np.str_], known: Collection[str]) -> NDArray[np.bool_]:
    """Which members of a snapshot were erased since: by their keys, or by what took the place of them."""
    there: NDArray[np.bool_] = np.isin(keys, list(known)) | np.char.startswith(keys, ERASED)
    return there
