"""A candidate as the tables of a map's file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.identity.resolving import Candidate


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
