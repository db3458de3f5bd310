"""What a destination or an ingest document needs of this machine, read from its settings alone: secrets, variables of
the environment, the machine's own credentials, paths; and the places (HOST:PORT) that secrets go to."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

SECRET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,126}")
SHARED = "CONVOKE_SECRET_"
"""Variables that begin so may always be named in documents."""
_OWN = ("identity-pepper", "convoke-vault")
_OWN_VARIABLES = "CONVOKE_"
_PATHS = ("path", "ca", "socket", "sslrootcert")
_LOOPBACK = "localhost"


@dataclass(frozen=True)
class Need:
    """Something of this machine, by kind and name, at a place; ``place`` is empty for paths."""

    what: Literal["secret", "env", "machine", "path"]
    name: str
    place: str


def is_own(name: str) -> bool:
    """Whether a secret of that name is Convoke's own, however it is spelt: no document may refer to it."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = "".join(one for one in plain if unicodedata.category(one)[0] not in "CZ")
    return plain.startswith(_OWN)


def may_name(variable: str, allowed: str) -> bool:
    """Whether a document may name a variable of the environment: one that begins with CONVOKE_SECRET_, or is in the
    setting ``allowed`` (names, or beginnings with a star). Convoke's own variables never."""
    if not VARIABLE.fullmatch(variable):
        return False
    if variable.upper().startswith(_OWN_VARIABLES):
        return variable.startswith(SHARED)
    patterns = allowed.replace(",", " ").split()
    return any(variable == one or (one.endswith("*") and variable.startswith(one[:-1])) for one in patterns)


def needs(kind: str, settings: Mapping[str, Any]) -> list[Need]:
    """Every need of a destination, or of an ingest document's source, of this kind."""
    places = places_of(kind, settings)
    found: list[Need] = []
    for what, name in sorted(set(_references(settings))):
        found += [Need(what, name, place) for place in places]
    if _by_machine(kind, settings):
        found += [Need("machine", "", place) for place in places]
    wanted = _PATHS if kind in ("folder", "duckdb") else _PATHS[1:]  # sftp's path is on the server
    found += [Need("path", settings[name], "") for name in wanted if isinstance(settings.get(name), str)]
    return found


def places_of(kind: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the secrets of such settings go: HOST:PORT each. A kind that is not known here goes to a place that stands
    for all its settings, so that any change of them is another place."""
    match kind:
        case "folder" | "duckdb":
            return (f"{_LOOPBACK}:0",)
        case "sftp":
            return (_joined(settings.get("host"), settings.get("port", 22)),)
        case "postgres" | "postgresql":
            hosts = str(settings.get("host") or _LOOPBACK).split(",")
            return tuple(_joined(host, settings.get("port", 5432)) for host in hosts)
        case "mysql":
            if isinstance(settings.get("socket"), str):
                return (f"{settings['socket']}:0",)
            return (_joined(settings.get("host"), settings.get("port", 3306)),)
        case "webhook":
            return (_of_url(settings.get("url")),)
        case "objects":
            return (_of_objects(settings),)
        case "meta" | "google" | "admanager":
            return (_of_url(settings.get("endpoint") or _VENDORS[kind]),)
    plain = json.dumps({key: str(value) for key, value in settings.items()}, sort_keys=True)
    return (f"settings-{hashlib.sha256(plain.encode()).hexdigest()[:16]}:0",)


_VENDORS = {
    "meta": "https://graph.facebook.com",
    "google": "https://datamanager.googleapis.com",
    "admanager": "https://ads.google.com",
}


def _references(value: Any) -> Iterator[tuple[Literal["secret", "env"], str]]:
    match value:
        case {"secret": str(name), **others} if not others:
            yield "secret", name
        case {"env": str(name), **others} if not others:
            yield "env", name
        case dict():
            for one in value.values():
                yield from _references(one)
        case list():
            for one in value:
                yield from _references(one)


def _by_machine(kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether credentials that the machine has would be used: without keys object storage takes those of the cloud's
    tools, and PostgreSQL those of its own files and variables."""
    if kind in ("postgres", "postgresql"):
        return settings.get("password") is None
    secret = ("secret_access_key", "account_key", "service_account_key")
    return kind == "objects" and all(settings.get(one) is None for one in secret)


def _of_objects(settings: Mapping[str, Any]) -> str:
    if settings.get("endpoint"):
        return _of_url(settings["endpoint"])
    scheme = urlsplit(str(settings.get("url"))).scheme
    if scheme == "az":
        return f"{_plain(settings.get('account_name') or 'account')}.blob.core.windows.net:443"
    return "storage.googleapis.com:443" if scheme == "gs" else "amazonaws.com:443"


def _of_url(url: Any) -> str:
    text = str(url)
    parts = urlsplit(text if "//" in text else f"//{text}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    return _joined(parts.hostname, port or (80 if parts.scheme == "http" else 443))


def _joined(host: Any, port: Any) -> str:
    return f"{_plain(host or _LOOPBACK)}:{port}"


def _plain(host: Any) -> str:
    """A host in one spelling."""
    return unicodedata.normalize("NFKC", str(host)).strip().rstrip(".").casefold()
