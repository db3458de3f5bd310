"""A server asked over several connections at once, each sending its next request when the last was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter

import numpy as np


def asked_at_once(
    host: str, port: int, request: Callable[[int], bytes], connections: int, count: int
) -> dict[str, float]:
    """Answers a second, and milliseconds of one answer; ``request`` makes the bytes of a request from its number."""
    return asyncio.run(_asked(host, port, request, connections, count))


async def _asked(
    host: str, port: int, request: Callable[[int], bytes], connections: int, count: int
) -> dict[str, float]:
    seconds: list[float] = []

    async def one(first: int, last: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for number in range(first, last):
            sent = request(number)
            began = perf_counter()
            writer.write(sent)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert b" 200 " in head[:15], head
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            seconds.append(perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one(0, 100) for _ in range(connections)))
    seconds.clear()
    share = count // connections
    began = perf_counter()
    await asyncio.gather(*(one(i * share, (i + 1) * share) for i in range(connections)))
    spent = perf_counter() - began
    ms = np.array(seconds) * 1_000
    return {
        "requests a second": round(len(ms) / spent),
        "p50 ms": round(float(np.percentile(ms, 50)), 2),
        "p99 ms": round(float(np.percentile(ms, 99)), 2),
    }


def post(path: str, token: str, body: str) -> bytes:
    """The bytes of a request."""
    sent = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent
