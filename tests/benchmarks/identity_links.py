"""`make bench-identity-links [LINKS=100000000]`: very many links between hashed identifiers, put together in one go.

The world of `make bench-identity` again and again, each time with identifiers of its own; in the order that the pipeline
keeps links in. What is measured begins with hashes and ends with persons: looking up, quarantine, components, limits.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from engine.identity.graph import Links, resolve
from tests.benchmarks.identity import OURS, U64, linked, world
from tests.benchmarks.report import write

_PERSONS = 1_000_000


def again(values: U64, number: int) -> U64:
    """Other hashes for another copy of the world: splitmix64's last steps, which are a bijection."""
    with np.errstate(over="ignore"):
        x = values + np.uint64(0x9E3779B97F4A7C15) * np.uint64(number + 1)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: U64 = x ^ (x >> np.uint64(31))
    return found


def many(count: int) -> tuple[U64, NDArray[np.uint8], Links]:
    """At least so many links, sorted by their ends, with their nodes, sorted, and the kinds of those."""
    nodes, kinds, links = linked(world(_PERSONS).values)
    times = -(-count // len(links.first))
    wide = np.concatenate([again(nodes, one) for one in range(times)])
    order = np.argsort(wide)
    wide, kinds = wide[order], np.tile(kinds, times)[order]
    del order
    first = np.concatenate([again(links.first, one) for one in range(times)])
    second = np.concatenate([again(links.second, one) for one in range(times)])
    low = np.minimum(first, second)
    high = np.maximum(first, second, out=second)
    del first
    order = np.lexsort((high, low))
    return wide, kinds, Links(low[order], high[order], np.tile(links.rank, times)[order])


def main() -> int:
    """One run."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000
    nodes, kinds, links = many(count)
    started = perf_counter()
    found = resolve(nodes, kinds, links, OURS)
    seconds = perf_counter() - started
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    told = {
        "links": len(links.first),
        "nodes": len(nodes),
        "persons": found.count,
        "largest": int(np.bincount(found.person).max()),
        "seconds": round(seconds, 1),
        "links a second": round(len(links.first) / seconds),
        "peak_mb": peak,
    }
    line = (
        f"{told['links']:,} links between {told['nodes']:,} identifiers: {told['persons']:,} persons in "
        f"{told['seconds']} s ({told['links a second']:,} links/s), {peak:,} MB at most, making the data included"
    )
    write("identity_links", told, {}, None, "seconds", line, ("numpy",))
    return 0


if __name__ == "__main__":
    sys.exit(main())
