"""The HTTP library's network, with every address checked before it is connected to."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2
import httpx2

from engine.destinations.peers import addresses, checked

Allows = Callable[[str, int], bool]
Find = Callable[[str, int], Iterable[str]]


class PinnedBackend(httpcore2.SyncBackend):
    """Connects to a checked address only. TLS still verifies the host's name: the HTTP library names it itself."""

    def __init__(self, allows: Allows, find: Find = addresses) -> None:
        super().__init__()
        self._allows, self._find = allows, find

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect; raises ForbiddenPeer or the library's ConnectError."""
        if self._allows(host, port):
            return super().connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            found = checked(host, port, self._find)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        for place, address in enumerate(found):
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place == len(found) - 1:
                    raise
        raise httpcore2.ConnectError("the host has no address")


def transport(verify: ssl.SSLContext, allows: Allows, find: Find = addresses) -> Any:
    """A transport for the HTTP library's client over such a network."""
    made = httpx2.HTTPTransport(verify=verify)
    pool: Any = httpcore2.ConnectionPool(ssl_context=verify, network_backend=PinnedBackend(allows, find))
    made.close()
    made._pool = pool
    return made
