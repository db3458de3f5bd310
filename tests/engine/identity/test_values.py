"""What is normalised, what is left out, and hashes that only the pepper's owner can make."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.unusable import Unusable
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


@pytest.mark.parametrize(
    ("kind", "country", "values"),
    [
        ("email", None, ["ana@niño.com", "ANA@xn--nio-8ma.com "]),
        ("phone", "BR", ["(11) 98765-4321", "(11) 8765-4321", "11987654321.0", "5511987654321"]),
        ("phone", "MX", ["55 1234 5678", "+52 1 55 1234 5678"]),
        ("phone", "AR", ["+54 9 11 6123-4567", "11 6123-4567", "011 15 6123 4567"]),
        ("cnpj", None, ["12.ABC.345/01DE-35", "12abc34501de35"]),
        ("rfc", None, ["GODE 561231 GR8", "gode561231gr8"]),
        ("curp", None, ["BOXW310820HNERXN09", "boxw310820hnerxn09"]),
        ("cuil", None, ["20-05536168-2", "20055361682"]),
        ("rut", None, ["12.531.909-2", "12531909-2"]),
        ("dni", "AR", ["20.123.456", "20123456.0"]),
        ("cedula", "UY", ["1.234.567-2", "12345672"]),
        ("nit", "CO", ["900.123.456-8", "900123456"]),
    ],
)
def test_all_ways_to_write_a_value_have_one_hash(kind: str, country: str | None, values: list[str]) -> None:
    found = Cleaner(kind, country).cleaned(values)
    assert found[0] is not None
    assert set(found) == {found[0]}


@pytest.mark.parametrize(
    ("kind", "country", "value", "why"),
    [
        ("phone", None, "11 98765-4321", Unusable.COUNTRY),
        ("phone", "BR", "123", Unusable.LENGTH),
        ("phone", "BR", "(11) 99999-9999", Unusable.PLACEHOLDER),
        ("phone", "BR", "00000000000", Unusable.PLACEHOLDER),
        ("phone", "BR", "11111111111", Unusable.PLACEHOLDER),
        ("phone", "BR", "n/a", Unusable.PLACEHOLDER),
        ("email", None, "null@null.com", Unusable.PLACEHOLDER),
        ("email", None, "[object Object]", Unusable.PLACEHOLDER),
        ("email", None, "a@@b.com", Unusable.FORM),
        ("cpf", None, "529.982.247-24", Unusable.CHECK),
        ("cpf", None, "undefined", Unusable.PLACEHOLDER),
        ("rfc", None, "XAXX010101000", Unusable.PLACEHOLDER),
        ("cedula", None, "1020304050", Unusable.COUNTRY),
        ("account", None, "true", Unusable.PLACEHOLDER),
        ("account", None, "0", Unusable.PLACEHOLDER),
        ("account", None, "u\x00x", Unusable.FORM),
        ("profile", None, "[object Object]", Unusable.PLACEHOLDER),
        ("device", None, "00000000-0000-0000-0000-000000000000", Unusable.PLACEHOLDER),
    ],
)
def test_what_names_nobody_tells_why(kind: str, country: str | None, value: str, why: Unusable) -> None:
    assert Cleaner(kind, country).readings([value, None, "  "]) == [why, None, None]


def test_what_a_document_blocks_tells_so() -> None:
    assert Cleaner("email", None, (r"sac@.*",)).readings(["sac@x.com"]) == [Unusable.BLOCKED]


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
