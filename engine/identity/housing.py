"""Households: persons who share a value of the kinds that make one, never merged into one person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.identity.arrays import components
from engine.identity.tables import beside

if TYPE_CHECKING:
    from engine.domain.identity import IdentityDocument
    from engine.identity.arrays import Ints
    from engine.identity.candidates import Graph
    from engine.identity.graph import Persons

LARGEST_HOME = 12


def kinds_of_homes(document: IdentityDocument) -> list[int]:
    """The places of the kinds whose values make households."""
    return [place for place, one in enumerate(document.kinds) if one.name in document.households]


def households(kinds: Sequence[int], graph: Graph, persons: Persons, ids: Sequence[str]) -> Ints:
    """Persons who share a value of the households' kinds live together; a value of more than a dozen people (an office,
    a kiosk) says nothing."""
    if not kinds or not len(graph.first):
        return np.arange(persons.count, dtype=np.int64)
    first, second = np.searchsorted(graph.high, graph.first), np.searchsorted(graph.high, graph.second)
    value, owner = [], []
    for one, other in ((first, second), (second, first)):
        wanted = np.isin(graph.kinds[one], kinds) & (persons.person[one] != persons.person[other])
        wanted &= ~persons.quarantined[other]
        value.append(one[wanted])
        owner.append(persons.person[other][wanted])
    own = np.flatnonzero(np.isin(graph.kinds, kinds) & ~persons.quarantined)
    pairs = np.unique(
        np.stack([np.concatenate([*value, own]), np.concatenate([*owner, persons.person[own]])], axis=1), axis=0
    )
    shared, counts = np.unique(pairs[:, 0], return_counts=True)
    pairs = pairs[np.isin(pairs[:, 0], shared[(counts > 1) & (counts <= LARGEST_HOME)])]
    return homes(pairs, persons.count, ids)


def homes(pairs: Ints, count: int, ids: Sequence[str]) -> Ints:
    """The place of the household of each of so many persons: that of whose id is the smallest among those who share a
    value. ``pairs`` are (value, person), each once, in the order of values."""
    home = np.arange(count, dtype=np.int64)
    if not len(pairs):
        return home
    starts = np.append(True, pairs[1:, 0] != pairs[:-1, 0])
    leader = pairs[starts, 1][np.cumsum(starts) - 1]
    labels = components(count, leader, pairs[:, 1])
    living = np.unique(pairs[:, 1])
    order = np.array(sorted(living.tolist(), key=ids.__getitem__), dtype=np.int64)
    smallest = np.full(count, -1, dtype=np.int64)
    smallest[labels[order[::-1]]] = order[::-1]  # what is written last stays: the smallest
    home[living] = smallest[labels[living]]
    return home


# -- in a map's file ------------------------------------------------------------------------------------------------

PAIRS = """
WITH valued AS (FROM identifiers WHERE kind IN (SELECT unnest($1::INTEGER[]))),
every AS (
    SELECT valued.high AS value, owner.person FROM links JOIN valued ON links.first = valued.high
    JOIN identifiers AS owner ON owner.high = links.second
    WHERE owner.person != valued.person AND NOT owner.quarantined
    UNION SELECT valued.high, owner.person FROM links JOIN valued ON links.second = valued.high
    JOIN identifiers AS owner ON owner.high = links.first
    WHERE owner.person != valued.person AND NOT owner.quarantined
    UNION SELECT high, person FROM valued WHERE NOT quarantined
),
useful AS (SELECT value FROM every GROUP BY value HAVING count(*) BETWEEN 2 AND $2)
SELECT value, person FROM every SEMI JOIN useful USING (value) ORDER BY value, person
"""
"""Values (nodes) and the places of persons who share them, for kinds of the places $1; at most $2 persons a value."""


_LIVING = "SELECT id FROM persons SEMI JOIN living USING (place) ORDER BY place"
_MOVED = """
SELECT persons.id, coalesce(housed.home, persons.id) AS home FROM persons LEFT JOIN housed USING (place)
WHERE persons.household != coalesce(housed.home, persons.id)
"""


def rehoused(connection: Any, kinds: Sequence[int]) -> dict[str, str]:
    """Put everybody into the household that they belong to; those whose is another one now."""
    if not kinds:
        return {}
    pairs = connection.execute(PAIRS, [list(kinds), LARGEST_HOME]).fetchnumpy()
    places, person = np.unique(np.asarray(pairs["person"], dtype=np.int64), return_inverse=True)
    with beside(connection, {"living": pa.table({"place": places.astype(np.int32)})}):
        ids = connection.execute(_LIVING).fetchnumpy()["id"]
    both = np.stack([np.asarray(pairs["value"], dtype=np.uint64).view(np.int64), person.astype(np.int64)], axis=1)
    home = homes(both, len(places), ids.tolist())
    housed = pa.table({"place": places.astype(np.int32), "home": pa.array(ids[home].tolist(), type=pa.string())})
    with beside(connection, {"housed": housed}):
        moved = connection.execute(_MOVED).to_arrow_table()
    with beside(connection, {"moved": moved}):
        connection.execute("UPDATE persons SET household = moved.home FROM moved WHERE persons.id = moved.id")
    return dict(zip(moved.column("id").to_pylist(), moved.column("home").to_pylist(), strict=True))
