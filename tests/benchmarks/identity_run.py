"""`make bench-identity-run [PEOPLE=1000000] [KEYS=10000000]`: identity as one uses it, from a warehouse to an answer.

A warehouse with people who have an address, half a phone and a device, some of them twice; every step in its order, with
how long it took. Then an index of many keys, asked one by one, beside SQLite and DuckDB with the same keys; and the API
over HTTP.
"""

from __future__ import annotations

import http.client
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np

from engine import operations
from engine.domain.documents import dump_yaml
from engine.identity.index import Index, write_index
from engine.operations import Workspace
from engine.operations.sealing import make_vault_key
from tests.benchmarks.asking import asked_at_once, post
from tests.benchmarks.report import BUILD, write
from tests.support.people import MODEL

_ASKED = 50_000
_OVER_HTTP = 5_000
_CONNECTIONS, _AT_ONCE = 4, 20_000
DOCUMENT: dict[str, Any] = {
    "kind": "identity",
    "id": "persons",
    "kinds": {"profile": {"most": 5}, "email": {"links": 10}, "device": {"links": 1}},
    "households": ["device"],
    "sources": {
        "profiles": {"table": "users", "identifiers": {"profile": "user_id"}, "watermark": "n"},
        "contacts": {
            "table": "contacts",
            "identifiers": {"profile": "user_id", "email": "email", "device": "device"},
            "watermark": "n",
        },
    },
}


def warehouse(path: Path, people: int, extra: int = 0) -> None:
    """People with contacts; one in ten has a second account with the same address, one in twelve shares a device."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as made:
        made.execute(
            "CREATE TABLE contacts AS SELECT 'u' || i AS user_id, "
            "'m' || CASE WHEN i % 10 = 9 THEN i - 1 ELSE i END || '@mail.com' AS email, NULL::VARCHAR AS cpf, "
            "CASE WHEN i % 12 = 0 THEN 'h' || (i // 24) ELSE 'd' || i END AS device, i AS n FROM range(?) AS t(i)",
            [people + extra],
        )
        made.execute("CREATE TABLE users AS SELECT user_id, 30 AS age, 'SP' AS state, n FROM contacts")
        made.execute("CREATE TABLE visits AS SELECT user_id, TIMESTAMP '2026-06-01' AS ts FROM users LIMIT 10")
        made.execute("CREATE TABLE consents AS SELECT user_id, true AS ads FROM users LIMIT 10")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    began = perf_counter()
    found = work()
    return round(perf_counter() - began, 2), found


def steps(folder: Path, people: int) -> dict[str, float]:
    """How long everything takes, in its order."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    warehouse(folder / "data.duckdb", people)
    found: dict[str, float] = {}
    with operations.init(folder / "ws") as workspace:
        operations.connect(workspace, str(folder / "data.duckdb"))
        workspace.models.save(dump_yaml(MODEL), "bench")
        make_vault_key(workspace, folder / "vault.key")
        operations.apply_identity_text(workspace, dump_yaml(DOCUMENT))
        found["first run"], outcome = timed(lambda: operations.run_identity(workspace))
        found["persons"] = outcome.numbers["persons"]
        found["nothing changed"], outcome = timed(lambda: operations.run_identity(workspace))
        assert outcome.numbers["new"] == outcome.numbers["merged"] == 0
        (folder / "other.yaml").write_text(
            dump_yaml({**DOCUMENT, "kinds": {**DOCUMENT["kinds"], "email": {"links": 1}}})
        )
        found["what if"], _ = timed(lambda: operations.what_if_identity(workspace, folder / "other.yaml"))
        found["cut"], decided = timed(
            lambda: operations.cut_identifiers(workspace, "profile:u8", "profile:u9", "a test")
        )
        assert decided.looked_at < 10
        found["taken back"], _ = timed(lambda: operations.undo_decision(workspace, decided.id))
        found["checks"], _ = timed(lambda: operations.check_identity(workspace))
        found["forget"], gone = timed(lambda: operations.forget_person(workspace, "profile:u5"))
        assert gone.found == 0
        for more in (1_000, people // 100):
            warehouse(folder / "fresh.duckdb", people, more)
            (folder / "fresh.duckdb").replace(folder / "data.duckdb")
            workspace.reload()
            name = "1,000 more people" if more == 1_000 else "1 % more people"
            found[name], outcome = timed(lambda: operations.run_identity(workspace))
            assert outcome.numbers["merged"] == 0
            assert outcome.increment
        found["everything again"], outcome = timed(lambda: operations.run_identity(workspace, everything=True))
        assert (outcome.numbers["merged"], outcome.numbers["new"]) == (0, 0)
        found["GB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
        found |= over_http(workspace)
    return found


def over_http(workspace: Workspace) -> dict[str, float]:
    """Milliseconds of an answer over HTTP, one after another on one connection; identifiers a second in batches."""
    token = operations.add_token(workspace, "bench", ("identity",), 1)
    command = [sys.executable, "-m", "engine.cli", "serve", "--api", "127.0.0.1:0", "-w", str(workspace.folder)]
    api = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert api.stdout is not None
    location = api.stdout.readline().split(" at ")[1].split(";")[0]
    host, port = location.removeprefix("http://").split(":")
    client = http.client.HTTPConnection(host, int(port))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(path: str, body: str) -> None:
        client.request("POST", f"/v1/identity/{path}", body, headers)
        answer = client.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    try:
        one = json.dumps({"kind": "email", "value": "m17@mail.com"})
        for _ in range(100):
            ask("resolve", one)
        seconds: list[float] = []
        while len(seconds) < _OVER_HTTP:
            began = perf_counter()
            ask("resolve", one)
            seconds.append(perf_counter() - began)
        many = json.dumps({"identifiers": [{"kind": "email", "value": f"m{i}@mail.com"} for i in range(1_000)]})
        ask("batch", many)
        began = perf_counter()
        for _ in range(20):
            ask("batch", many)
        batch = perf_counter() - began
        client.close()
        at_once = asked_at_once(
            host,
            int(port),
            lambda number: post(
                "/v1/identity/resolve", token, json.dumps({"kind": "email", "value": f"m{number * 2}@mail.com"})
            ),
            _CONNECTIONS,
            _AT_ONCE,
        )
    finally:
        api.terminate()
        api.wait(30)
    ms = np.array(seconds) * 1_000
    return {
        "HTTP p50 ms": round(float(np.percentile(ms, 50)), 2),
        "HTTP p99 ms": round(float(np.percentile(ms, 99)), 2),
        "HTTP requests a second": round(1_000 / float(ms.mean())),
        **{f"HTTP {name} at once": value for name, value in at_once.items()},
        "identifiers a second in batches": round(20_000 / batch),
    }


def lookups(folder: Path, keys: int) -> dict[str, float]:
    """Microseconds of one lookup in an index of so many keys; SQLite and DuckDB beside."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    high = np.unique(rng.integers(1, 2**63, keys, dtype=np.uint64))
    hashes = np.stack([high, high[::-1]], axis=1).astype(">u8").tobytes()
    person = [(i // 3).to_bytes(10, "big") for i in range(len(high))]
    found: dict[str, float] = {"keys": len(high)}

    def pairs() -> Any:
        return ((hashes[16 * i : 16 * i + 16], person[i]) for i in range(len(high)))

    path = folder / "index.lmdb"
    found["built s"], _ = timed(lambda: write_index(path, pairs(), [], {}, len(high)))
    found["bytes a key"] = round(path.stat().st_size / len(high), 1)
    asked = [hashes[16 * i : 16 * i + 16] for i in rng.integers(0, len(high), _ASKED).tolist()]
    index = Index(path)
    found |= _percentiles("", asked, index.person)
    index.close()
    lite = sqlite3.connect(folder / "index.sqlite")
    lite.execute("CREATE TABLE t (k BLOB PRIMARY KEY, p BLOB) WITHOUT ROWID")
    lite.executemany("INSERT INTO t VALUES (?, ?)", pairs())
    lite.commit()
    found |= _percentiles("SQLite ", asked, lambda k: lite.execute("SELECT p FROM t WHERE k = ?", (k,)).fetchone())
    lite.close()
    import pyarrow as pa

    with duckdb.connect(str(folder / "index.duckdb")) as duck:
        table = pa.table({"k": high, "p": pa.array(person, type=pa.binary())})
        duck.register("given", table)
        duck.execute("CREATE TABLE t AS FROM given")
        duck.execute("CREATE UNIQUE INDEX i ON t (k)")
        some = high[rng.integers(0, len(high), 2_000)].tolist()
        found |= _percentiles("DuckDB ", some, lambda k: duck.execute("SELECT p FROM t WHERE k = ?", [k]).fetchone())
    shutil.rmtree(folder)
    return found


def _percentiles(name: str, asked: list[Any], get: Callable[[Any], Any]) -> dict[str, float]:
    for one in asked[:2_000]:
        get(one)
    seconds = []
    for one in asked:
        began = perf_counter()
        answer = get(one)
        seconds.append(perf_counter() - began)
        assert answer is not None
    us = np.array(seconds) * 1e6
    return {
        f"{name}p50 µs": round(float(np.percentile(us, 50)), 1),
        f"{name}p99 µs": round(float(np.percentile(us, 99)), 1),
    }


def main() -> None:
    """For so many people and keys."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    keys = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    ours = steps(BUILD / "bench-identity", people)
    shutil.rmtree(BUILD / "bench-identity", ignore_errors=True)
    found = lookups(BUILD / "bench-identity-index", keys)
    line = (
        f"{people:,} profiles, {ours['persons']:,.0f} persons: first run {ours['first run']} s, nothing changed "
        f"{ours['nothing changed']} s, 1,000 more {ours['1,000 more people']} s, 1 % more {ours['1 % more people']} s, everything again {ours['everything again']} s, what if {ours['what if']} s, a cut "
        f"{ours['cut']} s, taken back {ours['taken back']} s, checks {ours['checks']} s, forgetting {ours['forget']} s, at most "
        f"{ours['GB']} GB; HTTP p50 {ours['HTTP p50 ms']} ms, p99 {ours['HTTP p99 ms']} ms, {ours['HTTP requests a second']:,} requests a second one by one; "
        f"over {_CONNECTIONS} connections at once {ours['HTTP requests a second at once']:,} requests a second, p50 "
        f"{ours['HTTP p50 ms at once']} ms, p99 {ours['HTTP p99 ms at once']} ms; "
        f"{ours['identifiers a second in batches']:,} identifiers a second in batches; an index of {found['keys']:,.0f} keys: "
        f"built in {found['built s']} s, {found['bytes a key']} bytes a key, p50 {found['p50 µs']} µs, p99 {found['p99 µs']} µs "
        f"(SQLite {found['SQLite p50 µs']}, {found['SQLite p99 µs']}; DuckDB {found['DuckDB p50 µs']}, {found['DuckDB p99 µs']})"
    )
    write("identity-run", ours | found, None, None, "seconds", line)


if __name__ == "__main__":
    main()
