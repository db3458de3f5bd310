"""Identifiers against published golden vectors and the traps of real data."""

from __future__ import annotations

import base64
import hashlib

import pytest

from engine.activation.identifiers import PROFILES, profile_named
from engine.errors import EngineError


def normal(profile: str, kind: str, value: str, country: str | None = None) -> str | None:
    """What is hashed, found by trying."""
    return PROFILES[profile].kinds[kind](value, country)


def test_the_published_vector_of_uid2() -> None:
    sent = PROFILES["uid2"].prepared("email", "JANE.SAOIRSE@gmail.com", None)
    assert sent == "ku4mBX7Z3qJTXWyLFB1INzkyR2WZGW4ANSJUiW21iI8="


@pytest.mark.parametrize(
    ("profile", "value", "wanted"),
    [
        ("google", " Jane.Saoirse+Work@gmail.com ", "janesaoirse@gmail.com"),
        ("uid2", " Jane.Saoirse+Work@gmail.com ", "janesaoirse@gmail.com"),
        ("meta", " Jane.Saoirse+Work@gmail.com ", "jane.saoirse+work@gmail.com"),
        ("google", "Jane.Saoirse@googlemail.com", "janesaoirse@googlemail.com"),
        ("uid2", "Jane.Saoirse@googlemail.com", "jane.saoirse@googlemail.com"),
        ("tiktok", "Jane+x@Empresa.com.br", "jane@empresa.com.br"),
        ("sha256", "JOSÉ@Exemplo.com.br", "josé@exemplo.com.br"),
        ("google", "no address", None),
        ("google", "a b@example.com", None),
        ("google", "+x@gmail.com", None),
        ("sha256", "a@b", None),
        ("google", "J.Doe@NIÑO.com", "j.doe@xn--nio-8ma.com"),
        ("meta", "a@@b.com", None),
        ("google", "a..b@gmail.com", None),
    ],
)
def test_addresses(profile: str, value: str, wanted: str | None) -> None:
    assert normal(profile, "email", value) == wanted


@pytest.mark.parametrize(
    ("value", "country", "wanted"),
    [
        ("(11) 98765-4321", "BR", "+5511987654321"),
        ("0 (11) 98765-4321", "BR", "+5511987654321"),
        ("+55 11 98765 4321", None, "+5511987654321"),
        ("11 2345-6789", "AR", "+541123456789"),
        ("(11) 8765-4321", "BR", "+5511987654321"),
        ("11987654321.0", "BR", "+5511987654321"),
        ("+52 1 55 1234 5678", "MX", "+525512345678"),
        ("11 15 2345-6789", "AR", "+5491123456789"),
        ("11 98765-4321", None, None),
        ("123", "BR", None),
        ("", "BR", None),
    ],
)
def test_phone_numbers_are_of_their_country_or_not_at_all(value: str, country: str | None, wanted: str | None) -> None:
    assert normal("google", "phone", value, country) == wanted
    assert normal("meta", "phone", value, country) == (None if wanted is None else wanted[1:])


def test_each_profile_encodes_its_way() -> None:
    digest = hashlib.sha256(b"a@b.co").digest()
    assert PROFILES["sha256"].prepared("email", "A@b.co", None) == digest.hex()
    assert PROFILES["uid2"].prepared("email", "A@b.co", None) == base64.b64encode(digest).decode()
    assert PROFILES["sha256"].prepared("device", "ABC-1", None) == hashlib.sha256(b"abc-1").hexdigest()


def test_nothing_is_hashed_twice_and_junk_stays_here() -> None:
    assert PROFILES["sha256"].prepared("email", hashlib.sha256(b"x").hexdigest(), None) is None
    assert PROFILES["sha256"].prepared("device", "00000000-0000-0000-0000-000000000000", None) is None
    assert PROFILES["sha256"].prepared("document", "000.000.000-00", None) is None


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("a" * 31, False),
        ("a" * 32, True),
        ("a" * 150, True),
        ("a" * 151, False),
        ("123e4567-e89b-12d3-a456-426614174000", True),
        ("ana.silva@mail.com-and-some-more-to-be-long", False),
    ],
)
def test_a_publishers_pseudonym(value: str, right: bool) -> None:
    assert normal("ppid", "ppid", f" {value} ") == (value if right else None)
    assert PROFILES["ppid"].prepared("ppid", value, None) == (value if right else None), "it is sent as it is"


@pytest.mark.parametrize(
    ("value", "wanted"), [("1234", None), ("12.345", "12345"), ("AB-123", "ab123"), ("11111", None), ("  ", None)]
)
def test_a_document_has_five_signs_at_least_of_which_two_differ(value: str, wanted: str | None) -> None:
    assert normal("sha256", "document", value) == wanted


@pytest.mark.parametrize("profile", ["sha256", "google", "meta", "tiktok"])
def test_what_is_hashed_is_sent_in_hexadecimal(profile: str) -> None:
    assert PROFILES[profile].prepared("email", "a@b.co", None) == hashlib.sha256(b"a@b.co").hexdigest()
    assert PROFILES[profile].prepared("email", " ", None) is None


def test_what_a_profile_does_not_take_is_said() -> None:
    with pytest.raises(EngineError, match="no identifier profile"):
        profile_named("gogle", {})
    with pytest.raises(EngineError, match="does not take"):
        profile_named("uid2", {"device": "device"})
