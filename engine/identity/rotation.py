"""Another pepper, the same ids: which hash by the new one stands for which by the former."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.identity.arrays import U64
from engine.identity.erasure import mark
from engine.identity.linking import NONE
from engine.identity.records import Hashed
from engine.identity.stability import Known


class Translation:
    """Collects pairs of hashes while records are read; empty when no pepper is rotated."""

    def __init__(self) -> None:
        self._pairs: list[NDArray[np.uint64]] = []

    def watching(self, slices: Iterable[Hashed]) -> Iterator[Hashed]:
        """The slices, looked at on their way."""
        for one in slices:
            for place, (high, low) in one.former.items():
                there = high != NONE
                rows = np.stack([high[there], low[there], one.high[place][there], one.low[place][there]], axis=1)
                self._pairs.append(np.unique(rows, axis=0))
            yield one

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def _all(self) -> NDArray[np.uint64]:
        self._pairs = [np.unique(np.concatenate(self._pairs), axis=0)]
        return self._pairs[0]

    def known(self, before: Known) -> Known:
        """The earlier ids by the new hashes; identifiers that no record has any more are left behind."""
        pairs = self._all()
        at = np.searchsorted(pairs[:, 0], before.nodes)
        at[at == len(pairs)] = 0
        there = pairs[at, 0] == before.nodes
        nodes: U64 = pairs[at[there], 2]
        order = np.argsort(nodes)
        return Known(nodes[order], before.place[there][order], before.ids, before.since)

    def nodes(self) -> Any:
        """An Arrow table of (was, now): nodes by the former pepper and by the new one."""
        pairs = self._all()
        return pa.table({"was": pairs[:, 0], "now": pairs[:, 2]})

    def marks(self, marks: Collection[str]) -> list[str]:
        """The marks of erased identifiers by the new pepper."""
        if not marks:
            return []
        rows = self._all().tolist()
        return [mark(fresh, rest) for high, low, fresh, rest in rows if mark(high, low) in marks]

    def text(self, identifier: str) -> str:
        """KIND:HASH by the new pepper; one that no record has any more stays as it is."""
        if ":" not in identifier:
            return identifier
        kind, _, digits = identifier.rpartition(":")
        pairs = self._all()
        high, low = np.uint64(int(digits[:16], 16)), np.uint64(int(digits[16:], 16))
        at = int(np.searchsorted(pairs[:, 0], high))
        if at == len(pairs) or pairs[at, 0] != high or pairs[at, 1] != low:
            return identifier
        return f"{kind}:{int(pairs[at, 2]):016x}{int(pairs[at, 3]):016x}"
