"""Splink 5 alone on the records of `make bench-identity`: its blocks, comparisons, training and clustering."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

THRESHOLDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.9, 0.99)
"""Match probabilities to cluster at; the best by F1, told by the truth, stands for Splink."""


def clustered(
    values: dict[str, NDArray[np.uint64]], score: Callable[[NDArray[np.int64]], dict[str, float]]
) -> dict[str, Any]:
    """The scores of the best threshold; ``values`` (0: none) by kind, one of each a record. A value is compared for
    being equal, and rare ones speak for more (term frequencies), as Splink's documentation advises for identifiers."""
    import splink.comparison_library as library
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    kinds = list(values)
    columns = {name: pa.array(one.astype(np.int64), mask=one == 0) for name, one in values.items()}
    count = len(next(iter(values.values())))
    table = pa.table({"unique_id": np.arange(count), **columns})
    began = perf_counter()
    blocks: list[Any] = [block_on(one) for one in kinds]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[library.ExactMatch(one).configure(term_frequency_adjustments=True) for one in kinds],
        blocking_rules_to_generate_predictions=blocks,
    )
    connection = duckdb.connect()
    linker = Linker(DuckDBAPI(connection).register(table), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(blocks, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=5_000_000, seed=7)
    for one in blocks[:2]:
        linker.training.estimate_parameters_using_expectation_maximisation(one)
    pairs: Any = linker.inference.predict(threshold_match_probability=THRESHOLDS[0])
    trained = perf_counter() - began
    best: dict[str, Any] = {"f1": -1.0}
    for threshold in THRESHOLDS:
        began = perf_counter()
        groups: Any = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold)
        made = groups.as_pyarrow_table()
        took = trained + perf_counter() - began
        found = np.arange(count, dtype=np.int64)
        found[np.asarray(made["unique_id"])] = np.asarray(made["cluster_id"])
        scores = score(found)
        if scores["f1"] > best["f1"]:
            best = scores | {"threshold": threshold, "seconds": round(took, 1)}
    return best
