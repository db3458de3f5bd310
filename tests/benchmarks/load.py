"""`make proof-load [CLIENTS=200] [MINUTES=10]`: a served workspace asked by many clients at once, with tokens of every scope.

Each client has a token of its own, thinks for a moment between requests and checks each answer. The server is a process
of its own (`convoke serve`, and `convoke collect` for events). It ends by itself; figures go to build/load.json.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.report import write

_ROOT = Path(__file__).parents[2]
_PERSONS = 2_000
_THINKS = 0.5, 2.5
"""Seconds between two requests of a client."""
_LONGEST = 60.0
_LEAST = 10
"""The least group of a workspace that says nothing else."""
_GROWTH = 1.25
"""The most that memory may be, in the last quarter, of the second one's."""
AS_OF = "2026-06-15T12:00:00Z"


@dataclass
class Reply:
    """The status and the body of an answer."""

    status: int
    body: Any


@dataclass
class Client:
    """One client; ``scopes`` are those of its token."""

    number: int
    scopes: tuple[str, ...]
    token: str
    port: int
    collector: int
    rng: random.Random
    message: str = ""
    """The sentence of the last answer that had one."""

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        port: int = 0,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request on a connection of its own."""
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = {"Host": "localhost", "Authorization": f"Bearer {self.token}", "Connection": "close", **(headers or {})}
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        try:
            writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + data)
            await writer.drain()
            whole = await asyncio.wait_for(reader.read(), _LONGEST)
        finally:
            writer.close()
        head, _, rest = whole.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1]) if head else 0
        if b"transfer-encoding: chunked" in head.lower():
            rest = _dechunked(rest)
        found = None
        with suppress(ValueError):
            found = json.loads(rest or b"null")
        self.message = str(found) if status >= 400 else ""
        return Reply(status, found)


def _dechunked(data: bytes) -> bytes:
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        parts.append(data[:length])
        data = data[length + 2 :]
        if not length:
            break
    return b"".join(parts)


@dataclass
class Truth:
    """The right answers."""

    sizes: dict[str, int]
    members: dict[str, list[str]]
    people: dict[str, str]
    rounded: dict[str, int] = field(default_factory=dict)
    """The first answer to a token that may not see members; each later one has to be the same."""

    def fits(self, name: str, size: int, scopes: Sequence[str]) -> bool:
        """Whether a size is right: exact for who sees members, a near multiple of the least group for others."""
        exact = self.sizes[name]
        if "members" in scopes:
            return size == exact
        near = size % _LEAST == 0 and abs(size - exact) <= _LEAST
        return near and size == self.rounded.setdefault(name, size)


@dataclass
class Kind:
    """A kind of request: the scope it takes (none: every token may, or it is refused for another reason), and a function
    that sends one and says whether the answer was right."""

    name: str
    scope: str | None
    send: Callable[[Client, Truth], Awaitable[tuple[int, bool]]]


async def _size(client: Client, truth: Truth) -> tuple[int, bool]:
    name = client.rng.choice(sorted(truth.sizes))
    reply = await client.ask("POST", "/v1/size", {"audiences": [name], "as_of": AS_OF})
    return reply.status, reply.status != 200 or truth.fits(name, reply.body[0]["size"], client.scopes)


async def _sizes_together(client: Client, truth: Truth) -> tuple[int, bool]:
    reply = await client.ask("POST", "/v1/size", {"audiences": sorted(truth.sizes), "as_of": AS_OF})
    if reply.status != 200:
        return reply.status, True
    found = {one["id"]: one["size"] for one in reply.body}
    right = all(truth.fits(name, size, client.scopes) for name, size in found.items())
    return reply.status, right and found.keys() == truth.sizes.keys()


async def _members(client: Client, truth: Truth) -> tuple[int, bool]:
    name = client.rng.choice(sorted(truth.members))
    reply = await client.ask("GET", f"/v1/audiences/{name}/members?as_of={AS_OF}&most=10000")
    return reply.status, reply.status != 200 or reply.body["keys"] == truth.members[name]


async def _insights(client: Client, truth: Truth) -> tuple[int, bool]:
    reply = await client.ask("GET", f"/v1/audiences/old/insights?as_of={AS_OF}")
    return reply.status, reply.status != 200 or isinstance(reply.body, dict)


async def _document(client: Client, truth: Truth) -> tuple[int, bool]:
    name = f"own-{client.number}"
    rule = {"trait": "age", "gte": client.rng.randrange(20, 60)}
    body = {"kind": "audience", "id": name, "name": name, "rule": rule}
    key = f"{client.number}-{client.rng.random()}"
    first = await client.ask("PUT", f"/v1/audiences/{name}", body, headers={"Idempotency-Key": key})
    again = await client.ask("PUT", f"/v1/audiences/{name}", body, headers={"Idempotency-Key": key})
    return first.status, first.status != 200 or again.status != 200 or first.body == again.body


async def _lookup(client: Client, truth: Truth) -> tuple[int, bool]:
    address = client.rng.choice(sorted(truth.people))
    reply = await client.ask("POST", "/v1/identity/resolve", {"kind": "email", "value": address})
    return reply.status, reply.status != 200 or reply.body["person"] == truth.people[address]


async def _event(client: Client, truth: Truth) -> tuple[int, bool]:
    sender = "Basic " + base64.b64encode(f"{client.token}:".encode()).decode()
    number = f"{client.number}-{client.rng.random()}"
    batch = [{"type": "track", "messageId": f"{number}-{one}", "userId": "u1", "event": "Seen"} for one in range(5)]
    reply = await client.ask(
        "POST", "/v1/batch", {"batch": batch}, port=client.collector, headers={"Authorization": sender}
    )
    if reply.status == 200:
        ACKNOWLEDGED[0] += len(batch)
    return reply.status, True


ACKNOWLEDGED = [0]


async def _bad(client: Client, truth: Truth) -> tuple[int, bool]:
    what = client.rng.randrange(5)
    if what == 0:
        reply = await client.ask("POST", "/v1/size", raw=b'{"audiences": [')
        return reply.status, reply.status in (400, 403, 422, 429)
    if what == 1:
        reply = await client.ask("GET", "/v1/nothing-there")
        return reply.status, reply.status in (404, 429)
    if what == 2:
        reply = await client.ask("POST", "/v1/size", {"audiences": ["not-there"]})
        return reply.status, reply.status in (403, 404, 422, 429)
    if what == 3:
        reply = await client.ask("GET", "/v1/audiences", headers={"Authorization": "Bearer cvk_0_nothing"})
        return reply.status, reply.status in (401, 429)
    reply = await client.ask("POST", "/v1/size", {"document": {"rule": {"sql": "SELECT 1; DROP TABLE x"}}})
    return reply.status, reply.status in (400, 403, 422, 429)


async def _leave(client: Client, truth: Truth) -> tuple[int, bool]:
    """Ask, and be gone before the answer."""
    _, writer = await asyncio.open_connection("127.0.0.1", client.port)
    data = json.dumps({"audiences": sorted(truth.sizes)}).encode()
    head = f"POST /v1/size HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\nContent-Length: {len(data)}\r\n\r\n"
    writer.write(head.encode() + data[: client.rng.randrange(len(data) + 1)])
    with suppress(OSError):
        await writer.drain()
    writer.close()
    return 0, True


KINDS = (
    Kind("size", "read", _size),
    Kind("sizes together", "read", _sizes_together),
    Kind("members", "members", _members),
    Kind("insights", "read", _insights),
    Kind("document", "write", _document),
    Kind("identity", "identity", _lookup),
    Kind("events", "collect", _event),
    Kind("bad request", None, _bad),
    Kind("gone", None, _leave),
)


@dataclass
class Figures:
    """What came of the requests: milliseconds by kind, statuses by kind, and wrong answers."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: list[str] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """By kind: how many, p50, p95 and p99 in milliseconds, and the statuses."""
        found = {}
        for name, some in sorted(self.took.items()):
            some.sort()
            marks = {f"p{mark}": round(some[min(len(some) - 1, len(some) * mark // 100)], 1) for mark in (50, 95, 99)}
            found[name] = {"requests": len(some), **marks, "statuses": dict(self.statuses[name])}
        return found


def expected(kind: Kind, client: Client, status: int) -> bool:
    """Whether a status is right: what the token does not allow is refused, a busy server may say so, nothing else."""
    if status in (0, 429):
        return status == 429 or kind.name == "gone"
    if kind.scope is None:
        return status < 500
    if kind.name == "events" and kind.scope not in client.scopes:
        return status in (401, 403)
    return status == (200 if kind.scope in client.scopes else 403)


async def live(client: Client, truth: Truth, figures: Figures, end: float) -> None:
    """Ask until the end."""
    await asyncio.sleep(client.rng.uniform(0, 2))
    mine = [one for one in KINDS if one.scope in client.scopes]
    while time.monotonic() < end:
        kind = client.rng.choice(mine) if mine and client.rng.random() < 0.85 else client.rng.choice(KINDS)
        began = time.monotonic()
        try:
            status, right = await kind.send(client, truth)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            figures.failed[f"{kind.name}: {type(error).__name__}"] += 1
            continue
        figures.took[kind.name].append(1000 * (time.monotonic() - began))
        figures.statuses[kind.name][status] += 1
        if not right or not expected(kind, client, status):
            figures.wrong.append(f"{kind.name} {status} {client.scopes} {client.message}")
        await asyncio.sleep(client.rng.uniform(*_THINKS))


async def watched(pids: Sequence[int], memory: list[list[float]], end: float) -> None:
    """The resident MiB of the servers, every five seconds."""
    while time.monotonic() < end:
        memory.append([_resident(pid) for pid in pids])
        await asyncio.sleep(5)


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def prepare(folder: Path, clients: int) -> tuple[Truth, list[tuple[tuple[str, ...], str]]]:
    """A workspace with persons and audiences, its right answers, and a token for each client."""
    from engine import operations
    from engine.operations.targets import ById
    from engine.store.tokens import SCOPES
    from tests.support.people import make, publish

    rows = [(f"k{one}", f"person{one}@mail.com", None, f"d{one // 3}") for one in range(_PERSONS)]
    with make(folder, rows) as workspace:
        publish(folder, rows)
        operations.run_identity(workspace)
        rules: dict[str, Any] = {"old": {"trait": "age", "gte": 1_000}, "young": {"trait": "age", "lt": 400}}
        rules |= {
            "here": {"all": [{"trait": "state", "eq": "SP"}, {"not": {"audience": "young"}}]},
            "seen": {"did": "visit"},
        }
        for name, rule in rules.items():
            operations.save(workspace, {"kind": "audience", "id": name, "name": name, "rule": rule})
        sizes = {one.id: one.size for one in operations.size(workspace, list(rules), as_of=AS_OF)}
        found = {name: operations.members(workspace, [ById(name)], as_of=AS_OF)[0] for name in rules}
        members = {name: one.array.tolist() for name, one in found.items()}
        addresses = [str(row[1]) for row in rows[::20]]
        known = operations.resolve_identifiers(workspace, [("email", one) for one in addresses])
        people = {address: str(one.person) for address, one in zip(addresses, known, strict=True)}
        every = [*((one,) for one in SCOPES), ("read", "members"), ("read", "write"), ("read", "identity"), SCOPES]
        tokens = []
        for number in range(clients):
            scopes = every[number % len(every)]
            tokens.append((scopes, operations.add_token(workspace, f"client {number}", scopes, 1)))
    return Truth(sizes, members, people), tokens


def started(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], int]:
    """A server, and the port it said."""
    command = [sys.executable, "-m", "engine.cli", *arguments, "-w", str(folder / "ws")]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, int(line.split("127.0.0.1:")[1].split(";")[0].split()[0].rstrip("./"))


async def measured(
    folder: Path,
    clients: int,
    minutes: float,
    servers: Sequence[tuple[subprocess.Popen[str], int]],
    truth: Truth,
    tokens: Sequence[tuple[tuple[str, ...], str]],
) -> tuple[Figures, list[list[float]]]:
    """All clients at once."""
    figures, memory = Figures(), list[list[float]]()
    (api, port), (collector, other) = servers
    end = time.monotonic() + 60 * minutes
    some = [Client(n, scopes, token, port, other, random.Random(n)) for n, (scopes, token) in enumerate(tokens)]
    watching = asyncio.create_task(watched([api.pid, collector.pid], memory, end))
    await asyncio.gather(*(live(one, truth, figures, end) for one in some))
    await watching
    return figures, memory


def main() -> int:
    """Serve, ask, stop, and look at what landed."""
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth, tokens = prepare(folder, clients)
        servers = [
            started(folder, "serve", "--api", "127.0.0.1:0"),
            started(folder, "collect", "--address", "127.0.0.1:0"),
        ]
        try:
            figures, memory = asyncio.run(measured(folder, clients, minutes, servers, truth, tokens))
        finally:
            for process, _ in servers:
                process.send_signal(signal.SIGTERM)
            ends = [process.wait(60) for process, _ in servers]
        from engine.operations import Workspace

        with Workspace(folder / "ws") as workspace:
            query = "SELECT count(*), count(DISTINCT message_id) FROM collected.seen"
            landed, different = (workspace.warehouse.rows(query) if ACKNOWLEDGED[0] else [(0, 0)])[0]
    quarter = max(1, len(memory) // 4)
    resident = [[row[place] for row in memory] for place in (0, 1)]
    growth = [max(some[-quarter:]) / max(some[quarter : 2 * quarter] or some) for some in resident]
    servers_told = {
        "most MiB": [round(max(some)) for some in resident],
        "growth": [round(one, 3) for one in growth],
        "MiB": [[round(one) for one in some[:: max(1, len(some) // 24)]] for some in resident],
        "ended": ends,
    }
    events = {"acknowledged": ACKNOWLEDGED[0], "landed": landed, "different": different}
    told: dict[str, Any] = {
        "clients": clients,
        "minutes": minutes,
        "kinds": figures.as_json(),
        "wrong": Counter(figures.wrong),
    }
    told |= {"failed": figures.failed, "servers": servers_told, "events": events}
    many = sum(len(some) for some in figures.took.values())
    lost = ACKNOWLEDGED[0] - different
    bad = bool(figures.wrong or figures.failed or lost > 0 or landed != different or any(ends))
    bad = bad or (minutes >= 5 and max(growth) > _GROWTH)
    line = (
        f"{clients} clients for {minutes:g} minutes: {many} requests, {len(figures.wrong)} wrong, "
        f"{sum(figures.failed.values())} failed; {ACKNOWLEDGED[0]} events acknowledged, {max(lost, 0)} lost; "
        f"memory at most {servers_told['most MiB']} MiB, growth {servers_told['growth']}"
    )
    for kind, one in told["kinds"].items():
        sys.stdout.write(f"{kind}: {one}\n")
    for about, count in (*Counter(figures.wrong).most_common(20), *figures.failed.most_common(20)):
        sys.stdout.write(f"    {count} {about}\n")
    write("load", told, None, None, "ms", line)
    return 1 if bad else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
