"""Where a warehouse is served, and under which conditions."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.errors import EngineError
from engine.operations import Workspace
from engine.operations.workspace import map_beside
from engine.serving.warehouse import WarehouseServer
from engine.store.tokens import Tokens
from engine.warehouses.duck import DuckSession
from engine.warehouses.flight import is_loopback
from engine.warehouses.opening import SCHEMES, open_warehouse

SOCKET = "warehouse.sock"
UNIX = "unix"
_LONGEST_SOCKET = 100  # bytes; the system's limit is 107
_HINT = "Write unix, or HOST:PORT such as 127.0.0.1:8815."


class Hosted:
    """A server over one workspace's warehouse, with the store its tokens are looked up in.

    ``address`` is ``unix`` (a socket in the workspace that only its owner may use) or HOST:PORT, which always wants a
    token; a host beyond this machine wants a certificate and its key too. Raises EngineError in words.
    """

    def __init__(self, folder: Path, address: str, certificate: Path | None = None, key: Path | None = None) -> None:
        self._workspace = Workspace(folder)
        self._lock = threading.Lock()
        try:
            url = self._workspace.settings.warehouse
            if url is None:
                raise EngineError("no_connection", "the workspace has no warehouse yet", hint="convoke connect URL.")
            if url.split(":", 1)[0] in SCHEMES:
                raise EngineError("usage", "this warehouse is served already", hint="Connect to it where it is.")
            self._url = url
            self._open().close()
            self.location, options = self._where(address, certificate, key)
            self._server = self._listen(self.location, options)
        except BaseException:
            self._workspace.close()
            raise

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop()
        if self.location.startswith("grpc+unix"):
            (self._workspace.folder / SOCKET).unlink(missing_ok=True)
        self._workspace.close()

    def _where(self, address: str, certificate: Path | None, key: Path | None) -> tuple[str, dict[str, Any]]:
        if address == UNIX:
            path = (self._workspace.folder / SOCKET).resolve()
            if len(os.fsencode(path)) > _LONGEST_SOCKET:
                raise EngineError("usage", f"{path} is too long for a socket", hint="Serve at 127.0.0.1:8815 instead.")
            with suppress(OSError):
                path.unlink()
            return f"grpc+unix://{path}", {}
        host, colon, port = address.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise EngineError("usage", f'"{address}" is no address to serve at', hint=_HINT)
        options: dict[str, Any] = {"allows": self._allows}
        if certificate is not None and key is not None:
            options["certificate"] = (_bytes(certificate), _bytes(key))
            return f"grpc+tls://{address}", options
        if certificate is not None or key is not None:
            raise EngineError("usage", "a certificate and its key go together", hint="Name both.")
        if not is_loopback(host.strip("[]")):
            raise EngineError(
                "usage",
                f"{host} can be reached from other machines, so it is served encrypted only",
                hint="Name a certificate and its key.",
            )
        return f"grpc://{address}", options

    def _listen(self, location: str, options: dict[str, Any]) -> WarehouseServer:
        before = os.umask(0o077)  # the socket is its owner's alone
        try:
            most = self._workspace.settings.result_bytes
            return WarehouseServer(location, self._open, most_bytes=most, **options)
        except (pa.ArrowException, OSError) as error:
            raise EngineError(
                "refused",
                f"the warehouse cannot be served at {location}",
                hint="Is the port free, the certificate right?",
            ) from error
        finally:
            os.umask(before)

    def _open(self) -> DuckSession:
        opened = open_warehouse(
            self._url, self._workspace.warehouse_folder, apart=True, beside=map_beside(self._workspace)
        )
        if not isinstance(opened, DuckSession):
            raise EngineError("usage", "only a local warehouse, a DuckDB file or a folder can be served")
        settings = self._workspace.settings
        opened.limit_memory((settings.memory_bytes * 2 // 5) >> 20)
        opened.limit_time(settings.query_seconds)
        opened.limit_process(settings.process_bytes)
        return opened

    def _allows(self, token: str, scope: str, now: datetime) -> object:
        with self._lock:  # the store is one connection, the calls come on many threads
            return Tokens(self._workspace.database).allows(token, scope, now)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError("file", f"{path} cannot be read: {error.strerror}") from None
