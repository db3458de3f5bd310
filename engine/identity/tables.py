"""A candidate as the tables of a map's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from engine.identity.candidates import Candidate


def identifiers_table(found: Candidate, first: int = 0) -> Any:
    """The identifiers of a candidate, its persons being numbered from ``first``."""
    graph, persons = found.graph, found.persons
    return pa.table(
        {
            "high": graph.high,
            "low": graph.low,
            "kind": graph.kinds,
            "person": (persons.person + first).astype(np.int32),
            "quarantined": persons.quarantined,
        }
    )


def persons_table(found: Candidate, first: int = 0) -> Any:
    """The persons of a candidate."""
    ids = found.names.ids
    return pa.table(
        {
            "place": np.arange(first, first + found.persons.count, dtype=np.int32),
            "id": pa.array(ids, type=pa.string()),
            "since": np.array(found.names.since, dtype=np.int32),
            "household": pa.array([ids[one] for one in found.home.tolist()], type=pa.string()),
        }
    )


def links_table(found: Candidate) -> Any:
    """The links of a candidate."""
    graph, seen = found.graph, found.graph.evidence
    return pa.table(
        {
            "first": graph.first,
            "second": graph.second,
            "kind": graph.kind,
            "records": seen.records,
            "first_seen": seen.first,
            "last_seen": seen.last,
            "sources": seen.sources,
            "refused": found.refused,
        }
    )


def redirects_table(pairs: Sequence[tuple[str, str]]) -> Any:
    """Ids that lead to others."""
    return pa.table(
        {
            "id": pa.array([one for one, _ in pairs], type=pa.string()),
            "into_id": pa.array([into for _, into in pairs], type=pa.string()),
        }
    )


@contextmanager
def beside(connection: Any, tables: Mapping[str, Any]) -> Iterator[None]:
    """Arrow tables as temporary tables: joined as they are, DuckDB would hand Arrow bounds of 64 bits without a sign,
    which it cannot read."""
    for name, table in tables.items():
        connection.register("given_now", table)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM given_now")
        connection.unregister("given_now")
    try:
        yield
    finally:
        for name in tables:
            connection.execute(f"DROP TABLE {name}")
