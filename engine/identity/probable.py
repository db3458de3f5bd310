"""Persons who are likely one: profiles compared field by field by Splink 5, where no identifier is equal.

Splink (Fellegi and Sunter's model, trained by expectation maximisation) works on the fields in memory; only which two
profiles are how likely one is kept, by the keyed hashes of their keys.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from engine.domain.canonical import canonical_json
from engine.domain.identity import PROFILE, IdentityDocument, Kind, Probable
from engine.durable import make_folder, sync_folder
from engine.errors import EngineError
from engine.extras import how_to_add
from engine.identity.arrays import U64
from engine.identity.records import hashed_column
from engine.identity.values import Hasher
from engine.jobs import Job
from engine.sql.build import alias, call, cast, column
from engine.sql.sources import relation
from engine.warehouses.protocol import Warehouse

_PATH = "probable"
_SEED = 1
_PAIRS = 1e6
_NOTHING: U64 = np.zeros((0, 2), dtype=np.uint64)


def likely_pairs(
    document: IdentityDocument, warehouse: Warehouse, hasher: Hasher, folder: Path, job: Job | None = None
) -> NDArray[np.uint64]:
    """Pairs of profiles' nodes that are one person with the document's probability at least; what was found stays in a
    folder until the data, the rule or the pepper change."""
    wanted = document.probable
    if wanted is None:
        return _NOTHING
    columns = {name.lower() for name in warehouse.columns(wanted.source, _PATH)}
    for name in (wanted.profile, *wanted.compare):
        if name.lower() not in columns:
            raise EngineError("model_mismatch", f'there is no column "{name}"', f"{_PATH}.compare", "Name another one.")
    about = {
        "rule": [wanted.source.table, wanted.source.sql, wanted.source.where, wanted.profile, dict(wanted.compare)],
        "blocks": [list(one) for one in wanted.block],
        "sure": [str(wanted.recall), str(wanted.threshold)],
        "data": warehouse.source_version(wanted.source),
        "pepper": hasher.fingerprint,
    }
    name = hashlib.sha256(canonical_json(about).encode()).hexdigest()[:24]
    kept = folder / f"likely-{name}.npy"
    if kept.exists():
        found: NDArray[np.uint64] = np.load(kept)
        return found
    if job is not None:
        job.report(0.9, "comparing profiles")
    keys, pairs = _compared(wanted, _rows(wanted, warehouse, job), job)
    high, _ = hashed_column([keys], document.kind(PROFILE) or Kind(PROFILE, "text"), hasher)
    found = np.sort(np.stack([high[pairs[0]], high[pairs[1]]], axis=1), axis=1)
    _keep(kept, folder, found)
    return found


def _keep(path: Path, folder: Path, found: NDArray[np.uint64]) -> None:
    make_folder(folder)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        np.save(file, found)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    sync_folder(folder)
    for old in folder.glob("likely-*.npy"):
        if old != path:
            old.unlink(missing_ok=True)


def _rows(wanted: Probable, warehouse: Warehouse, job: Job | None) -> Any:
    """The fields as text: trimmed, in small letters, without accents; empty ones unknown."""
    rows = exp.Subquery(
        this=relation(wanted.source, warehouse, _PATH), alias=exp.TableAlias(this=exp.to_identifier("r"))
    )
    query = exp.select(alias(cast(column(wanted.profile, "r"), "VARCHAR"), "unique_id")).from_(rows)
    for at, name in enumerate(wanted.compare):
        text = call("strip_accents", call("lower", call("trim", cast(column(name, "r"), "VARCHAR"))))
        query = query.select(alias(call("nullif", text, exp.Literal.string("")), f"f{at}"))
    scratch = warehouse.scratch()
    try:
        return scratch.table(query.sql(dialect="duckdb"), (), job)
    finally:
        scratch.close()


def _compared(wanted: Probable, table: Any, job: Job | None) -> tuple[Any, NDArray[np.int64]]:
    """The profile keys, and the places of pairs among them."""
    try:
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    except ImportError:
        hint = how_to_add("identity")
        raise EngineError("missing_part", "comparing profiles needs the part splink", _PATH, hint) from None
    logging.getLogger("splink").setLevel(logging.ERROR)
    place = {name: f"f{at}" for at, name in enumerate(wanted.compare)}
    blocks: list[Any] = [block_on(*(place[name] for name in one)) for one in wanted.block]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(kind, place[name]) for name, kind in wanted.compare.items()],
        blocking_rules_to_generate_predictions=blocks,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(":memory:")
    linker = Linker(api.register(table), settings, log_level=logging.ERROR)
    training = linker.training
    try:
        training.estimate_probability_two_random_records_match(blocks, recall=float(wanted.recall))
        training.estimate_u_using_random_sampling(max_pairs=_PAIRS, seed=_SEED)
        for one in blocks:
            if job is not None:
                job.check()
            training.estimate_parameters_using_expectation_maximisation(one)
        found: Any = linker.inference.predict(threshold_match_probability=float(wanted.threshold))
        predicted = found.as_pyarrow_table()
    except Exception as error:
        if isinstance(error, EngineError):
            raise
        raise EngineError(
            "identity",
            f"the profiles could not be compared ({type(error).__name__})",
            _PATH,
            "Compare fields that most profiles have, and block by fields that agree for some hundreds of pairs.",
        ) from None
    keys = table.column("unique_id").combine_chunks()
    at = {key: number for number, key in enumerate(keys.to_pylist())}
    ends = [predicted.column(f"unique_id_{side}").to_pylist() for side in ("l", "r")]
    return keys, np.array([[at[key] for key in side] for side in ends], dtype=np.int64).reshape(2, -1)


def _comparison(kind: str, field: str) -> Any:
    import splink.comparison_library as library

    made: Mapping[str, Any] = {
        "name": lambda: library.NameComparison(field),
        "text": lambda: library.LevenshteinAtThresholds(field, [1, 2]),
        "email": lambda: library.EmailComparison(field),
        "date": lambda: library.LevenshteinAtThresholds(field, [1, 2]),
        "exact": lambda: library.ExactMatch(field).configure(term_frequency_adjustments=True),
    }
    return made[kind]()
