"""How often each profile did something, by constant: what makes the window of the next run cheap.

A counter is columns sorted by (constant, ordinal): where each constant begins, the ordinals, and their counts. Moving
a window adds the rows that entered it and takes away those that left it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bitmap.ordinals import unwritable
from engine.domain.operators import Operator, number_satisfies
from engine.durable import make_folder, sync_folder

_SHIFT = 32


@dataclass(frozen=True)
class Counts:
    """Counts by (constant's code, ordinal); ``keys`` are code · 2³² + ordinal, ascending, without doubles or zeros."""

    keys: NDArray[np.int64]
    counts: NDArray[np.int32]

    @classmethod
    def of(cls, codes: NDArray[Any], ordinals: NDArray[Any], counts: NDArray[Any]) -> Counts:
        """Counts from rows in any order, one a pair; codes below 2¹⁶."""
        kept = counts > 0
        codes, ordinals, counts = codes[kept].astype(np.uint16), ordinals[kept], counts[kept]
        packed = (ordinals.astype(np.uint64) << np.uint64(_SHIFT)) | counts.astype(np.uint64)
        if len(codes) and (codes != codes[0]).any():
            order = np.argsort(codes, kind="stable")  # sixteen bits sort by radix, in linear time
            codes, packed = codes[order], packed[order]
        edges = np.flatnonzero(np.diff(codes)) + 1
        for low, high in pairwise([0, *edges.tolist(), len(codes)]):
            packed[low:high].sort()
        sorted_ordinals = (packed >> np.uint64(_SHIFT)).astype(np.int64)
        sorted_counts = (packed & np.uint64(0xFFFFFFFF)).astype(np.int32)
        return cls((codes.astype(np.int64) << _SHIFT) | sorted_ordinals, sorted_counts)

    @classmethod
    def none(cls) -> Counts:
        """No counts."""
        return cls(np.array([], dtype=np.int64), np.array([], dtype=np.int32))

    def plus(self, other: Counts, sign: int = 1) -> Counts:
        """The sums (or with sign −1 the differences) of two counters; pairs that come to nothing go.

        Raises ValueError when a difference is below zero.
        """
        if not len(other.keys):
            return self
        places = np.searchsorted(self.keys, other.keys)
        known = np.zeros(len(places), dtype=bool)
        inside = places < len(self.keys)
        known[inside] = self.keys[places[inside]] == other.keys[inside]
        if sign < 0 and not known.all():
            raise ValueError("a count fell below zero")
        keys, counts = self.keys, self.counts.copy()
        counts[places[known]] += np.int32(sign) * other.counts[known]
        if not known.all():
            keys = np.insert(keys, places[~known], other.keys[~known])
            counts = np.insert(counts, places[~known], other.counts[~known])
        if sign < 0:
            if (counts < 0).any():
                raise ValueError("a count fell below zero")
            kept = counts > 0
            keys, counts = keys[kept], counts[kept]
        return Counts(keys, counts)

    def shifted(self, codes: int) -> Counts:
        """The same counts with every code so much greater."""
        return Counts(self.keys + (codes << _SHIFT), self.counts) if codes else self

    def followed_by(self, other: Counts) -> Counts:
        """These counts and others of greater codes."""
        return Counts(np.concatenate([self.keys, other.keys]), np.concatenate([self.counts, other.counts]))

    def passing(self, code: int, operator: Operator, *, wanted: bool) -> NDArray[np.uint32]:
        """The ordinals, ascending, whose count of a constant satisfies an operator (or, not ``wanted``, does not)."""
        low, high = np.searchsorted(self.keys, [code << _SHIFT, (code + 1) << _SHIFT])
        counts = self.counts[low:high]
        table = np.array(
            [number_satisfies(count, operator) is wanted for count in range(int(counts.max(initial=0)) + 1)], dtype=bool
        )
        found: NDArray[np.uint32] = (self.keys[low:high][table[counts]] & 0xFFFFFFFF).astype(np.uint32)
        return found


def joined(parts: Sequence[Counts]) -> Counts:
    """Counters of ever greater codes, or of ever greater ordinals of one code, as one."""
    if len(parts) == 1:
        return parts[0]
    return Counts(np.concatenate([part.keys for part in parts]), np.concatenate([part.counts for part in parts]))


# -- on disk -----------------------------------------------------------------------------------------------------------


def write_counts(folder: Path, key: bytes, counts: Counts, constants: int) -> tuple[str, str]:
    """Write the counter of a key, safely on disk before it gets its name; its name and SHA-256."""
    import pyarrow as pa

    edges = np.searchsorted(counts.keys, np.arange(constants + 1, dtype=np.int64) << _SHIFT)
    most = int(counts.counts.max(initial=0))
    narrow = np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.int32
    ordinals = pa.table(
        {"ordinal": (counts.keys & 0xFFFFFFFF).astype(np.uint32), "count": counts.counts.astype(narrow)},
        metadata={"edges": ",".join(map(str, edges.tolist()))},
    )
    fresh = folder / f".new-{os.getpid()}"
    try:
        make_folder(folder)
        with pa.OSFile(str(fresh), "wb") as sink, pa.ipc.new_file(sink, ordinals.schema) as writer:
            writer.write_table(ordinals)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        name = f"{key.hex()[:16]}-{sha256}.arrow"
        os.replace(fresh, folder / name)
        sync_folder(folder)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise unwritable(folder, error) from None
    return name, sha256


def read_counts(path: Path, sha256: str) -> Counts | None:
    """A counter from its file; None when the file is missing or not what was written."""
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return None
    except OSError:
        return None
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    edges = np.array(table.schema.metadata[b"edges"].decode().split(","), dtype=np.int64)
    codes = np.repeat(np.arange(len(edges) - 1, dtype=np.int64), np.diff(edges))
    ordinals = table.column("ordinal").to_numpy().astype(np.int64)
    return Counts((codes << _SHIFT) | ordinals, table.column("count").to_numpy().astype(np.int32))
