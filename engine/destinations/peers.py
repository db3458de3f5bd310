"""Connections to addresses that documents name: each host is looked up once, the addresses are checked, and the very
address that was checked is connected to, so that a name cannot lead elsewhere a moment later.

Networks of this house are allowed: customers deliver to their own servers. Link-local addresses are not, in any
spelling: behind them cloud machines give out their credentials.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_METADATA = (ip_network("fd00:ec2::/32"), ip_network("100.100.100.200/32"), ip_network("168.63.129.16/32"))
"""Addresses that are not link-local by their number, and give credentials to machines of a cloud all the same."""


def is_forbidden(address: str) -> bool:
    """Whether nothing is sent to an address: link-local, unspecified, multicast, or a cloud's metadata service."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in ip_network("64:ff9b::/96"):
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_forbidden(str(inner))
    metadata = any(found in one for one in _METADATA if one.version == found.version)
    return metadata or found.is_link_local or found.is_multicast or found.is_unspecified


def addresses(host: str, port: int) -> list[str]:
    """The addresses of a host as the system finds them (which also reads 0xA9FEA9FE and 2852039166); OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class ForbiddenPeer(Exception):
    """A host has an address that nothing is sent to."""


def checked(host: str, port: int, find: Callable[[str, int], Iterable[str]] = addresses) -> list[str]:
    """The addresses of a host; raises ForbiddenPeer when any of them is forbidden, OSError when there is none."""
    found = list(find(host, port))
    if any(is_forbidden(one) for one in found):
        raise ForbiddenPeer(f"{host} is a link-local address or a metadata service")
    if not found:
        raise OSError("the host has no address")
    return found
