"""One suite for every kind of destination that is reached by a line: broken at any piece of what is asked or answered, or
dripping, each batch counts once, and nothing else is raised than that it is to be tried again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import psycopg
import pytest
from obstore.store import from_url

from engine.destinations.admanager import AdManagerDestination
from engine.destinations.google import GoogleDestination
from engine.destinations.host import Host
from engine.destinations.meta import MetaDestination
from engine.destinations.mysql import MySQLDestination
from engine.destinations.objects import objects
from engine.destinations.postgres import PostgresDestination
from engine.destinations.protocol import Batch, Destination, Later, Row
from engine.destinations.sftp import sftp
from engine.destinations.webhook import WebhookDestination
from tests.engine.destinations.test_webhook import KEY
from tests.support.admanager import ad_manager
from tests.support.datamanager import data_manager
from tests.support.destining import batch, host, replayed
from tests.support.graph import TOKEN, graph
from tests.support.line import Line, Side, line
from tests.support.mariadb import MARIADBD, PASSWORD, mariadb
from tests.support.postgres import binaries
from tests.support.postgres import server as postgres
from tests.support.receiver import receiver
from tests.support.sftp_server import SSHD, sftp_server
from tests.support.swift import SECRET, swift

PIECES = 7
"""Of a conversation: more than any of these takes for a batch on an open line."""


@dataclass(frozen=True)
class Case:
    """A destination behind a line, and the values that have arrived."""

    out: Destination
    line: Line
    values: Callable[[], set[str]]


def with_secrets(folder: Path, **secrets: str) -> Host:
    return replace(host(folder, secrets), kinds={"email": "email"})


@contextmanager
def a_webhook(folder: Path) -> Iterator[Case]:
    with receiver(KEY) as server, line(int(server.url.rsplit(":", 1)[1].split("/")[0])) as (between, port):
        settings = {"url": f"http://127.0.0.1:{port}/", "secret": {"secret": "key"}}
        out = WebhookDestination(settings, ["email"], with_secrets(folder, key=KEY))
        yield Case(out, between, lambda: {v for values in server.members().values() for _, v in values})
        out.close()


@contextmanager
def a_meta(folder: Path) -> Iterator[Case]:
    with graph() as server, line(int(server.url.rsplit(":", 1)[1])) as (between, port):
        settings = {"ad_account": "1", "token": {"secret": "token"}, "endpoint": f"http://127.0.0.1:{port}"}
        out = MetaDestination(settings, ["email"], with_secrets(folder, token=TOKEN))
        yield Case(
            out,
            between,
            lambda: {e.split(":", 1)[1] for one in server.members.values() for entry in one for e in entry},
        )
        out.close()


@contextmanager
def a_google(folder: Path) -> Iterator[Case]:
    with data_manager() as server, line(int(server.address.rsplit(":", 1)[1])) as (between, port):
        settings = {"account": "123", "terms": "accepted", "endpoint": f"127.0.0.1:{port}"}
        out = GoogleDestination(settings, ["email"], with_secrets(folder))
        yield Case(out, between, lambda: {value for one in server.members.values() for _, value in one})
        out.close()


@contextmanager
def an_ad_manager(folder: Path) -> Iterator[Case]:
    with ad_manager() as server, line(int(server.address.rsplit(":", 1)[1])) as (between, port):
        server.address = f"http://127.0.0.1:{port}"  # what its WSDL says
        settings = {"network": "4242", "version": "v202608", "endpoint": server.address}
        out = AdManagerDestination(settings, ["email"], with_secrets(folder))
        yield Case(out, between, lambda: {value for one in server.members.values() for value in one})
        out.close()


@contextmanager
def an_object_storage(folder: Path) -> Iterator[Case]:
    with swift() as server, line(int(server.endpoint.rsplit(":", 1)[1])) as (between, port):
        settings = {**server.settings(), "endpoint": f"http://127.0.0.1:{port}", "format": "jsonl"}
        out = objects(settings | {"secret_access_key": {"secret": "key"}}, ["email"], with_secrets(folder, key=SECRET))
        plain: Any = {**server.settings(), "secret_access_key": SECRET}
        reader: Any = from_url(plain.pop("url"), config=plain, client_options={"allow_http": True})

        def values() -> set[str]:
            names = [one["path"] for page in reader.list("sp/00000007") for one in page]
            return _values(replayed({name: bytes(reader.get(name).bytes()) for name in names}))

        yield Case(out, between, values)
        out.close()


@contextmanager
def an_sftp(folder: Path) -> Iterator[Case]:
    with sftp_server("openssh") as server, line(server.port) as (between, port):
        settings = {**server.settings(), "port": port, "format": "jsonl", "private_key": {"secret": "key"}}
        out = sftp(settings, ["email"], with_secrets(folder, key=server.private_key))
        files = server.files / "daily" / "sp" / "00000007"
        yield Case(
            out, between, lambda: _values(replayed({path.name: path.read_bytes() for path in files.glob("*-*.jsonl")}))
        )
        out.close()


@contextmanager
def a_postgres(folder: Path) -> Iterator[Case]:
    with postgres() as server, line(f"{server.folder}/.s.PGSQL.5432", ".s.PGSQL.5432") as (between, where):
        assert isinstance(where, Path)
        out = PostgresDestination(
            {**server.settings, "host": str(where.parent), "table": "audience_members"}, ["email"], with_secrets(folder)
        )

        def values() -> set[str]:
            with psycopg.connect(**server.settings) as connection:  # type: ignore[arg-type]
                return {v for (some,) in connection.execute("SELECT email FROM audience_members") for v in some}

        yield Case(out, between, values)
        out.close()


@contextmanager
def a_mysql(folder: Path) -> Iterator[Case]:
    with mariadb() as server, line(str(server.socket)) as (between, where):
        out = MySQLDestination(
            {**server.settings(), "socket": str(where)}, ["email"], with_secrets(folder, db=PASSWORD)
        )
        yield Case(
            out,
            between,
            lambda: {v for (t,) in server.rows("SELECT email FROM audience_members") for v in json.loads(str(t))},
        )
        out.close()


def _values(state: dict[str, tuple[tuple[str, str], ...]]) -> set[str]:
    return {value for values in state.values() for _, value in values}


KINDS: dict[str, Any] = {
    "webhook": a_webhook,
    "meta": a_meta,
    "google": a_google,
    "admanager": an_ad_manager,
    "objects": an_object_storage,
    "sftp": an_sftp,
    "postgres": a_postgres,
    "mysql": a_mysql,
}
MISSING = {"sftp": SSHD is None, "postgres": binaries() is None, "mysql": MARIADBD is None}


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    if MISSING.get(request.param):
        pytest.skip(f"the server of {request.param} is not installed")
    with KINDS[request.param](tmp_path) as made:
        yield made


def people(name: str, count: int = 3) -> list[Row]:
    """So many people of a name."""
    digests = [hashlib.sha256(f"{name}{i}".encode()).hexdigest() for i in range(count)]
    return [Row(f"{name}-{i}", (("email", digest),)) for i, digest in enumerate(digests)]


def arrives(out: Destination, sent: Batch) -> None:
    """Tried again until it does: some clients keep away from a line that broke for a second or so."""
    for _ in range(100):
        with suppress(Later):
            out.send(sent)
            return
        time.sleep(0.1)
    raise AssertionError("it never arrived")


def test_a_line_that_breaks_anywhere_or_drips_counts_once(case: Case) -> None:
    there: set[str] = set()
    number = 0
    case.out.send(batch(people("first"), "first", "add", "00000"))
    there |= {row.values[0][1] for row in people("first")}
    for side in get_args(Side):
        for piece in range(PIECES):
            for operation in ("add", "remove"):
                number += 1
                rows = people(f"{side}{piece}", 5) if operation == "add" else people(f"{side}{piece}", 2)
                sent = batch(rows, f"b{number}", operation, f"{number:05d}")
                case.line.cut(side, piece)
                with suppress(Later):
                    case.out.send(sent)
                case.line.mend()
                arrives(case.out, sent)
                change = set.update if operation == "add" else set.difference_update
                change(there, {row.values[0][1] for row in rows})
                assert case.values() == there, (side, piece, operation)
    assert case.line.cuts >= 4, "the line was never broken"
    case.line.drips = True
    arrives(case.out, batch(people("slow"), "slow", "add", "00099"))
    assert case.values() == there | {row.values[0][1] for row in people("slow")}


def test_one_row_and_the_most_that_a_batch_may_hold(case: Case) -> None:
    sizes = (1, case.out.capabilities.batch_rows)
    there: set[str] = set()
    for number, size in enumerate(sizes):
        rows = people(f"of-{size}-", size)
        case.out.send(batch(rows, f"b{number}", "add", f"{number:05d}"))
        there |= {row.values[0][1] for row in rows}
    assert case.values() == there
    assert len(there) == sum(sizes)
