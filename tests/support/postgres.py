"""A real PostgreSQL server on a Unix socket, from the Debian package, for as long as a test wants it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def binaries() -> Path | None:
    """Where initdb and pg_ctl are; None without the package."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


class Server:
    """A cluster of its own; stopped hard and started again as tests like."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"

    def _run(self, name: str, *arguments: str) -> None:
        place = binaries()
        assert place is not None
        command = [str(place / name), *arguments]
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        with (self.folder / "output").open("a") as out:
            subprocess.run(command, check=True, stdout=out, stderr=out, cwd=self.folder)

    def make(self) -> None:
        """An empty cluster."""
        self._run("initdb", "-D", str(self._data), "-U", "tester", "-A", "trust", "--no-sync")

    def start(self) -> None:
        """Start and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop as a crash does, or otherwise."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    @property
    def settings(self) -> dict[str, str]:
        """How a destination reaches it."""
        return {"host": str(self.folder), "dbname": "postgres", "user": "tester"}


@contextmanager
def server() -> Iterator[Server]:
    """A server that runs, in a folder with a short name (sockets have a limit)."""
    folder = Path(tempfile.mkdtemp(prefix="cvk", dir="/tmp"))
    folder.chmod(0o777)
    made = Server(folder)
    try:
        (folder / "output").touch()
        made.make()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
