"""A line between a connector and its server that breaks where a test wants it, or drips."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

Side = Literal["asked", "answered"]
_RESET = struct.pack("ii", 1, 0)


class Line:
    """Passes bytes on. ``cut("asked", n)``: after n pieces of what the client says, the next one does not arrive and the
    line is reset: the server knows nothing of it. ``cut("answered", n)``: so with what the server says: it did its work,
    and the client does not hear of it. Once; afterwards it passes everything again. ``instead(answer, n)``: after n
    pieces the line itself answers, again and again, and the server hears no more. ``hangs``: answers never come."""

    def __init__(self, upstream: int | str, listening: socket.socket) -> None:
        self._upstream, self._listening = upstream, listening
        self._lock = threading.Lock()
        self._armed: tuple[Side, int] | None = None
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._instead: tuple[bytes, int] | None = None
        self.cuts = 0
        self.drips = False
        self.hangs = False

    def cut(self, side: Side, after: int) -> None:
        """Break once."""
        with self._lock:
            self._armed = side, after

    def instead(self, answer: bytes, after: int) -> None:
        """Answer so, until it is mended."""
        with self._lock:
            self._instead = answer, after

    def mend(self) -> None:
        """Break no more."""
        with self._lock:
            self._armed = self._instead = None
        self.hangs = False

    def serve(self) -> None:
        """Take connections until the listening socket is closed."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            family = socket.AF_INET if isinstance(self._upstream, int) else socket.AF_UNIX
            server = socket.socket(family)
            server.connect(("127.0.0.1", self._upstream) if isinstance(self._upstream, int) else self._upstream)
            self._open |= {client, server}
            for side, source, target in (("asked", client, server), ("answered", server, client)):
                one = threading.Thread(target=self._pump, args=(side, source, target, client))
                one.start()
                self._threads.append(one)

    def _breaks(self, side: Side) -> bool:
        with self._lock:
            if self._armed is None or self._armed[0] != side:
                return False
            left = self._armed[1]
            self._armed = None if left == 0 else (side, left - 1)
            self.cuts += left == 0
            return left == 0

    def _answer(self, side: Side) -> bytes | None:
        with self._lock:
            if self._instead is None or side != "asked":
                return None
            answer, left = self._instead
            self._instead = answer, max(0, left - 1)
            return None if left else answer

    def _pump(self, side: Side, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                if self._breaks(side):
                    with suppress(OSError):
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
                if (answer := self._answer(side)) is not None:
                    self._say(answer, client)
                    break
                if self.hangs and side == "answered":
                    continue
                if self.drips and side == "answered":
                    for i in range(0, len(piece), 50):
                        target.sendall(piece[i : i + 50])
                        time.sleep(0.002)
                else:
                    target.sendall(piece)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @staticmethod
    def _say(answer: bytes, client: socket.socket) -> None:
        """Answer in the server's place, and take the rest of what is asked: a reset would overtake the answer."""
        client.sendall(answer)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass

    def end(self) -> None:
        """Close everything."""
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)


@contextmanager
def line(upstream: int | str, name: str = "socket") -> Iterator[tuple[Line, int | Path]]:
    """A line to a port of this machine or to a Unix socket, and where it listens: a port, or a socket of that name."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        where: int | Path
        if isinstance(upstream, int):
            listening = socket.create_server(("127.0.0.1", 0))
            where = int(listening.getsockname()[1])
        else:
            where = Path(folder) / name
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(str(where))
            listening.listen()
        made = Line(upstream, listening)
        taking = threading.Thread(target=made.serve)
        taking.start()
        try:
            yield made, where
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            taking.join()
            made.end()
