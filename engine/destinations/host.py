"""What a connector is given besides its settings, and how it reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.destinations.protocol import Misconfigured

Reference = Mapping[str, str]
"""Where a secret is: ``{secret: NAME}`` in the keyring or vault, ``{env: VARIABLE}`` in the environment."""


@dataclass(frozen=True)
class Host:
    """The workspace's folder, against which relative paths are read; a function that reveals a secret by its reference
    (it raises Misconfigured when there is none or it was not given, Later while it is locked); the kind of each of the
    model's identifiers; whether a path may be used; the setting allow_endpoints; and whether credentials that the
    machine has may be used."""

    folder: Path
    reveal: Callable[[Reference], str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    inside: Callable[[Path], bool] | None = None
    endpoints: tuple[str, ...] = ()
    machine: bool = False

    def path(self, what: str, text: str) -> Path:
        """A path of this machine, every link in it followed; raises Misconfigured outside the allowed folders."""
        found = (self.folder / Path(text).expanduser()).resolve()
        self.must_be_inside(what, found)
        return found

    def must_be_inside(self, what: str, path: Path) -> None:
        """Raise Misconfigured when a path, every link in it followed, may not be used."""
        inside = self.inside or (lambda one: one.is_relative_to(self.folder.resolve()))
        if not inside(path.resolve()):
            hint = "Choose a folder in the workspace; its owner may name others in the setting allow_folders."
            raise Misconfigured(f"{what}: {path} is outside the allowed folders", hint)

    def allows(self, host: str, port: int) -> bool:
        """Whether the workspace's owner allowed an endpoint that is not allowed by itself."""
        plain = host.strip("[]").rstrip(".").casefold()
        return any(one.casefold() in (plain, f"{plain}:{port}", f"[{plain}]:{port}") for one in self.endpoints)

    def must_be_vendors(self, what: str, host: str, port: int) -> None:
        """Raise Misconfigured when a connector is pointed away from its vendor and nobody allowed that."""
        if not self.allows(host, port):
            hint = f'Leave endpoint out; the owner may write allow_endpoints = "{host}:{port}" into convoke.toml.'
            raise Misconfigured(f"{what}: {host}:{port} is not the vendor's endpoint", hint)

    def must_be_private(self, what: str, host: str, port: int, hint: str) -> None:
        """Raise Misconfigured when a line without TLS leaves this machine and nobody allowed that."""
        if not is_loopback(host) and not self.allows(host, port):
            raise Misconfigured(f"{what}: the connection to {host} is not encrypted", hint)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address as it is usually written."""
    plain = host.strip("[]").rstrip(".").casefold()
    try:
        return ip_address(plain).is_loopback
    except ValueError:
        return plain == "localhost"


@dataclass(frozen=True)
class Endpoint:
    """Where another endpoint than the vendor's is, and whether the line to it is encrypted."""

    host: str
    port: int
    encrypted: bool


def endpoint_of(what: str, text: str) -> Endpoint:
    """An endpoint as it is written: a URL, or HOST:PORT."""
    parts = urlsplit(text if "//" in text else f"//{text}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not parts.hostname or port == 0 or parts.username is not None or parts.scheme not in ("", "http", "https"):
        raise Misconfigured(f"{what}: endpoint is not an address", "Write it as https://HOST:PORT, or leave it out.")
    return Endpoint(parts.hostname, port or (80 if parts.scheme == "http" else 443), parts.scheme == "https")


class SettingsReader:
    """Reads a destination's settings; what is wrong with one is raised as Misconfigured."""

    def __init__(self, what: str, settings: Mapping[str, Any], known: Sequence[str]) -> None:
        self._what, self._settings = what, settings
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise Misconfigured(f'{what} has no setting "{unknown[0]}"', f"It has: {', '.join(known)}.")

    def text(self, name: str, example: str) -> str:
        """A text that must be there."""
        value = self._settings.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Misconfigured(f"{self._what}: {name} is missing", f"Write settings: {{{name}: {example}}}.")
        return value

    def optional(self, name: str, default: str | None = None) -> str | None:
        """A text that may be left out."""
        value = self._settings.get(name, default)
        if value is not None and not isinstance(value, str):
            raise Misconfigured(f"{self._what}: {name} must be text", "Put it in quotes.")
        return value

    def port(self, default: int) -> int:
        """A port."""
        value = self._settings.get("port", default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65_536:
            raise Misconfigured(f"{self._what}: {value} is no port", "Write a number from 1 to 65535.")
        return value

    def secret(self, name: str) -> Reference | None:
        """A reference to a secret; the secret itself must not stand in the document."""
        value = self._settings.get(name)
        if value is None:
            return None
        match value:
            case {"secret": str(), **others} if not others:
                return dict(value)
            case {"env": str(), **others} if not others:
                return dict(value)
        hint = f"Keep it with convoke secret set NAME, then write {name}: {{secret: NAME}}."
        raise Misconfigured(f"{self._what}: {name} must not stand in the document", hint)

    def one_of(self, name: str, known: Sequence[str], default: str) -> str:
        """One of several words."""
        value = self._settings.get(name, default)
        if value not in known:
            raise Misconfigured(f"{self._what}: {value} is no {name}", f"Write one of {', '.join(known)}.")
        return str(value)
