"""Roaring bitmaps from arrays, and to and from bytes."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

Ordinals: TypeAlias = NDArray[np.uint32]

_CONTAINER = 1 << 16
_ARRAY_UP_TO = 4096
_COOKIE = 12346
_SCATTER_FROM = 1 / 64
"""From this density on, writing flags and packing them beats sorting."""


def from_sorted(ordinals: NDArray[Any]) -> BitMap:
    """A bitmap of ascending ordinals (an array of C integers is several times faster than a numpy array)."""
    return BitMap(array("I", ordinals.astype(np.uint32, copy=False).tobytes()))


def from_unsorted(ordinals: NDArray[Any], capacity: int) -> BitMap:
    """A bitmap of ordinals below ``capacity`` in any order."""
    if capacity and len(ordinals) > capacity * _SCATTER_FROM and len(ordinals) > _CONTAINER:
        flags = np.zeros(capacity, dtype=bool)
        flags[ordinals] = True
        return from_flags(flags)
    return from_sorted(np.sort(ordinals.astype(np.uint32, copy=False)))


def from_flags(flags: NDArray[np.bool_]) -> BitMap:
    """A bitmap of the places where the flags are set; written straight in the portable format (see RoaringFormatSpec),
    container by container, without listing the ordinals."""
    packed = np.packbits(flags, bitorder="little")
    size = _CONTAINER // 8
    packed = np.pad(packed, (0, -len(packed) % size))
    containers = packed.reshape(-1, size)
    counts = np.bitwise_count(containers.view(np.uint64)).sum(axis=1)
    kept = np.flatnonzero(counts)
    return BitMap.deserialize(b"".join(_portable(containers, counts, kept)))


def _portable(containers: NDArray[np.uint8], counts: NDArray[Any], kept: NDArray[np.intp]) -> Iterator[bytes]:
    """Cookie, number of containers, (key, cardinality − 1) of each, their offsets, and the containers."""
    yield np.array([_COOKIE, len(kept)], dtype="<u4").tobytes()
    cardinalities = counts[kept].astype(np.int64)
    yield np.stack([kept, cardinalities - 1], axis=1).astype("<u2").tobytes()
    lengths = np.where(cardinalities > _ARRAY_UP_TO, _CONTAINER // 8, 2 * cardinalities)
    start = 8 + 8 * len(kept)
    yield (start + np.concatenate([[0], np.cumsum(lengths)[:-1]])).astype("<u4").tobytes() if len(kept) else b""
    for index, cardinality in zip(kept.tolist(), cardinalities.tolist(), strict=True):
        if cardinality > _ARRAY_UP_TO:
            yield containers[index].tobytes()
        else:
            yield np.flatnonzero(np.unpackbits(containers[index], bitorder="little")).astype("<u2").tobytes()


def to_array(bits: BitMap) -> Ordinals:
    """The ordinals, ascending."""
    return np.frombuffer(bits.to_array().tobytes(), dtype=np.uint32) if bits else np.array([], dtype=np.uint32)


def to_bytes(bits: BitMap) -> bytes:
    """The portable roaring format, runs compressed: the same set gives the same bytes."""
    bits.run_optimize()
    return bytes(bits.serialize())


def from_bytes(data: bytes) -> BitMap:
    """What :func:`to_bytes` wrote; raises ValueError when it is not that."""
    return BitMap.deserialize(data)


def digest(data: bytes) -> bytes:
    """SHA-256, the content's address and its checksum."""
    return hashlib.sha256(data).digest()
