"""`make bench-identity [PERSONS=1000000]`: shared devices, kiosks and placeholder addresses; beside others.

Records of persons whose truth is known: accounts, e-mail addresses, phones and devices, 5 % of the records from a tablet of
the household, 0.4 % from kiosks, 0.3 % with one of a few placeholder addresses. Pairs of records of one person, found and
true. Beside ours in the same run: plain connected components (scipy), and Splink 5 alone at the threshold that the truth
says is its best, up to a million persons.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.identity.graph import Limits, Links, Persons, resolve
from engine.identity.linking import NONE, Collector
from engine.identity.stability import EMPTY, as_known, named
from tests.benchmarks.identity_splink import clustered
from tests.benchmarks.report import write

ACCOUNT, EMAIL, PHONE, DEVICE = range(4)
KINDS = ("account", "email", "phone", "device")
OURS = (Limits(most=1), Limits(), Limits(), Limits())
U64 = NDArray[np.uint64]
FOR_SPLINK = 1_000_000
"""Persons; more take Splink tens of minutes on two cores."""


@dataclass(frozen=True)
class World:
    """Records: who made each, and its value of each kind (0: none)."""

    truth: NDArray[np.int64]
    values: tuple[U64, ...]


def mixed(kind: int, number: NDArray[Any]) -> U64:
    """A number of a kind as the first 64 bits of a hash would be: splitmix64, which is a bijection."""
    x = (number.astype(np.uint64) << np.uint64(2)) | np.uint64(kind)
    with np.errstate(over="ignore"):
        x = (x + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(1)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: U64 = x ^ (x >> np.uint64(31))
    return found


def world(persons: int, seed: int = 7) -> World:
    """So many persons, with 2.6 records each in the mean."""
    rng = np.random.default_rng(seed)
    count = int(persons * 2.6)
    who = rng.integers(0, persons, count)
    household = who // 3
    device = mixed(DEVICE, who * 4 + rng.integers(0, 2, count))
    tablet = rng.random(count) < 0.05
    device[tablet] = mixed(DEVICE, household[tablet] * 4 + 3 + 40 * persons)
    kiosk = rng.random(count) < 0.004
    device[kiosk] = mixed(DEVICE, rng.integers(0, max(1, persons // 10_000), int(kiosk.sum())) + 80 * persons)
    account = np.where(rng.random(count) < 0.55, mixed(ACCOUNT, who), NONE)
    email = np.where(rng.random(count) < 0.45, mixed(EMAIL, who * 2 + (rng.random(count) < 0.2)), NONE)
    placeholder = (email != NONE) & (rng.random(count) < 0.003)
    email[placeholder] = mixed(EMAIL, rng.integers(0, 5, int(placeholder.sum())) + 80 * persons)
    phone = np.where(rng.random(count) < 0.3, mixed(PHONE, who), NONE)
    phone[kiosk], email[kiosk & ~placeholder] = NONE, NONE
    return World(who, (account, email, phone, np.where(rng.random(count) < 0.95, device, NONE)))


def linked(values: tuple[U64, ...]) -> tuple[U64, NDArray[np.uint8], Links]:
    """Nodes, their kinds, and links."""
    made = Collector(len(values))
    made.add(dict(enumerate(values)), 0)
    found = made.linked()
    return found.nodes, found.kinds, found.links


def person_of(values: tuple[U64, ...], found: Persons) -> NDArray[np.int64]:
    """The person of each record: that of its strongest value which is not in quarantine; else one of its own."""
    result = np.full(len(values[0]), -1, dtype=np.int64)
    for value in values:
        open_ = (result < 0) & (value != NONE)
        at = np.searchsorted(found.nodes, value[open_])
        sound = ~found.quarantined[at]
        places = np.flatnonzero(open_)[sound]
        result[places] = found.person[at[sound]]
    alone = np.flatnonzero(result < 0)
    result[alone] = found.count + np.arange(len(alone))
    return result


def pairs_of(labels: NDArray[Any]) -> int:
    """How many pairs of records have the same label."""
    _, counts = np.unique(labels, return_counts=True)
    return int((counts.astype(np.int64) * (counts - 1) // 2).sum())


def scored(truth: NDArray[np.int64], found: NDArray[np.int64]) -> dict[str, float]:
    """Pairwise precision and recall, and the largest person."""
    right = pairs_of(truth * np.int64(int(found.max()) + 1) + found)
    said, true = pairs_of(found), pairs_of(truth)
    precision, recall = right / max(1, said), right / max(1, true)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 4),
        "largest": int(np.bincount(found).max()),
    }


def measured(made: World, limits: tuple[Limits, ...]) -> dict[str, Any]:
    """The scores and the seconds of one way."""
    nodes, kinds, links = linked(made.values)
    started = perf_counter()
    found = resolve(nodes, kinds, links, limits)
    seconds = perf_counter() - started
    return scored(made.truth, person_of(made.values, found)) | {
        "seconds": round(seconds, 2),
        "links": len(links.first),
        "links a second": round(len(links.first) / seconds),
    }


def plain_components(made: World) -> dict[str, Any]:
    """What scipy's connected components alone make of the same links."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes, _, links = linked(made.values)
    started = perf_counter()
    ends = np.searchsorted(nodes, links.first), np.searchsorted(nodes, links.second)
    ones, shape = np.ones(len(links.first), dtype=np.int8), (len(nodes), len(nodes))
    _, labels = connected_components(coo_array((ones, ends), shape=shape), directed=False)
    seconds = perf_counter() - started
    nobody = np.zeros(len(nodes), dtype=bool)
    found = Persons(nodes, np.asarray(labels, dtype=np.int64), nobody, np.zeros(len(links.first), dtype=bool))
    return scored(made.truth, person_of(made.values, found)) | {"seconds": round(seconds, 2)}


def stable(made: World) -> dict[str, Any]:
    """Ids after a run from scratch over shuffled data, and after 1 % more records."""
    nodes, kinds, links = linked(made.values)
    found = resolve(nodes, kinds, links, OURS)
    started = perf_counter()
    first = named(found.nodes, found.person, EMPTY, 1)
    minting = perf_counter() - started
    known = as_known(found.nodes, found.person, first)
    order = np.random.default_rng(1).permutation(len(nodes))
    turned = np.random.default_rng(2).permutation(len(links.first))
    shuffled = Links(links.second[turned], links.first[turned], links.rank[turned])
    again = resolve(nodes[order], kinds[order], shuffled, OURS)
    other = named(again.nodes, again.person, EMPTY, 5)
    started = perf_counter()
    rerun = named(again.nodes, again.person, known, 2)
    seconds = perf_counter() - started
    return {
        "nodes": len(nodes),
        "ids": len(first.ids),
        "changed from scratch and shuffled": int(sum(a != b for a, b in zip(first.ids, other.ids, strict=True))),
        "changed in a full run": int(sum(a != b for a, b in zip(first.ids, rerun.ids, strict=True))),
        "first ids, seconds": round(minting, 1),
        "ids anew, seconds": round(seconds, 1),
    }


def main() -> int:
    """Ours, plain components and Splink, in the same run."""
    persons = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    made = world(persons)
    plain, ours, same = plain_components(made), measured(made, OURS), stable(made)
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    peers = {"plain components": plain}
    if persons <= FOR_SPLINK:
        of_kind = dict(zip(KINDS, made.values, strict=True))
        peers["Splink 5"] = clustered(of_kind, lambda found: scored(made.truth, found))
    said = (f"{name} {one['precision']} at {one['recall']} in {one['seconds']} s" for name, one in peers.items())
    beside = "; ".join(said)
    changed = same["changed from scratch and shuffled"] + same["changed in a full run"]
    line = (
        f"{persons:,} persons, {len(made.truth):,} records, {ours['links']:,} links: precision {ours['precision']} at "
        f"recall {ours['recall']} ({beside}), largest person "
        f"{ours['largest']} records (plain {plain['largest']:,}); {ours['seconds']} s ({ours['links a second']:,} links/s), "
        f"{changed} of {same['ids']:,} ids changed by shuffling and by a full run anew; {peak:,} MB at most"
    )
    write("identity", ours | same | {"peak_mb": peak}, peers, None, "pairs", line, ("scipy", "splink"))
    return 0 if not changed and ours["precision"] >= 0.979 and ours["recall"] >= plain["recall"] - 0.002 else 1


if __name__ == "__main__":
    sys.exit(main())
