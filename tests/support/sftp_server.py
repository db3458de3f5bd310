"""SFTP servers of two makes on this machine: Debian's OpenSSH where it is installed, and asyncssh's own."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
MAKES = ("asyncssh", "openssh")


class SftpServer:
    """A server with keys of its own; stopped hard and started again as tests like."""

    def __init__(self, make: str, folder: Path) -> None:
        import asyncssh

        self._make, self._folder = make, folder
        self.files = folder / "files"
        self.files.mkdir()
        self.port = _free_port()
        self.user = getpass.getuser()
        host_key, key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
        (folder / "host").write_bytes(host_key.export_private_key())
        (folder / "host").chmod(0o600)
        self._authorized = key.export_public_key()
        self.know_keys()
        self.private_key = key.export_private_key().decode()
        self.host_key = " ".join(host_key.export_public_key().decode().split()[:2])
        self._process: subprocess.Popen[bytes] | None = None

    def settings(self) -> dict[str, object]:
        """How a destination reaches it, without the key."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "host_key": self.host_key,
            "path": str(self.files / "daily"),
        }

    def know_keys(self) -> None:
        """Let the user in."""
        (self._folder / "authorized").write_bytes(self._authorized)

    def forget_keys(self) -> None:
        """Let nobody in any more."""
        (self._folder / "authorized").write_bytes(b"")

    def start(self) -> None:
        """Start and wait until it listens."""
        if self._make == "openssh":
            (self._folder / "conf").write_text(
                f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self._folder}/host\nPidFile none\nUsePAM no\n"
                f"AuthorizedKeysFile {self._folder}/authorized\nStrictModes no\nPasswordAuthentication no\n"
                "PermitRootLogin yes\nSubsystem sftp internal-sftp\n"
            )
            Path("/run/sshd").mkdir(exist_ok=True)
            command = [str(SSHD), "-D", "-e", "-f", str(self._folder / "conf")]
        else:
            command = [sys.executable, "-m", "tests.support.sftp_server", str(self._folder), str(self.port)]
        with (self._folder / "log").open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.05)
        raise AssertionError("the SFTP server does not listen")

    def stop(self) -> None:
        """Kill it and what it forked for a connection."""
        if self._process is not None:
            for child in _children(self._process.pid):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
            self._process = None


def _children(parent: int) -> list[int]:
    """The processes that a process has begun, as /proc tells."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def sftp_server(make: str) -> Iterator[SftpServer]:
    """A server that runs."""
    folder = Path(tempfile.mkdtemp(prefix="cvkf", dir="/tmp"))
    made = SftpServer(make, folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _serve(folder: Path, port: int) -> None:
    import asyncssh

    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[str(folder / "host")],
        authorized_client_keys=str(folder / "authorized"),
        sftp_factory=True,
    )
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
