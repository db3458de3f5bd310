"""A receiver of signed webhooks: verifies each with the specification's library, knows ids, and misbehaves on demand."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receiver:
    """What came, and the members that follow from it."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.url = ""
        self.bodies: list[bytes] = []
        self.types: list[str] = []
        self.seen: list[str] = []
        self.refused = 0
        self._members: dict[str, tuple[tuple[str, str], ...]] = {}
        self._known: set[str] = set()
        self._answer: tuple[int, Mapping[str, str]] | None = None
        self._hang_ups = 0

    def members(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """The members now."""
        return dict(self._members)

    def answer_with(self, status: int, headers: Mapping[str, str]) -> None:
        """Answer so from now on, and take nothing."""
        self._answer = status, headers

    def hang_up_after(self, times: int) -> None:
        """Take what comes, and cut the line instead of answering."""
        self._hang_ups = times

    def take(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str]] | None:
        """The answer to a request; None to cut the line."""
        if self._answer is not None:
            return self._answer
        try:
            message: dict[str, Any] = Webhook(self.secret).verify(body, dict(headers))
        except WebhookVerificationError:
            self.refused += 1
            return 401, {}
        identifier = {name.lower(): value for name, value in headers.items()}["webhook-id"]
        self.bodies.append(body)
        self.types.append(message["type"])
        self.seen.append(identifier)
        if identifier not in self._known:
            self._known.add(identifier)
            self._apply(message)
        if self._hang_ups:
            self._hang_ups -= 1
            return None
        return 200, {}

    def _apply(self, message: dict[str, Any]) -> None:
        for row in message["data"].get("members", ()):
            key = row.pop("key")
            if message["type"] == "audience.members.added":
                self._members[key] = tuple((name, value) for name, values in row.items() for value in values)
            else:
                self._members.pop(key, None)


def _handler(into: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = into.take(dict(self.headers.items()), body)
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(answer[0])
            for name, value in answer[1].items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Be quiet."""

    return Handler


@contextmanager
def receiver(secret: str, tls: Path | None = None) -> Iterator[Receiver]:
    """A receiver that runs; with ``tls`` its authority is written there as ca.pem."""
    made = Receiver(secret)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    scheme = "http"
    if tls is not None:
        import ssl

        import trustme

        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tls / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    made.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
