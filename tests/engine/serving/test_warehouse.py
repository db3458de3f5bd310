"""The warehouse over Arrow Flight: the same answers as beside the data, one SELECT only, cancelled when it should be."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.flight as flight
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.audience_codec import write_audience
from engine.domain.model import Source
from engine.errors import Cancelled, EngineError
from engine.jobs import Job, process_bytes
from engine.operations import (
    Workspace,
    add_token,
    apply_model_text,
    connect,
    init,
    revoke_token,
    run,
    save_all,
    size,
)
from engine.serving.hosting import Hosted
from engine.serving.sessions import IDLE_SECONDS, MOST_OF_ONE, MOST_QUERIES_OF_ONE, Sessions
from engine.serving.warehouse import WarehouseServer
from engine.settings import write_settings
from engine.warehouses.duck import DuckSession
from engine.warehouses.flight import FlightWarehouse
from engine.warehouses.local import publishing
from engine.warehouses.opening import open_warehouse
from engine.warehouses.protocol import Warehouse
from engine.warehouses.wire import decode, encode, pack, unpack

AS_OF = "2026-01-15T00:00:00Z"
SLOW = "SELECT count(*) FROM range(4000000) a, range(4000000) b WHERE a.range * b.range % 7 = 3"


@pytest.fixture(scope="module")
def served(demo_folder: Path) -> Iterator[str]:
    """The demo's warehouse behind a Unix socket."""
    hosted = Hosted(demo_folder, "unix")
    yield hosted.location.replace("grpc", "flight", 1)
    hosted.stop()


@pytest.fixture
def far(served: str) -> Iterator[FlightWarehouse]:
    """The served warehouse."""
    opened = FlightWarehouse(served)
    yield opened
    opened.close()


@pytest.fixture
def near(demo_folder: Path) -> Iterator[Warehouse]:
    """The same, opened here."""
    opened = open_warehouse("local:", demo_folder / "warehouse")
    yield opened
    opened.close()


def test_it_says_the_same_of_its_tables(far: FlightWarehouse, near: Warehouse) -> None:
    assert far.tables() == near.tables()
    assert far.data_version() == near.data_version()
    assert far.locate("users") == near.locate("users")
    assert far.source_version(Source(table="users")) == near.source_version(Source(table="users"))
    assert far.still_current()
    assert far.describe("SELECT sum(user_id) s FROM users", "x") == near.describe(
        "SELECT sum(user_id) s FROM users", "x"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * EXCLUDE (registered_at) FROM users ORDER BY user_id LIMIT 50",
        "SELECT sum(user_id)::HUGEINT AS a, avg(user_id) AS b, count(*) AS a FROM users",
        "SELECT 18446744073709551616::HUGEINT AS h, uuid '00000000-0000-0000-0000-000000000001' AS u, NULL AS n",
        "SELECT DATE '2024-02-29' AS d, TIMESTAMP '2024-01-01 10:00:00' AS t, 1.50::DECIMAL(9, 2) AS x, 'a'::BLOB AS b",
        "SELECT [1, 2] AS l, {'a': 1} AS s, INTERVAL 3 DAY AS v, TRUE AS q, 'nan'::DOUBLE IS NULL AS w",
        'SELECT \'ç"quoted\' AS "odd ""name", 2 AS "odd ""name"',
        "SELECT user_id FROM users WHERE FALSE",
    ],
)
def test_rows_and_arrays_are_as_at_home(sql: str, far: FlightWarehouse, near: Warehouse) -> None:
    assert repr(far.rows(sql)) == repr(near.rows(sql))
    ours, theirs = far.arrays(sql), near.arrays(sql)
    assert list(ours) == list(theirs)
    for name, values in ours.items():
        assert values.dtype == theirs[name].dtype
        assert repr(np.ma.filled(values, 0).tolist()) == repr(np.ma.filled(theirs[name], 0).tolist())


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3),
)


@given(VALUES)
def test_every_parameter_survives_the_line(value: object) -> None:
    assert unpack(decode(encode(pack(value)))) == value


def test_parameters_are_bound(far: FlightWarehouse) -> None:
    given_ = [Decimal("1.5"), date(2024, 1, 1), "x'; DROP TABLE users", [1, 2], None, datetime(2024, 1, 1, 12)]
    found = far.rows("SELECT $1, $2, $3, $4, $5, $6", given_)
    assert list(found[0]) == given_


def test_staged_tables_are_each_sessions_own(far: FlightWarehouse, served: str) -> None:
    scratch, other = far.scratch(), far.scratch()
    scratch.stage("wanted", "SELECT user_id FROM users WHERE user_id < $1", [20])
    count = scratch.rows("SELECT count(*) FROM temp.wanted")[0][0]
    assert count > 0
    assert scratch.table("SELECT user_id FROM temp.wanted").num_rows == count
    with pytest.raises(EngineError, match="wanted"):
        other.rows("SELECT count(*) FROM temp.wanted")
    other.stage_keys("keys", iter([(pa.array([5, 6]), 0), (pa.array([7]), 2)]))
    assert other.rows("SELECT key, ordinal FROM temp.keys ORDER BY 1") == [(5, 0), (6, 1), (7, 2)]
    other.drop("keys")
    scratch.close()
    with pytest.raises(EngineError, match="staged tables are gone"):
        scratch.rows("SELECT 1")
    with pytest.raises(EngineError, match="no name"):
        other.stage('x"; DROP TABLE users; --', "SELECT 1")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM users",
        "CREATE TABLE x AS SELECT 1",
        "SET memory_limit = '1GB'",
        "SELECT 1; SELECT 2",
        "ATTACH 'x.db'",
        "COPY users TO '/tmp/x.csv'",
        "",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
    ],
)
def test_only_a_select_over_the_warehouse_is_run(sql: str, far: FlightWarehouse) -> None:
    with pytest.raises(EngineError) as caught:
        far.rows(sql)
    assert caught.value.code in ("bad_sql", "warehouse")
    with pytest.raises(EngineError):
        far.scratch().stage("x", sql)
    assert far.rows("SELECT count(*) > 0 FROM users") == [(True,)]


def test_a_cancel_stops_the_query_over_there(far: FlightWarehouse) -> None:
    job = Job()
    timer = threading.Timer(0.3, job.cancel)
    timer.start()
    began = time.perf_counter()
    with pytest.raises(Cancelled):
        far.rows(SLOW, (), job)
    assert time.perf_counter() - began < 20
    assert far.rows("SELECT 1") == [(1,)]


def test_who_does_not_wait_any_longer_leaves_nothing_running(demo_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    init(folder).close()
    write_settings(
        folder, replace(Workspace(folder).settings, warehouse=f"duckdb:///{demo_folder}/warehouse/warehouse.duckdb")
    )
    hosted = Hosted(folder, "unix")
    try:
        far = FlightWarehouse(hosted.location.replace("grpc", "flight", 1))
        with pytest.raises(EngineError, match="in time"):
            far._ask("stage", 0.5, session=far._session, scratch=far.scratch()._id, table="x", sql=SLOW, parameters=[])
        end = time.monotonic() + 20
        while hosted._server._running and time.monotonic() < end:
            time.sleep(0.05)
        assert hosted._server._running == {}
        far.close()
    finally:
        hosted.stop()


def test_audiences_are_sized_and_run_over_the_line(served: str, tmp_path: Path, demo: Workspace) -> None:
    stored = [one.audience for one in demo.audiences.all().values()]
    model = demo.models.current()
    assert model is not None
    with init(tmp_path / "far") as there:
        connect(there, served)
        apply_model_text(there, model.document)
        save_all(there, [write_audience(one) for one in stored])
        ids = sorted(one.id for one in stored)
        ours, theirs = size(there, ids, as_of=AS_OF), size(demo, ids, as_of=AS_OF)
        strip = {"elapsed_ms": 0}
        assert [one.as_json() | strip for one in ours] == [one.as_json() | strip for one in theirs]
        ran = run(there, as_of=AS_OF)
        assert {one.id: one.size for one in ran.audiences} == {one.id: one.size for one in theirs}
        assert all(one.error is None for one in ran.audiences)


def test_new_data_is_seen_and_the_old_is_kept_for_who_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    with init(folder) as made:
        write_settings(folder, replace(made.settings, warehouse="local:"))
    with publishing(folder / "warehouse", "test") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
    hosted = Hosted(folder, "unix")
    try:
        url = hosted.location.replace("grpc", "flight", 1)
        before = FlightWarehouse(url)
        with publishing(folder / "warehouse", "test") as connection:
            connection.execute("CREATE TABLE t AS SELECT 2 AS x")
        assert not before.still_current()
        after = FlightWarehouse(url)
        assert (before.rows("SELECT x FROM t"), after.rows("SELECT x FROM t")) == ([(1,)], [(2,)])
        assert before.data_version() != after.data_version()
        before.close()
        after.close()
    finally:
        hosted.stop()


def test_tokens_and_certificates(demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = self_signed(tmp_path)
    port = free_port()
    with Workspace(demo_folder) as workspace:
        token = add_token(workspace, "laptop", ("warehouse",), 1)
        hosted = Hosted(demo_folder, f"127.0.0.1:{port}", certificate, key)
        url = f"flight+tls://localhost:{port}?ca={tmp_path / 'ca.pem'}"
        try:
            for wrong in ("", "cvk_x", token[:-1], f"cvk_{token.split('_')[1]}_{'A' * 43}"):
                monkeypatch.setenv("CONVOKE_TOKEN", wrong)
                with pytest.raises(EngineError, match="does not accept this token"):
                    FlightWarehouse(url)
            monkeypatch.setenv("CONVOKE_TOKEN", token)
            opened = FlightWarehouse(url)
            assert opened.rows("SELECT 1") == [(1,)]
            with pytest.raises(EngineError):
                FlightWarehouse(f"flight+tls://localhost:{port}")  # nobody the system knows vouches for it
            revoke_token(workspace, token.split("_")[1])
            with pytest.raises(EngineError, match="does not accept"):
                opened.rows("SELECT 1")
            opened.close()
        finally:
            hosted.stop()


def test_what_cannot_be_served_or_reached_is_said(demo_folder: Path, tmp_path: Path) -> None:
    for address, match in (
        ("0.0.0.0:8815", "encrypted only"),
        ("nowhere", "no address"),
        ("localhost:99999", "no address"),
    ):
        with pytest.raises(EngineError, match=match):
            Hosted(demo_folder, address)
    with pytest.raises(EngineError, match="go together"):
        Hosted(demo_folder, "127.0.0.1:8815", tmp_path / "x.pem", None)
    with pytest.raises(EngineError, match="nobody answers"):
        FlightWarehouse(f"flight://127.0.0.1:{free_port()}")
    with pytest.raises(EngineError, match="not encrypted"):
        FlightWarehouse("flight://example.org:8815")
    with pytest.raises(EngineError, match="no host and port"):
        FlightWarehouse("flight+tls://example.org")
    with init(tmp_path / "empty"), pytest.raises(EngineError, match="no warehouse yet"):
        Hosted(tmp_path / "empty", "unix")


def test_a_session_nobody_asks_for_is_over(demo_folder: Path) -> None:
    now = [0.0]
    sessions = Sessions(lambda: open_warehouse("local:", demo_folder / "warehouse"), lambda: now[0])  # type: ignore[arg-type,return-value]
    first, _ = sessions.open()
    now[0] = IDLE_SECONDS + 1
    second, _ = sessions.open()
    with pytest.raises(EngineError, match="is over"):
        sessions.get(first)
    assert sessions.get(second).warehouse.rows("SELECT 1") == [(1,)]
    sessions.close_all()


def test_many_readers_at_once(served: str, near: Warehouse) -> None:
    wanted = near.rows("SELECT count(*), sum(user_id)::BIGINT FROM users")
    found: list[object] = []

    def read() -> None:
        opened = FlightWarehouse(served)
        for _ in range(20):
            found.append(opened.rows("SELECT count(*), sum(user_id)::BIGINT FROM users"))
            opened.describe("SELECT * FROM users", "x")
        opened.close()

    threads = [threading.Thread(target=read) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [wanted] * 160


def test_an_unknown_question_is_answered_in_words(served: str) -> None:
    client = flight.FlightClient(served.replace("flight", "grpc", 1))
    for action, body in (("explode", b""), ("tables", b"{}"), ("open", b"not json")):
        with pytest.raises(flight.FlightError):
            list(client.do_action(flight.Action(action, body)))
    client.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def self_signed(folder: Path) -> tuple[Path, Path]:
    """The authority's certificate, which vouches for localhost's, which the returned key and chain are of."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return chain, key


@contextmanager
def small_server(folder: Path, seconds: float = 60, **limits: Any) -> Iterator[FlightWarehouse]:
    """The data of a workspace behind a socket of its own, with limits."""

    def opened() -> DuckSession:
        found = open_warehouse("local:", folder / "warehouse", apart=True)
        found.limit_time(seconds)
        assert isinstance(found, DuckSession)
        return found

    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        server = WarehouseServer(f"grpc+unix://{place}/s", opened, **limits)
        far = FlightWarehouse(f"flight+unix://{place}/s")
        try:
            yield far
        finally:
            far.close()
            server.stop()


def test_an_answer_comes_in_parts_and_has_a_limit(demo_folder: Path) -> None:
    """The server holds a few rows at a time, whatever the answer's size; its limit is a sentence for the client."""
    with small_server(demo_folder, most_bytes=64 << 20) as far:
        started = process_bytes()
        with pytest.raises(EngineError, match="larger than 64 MB") as refused:
            far.rows("SELECT repeat('x', 10000) FROM range(300000)")
        assert refused.value.code == "memory"
        assert process_bytes() - started < 1 << 30, "3 GB were asked for"
        assert far.rows("SELECT count(*) FROM range(300000)") == [(300_000,)]
        with pytest.raises(EngineError) as failed:  # also what fails after some rows were sent
            far.rows("SELECT CASE WHEN i = 290000 THEN 'no number' ELSE '1' END::INTEGER FROM range(300000) t(i)")
        assert failed.value.code == "warehouse"


def test_a_query_ends_when_its_time_is_over(demo_folder: Path) -> None:
    with small_server(demo_folder, 0.3) as far:
        with pytest.raises(EngineError, match="took longer than"):
            far.rows(SLOW)
        assert far.rows("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT user_id FROM users WHERE (SELECT count(*) FROM enable_logging(storage = 'file')) = 0",
        "SELECT error((SELECT string_agg(user_id::VARCHAR, '') FROM users))",
        "SELECT sleep_ms(100000000)",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT repeat('x', 1000000) FROM range(30000)",
        "SELECT 1) AS o; COPY (SELECT 1) TO 'x'; SELECT * FROM (SELECT 1",
        "FROM 'users.csv'",
    ],
)
def test_what_the_gate_refuses_is_refused_at_every_door(sql: str, far: FlightWarehouse) -> None:
    scratch = far.scratch()
    for ask in (
        lambda: far.rows(sql),
        lambda: far.describe(sql, "x"),
        lambda: scratch.stage("mine", sql),
        lambda: scratch.rows(sql),
        lambda: far.ask("source_version", source={"table": None, "sql": sql, "where": None}) and far.describe(sql, "x"),
    ):
        with pytest.raises(EngineError) as refused:
            ask()
        assert refused.value.code == "bad_sql"
    scratch.close()


def test_one_token_leaves_sessions_and_queries_to_others(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with Workspace(demo_folder) as workspace:
        greedy, other = (add_token(workspace, name, ("warehouse",), 1) for name in ("greedy", "other"))
    hosted = Hosted(demo_folder, f"127.0.0.1:{port}")
    url = f"flight://127.0.0.1:{port}"
    try:
        monkeypatch.setenv("CONVOKE_TOKEN", greedy)
        mine = [FlightWarehouse(url) for _ in range(MOST_OF_ONE)]
        with pytest.raises(EngineError, match="16 sessions"):
            FlightWarehouse(url)
        jobs = [Job() for _ in range(MOST_QUERIES_OF_ONE)]
        threads = [threading.Thread(target=_ask_slowly, args=(mine[0], job)) for job in jobs]
        for one in threads:
            one.start()
        wait_for(lambda: len(hosted._server._running) == MOST_QUERIES_OF_ONE)
        with pytest.raises(EngineError, match="8 queries running"):
            mine[1].rows("SELECT 1")
        monkeypatch.setenv("CONVOKE_TOKEN", other)
        theirs = FlightWarehouse(url)
        assert theirs.rows("SELECT 1") == [(1,)]
        for job in jobs:
            job.cancel()
        while any(one.is_alive() for one in threads):
            for job in jobs:
                job.cancel()
            threads[0].join(0.05)
        assert mine[1].rows("SELECT 1") == [(1,)]
        for opened in (*mine, theirs):
            opened.close()
        monkeypatch.setenv("CONVOKE_TOKEN", greedy)
        FlightWarehouse(url).close()
    finally:
        hosted.stop()


def _ask_slowly(far: FlightWarehouse, job: Job) -> None:
    with pytest.raises(Cancelled):
        far.rows(SLOW, (), job)


def wait_for(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not there():
        assert time.monotonic() < end
        time.sleep(0.02)
