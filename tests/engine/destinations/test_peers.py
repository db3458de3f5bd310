"""Addresses that nothing is sent to, in every spelling; and a name that leads elsewhere a moment later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.destinations.http import Http, shown
from engine.destinations.peers import ForbiddenPeer, addresses, checked, is_forbidden
from engine.destinations.protocol import Misconfigured
from tests.support.receiver import KEY, Receiver, receiver


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver(KEY) as running:
        yield running


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1"),  # noqa: S104
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "100.100.100.200", "168.63.129.16"),
    ],
)
def test_forbidden(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.4", "fd12::1", "8.8.8.8", "2001:db8::1"]
)
def test_networks_of_the_house_and_others(address: str) -> None:
    assert not is_forbidden(address)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "169.254.43518"]
)
def test_spellings_of_one_address(host: str, tmp_path: Path) -> None:
    assert addresses(host, 80) == ["169.254.169.254"]
    with pytest.raises(ForbiddenPeer):
        checked(host, 80)
    made = Http(f"http://{host}/latest/meta-data/")
    with pytest.raises(Misconfigured, match=r"metadata service|is not an address"):
        made.post(b"{}", {})
    made.close()


def test_one_forbidden_address_of_several_is_enough() -> None:
    with pytest.raises(ForbiddenPeer):
        checked("rebinding.example", 443, lambda host, port: ["93.184.216.34", "169.254.169.254"])
    with pytest.raises(OSError, match="no address"):
        checked("rebinding.example", 443, lambda host, port: [])


def test_a_name_is_looked_up_once_and_that_address_is_connected_to(server: Receiver) -> None:
    import ssl

    import httpx2

    from engine.destinations.pinned import transport

    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    port = int(server.url.rsplit(":", 1)[1].split("/")[0])
    made = transport(ssl.create_default_context(), lambda host, port: False, lambda host, port: next(answers))
    with httpx2.Client(transport=made) as client:
        assert client.get(f"http://rebinding.example:{port}/").status_code
        assert next(answers) == ["169.254.169.254"], "it was asked once"


def test_messages_show_no_password_and_no_query() -> None:
    assert shown("https://user:pw@example.org:8443/x?token=abc#y") == "https://example.org:8443/x"
    assert shown("http://[::1]:9/x") == "http://[::1]:9/x"
