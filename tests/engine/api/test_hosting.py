"""The API as a real server: by `convoke serve`, by the daemon, with TLS; and what keeps it from being served."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import trustme

from engine.api.hosting import HostedApi
from engine.errors import EngineError
from engine.operations import Workspace
from engine.settings import write_settings
from tests.support.api import token_of
from tests.support.crashing import daemon
from tests.support.small import make_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with make_workspace(tmp_path) as made:
        return made.folder


@pytest.fixture
def headers(folder: Path) -> dict[str, str]:
    with Workspace(folder) as workspace:
        return token_of(workspace)


def get(url: str, headers: dict[str, str], context: ssl.SSLContext | None = None) -> Any:
    with urlopen(Request(url, headers=headers), timeout=30, context=context) as answer:  # noqa: S310
        return json.loads(answer.read())


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "engine.cli", "serve", "--api", "127.0.0.1:0", "-w", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "The API is served at http://127.0.0.1:" in line
    yield line.split(" at ")[1].split(";")[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()


def test_convoke_serve_answers_until_it_is_told_to_stop(served: str, headers: dict[str, str], folder: Path) -> None:
    assert get(f"{served}/health", {})["status"] == "ok"
    assert get(f"{served}/v1/audiences", headers) == []
    assert not (folder / "warehouse.sock").exists()


def test_over_tls(folder: Path, headers: dict[str, str], tmp_path: Path) -> None:
    authority = trustme.CA()
    pair = authority.issue_cert("127.0.0.1")
    pair.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    pair.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    hosted = HostedApi(folder, "127.0.0.1:0", tmp_path / "cert.pem", tmp_path / "key.pem")
    try:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        assert hosted.location.startswith("https://")
        assert get(f"{hosted.location}/v1/audiences", headers, context) == []
    finally:
        hosted.stop()


def test_what_keeps_it_from_being_served_is_said(folder: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for address, files, said in (
            ("nowhere", (None, None), "no address to serve at"),
            ("127.0.0.1:99999", (None, None), "no address to serve at"),
            ("0.0.0.0:0", (None, None), "encrypted only"),
            ("127.0.0.1:0", (tmp_path / "cert.pem", None), "go together"),
            ("127.0.0.1:0", (tmp_path / "cert.pem", tmp_path / "key.pem"), "cannot be read"),
            (f"127.0.0.1:{port}", (None, None), "cannot be served"),
        ):
            with pytest.raises(EngineError, match=said):
                HostedApi(folder, address, *files)


def test_the_daemon_serves_it_where_the_settings_say(folder: Path, headers: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with Workspace(folder) as workspace:
        write_settings(folder, replace(workspace.settings, serve_api=address))
    process = daemon(folder)
    end = time.monotonic() + 30
    while True:
        try:
            found = get(f"http://{address}/v1/daemon", headers)
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert found["state"] == "running"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
