"""Identifiers as the graph knows them: normalised, placeholders left out, then a keyed hash that nobody can guess.

A plain SHA-256 of a mobile number falls to trying them all within a minute, so the hash is HMAC-SHA256 with a secret
pepper; tenant and kind are inside, so that neither two companies' ids nor two kinds of value ever meet. Keys for other
purposes come out of the same pepper by HKDF (RFC 5869) and cannot be led back to this one.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import phonenumbers

ID_BYTES = 16
"""Kept of a hash: 128 bits; the graph works with the first 64."""
LONGEST = 1_000
"""Characters of a value; longer ones and those with control characters identify nobody."""
_SEPARATOR = b"\x1f"
_PLACEHOLDERS = re.compile(
    r"[0\-_. ]*|-1|null|none|nil|nan|n/?a|undefined|unknown|anonymous|test|guest|teste|an[oô]nimo|desconocido|"
    r"(no|none|test|teste|noreply|no-reply|sin|nao|naotem|notiene|email|correo)@.*|.*@(example|test)\.(com|org|net)|"
    r".*@(test|invalid|localhost)",
    re.IGNORECASE,
)
Normalise = Callable[[str, str | None], str | None]
"""(value, country) → the normalised value; None for one that cannot be of the kind."""


def _text(value: str, country: str | None = None) -> str | None:
    found = unicodedata.normalize("NFKC", value).strip()
    return found if found and len(found) <= LONGEST and not any(one < " " for one in found) else None


def _email(value: str, country: str | None = None) -> str | None:
    found = (_text(value) or "").lower()
    local, at, domain = found.rpartition("@")
    sound = at and local and "." in domain and not any(one.isspace() for one in found)
    return found if sound else None


def _phone(value: str, country: str | None = None) -> str | None:
    """E.164; numbers that exist nowhere are left out."""
    try:
        if len(value) > LONGEST:
            return None
        number = phonenumbers.parse(unicodedata.normalize("NFKC", value), country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _cpf(value: str, country: str | None = None) -> str | None:
    """Eleven digits, the last two of which check the others (Receita Federal: weights 10 … 2 and 11 … 2, modulo 11)."""
    text = unicodedata.normalize("NFKC", value[:LONGEST])
    digits = [int(one) for one in text if one.isdecimal()]
    if len(digits) != 11 or len(set(digits)) == 1 or any(one not in "0123456789.- " for one in text.strip()):
        return None
    for length in (9, 10):
        total = sum(digit * weight for digit, weight in zip(digits, range(length + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != digits[length]:
            return None
    return "".join(map(str, digits))


def _device(value: str, country: str | None = None) -> str | None:
    found = _text(value)
    return found.lower() if found else None


NORMALISERS: Mapping[str, Normalise] = {
    "email": _email,
    "phone": _phone,
    "cpf": _cpf,
    "device": _device,
    "cookie": _text,
    "account": _text,
    "partner": _text,
}
"""By kind; any other kind is text, trimmed."""


@dataclass(frozen=True)
class Cleaner:
    """Normalises the values of one kind and leaves out placeholders and what is blocked."""

    kind: str
    country: str | None = None
    blocked: tuple[str, ...] = ()

    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """The blocked values' patterns, matched on the whole normalised value."""
        return tuple(re.compile(one, re.IGNORECASE) for one in self.blocked)

    def cleaned(self, values: Iterable[str | None]) -> list[str | None]:
        """The normalised values in their places; None for those that say nothing about a person."""
        normalise, blocked = NORMALISERS.get(self.kind, _text), (_PLACEHOLDERS, *self.patterns())
        found: list[str | None] = []
        for value in values:
            normal = None if value is None else normalise(value, self.country)
            useless = normal is None or any(pattern.fullmatch(normal) for pattern in blocked)
            found.append(None if useless else normal)
        return found


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
