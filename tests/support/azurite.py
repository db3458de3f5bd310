"""A real Azure Blob server: Microsoft's Azurite from npm, for as long as a test wants it.

``make azurite`` installs it below ``.tools`` where there is Node.js; without it these tests are left out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ACCOUNT = "convoke"
KEY = base64.b64encode(b"a key of the tests").decode()
CONTAINER = "members"
_PROGRAM = Path(__file__).parents[2] / ".tools" / "azurite" / "node_modules" / ".bin" / "azurite-blob"


class Azurite:
    """The server; its address, and stops and starts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._running: subprocess.Popen[bytes] | None = None
        self.endpoint = f"http://127.0.0.1:{self._port}/{ACCOUNT}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [
            str(_PROGRAM),
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            str(self._port),
            "--location",
            str(self._folder),
        ]
        with (self._folder / "log").open("ab") as out:
            self._running = subprocess.Popen(
                [*command, "--skipApiVersionCheck", "--disableTelemetry"],
                env={"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}", "PATH": "/usr/local/bin:/usr/bin:/bin"},
                stdout=out,
                stderr=out,
            )
        for _ in range(300):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError((self._folder / "log").read_text())

    def stop(self) -> None:
        """Stop it in an orderly way: killed, it forgets what it acknowledged in its last five seconds."""
        assert self._running is not None
        self._running.terminate()
        self._running.wait()


def make_container(address: str) -> None:
    """Make the container, by a request signed as Azure's shared keys are (REST reference, "Authorize with Shared Key")."""
    when = formatdate(usegmt=True)
    headers = f"x-ms-date:{when}\nx-ms-version:2021-08-06"
    resource = f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
    signed = "PUT" + "\n" * 12 + f"{headers}\n{resource}"
    mac = base64.b64encode(hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()).decode()
    request = Request(f"{address}/{CONTAINER}?restype=container", method="PUT")  # noqa: S310 — this machine
    request.add_header("x-ms-date", when)
    request.add_header("x-ms-version", "2021-08-06")
    request.add_header("Authorization", f"SharedKey {ACCOUNT}:{mac}")
    urlopen(request).close()  # noqa: S310


@contextmanager
def azurite() -> Iterator[Azurite]:
    """One that runs, with a container."""
    if not _PROGRAM.exists() or shutil.which("node") is None:
        pytest.skip("Azurite is not installed here: make azurite")
    with tempfile.TemporaryDirectory() as folder:
        made = Azurite(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.stop()
