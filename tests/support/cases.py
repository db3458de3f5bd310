"""Every kind of destination on this machine: how it is set up, what has arrived there, and the trouble it can be in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import grpc
import psycopg
from obstore.store import from_url

from engine.destinations.admanager import AdManagerDestination
from engine.destinations.folder import folder
from engine.destinations.google import GoogleDestination
from engine.destinations.host import Host
from engine.destinations.meta import MetaDestination
from engine.destinations.mysql import MySQLDestination
from engine.destinations.objects import objects
from engine.destinations.postgres import PostgresDestination
from engine.destinations.protocol import Destination
from engine.destinations.sftp import sftp
from engine.destinations.webhook import WebhookDestination
from tests.support.admanager import ad_manager
from tests.support.datamanager import data_manager
from tests.support.destining import host, replayed
from tests.support.graph import TOKEN, graph
from tests.support.line import Line, line
from tests.support.mariadb import MARIADBD, PASSWORD, mariadb
from tests.support.postgres import binaries
from tests.support.postgres import server as postgres
from tests.support.receiver import KEY, receiver
from tests.support.sftp_server import SSHD, sftp_server
from tests.support.swift import SECRET, swift

Trouble = Literal["busy", "busy for 7 seconds", "down", "refuses"]
"""As HTTP has it: 429, 429 with Retry-After, 503, 401."""
_ANSWERS: dict[Trouble, bytes] = {
    "busy": b"429 Too Many Requests",
    "busy for 7 seconds": b"429 Too Many Requests\r\nRetry-After: 7",
    "down": b"503 Service Unavailable",
    "refuses": b"401 Unauthorized",
}


@dataclass(frozen=True)
class Case:
    """A destination behind a line, and the values that have arrived. ``trouble``: after so many pieces of what is asked
    (or calls), if it can come ``midway``, it is in trouble, or (None) well again. ``says_when``: its connector hears how
    long it is busy."""

    out: Destination
    line: Line
    values: Callable[[], set[str]]
    trouble: Callable[[Trouble | None, int], None]
    says_when: bool = False
    midway: bool = True


def by_http(between: Line) -> Callable[[Trouble | None, int], None]:
    """Trouble that the line tells in the server's place."""

    def trouble(what: Trouble | None, after: int) -> None:
        if what is None:
            between.mend()
        else:
            between.instead(
                b"HTTP/1.1 " + _ANSWERS[what] + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", after
            )

    return trouble


def with_secrets(folder: Path, **secrets: str) -> Host:
    return replace(host(folder, secrets), kinds={"email": "email"})


@contextmanager
def a_webhook(folder: Path) -> Iterator[Case]:
    with receiver(KEY) as server, line(int(server.url.rsplit(":", 1)[1].split("/")[0])) as (between, port):
        settings = {"url": f"http://127.0.0.1:{port}/", "secret": {"secret": "key"}}
        out = WebhookDestination(settings, ["email"], with_secrets(folder, key=KEY))
        yield Case(
            out, between, lambda: {v for values in server.members().values() for _, v in values}, by_http(between), True
        )
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
            by_http(between),
            True,
        )
        out.close()


@contextmanager
def a_google(folder: Path) -> Iterator[Case]:
    with data_manager() as server, line(int(server.address.rsplit(":", 1)[1])) as (between, port):
        settings = {"account": "123", "terms": "accepted", "endpoint": f"127.0.0.1:{port}"}
        out = GoogleDestination(settings, ["email"], with_secrets(folder))

        def trouble(what: Trouble | None, after: int) -> None:
            codes = grpc.StatusCode
            server.fails_after = after
            if what is None:
                server.fails = None
            elif what == "busy for 7 seconds":
                server.fails = (codes.RESOURCE_EXHAUSTED, "the rate is used up", 7)
            else:
                of = {"busy": codes.RESOURCE_EXHAUSTED, "down": codes.UNAVAILABLE, "refuses": codes.UNAUTHENTICATED}
                server.fails = (of[what], what)

        yield Case(out, between, lambda: {value for one in server.members.values() for _, value in one}, trouble, True)
        out.close()


@contextmanager
def an_ad_manager(folder: Path) -> Iterator[Case]:
    with ad_manager() as server, line(int(server.address.rsplit(":", 1)[1])) as (between, port):
        server.address = f"http://127.0.0.1:{port}"  # what its WSDL says
        settings = {"network": "4242", "version": "v202608", "endpoint": server.address}
        out = AdManagerDestination(settings, ["email"], with_secrets(folder))
        yield Case(out, between, lambda: {value for one in server.members.values() for value in one}, by_http(between))
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

        yield Case(out, between, values, by_http(between))
        out.close()


@contextmanager
def an_sftp(folder: Path) -> Iterator[Case]:
    with sftp_server("openssh") as server, line(server.port) as (between, port):
        settings = {**server.settings(), "port": port, "format": "jsonl", "private_key": {"secret": "key"}}
        out = sftp(settings, ["email"], with_secrets(folder, key=server.private_key))
        files = server.files / "daily" / "sp" / "00000007"

        def trouble(what: Trouble | None, after: int) -> None:
            server.stop()
            if what == "refuses":
                server.forget_keys()
            elif what is None:
                server.know_keys()
            if what in (None, "refuses"):
                server.start()

        yield Case(
            out,
            between,
            lambda: _values(replayed({path.name: path.read_bytes() for path in files.glob("*-*.jsonl")})),
            trouble,
            midway=False,
        )
        out.close()


@contextmanager
def a_postgres(folder: Path) -> Iterator[Case]:
    with postgres() as server, line(f"{server.folder}/.s.PGSQL.5432", ".s.PGSQL.5432") as (between, where):
        assert isinstance(where, Path)
        settings = server.settings | {"host": str(where.parent), "user": "app", "table": "audience_members"}
        out = PostgresDestination(settings, ["email"], with_secrets(folder))

        def do(*statements: str) -> None:
            with psycopg.connect(**server.settings, autocommit=True) as connection:  # type: ignore[arg-type]
                for statement in statements:
                    connection.execute(statement.encode())

        do("CREATE ROLE app LOGIN", "GRANT ALL ON SCHEMA public TO app")
        gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'"

        def trouble(what: Trouble | None, after: int) -> None:
            if what is None:
                do("ALTER ROLE app LOGIN CONNECTION LIMIT -1")
            else:
                do("ALTER ROLE app " + ("NOLOGIN" if what == "refuses" else "CONNECTION LIMIT 0"), gone)

        def values() -> set[str]:
            with psycopg.connect(**server.settings) as connection:  # type: ignore[arg-type]
                return {v for (some,) in connection.execute("SELECT email FROM audience_members") for v in some}

        yield Case(out, between, values, trouble, midway=False)
        out.close()


@contextmanager
def a_mysql(folder: Path) -> Iterator[Case]:
    with mariadb() as server, line(str(server.socket)) as (between, where):
        out = MySQLDestination(
            {**server.settings(), "socket": str(where)}, ["email"], with_secrets(folder, db=PASSWORD)
        )

        held: list[Any] = []

        def trouble(what: Trouble | None, after: int) -> None:
            while held:
                held.pop().close()
            if what is None:
                server.do(
                    "ALTER USER tester@localhost WITH MAX_USER_CONNECTIONS 0",
                    "ALTER USER tester@localhost ACCOUNT UNLOCK",
                )
            elif what == "refuses":
                server.do("ALTER USER tester@localhost ACCOUNT LOCK", "KILL USER tester@localhost")
            else:
                server.do("KILL USER tester@localhost", "ALTER USER tester@localhost WITH MAX_USER_CONNECTIONS 1")
                held.append(server.connected())

        yield Case(
            out,
            between,
            lambda: {v for (t,) in server.rows("SELECT email FROM audience_members") for v in json.loads(str(t))},
            trouble,
            midway=False,
        )
        out.close()


@contextmanager
def a_folder(folder_: Path) -> Iterator[Case]:
    out = folder({"path": "out", "format": "jsonl"}, ["email"], with_secrets(folder_))
    files = folder_ / "out" / "sp" / "00000007"

    def no_trouble(what: Trouble | None, after: int) -> None:
        raise AssertionError("a folder has no line; its faults are tried one by one in make proof-points")

    with line(0) as (between, _):
        yield Case(
            out,
            between,
            lambda: _values(replayed({path.name: path.read_bytes() for path in files.glob("*-*.jsonl")})),
            no_trouble,
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
    "folder": a_folder,
}
"""By kind; the folder has no line."""
MISSING = {"sftp": SSHD is None, "postgres": binaries() is None, "mysql": MARIADBD is None}
