"""Identifiers as each destination wants them: normalised, then hashed, while they are sent.

There is no hash of an e-mail address that suits everyone, so a profile is a table of functions by kind. Sources: Google
"Format user data" (Customer Match), IABTechLab uid2docs "Normalization and Encoding", Meta "Customer file custom
audiences", TikTok "How to hash customer files", Ad Manager "About publisher provided identifiers".
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.domain.contacts import read_email, read_phone
from engine.domain.unusable import Unusable
from engine.errors import EngineError, nearest

_HASHED = re.compile(r"[0-9a-fA-F]{64}")
_ZERO_DEVICE = re.compile(r"[0-]*")
_PPID = re.compile(r"[0-9A-Za-z]{32,150}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
Normalise = Callable[[str, str | None], str | None]
"""(value, country) → the normalised value; None for one that cannot be it."""


@dataclass(frozen=True)
class Profile:
    """How a destination wants each kind of identifier; ``encode`` makes the digest a text. Kinds in ``clear`` are sent
    as they are: pseudonyms that the destination knows only like that, and that say nothing to anybody else."""

    kinds: Mapping[str, Normalise]
    encode: Callable[[bytes], str]
    clear: frozenset[str] = frozenset()

    def prepared(self, kind: str, value: str, country: str | None) -> str | None:
        """The identifier as it is sent; None for one that cannot be sent."""
        if kind in self.clear:
            return self.kinds[kind](value, country)
        if _HASHED.fullmatch(value.strip()):  # it would be hashed twice
            return None
        normal = self.kinds[kind](value, country)
        return None if normal is None else self.encode(hashlib.sha256(normal.encode()).digest())


def _address(value: str) -> tuple[str, str] | None:
    """The local part and the domain of an address, as identity and lists read it."""
    found = read_email(value)
    if isinstance(found, Unusable):
        return None
    local, _, domain = found.rpartition("@")
    return local, domain


def _email(value: str, country: str | None) -> str | None:
    found = _address(value)
    return None if found is None else "@".join(found)


def _email_google(value: str, country: str | None) -> str | None:
    found = _address(value)
    if found is None:
        return None
    local, domain = found
    if domain in ("gmail.com", "googlemail.com"):
        local = local.split("+", 1)[0].replace(".", "")
    return f"{local}@{domain}" if local else None


def _email_uid2(value: str, country: str | None) -> str | None:
    found = _address(value.replace(" ", ""))
    if found is None:
        return None
    local, domain = found
    if domain == "gmail.com":
        local = local.split("+", 1)[0].replace(".", "")
    return f"{local}@{domain}" if local else None


def _email_tiktok(value: str, country: str | None) -> str | None:
    found = _address(value)
    if found is None or not found[0].split("+", 1)[0]:
        return None
    return f"{found[0].split('+', 1)[0]}@{found[1]}"


def _phone(value: str, country: str | None) -> str | None:
    """E.164; a number that is not valid anywhere is never guessed."""
    found = read_phone(value, country)
    return None if isinstance(found, Unusable) else found


def _phone_meta(value: str, country: str | None) -> str | None:
    found = _phone(value, country)
    return None if found is None else found.removeprefix("+")


def _device(value: str, country: str | None) -> str | None:
    text = value.strip().lower()
    return None if not text or _ZERO_DEVICE.fullmatch(text) else text


def _ppid(value: str, country: str | None) -> str | None:
    """A publisher's pseudonym: 32 to 150 letters and digits, or a UUID; anything else could be personal."""
    text = value.strip()
    return text if _PPID.fullmatch(text) or _UUID.fullmatch(text) else None


def _digits(value: str, country: str | None) -> str | None:
    found = re.sub(r"[^0-9a-z]", "", value.strip().lower())
    return found if len(found) >= 5 and len(set(found)) > 1 else None


def _text(value: str, country: str | None) -> str | None:
    return value.strip() or None


def _hex(digest: bytes) -> str:
    return digest.hex()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


_COMMON: Mapping[str, Normalise] = {
    "email": _email,
    "phone": _phone,
    "device": _device,
    "document": _digits,
    "account": _text,
    "cookie": _text,
}
PROFILES: Mapping[str, Profile] = {
    "sha256": Profile(_COMMON, _hex),
    "google": Profile({"email": _email_google, "phone": _phone}, _hex),
    "meta": Profile({"email": _email, "phone": _phone_meta}, _hex),
    "ppid": Profile({"ppid": _ppid, "account": _text}, _hex, frozenset({"ppid"})),
    "uid2": Profile({"email": _email_uid2, "phone": _phone}, _base64),
    "tiktok": Profile({"email": _email_tiktok, "phone": _phone}, _hex),
}


def profile_named(name: str, kinds: Mapping[str, str]) -> Profile:
    """A profile that has every kind (by the identifiers' names); raises EngineError with the path."""
    if name not in PROFILES:
        hint = nearest(name, PROFILES, "profile")
        raise EngineError("unknown_name", f'there is no identifier profile "{name}"', "profile", hint)
    found = PROFILES[name]
    for identifier, kind in kinds.items():
        if kind not in found.kinds:
            raise EngineError(
                "operand",
                f'"{identifier}" is a {kind}, which the profile {name} does not take',
                "identifiers",
                f"It takes: {', '.join(found.kinds)}.",
            )
    return found
