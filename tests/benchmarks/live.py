"""`make bench`: two hundred scripted edits of a six-condition rule through the app's worker, against the audience's
own SQL asked again on DuckDB; 10 million profiles, 50 million events."""

from __future__ import annotations

import random
import statistics
import sys
from time import perf_counter
from typing import Any

from engine.domain.audience_codec import read_audience
from engine.jobs import Job
from engine.operations.context import prepare
from engine.operations.targets import Named
from engine.worker.handlers import Handlers
from tests.benchmarks.report import BUILD, write
from tests.benchmarks.sizes import CATEGORIES, big_workspace

EDITS = 200


def conditions(rng: random.Random) -> list[dict[str, Any]]:
    """Six conditions, three on traits and three on events."""
    return [edited(rng, place) for place in range(6)]


def edited(rng: random.Random, place: int) -> dict[str, Any]:
    """Another condition for a place, as someone who tries values makes them."""
    match place:
        case 0:
            return {"trait": "age", "between": [20 + rng.randrange(4) * 5, 45 + rng.randrange(4) * 5]}
        case 1:
            return {"trait": "state", "in": rng.sample(["SP", "RJ", "MG", "BA"], 2)}
        case 2:
            return {"trait": "uses_app", "eq": rng.random() < 0.5}
        case _:
            return {
                "did": "purchase" if place == 3 else "view",
                "where": [{"property": "category", "eq": rng.choice(CATEGORIES)}],
                "times": {"gte": rng.choice((1, 2))},
                "within": rng.choice(("30d", "90d")),
            }


def main() -> None:
    """Every edit is answered by both; sizes must agree."""
    rng = random.Random(4)
    folder = BUILD / "bench-big"
    with big_workspace(folder, 10_000_000, 50_000_000) as workspace:
        handlers = Handlers(folder)
        nodes, ours, peers = conditions(rng), [], []
        for number in range(EDITS + 1):
            if number:
                place = rng.randrange(6)
                nodes[place] = edited(rng, place)
            document = {"kind": "audience", "id": "live", "name": "live", "rule": {"all": [*nodes]}}
            started = perf_counter()
            answer = handlers.call("size", {"document": document}, Job())
            taken = perf_counter() - started
            if number == 0:
                continue  # the first opens the warehouse
            ours.append(taken)
            if number % 4 == 0:
                peers.append(_peer(workspace, document, answer))
        handlers.close()
    middle, theirs = statistics.median(ours), statistics.median(peers)
    found = {
        "p50_ms": round(middle * 1000, 1),
        "p95_ms": round(statistics.quantiles(ours, n=20)[-1] * 1000, 1),
        "max_ms": round(max(ours) * 1000, 1),
        "edits": EDITS,
    }
    peer = {
        "p50_ms": round(theirs * 1000, 1),
        "p95_ms": round(statistics.quantiles(peers, n=20)[-1] * 1000, 1),
        "asked": len(peers),
    }
    sys.stdout.write(f"{found} {peer}\n")
    line = (
        f"edit to exact number with every condition's own, 10 M profiles: p50 {found['p50_ms']:.0f} ms, p95 "
        f"{found['p95_ms']:.0f} ms; the audience's SQL alone takes {peer['p50_ms']:.0f} ms: {theirs / middle:.1f} times"
    )
    write("live", found, peer, round(theirs / middle, 2), "ms", line)


def _peer(workspace: Any, document: dict[str, Any], answer: dict[str, Any]) -> float:
    """The audience's own SQL, compiled before the clock starts."""
    from datetime import datetime

    audience = read_audience(document)
    context = prepare(workspace, [Named(audience, "", None)], datetime.fromisoformat(answer["as_of"]))
    (statement,) = context.evaluator.member_statements(audience, context.sites(audience, None))
    started = perf_counter()
    ((size,),) = workspace.warehouse.rows(f"SELECT count(*) FROM ({statement.sql})", statement.parameters)
    taken = perf_counter() - started
    assert size == answer["size"], (size, answer["size"], document)
    return taken


if __name__ == "__main__":
    main()
