"""A real S3 server: OpenStack Swift with its s3api, four processes on this machine, for as long as a test wants it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ACCESS, SECRET, BUCKET = "test:tester", "testing", "members"
_KINDS = ("account", "container", "object")
_BIN = Path(sys.executable).parent


class Swift:
    """The server; its address, and hard stops and starts of the process that clients speak to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {kind: _free_port() for kind in (*_KINDS, "proxy")}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.endpoint = f"http://127.0.0.1:{self._ports['proxy']}"

    def make(self) -> None:
        """Write the configuration and the rings."""
        (self._folder / "srv" / "d1").mkdir(parents=True)
        (self._folder / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_prefix=a\nswift_hash_path_suffix=b\n"
            "[storage-policy:0]\nname=default\ndefault=yes\n"
        )
        for kind in _KINDS:
            builder = str(self._folder / f"{kind}.builder")
            device = f"r1z1-127.0.0.1:{self._ports[kind]}/d1"
            for arguments in (("create", "4", "1", "1"), ("add", device, "1"), ("rebalance",)):
                done = subprocess.run(
                    [_BIN / "swift-ring-builder", builder, *arguments], capture_output=True, check=False
                )
                assert done.returncode in (0, 1), done.stdout + done.stderr
            (self._folder / f"{kind}.conf").write_text(
                f"{self._head(kind)}devices={self._folder}/srv\nmount_check=false\ndisable_fallocate=true\n"
                f"[pipeline:main]\npipeline={kind}-server\n[app:{kind}-server]\nuse=egg:swift#{kind}\n"
                f"[{kind}-replicator]\n[{kind}-auditor]\n[{kind}-updater]\n"
            )
        (self._folder / "proxy.conf").write_text(
            f"{self._head('proxy')}[pipeline:main]\n"
            "pipeline=catch_errors cache listing_formats bulk s3api tempauth slo dlo proxy-server\n"
            "[app:proxy-server]\nuse=egg:swift#proxy\naccount_autocreate=true\n"
            "[filter:tempauth]\nuse=egg:swift#tempauth\nuser_test_tester=testing .admin\n"
            "[filter:s3api]\nuse=egg:swift#s3api\nlocation=us-east-1\n[filter:cache]\nuse=egg:swift#memcache\n"
            + "".join(
                f"[filter:{name}]\nuse=egg:swift#{name}\n"
                for name in ("catch_errors", "listing_formats", "bulk", "slo", "dlo")
            )
        )

    def _head(self, kind: str) -> str:
        return f"[DEFAULT]\nbind_ip=127.0.0.1\nbind_port={self._ports[kind]}\nworkers=0\nswift_dir={self._folder}\n"

    def start(self, kind: str) -> None:
        """Start one of the four, and wait until it listens."""
        with (self._folder / f"{kind}.log").open("ab") as out:
            self._running[kind] = subprocess.Popen(
                [_BIN / f"swift-{kind}-server", str(self._folder / f"{kind}.conf")],
                env={**os.environ, "SWIFT_DIR": str(self._folder), "PYTHONWARNINGS": "ignore"},
                stdout=out,
                stderr=out,
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._ports[kind]), timeout=1):
                return
            assert self._running[kind].poll() is None, (self._folder / f"{kind}.log").read_text()[-3000:]
            time.sleep(0.05)
        raise AssertionError(f"swift's {kind} server does not listen")

    def stop(self, kind: str) -> None:
        """Kill one."""
        process = self._running.pop(kind)
        process.kill()
        process.wait()

    def stop_all(self) -> None:
        """Kill whatever runs."""
        for kind in list(self._running):
            self.stop(kind)

    def settings(self) -> dict[str, str]:
        """How a destination reaches it, without the secret."""
        return {
            "url": f"s3://{BUCKET}/daily",
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "access_key_id": ACCESS,
        }


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _folder() -> Path:
    """A new folder where files may carry attributes, which Swift needs and some file systems lack."""
    for parent in (Path("/tmp"), Path(__file__).parents[2] / "build"):  # noqa: S108
        parent.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="cvks", dir=parent))
        try:
            os.setxattr(folder, "user.convoke", b"x")
        except OSError:
            folder.rmdir()
            continue
        return folder
    pytest.skip("no file system here has attributes of files")


@contextmanager
def swift() -> Iterator[Swift]:
    """A server that runs, with an empty bucket."""
    made = _running()
    try:
        yield made
    finally:
        _end(made)


def _running() -> Swift:
    """Started, with its bucket; once more when another program took one of its ports before it did."""
    for last in (False, False, True):
        made = Swift(_folder())
        try:
            made.make()
            for kind in (*_KINDS, "proxy"):
                made.start(kind)
            _make_bucket(made)
        except OSError:
            _end(made)
            if last:
                raise
        else:
            return made
    raise AssertionError


def _end(made: Swift) -> None:
    made.stop_all()
    shutil.rmtree(made._folder, ignore_errors=True)


def _make_bucket(server: Swift) -> None:
    """By a request with a signature of version 2, which is short."""
    date = formatdate(usegmt=True)
    signed = hmac.new(SECRET.encode(), f"PUT\n\n\n{date}\n/{BUCKET}".encode(), hashlib.sha1).digest()
    headers = {"Date": date, "Authorization": f"AWS {ACCESS}:{base64.b64encode(signed).decode()}"}
    asked = Request(f"{server.endpoint}/{BUCKET}", method="PUT", headers=headers)  # noqa: S310
    with urlopen(asked, timeout=30) as answer:  # noqa: S310
        assert answer.status == 200
