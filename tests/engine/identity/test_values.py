"""What is normalised, what is left out, and hashes that only the pepper's owner can make."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from engine.identity.values import Cleaner, Hasher, derived, node_of

PEPPER = bytes(range(32))


@pytest.mark.parametrize(
    ("kind", "value", "normal"),
    [
        ("email", "  José.Silva@Exemplo.COM.br ", "josé.silva@exemplo.com.br"),
        ("email", "ａna@exemplo.com", "ana@exemplo.com"),
        ("email", "ana@localhost", None),
        ("email", "a b@exemplo.com", None),
        ("email", "noreply@shop.com.br", None),
        ("phone", "(11) 98765-4321", "+5511987654321"),
        ("phone", "+52 55 1234 5678", "+525512345678"),
        ("phone", "123", None),
        ("cpf", "529.982.247-25", "52998224725"),
        ("cpf", "52998224725", "52998224725"),
        ("cpf", "529.982.247-24", None),
        ("cpf", "111.111.111-11", None),
        ("cpf", "5299822472", None),
        ("device", "AAAA-BBBB", "aaaa-bbbb"),
        ("device", "00000000-0000-0000-0000-000000000000", None),
        ("account", " 77 ", "77"),
        ("account", "Anonymous", None),
        ("account", "-1", None),
        ("loyalty", " X1 ", "X1"),
        ("loyalty", "", None),
    ],
)
def test_values(kind: str, value: str, normal: str | None) -> None:
    assert Cleaner(kind, "BR").cleaned([value, None]) == [normal, None]


def test_what_is_blocked_is_left_out_as_a_whole_only() -> None:
    cleaner = Cleaner("email", None, (r"sac@.*", r".*@shop\.com"))
    assert cleaner.cleaned(["sac@x.com", "a@shop.com", "sacha@x.com", "a@shop.com.br"]) == [
        None,
        None,
        "sacha@x.com",
        "a@shop.com.br",
    ]


@given(st.lists(st.integers(0, 9), min_size=9, max_size=9).filter(lambda digits: len(set(digits)) > 1))
def test_a_cpf_has_one_pair_of_check_digits(digits: list[int]) -> None:
    def checked(length: int) -> int:
        return sum(d * w for d, w in zip(digits, range(length + 1, 1, -1), strict=True)) * 10 % 11 % 10

    digits = [*digits, checked(9)]
    digits = [*digits, checked(10)]
    text = "".join(map(str, digits))
    assert Cleaner("cpf").cleaned([text]) == [text]
    for place, step in [(place, step) for place in (9, 10) for step in range(1, 10)]:
        other = text[:place] + str((digits[place] + step) % 10) + text[place + 1 :]
        assert Cleaner("cpf").cleaned([other]) == [None]


def test_keys_are_what_the_standard_says() -> None:
    theirs = HKDF(SHA256(), 32, salt=b"acme", info=b"identity graph 1").derive(PEPPER)
    assert derived(PEPPER, "acme", "identity graph 1") == theirs
    assert Hasher(PEPPER, "acme").hashed("email", ["ana@x.com"]) == [
        hmac.digest(theirs, b"email\x1fana@x.com", hashlib.sha256)[:16]
    ]


def test_hashes_meet_only_within_a_tenant_a_kind_and_a_version() -> None:
    found = {
        Hasher(PEPPER, "acme").hashed("email", ["x"])[0],
        Hasher(PEPPER, "acme").hashed("phone", ["x"])[0],
        Hasher(PEPPER, "other").hashed("email", ["x"])[0],
        Hasher(PEPPER, "acme", 2).hashed("email", ["x"])[0],
        Hasher(PEPPER[::-1], "acme").hashed("email", ["x"])[0],
    }
    assert len(found) == 5
    assert Hasher(PEPPER, "acme").hashed("email", ["x", "x"])[1] in found
    assert node_of(bytes([0] * 7 + [9] + [1] * 8)) == 9
    with pytest.raises(ValueError, match="16 bytes"):
        Hasher(b"short", "acme")
