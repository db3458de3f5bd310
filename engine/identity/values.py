"""Identifiers as the graph knows them: canonical, placeholders left out, then a keyed hash that nobody can guess.

A plain SHA-256 of a mobile number falls to trying them all within a minute, so the hash is HMAC-SHA256 with a secret
pepper; tenant and kind are inside, so that neither two companies' ids nor two kinds of value ever meet. Keys for other
purposes come out of the same pepper by HKDF (RFC 5869) and cannot be led back to this one.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.domain import national
from engine.domain.contacts import read_email, read_phone
from engine.domain.placeholders import is_placeholder, is_placeholder_email, is_placeholder_phone
from engine.domain.unusable import Reading, Unusable, plain

ID_BYTES = 16
"""Kept of a hash: 128 bits; the graph works with the first 64."""
FORM = 2
"""The number of the canonical forms: with another one everything is read again, as its hashes are other ones."""
REASONS = tuple(one for one in Unusable if one is not Unusable.SHARED)
"""Why a value cannot be used, as far as the value alone tells; that too many share it is told by the graph."""
_SEPARATOR = b"\x1f"
Read = Callable[[str, str | None], Reading]
"""(value, country) → the canonical text, or why there is none."""


def _text(value: str, country: str | None = None) -> Reading:
    found = plain(value)
    if found is None:
        return Unusable.FORM
    return Unusable.PLACEHOLDER if is_placeholder(found) else found


def _device(value: str, country: str | None = None) -> Reading:
    found = _text(value)
    return found.lower() if isinstance(found, str) else found


def _email(value: str, country: str | None = None) -> Reading:
    found = read_email(value)
    return Unusable.PLACEHOLDER if isinstance(found, str) and is_placeholder_email(found) else found


def _phone(value: str, country: str | None = None) -> Reading:
    """E.164. In Argentina a subscriber has one number of ten digits, and the 9 only says that it is a mobile's: whoever
    writes it without the 9 means the same line, so that both are one value."""
    found = read_phone(value, country)
    if isinstance(found, Unusable):
        return found
    if is_placeholder_phone(found):
        return Unusable.PLACEHOLDER
    return f"+549{found[3:]}" if _ARGENTINE.fullmatch(found) else found


def _document(kind: str) -> Read:
    def read(value: str, country: str | None = None) -> Reading:
        return national.read(kind, value, country)

    return read


_ARGENTINE = re.compile(r"\+54[123]\d{9}")
READERS: Mapping[str, Read] = {
    "email": _email,
    "phone": _phone,
    **{kind: _document(kind) for kind in national.DOCUMENTS},
    "device": _device,
    "cookie": _text,
    "account": _text,
    "partner": _text,
}
"""By kind; any other kind is text, trimmed."""


@dataclass(frozen=True)
class Cleaner:
    """Reads the values of one kind and leaves out placeholders and what is blocked. A value that lacks a country is
    read by ``others`` where all of them that can read it read the same."""

    kind: str
    country: str | None = None
    blocked: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """The blocked values' patterns, matched on the whole canonical value."""
        return tuple(re.compile(one, re.IGNORECASE) for one in self.blocked)

    def readings(self, values: Iterable[str | None]) -> list[Reading | None]:
        """The canonical values in their places, or why there is none; None where there is no value."""
        read, blocked, country = READERS.get(self.kind, _text), self.patterns(), self.country
        found: list[Reading | None] = []
        for value in values:
            if value is None:
                found.append(None)
                continue
            normal = read(value, country)
            if normal is Unusable.COUNTRY and self.others:
                normal = self._by_others(value, read)
            if isinstance(normal, Unusable):
                found.append(_why(value, normal))
                continue
            if blocked and any(pattern.fullmatch(normal) for pattern in blocked):
                normal = Unusable.BLOCKED
            found.append(normal)
        return found

    def _by_others(self, value: str, read: Read) -> Reading:
        found = {one for one in (read(value, country) for country in self.others) if isinstance(one, str)}
        return found.pop() if len(found) == 1 else Unusable.COUNTRY

    def cleaned(self, values: Iterable[str | None]) -> list[str | None]:
        """The canonical values in their places; None for those that say nothing about a person."""
        return [one if isinstance(one, str) else None for one in self.readings(values)]


def _why(value: str, why: Unusable) -> Unusable | None:
    """Why a value that cannot be read is none: one that says nothing is a placeholder rather than a wrong one, and a
    blank one is no value at all."""
    text = plain(value)
    if text is None:
        return why if value.strip() else None
    one_digit = len(text) > 4 and text.isdigit() and len(set(text)) == 1
    return Unusable.PLACEHOLDER if one_digit or is_placeholder(text) else why


class Hasher:
    """Keyed hashes of normalised values for one tenant and one version of the pepper."""

    def __init__(self, pepper: bytes, tenant: str, version: int = 1) -> None:
        if len(pepper) < 16:
            raise ValueError("a pepper has at least 16 bytes")
        self.version = version
        self._key = derived(pepper, tenant, f"identity graph {version}")
        self.fingerprint = derived(pepper, tenant, f"identity check {version}").hex()[:16]
        """Tells whether it is the same pepper, and nothing about it."""

    def hashed(self, kind: str, values: Sequence[str]) -> list[bytes]:
        """The ids of values of one kind."""
        begun = hmac.new(self._key, kind.encode() + _SEPARATOR, "sha256")
        found = []
        for value in values:
            one = begun.copy()
            one.update(value.encode())
            found.append(one.digest()[:ID_BYTES])
        return found


def derived(pepper: bytes, tenant: str, purpose: str) -> bytes:
    """The key of a tenant for a purpose: HKDF-SHA256 with the tenant as salt (RFC 5869, section 2)."""
    extracted = hmac.digest(tenant.encode(), pepper, "sha256")
    return hmac.digest(extracted, purpose.encode() + b"\x01", "sha256")


def node_of(identifier: bytes) -> int:
    """The number of an id in the graph: its first 64 bits."""
    return int.from_bytes(identifier[:8], "big")
