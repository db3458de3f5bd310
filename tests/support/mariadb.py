"""A real MariaDB server on a Unix socket, from the Debian package, for as long as a test wants it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pymysql

MARIADBD = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
PASSWORD = "s3cret 'word'"  # noqa: S105


class MariaDB:
    """A server of its own; stopped hard and started again as tests like."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = str(folder / "s.sock")
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """An empty database and a user with a password."""
        with (self._folder / "log").open("ab") as out:
            subprocess.run(
                [
                    "mariadb-install-db",
                    "--no-defaults",
                    f"--datadir={self._folder}/data",
                    "--auth-root-authentication-method=normal",
                    "--skip-test-db",
                    *self._user(),
                ],
                check=True,
                stdout=out,
                stderr=out,
            )
        self.start()
        self.do(
            "CREATE DATABASE crm",
            ("CREATE USER tester@localhost IDENTIFIED BY %s", (PASSWORD,)),
            "GRANT ALL ON crm.* TO tester@localhost",
        )

    def do(self, *statements: str | tuple[str, tuple[object, ...]]) -> None:
        """As the one who may do everything."""
        import pymysql

        with pymysql.connect(unix_socket=self.socket, user="root") as connection, connection.cursor() as cursor:
            for one in statements:
                cursor.execute(*((one, ()) if isinstance(one, str) else one))

    def connected(self) -> pymysql.connections.Connection[Any]:
        """A connection of the user's."""
        import pymysql

        return pymysql.connect(unix_socket=self.socket, user="tester", password=PASSWORD, database="crm")

    def _user(self) -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self._folder / "log").open("ab") as out:
            self._process = subprocess.Popen(
                [
                    str(MARIADBD),
                    "--no-defaults",
                    f"--datadir={self._folder}/data",
                    f"--socket={self.socket}",
                    "--skip-networking",
                    f"--pid-file={self._folder}/pid",
                    *self._user(),
                ],
                stdout=out,
                stderr=out,
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(OSError), closing(socket.socket(socket.AF_UNIX)) as asked:
                asked.connect(self.socket)
                return
            assert self._process.poll() is None, (self._folder / "log").read_text()[-3000:]
            time.sleep(0.1)
        raise AssertionError("MariaDB does not answer")

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def settings(self) -> dict[str, object]:
        """How a destination reaches it."""
        return {"socket": self.socket, "database": "crm", "user": "tester", "password": {"secret": "db"}}

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds."""
        with self.connected() as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())


@contextmanager
def mariadb() -> Iterator[MariaDB]:
    """A server that runs, in a folder with a short name (sockets have a limit)."""
    folder = Path(tempfile.mkdtemp(prefix="cvkm", dir="/tmp"))
    made = MariaDB(folder)
    try:
        made.make()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
