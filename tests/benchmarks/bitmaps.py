"""`make bench`: differences of two days, dense counts beside the limit of the memory, and bytes an audience."""

from __future__ import annotations

import random
import statistics
import sys
from math import log2
from typing import Any

import duckdb
import numpy as np
from pyroaring import BitMap

from engine.bitmap.bits import from_flags, to_bytes
from tests.benchmarks.report import times, write

PROFILES = 46_111_111


def differences(rng: np.random.Generator) -> dict[str, Any]:
    """Two days of one audience of five million, one in a hundred of them exchanged: bitmaps against SQL EXCEPT."""
    yesterday = rng.random(PROFILES) < 5e6 / PROFILES
    today = yesterday.copy()
    today[rng.integers(0, PROFILES, 50_000)] ^= True
    one, other = from_flags(yesterday), from_flags(today)
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    for name, flags in (("yesterday", yesterday), ("today", today)):
        keys = np.flatnonzero(flags)
        connection.register("keys", {"id": keys})
        connection.execute(f"CREATE TABLE {name} AS SELECT id FROM keys")

    def ours() -> tuple[int, int]:
        added, removed = other - one, one - other
        to_bytes(BitMap(other))
        return len(added), len(removed)

    def peer() -> tuple[int, int]:
        counts = [
            connection.execute(
                f"CREATE OR REPLACE TABLE d AS (SELECT id FROM {a} EXCEPT SELECT id FROM {b})"
            ).fetchall()[0][0]
            for a, b in (("today", "yesterday"), ("yesterday", "today"))
        ]
        return counts[0], counts[1]

    assert ours() == peer()
    mine, spread = times(ours)
    theirs, their_spread = times(peer, 3)
    return {
        "ours_ms": round(mine * 1000, 2),
        "ours_spread_ms": round(spread * 1000, 2),
        "peer_ms": round(theirs * 1000, 1),
        "peer_spread_ms": round(their_spread * 1000, 1),
        "ratio": round(theirs / mine, 1),
    }


def limit(rng: np.random.Generator) -> dict[str, Any]:
    """Counting a dense intersection: bytes touched a second beside numpy's AND and popcount over the same bytes."""
    flags = [rng.random(PROFILES) < 0.5 for _ in range(2)]
    bitmaps = [from_flags(one) for one in flags]
    packed = [np.packbits(one)[: PROFILES // 64 * 8].view(np.uint64).copy() for one in flags]
    room = np.empty_like(packed[0])
    counts = np.empty(len(room), dtype=np.uint8)

    def numpy_limit() -> int:
        np.bitwise_and(packed[0], packed[1], out=room)
        np.bitwise_count(room, out=counts)
        return int(counts.sum())

    mine, spread = times(lambda: bitmaps[0].intersection_cardinality(bitmaps[1]), 15)
    theirs, their_spread = times(numpy_limit, 15)
    size = 2 * packed[0].nbytes
    return {
        "gb_a_second": round(size / mine / 1e9, 1),
        "limit_gb_a_second": round(size / theirs / 1e9, 1),
        "share_of_limit": round(theirs / mine, 2),
        "ours_ms": round(mine * 1000, 2),
        "spread_ms": round(spread * 1000, 2),
        "limit_ms": round(theirs * 1000, 2),
        "limit_spread_ms": round(their_spread * 1000, 2),
    }


def bytes_an_audience(rng: np.random.Generator) -> dict[str, Any]:
    """The size of single sets beside what information theory asks: log₂ of how many sets of so many there are."""
    rows = []
    for share in (0.5, 0.1, 0.01, 0.001, 0.0001):
        members = int(PROFILES * share)
        size = len(to_bytes(from_flags(rng.random(PROFILES) < share)))
        least = PROFILES * (-share * log2(share) - (1 - share) * log2(1 - share)) / 8
        rows.append({"members": members, "bytes": size, "least": round(least), "ratio": round(size / least, 2)})
    return {"sets": rows, "median_ratio": statistics.median(row["ratio"] for row in rows)}


def main() -> None:
    """Measure the three."""
    random.seed(1)
    rng = np.random.default_rng(1)
    ours = {"differences": differences(rng), "limit": limit(rng), "bytes": bytes_an_audience(rng)}
    sys.stdout.write(f"{ours}\n")
    found = ours["differences"]
    line = (
        f"two days of five million members compared and written in {found['ours_ms']:.1f} ms, "
        f"{found['ratio']:.0f} times as fast as SQL EXCEPT both ways; dense counts at "
        f"{100 * ours['limit']['share_of_limit']:.0f} % of numpy's AND and popcount"
    )
    write("bitmaps", ours, "SQL EXCEPT on DuckDB; numpy AND and popcount", found["ratio"], "ms", line)


if __name__ == "__main__":
    main()
