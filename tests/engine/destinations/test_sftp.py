"""Deliveries over SFTP to real servers: whole files, a pinned host key, and nothing lost when the server dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from engine.destinations.protocol import Later, Misconfigured
from engine.destinations.sftp import sftp
from tests.support.destining import ROWS, SYNC, batch, conforms, host, replayed
from tests.support.sftp_server import MAKES, SSHD, SftpServer, sftp_server


@pytest.fixture(params=MAKES)
def server(request: pytest.FixtureRequest) -> Iterator[SftpServer]:
    if request.param == "openssh" and SSHD is None:
        pytest.skip("OpenSSH is not installed")
    with sftp_server(request.param) as running:
        yield running


def settings(server: SftpServer, **other: object) -> dict[str, object]:
    return {**server.settings(), "format": "jsonl", "private_key": {"secret": "key"}, **other}


def secrets(server: SftpServer) -> dict[str, str]:
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    return {"key": server.private_key, "other": other, "nonsense": "no key"}


def test_files_arrive_whole_and_count_once(server: SftpServer, tmp_path: Path) -> None:
    out = sftp(settings(server), ["email", "phone"], host(tmp_path, secrets(server)))
    folder = server.files / "daily" / "sp" / "00000007"
    conforms(out, lambda: replayed({path.name: path.read_bytes() for path in folder.iterdir()}))
    assert sorted(p.name for p in folder.iterdir())[-1] == "manifest.json"
    assert len(list(folder.iterdir())) == 5  # no half-written file stays
    out.close()


def test_what_a_person_must_mend_is_said(server: SftpServer, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()
    for wrong, said in (
        ({"host_key": None}, "is not pinned"),
        ({"host_key": f"{other[0]} {other[1]}"}, "not the pinned one"),
        ({"host_key": "ssh-ed25519 nonsense"}, "is no key"),
        ({"private_key": {"secret": "other"}}, "does not let"),
        ({"private_key": {"secret": "nonsense"}}, "does not let"),
        ({"private_key": {"secret": "missing"}}, "no such secret"),
        ({"path": str(server.files / "file" / "x")}, "file"),
    ):
        (server.files / "file").write_text("")
        out = sftp(settings(server, **wrong), [], host(tmp_path, secrets(server)))
        with pytest.raises(Misconfigured, match=said) as caught:
            out.send(batch(ROWS))
        if "host_key" in wrong and wrong["host_key"] is None:
            assert f'host_key: "{server.host_key}"' in caught.value.hint
        out.close()
    assert not (server.files / "daily").exists()  # nothing was sent past a key that is not the pinned one


def test_a_server_that_dies_is_tried_again_later(server: SftpServer, tmp_path: Path) -> None:
    out = sftp(settings(server), ["email"], host(tmp_path, secrets(server)))
    out.send(batch(ROWS))
    server.stop()
    with pytest.raises(Later):
        out.send(batch(ROWS, "b2", name="00002"))
    server.start()
    out.send(batch(ROWS, "b2", name="00002"))
    out.finish(SYNC, [("b1", "00001", "add"), ("b2", "00002", "add")])
    assert (server.files / "daily" / "sp" / "00000007" / "manifest.json").exists()
    out.close()


def test_settings_that_are_wrong_are_said_before_anything_is_sent(tmp_path: Path) -> None:
    good = {"host": "h", "user": "u", "private_key": {"secret": "k"}}
    for change, said in (
        ({"pasword": "x"}, 'no setting "pasword"'),
        ({"host": ""}, "host is missing"),
        ({"port": 0}, "no port"),
        ({"private_key": None}, "neither private_key nor password"),
        ({"private_key": "-----BEGIN"}, "must not stand in the document"),
        ({"password": {"secret": "a", "env": "b"}}, "must not stand in the document"),
        ({"format": "xml"}, "xml is no format"),
    ):
        with pytest.raises(Misconfigured, match=said):
            sftp({**good, **change}, [], host(tmp_path))
