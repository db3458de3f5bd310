"""Where the API is served, and under which conditions."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from engine.api.collecting import make_collector
from engine.api.gate import App
from engine.api.making import make_api
from engine.errors import EngineError
from engine.faults.telling import failure
from engine.warehouses.flight import is_loopback

_HINT = "Write HOST:PORT such as 127.0.0.1:8814."
_START = 30.0


class _NoMessages(logging.Filter):
    """An unexpected error is logged by its type and place: its message may hold data of people."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always; without the traceback."""
        if record.exc_info:
            kind, _, trace = record.exc_info
            place = traceback.extract_tb(trace)[-1] if trace is not None else None
            where = "" if place is None else f" at {place.filename}:{place.lineno}"
            record.msg, record.args = f"an unexpected error: {getattr(kind, '__name__', '')}{where}", ()
            record.exc_info = record.exc_text = None
        return True


@dataclass(frozen=True)
class Where:
    """Where something is served: HOST:PORT, beyond this machine with a certificate and its key."""

    address: str
    certificate: Path | None = None
    key: Path | None = None


class HostedApp:
    """A server on a thread of its own, called ``what`` when something is wrong. Every address wants tokens; one beyond
    this machine wants a certificate and its key too. Raises EngineError in words."""

    def __init__(self, what: str, make: Callable[[], App], where: Where) -> None:
        address, certificate, key = where.address, where.certificate, where.key
        host, colon, port = address.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) > 65535:
            raise EngineError("usage", f'"{address}" is no address to serve at', hint=_HINT)
        if (certificate is None) != (key is None):
            raise EngineError("usage", "a certificate and its key go together", hint="Name both.")
        if certificate is None and not is_loopback(host.strip("[]")):
            message = f"{host} can be reached from other machines, so it is served encrypted only"
            raise EngineError("usage", message, hint="Name a certificate and its key.")
        log = logging.getLogger("uvicorn.error")
        if not any(isinstance(one, _NoMessages) for one in log.filters):
            log.addFilter(_NoMessages())
        self._socket = _listening(host.strip("[]"), int(port), address, what)
        try:
            config = uvicorn.Config(
                make(),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=15,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
            config.load()
        except EngineError:
            self._socket.close()
            raise
        except (OSError, ValueError) as error:
            self._socket.close()
            lead = "the certificate or its key cannot be read"
            raise failure("file", lead, error, hint="Check both files.") from None
        scheme = "http" if certificate is None else "https"
        self.location = f"{scheme}://{host}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True, name=what)
        self._thread.start()
        end = time.monotonic() + _START
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise EngineError("internal", f"{what} did not start", hint="See the log.")
            time.sleep(0.01)

    def stop(self) -> None:
        """Finish what is being answered, then stop listening."""
        self._server.should_exit = True
        self._thread.join(timeout=20)
        self._socket.close()


class HostedApi(HostedApp):
    """The REST API of a workspace."""

    def __init__(self, folder: Path, address: str, certificate: Path | None = None, key: Path | None = None) -> None:
        super().__init__("the API", lambda: make_api(folder), Where(address, certificate, key))


class HostedCollector(HostedApp):
    """The collector of a workspace."""

    def __init__(self, folder: Path, address: str, certificate: Path | None = None, key: Path | None = None) -> None:
        super().__init__("the collector", lambda: make_collector(folder), Where(address, certificate, key))


def _listening(host: str, port: int, address: str, what: str) -> socket.socket:
    """A socket that listens already, so that a port in use is said at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: only then asyncio sends small answers at once (TCP_NODELAY); otherwise each waits 40 ms.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
    except OSError as error:
        made.close()
        message = f"{what} cannot be served at {address}: {error.strerror}"
        raise EngineError("refused", message, hint="Is the port free?") from None
    return made
